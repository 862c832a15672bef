/**
 * @file check.h
 * The conformance kit in a test program of your own: what `beluga check` runs, for C.
 *
 *     cc test_acme.c $(pkg-config --cflags --libs beluga-check) -o test_acme
 *
 * The kit is a static library, beluga-check, which a test links beside the library itself. It
 * starts a server on 127.0.0.1 that plays the answers in the author's cases, makes calls through
 * the public interface, and tells of each check whether it passed.
 * docs/guides/checking-providers.md describes the cases.
 */
#ifndef BELUGA_PROVIDER_CHECK_H
#define BELUGA_PROVIDER_CHECK_H

#include <beluga/common.h>
#include <beluga/error.h>

BELUGA_BEGIN_DECLS

/** What came of a check. */
typedef enum beluga_check_status {
    BELUGA_CHECK_PASSED = 0,
    BELUGA_CHECK_FAILED = 1,   /**< `detail` has the differences, as lines */
    BELUGA_CHECK_SKIPPED = 2,  /**< `detail` is the reason; that is no proof, and no failure */
    BELUGA_CHECK_WRITTEN = 3,  /**< a case was written; `detail` has the lines that changed */
    BELUGA_CHECK_MEASURED = 4, /**< the check measures, and demands nothing */
    BELUGA_CHECK_NOTED = 5     /**< passed; `detail` says what the cases do not show, as lines */
} beluga_check_status;

/** The result of a check. All of it is borrowed for the callback. Since: 0.1 */
typedef struct beluga_check_result {
    size_t size;          /**< set by the kit: the size of this struct in its build */
    const char *provider; /**< the provider's name */
    const char *category; /**< such as "Streaming" */
    const char *check;    /**< name of the check, such as "cut-stream" */
    const char *proves;   /**< a sentence that is true where the check passes */
    const char *detail;   /**< see beluga_check_status; "" where there is nothing to say */
    int status;           /**< beluga_check_status */
    double nanoseconds;   /**< MEASURED: time of an operation, on average */
    double bytes;         /**< MEASURED: allocated bytes of an operation */
    double allocations;   /**< MEASURED: allocations of an operation */
} beluga_check_result;

/** What to check. Zero-initialise it, set `size` and what you need. Since: 0.1 */
typedef struct beluga_check {
    size_t size;          /**< sizeof(beluga_check) */
    const char *provider; /**< its name in the default registry; NULL: every one of the plug-in */
    /** file of a plug-in, which is loaded; NULL: the provider is linked, or registered before */
    const char *plugin;
    /** folder with check/ or PROVIDER/check/; NULL: fixtures/ beside the plug-in or in the folder
     * above it, or in the current folder with the provider's name */
    const char *fixtures;
    const char *only; /**< name of one check; NULL: all of them */
    bool update;      /**< write requests and events into the cases, as `beluga check --update` */
    bool measure;     /**< run the benchmarks, too */
    /** longest wait, in milliseconds, for what must happen; 0: 30,000 */
    int64_t patience_ms;
    /** called once for each check, on the thread that called beluga_check_run; must not be NULL */
    void (*tell)(void *payload, const beluga_check_result *result);
    void *payload; /**< for `tell` */
} beluga_check;

/**
 * Run the checks. They run in this process: one that crashes ends it, in the debugger if one is
 * there, and one that hangs does not return. `beluga check` runs each in a process of its own.
 *
 * This function is in the static library beluga-check, not in the library itself.
 *
 * @param check  Borrowed for the call.
 * @return 0 when none failed; BELUGA_ERROR_INVALID_RESPONSE some failed, after all were told;
 * BELUGA_ERROR_INVALID_INPUT settings without `tell`, or with neither provider nor plug-in, or a
 * check of an unknown name; BELUGA_ERROR_UNSUPPORTED_PROVIDER no such provider;
 * BELUGA_ERROR_INVALID_CONFIG a fault in the cases, with file and line; what
 * beluga_registry_load_plugin returns.
 *
 * Threads: one call at a time, and none in a call of the library meanwhile. Blocks: for as long as
 * the checks take. Since: 0.1
 */
int beluga_check_run(const beluga_check *check, beluga_error *err);

BELUGA_END_DECLS

#endif
