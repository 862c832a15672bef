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
    CHECK_WRITTEN,  /* nothing is wrong, and the files of the scenario were written anew */
    CHECK_MEASURED, /* the scenario measures and demands nothing */
    CHECK_NOTED     /* nothing is wrong, and `detail` says what the author should know */
} check_status;

/* The time of an operation, and the memory that it allocated. */
typedef struct check_measure {
    double nanoseconds, bytes, allocations; /* averages for one operation */
    uint64_t operations;
} check_measure;

/* The result of one scenario; borrowed for the callback. */
typedef struct check_result {
    const char *provider;
    const char *category;
    const char *scenario;
    const char *proves; /* a sentence that is true when the scenario passes */
    check_status status;
    /* FAILED: the differences as lines; SKIPPED: the reason; NOTED: lines; WRITTEN: for each
     * section a line "FILE: SECTION" and the lines that changed; else "" */
    const char *detail;
    check_measure measure;
} check_result;

typedef struct check_run check_run;

typedef struct check_settings {
    beluga_registry *registry;   /* has the provider */
    const beluga_config *config; /* options for every model, or NULL */
    /* the base of a provider without code, which `config` defines; or NULL */
    const char *base;
    const char *plugin;       /* the file of the provider's plug-in, or NULL */
    const char *fixtures;     /* folder with a folder for each provider */
    const char *own_fixtures; /* a folder that is searched first, or NULL */
    const char *only;         /* NULL: every scenario; else the scenario of that name */
    /* a recording, or a folder of them, whose answers become those of `only`; or NULL */
    const char *from;
    bool foreign;        /* the provider is not ours, see above */
    bool measure;        /* run the benchmarks, too */
    bool update;         /* write requests and events into the cases: see update.h */
    int64_t patience_ms; /* longest wait for an event that must come; 0: 30,000 */
    /* most memory of a process that check_isolated makes; 0: half of what is free, at least 1 GiB
     */
    int64_t memory_bytes;
    /* the check that crashed or hung in a process before this one, or NULL */
    const char *crashed;
    /* Called before a scenario runs, which is skipped where this returns false. May be NULL. */
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

/* A scenario, as the list of all tells about it. */
typedef struct check_description {
    const char *category, *name, *proves;
    uint64_t needs; /* bits of beluga_capability: without them it is checked that a call says so */
    /* The cases whose answers it plays, the first that is there, ended by NULL. None: it plays no
     * answer of an author. */
    const char *answers[3];
    bool own; /* a case of one's own is needed: without one it is skipped */
} check_description;

/* Describe scenario `index`. @return false past the last. */
bool check_scenario_describe(size_t index, check_description *description);

#endif
