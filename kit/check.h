/*
 * The conformance kit: one list of scenarios, run against any provider through public headers only.
 *
 * An HTTP provider talks to the scripted peer on 127.0.0.1, as it would to its service: the kit
 * compares the request it sends, plays the bytes that the service answers, and compares the events
 * that come out. What is sent, answered and expected are files (fixtures.h). A full provider runs
 * as it is.
 *
 * A provider of ours has every file. A *foreign* one need not: what its author wrote no file for is
 * skipped and says so, and one behind HTTP without any fails the check that asks for them, for
 * nothing shows then that it reads an answer.
 */
#ifndef BELUGA_KIT_CHECK_H
#define BELUGA_KIT_CHECK_H

#include <beluga/config.h>
#include <beluga/error.h>
#include <beluga/registry.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum check_status {
    CHECK_PASSED,
    CHECK_FAILED,
    CHECK_SKIPPED,
    CHECK_MEASURED /* nothing was asked of it */
} check_status;

/* The time of an operation, and what it asked of the allocator. */
typedef struct check_measure {
    double nanoseconds, bytes, allocations; /* an operation */
    uint64_t operations;
} check_measure;

/* The result of one scenario; borrowed for the callback. */
typedef struct check_result {
    const char *provider;
    const char *category;
    const char *scenario;
    const char *proves; /* a sentence that is true when it passes */
    check_status status;
    const char *detail; /* FAILED: the differences, lines; SKIPPED: the reason; else "" */
    check_measure measure;
} check_result;

typedef struct check_run check_run;

/* Writes what was sent and what came out into the case, in place of a problem. */
typedef struct check_updater {
    void (*request)(check_run *run, size_t i, const char *section); /* the i-th that was sent */
    void (*events)(check_run *run);
} check_updater;

typedef struct check_settings {
    beluga_registry *registry;   /* where the provider is */
    const beluga_config *config; /* what every model is opened with besides, or NULL */
    const char *base;         /* of a provider without code: what it is based on; `config` has it */
    const char *plugin;       /* the file that the provider came with, or NULL */
    const char *fixtures;     /* folder that has one per provider */
    const char *own_fixtures; /* another that is looked into first, or NULL */
    const char *only;         /* NULL: every scenario; else the one of that name */
    bool foreign;             /* see above */
    bool measure;             /* the benchmarks, too */
    const check_updater *update; /* NULL; else what writes what differs: see update.h */
    int64_t patience_ms;         /* for what must happen; 0: 30,000 */
    /* Before a scenario is run: false passes it over. NULL allowed. */
    bool (*begin)(void *payload, const check_result *coming);
    void (*tell)(void *payload, const check_result *result);
    void *payload;
} check_settings;

/*
 * Run the scenarios against a provider, one result each.
 * @return 0 when none failed; BELUGA_ERROR_UNSUPPORTED_PROVIDER; BELUGA_ERROR_NOT_FOUND it has no
 *         fixtures and is not foreign; BELUGA_ERROR_INVALID_CONFIG its check.json;
 *         BELUGA_ERROR_INVALID_RESPONSE when some scenario failed, after all of them were told.
 */
int check_provider(const check_settings *settings, const char *name, beluga_error *err);

/* Return the name of scenario `index`, and what it proves, or NULL past the last. */
const char *check_scenario_name(size_t index, const char **proves);

#endif
