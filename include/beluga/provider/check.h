/**
 * @file check.h
 * The conformance kit, for a test program of your own: it runs the same checks as `beluga check`.
 *
 *     cc test_acme.c $(pkg-config --cflags --libs beluga-check) -o test_acme
 *
 * The kit is a static library, beluga-check, which a test links beside the library itself. It
 * starts a server on 127.0.0.1 that sends the answers in the author's cases, makes calls through
 * the public interface, and reports for each check whether it passed.
 * docs/guides/checking-providers.md describes the cases.
 */
#ifndef BELUGA_PROVIDER_CHECK_H
#define BELUGA_PROVIDER_CHECK_H

#include <beluga/common.h>
#include <beluga/error.h>

BELUGA_BEGIN_DECLS

/** The outcome of a check. */
typedef enum beluga_check_status {
    BELUGA_CHECK_PASSED = 0,
    BELUGA_CHECK_FAILED = 1,   /**< `detail` has the differences, as lines */
    BELUGA_CHECK_SKIPPED = 2,  /**< `detail` is the reason; the check neither passed nor failed */
    BELUGA_CHECK_WRITTEN = 3,  /**< a case was written; `detail` has the lines that changed */
    BELUGA_CHECK_MEASURED = 4, /**< the check only measures and can't fail */
    BELUGA_CHECK_NOTED = 5     /**< passed; `detail` has lines about what the cases do not cover */
} beluga_check_status;

/** The result of a check. All of it is borrowed until the callback returns. Since: 0.1 */
typedef struct beluga_check_result {
    size_t size;          /**< set by the kit: the size of this struct in its build */
    const char *provider; /**< the provider's name */
    const char *category; /**< such as "Streaming" */
    const char *check;    /**< name of the check, such as "cut-stream" */
    const char *proves;   /**< a sentence that is true if the check passes */
    const char *detail;   /**< see beluga_check_status; "" if there is no detail */
    int status;           /**< beluga_check_status */
    double nanoseconds;   /**< MEASURED: average time of an operation */
    double bytes;         /**< MEASURED: allocated bytes of an operation */
    double allocations;   /**< MEASURED: allocations of an operation */
} beluga_check_result;

/**
 * The settings of a run of checks. Zero-initialise them, then set `size` and the members that you
 * need. Since: 0.1
 */
typedef struct beluga_check {
    size_t size; /**< sizeof(beluga_check) */
    /** name of a provider in the default registry; NULL: all providers of the plug-in */
    const char *provider;
    /** file of a plug-in to load; NULL: the provider is linked or already registered */
    const char *plugin;
    /**
     * Folder that contains check/ or PROVIDER/check/. NULL: fixtures/ beside the plug-in's file or
     * in the folder above, or else fixtures/ in the current folder, which must then contain
     * PROVIDER/check/.
     */
    const char *fixtures;
    const char *only; /**< name of one check; NULL: all of them */
    bool update;  /**< write requests and events into the cases, as `beluga check --update` does */
    bool measure; /**< run the benchmarks, too */
    /** longest wait for an expected event, in milliseconds; 0: 30,000 */
    int64_t patience_ms;
    /** called once for each check, on the thread that called beluga_check_run; must not be NULL */
    void (*tell)(void *payload, const beluga_check_result *result);
    void *payload; /**< passed to `tell` */
} beluga_check;

/**
 * Run the checks. They run in this process: a check that crashes ends the process, and a check that
 * hangs does not return. This makes a debugger usable. `beluga check` runs each check in a process
 * of its own.
 *
 * This function is in the static library beluga-check, not in the library itself.
 *
 * @param check  Borrowed until this function returns.
 * @return 0 if no check failed; BELUGA_ERROR_INVALID_RESPONSE if some failed, after all were
 * reported; BELUGA_ERROR_INVALID_INPUT if the settings lack `tell`, name neither a provider nor a
 * plug-in, or name an unknown check; BELUGA_ERROR_UNSUPPORTED_PROVIDER if there is no such
 * provider; BELUGA_ERROR_INVALID_CONFIG if the cases have a mistake (the message has file and
 * line); the codes of beluga_registry_load_plugin.
 *
 * Threads: one call at a time, while no other thread uses the library. Blocks: for as long as the
 * checks take. Since: 0.1
 */
int beluga_check_run(const beluga_check *check, beluga_error *err);

BELUGA_END_DECLS

#endif
