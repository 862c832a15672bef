/* The conformance kit: one list of scenarios, run against any provider through public headers only.
 *
 * An HTTP provider talks to the scripted peer on 127.0.0.1, as it would to its service: the kit
 * compares the request that it sends, plays the bytes that the service answers, and compares the
 * events that come out. Requests, answers and expected events are files (fixtures.h). A full
 * provider runs without a peer.
 *
 * A provider of the library itself has every file. A *foreign* provider may lack some: a scenario
 * without its file is skipped, with a message. A foreign HTTP provider without any file fails the
 * check that asks for files, since then nothing shows that it can read an answer. */
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
    CHECK_WRITTEN,  /* nothing is wrong, and the scenario's files were rewritten */
    CHECK_MEASURED, /* the scenario only measures, and can't fail */
    CHECK_NOTED     /* nothing is wrong, and `detail` has notes for the author */
} check_status;

/* The time of an operation, and the memory that it allocated. */
typedef struct check_measure {
    double nanoseconds, bytes, allocations; /* averages for one operation */
    uint64_t operations;
} check_measure;

/* The result of one scenario, valid only during the callback. */
typedef struct check_result {
    const char *provider;
    const char *category;
    const char *scenario;
    const char *proves; /* a sentence that is true when the scenario passes */
    check_status status;
    /* FAILED: the differences as lines; SKIPPED: the reason; NOTED: lines; WRITTEN: for each
     * section a line "FILE: SECTION" and the lines that changed; otherwise "" */
    const char *detail;
    check_measure measure;
} check_result;

typedef struct check_run check_run;

typedef struct check_settings {
    beluga_registry *registry;   /* the registry in which the provider is registered */
    const beluga_config *config; /* options for every model, or NULL */
    /* if `config` defines this provider on the basis of another one: the name of that other
     * provider; else NULL */
    const char *base;
    const char *plugin;       /* the file of the provider's plug-in, or NULL */
    const char *fixtures;     /* a folder that has one folder for each provider */
    const char *own_fixtures; /* a folder that is searched first, or NULL */
    const char *only;         /* NULL: every scenario; else the scenario of that name */
    /* a recording, or a folder of recordings, from which the answers of the case `only` are made;
     * or NULL */
    const char *from;
    bool foreign;        /* the provider does not belong to the library: see above */
    bool measure;        /* run the benchmarks, too */
    bool update;         /* write requests and events into the cases: see update.h */
    int64_t patience_ms; /* longest wait for an event that must come, in milliseconds; 0: 30,000 */
    /* memory limit for a process that check_isolated makes; 0: half of the free memory, at least 1
     * GiB */
    int64_t memory_bytes;
    /* the check that crashed or hung in the previous process, or NULL */
    const char *crashed;
    /* Called before a scenario runs; if it returns false, the scenario is skipped. May be NULL. */
    bool (*begin)(void *payload, const check_result *coming);
    void (*tell)(void *payload, const check_result *result);
    void *payload;
} check_settings;

/* Run the scenarios against a provider, and report one result for each.
 * @return 0 if none failed; BELUGA_ERROR_UNSUPPORTED_PROVIDER; BELUGA_ERROR_NOT_FOUND if the
 * provider has no fixtures and is not foreign; BELUGA_ERROR_INVALID_CONFIG if its check.json is
 * invalid; BELUGA_ERROR_INVALID_RESPONSE if a scenario failed, after all results were reported. */
int check_provider(const check_settings *settings, const char *name, beluga_error *err);

/* The description of a scenario, for lists of all scenarios. */
typedef struct check_description {
    const char *category, *name, *proves;
    uint64_t needs; /* bits of beluga_capability; if the provider does not claim them, a call must
                       report that they are missing */
    /* Names of cases, ended by NULL. The scenario plays the answers of the first one that exists;
     * if the list is empty, it plays no answers of the author. */
    const char *answers[3];
    bool own; /* the scenario needs a case of its own; without one it is skipped */
} check_description;

/* Describe scenario `index`. @return false past the last. */
bool check_scenario_describe(size_t index, check_description *description);

#endif
