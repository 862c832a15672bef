/*
 * The conformance kit: one list of scenarios, run against any provider through public headers only.
 *
 * An HTTP provider talks to the scripted peer on 127.0.0.1, as it would to its service: the kit
 * compares the request it sends, plays the bytes that the service answers, and compares the events
 * that come out. What is sent, answered and expected are files (fixtures.h). A full provider runs
 * as it is.
 */
#ifndef BELUGA_CHECK_CHECK_H
#define BELUGA_CHECK_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include <beluga/error.h>
#include <beluga/registry.h>

typedef enum check_status { CHECK_PASSED, CHECK_FAILED, CHECK_SKIPPED } check_status;

/* What came of one scenario; borrowed for the callback. */
typedef struct check_result {
    const char *provider;
    const char *scenario;
    const char *proves; /* a sentence that is true when it passes */
    check_status status;
    const char *detail; /* FAILED: the differences, lines; SKIPPED: the reason; PASSED: "" */
} check_result;

typedef struct check_settings {
    beluga_registry *registry; /* where the provider is */
    const char *fixtures;      /* folder that has one per provider */
    const char *own_fixtures;  /* another that is looked into first, or NULL */
    const char *only;          /* NULL: every scenario; else the one of that name */
    bool update;               /* write what was sent and what came out instead of comparing them */
    void (*tell)(void *payload, const check_result *result);
    void *payload;
} check_settings;

/*
 * Run the scenarios against a provider, one result each.
 * @return 0 when none failed; BELUGA_ERROR_UNSUPPORTED_PROVIDER; BELUGA_ERROR_NOT_FOUND it has no
 *         fixtures; BELUGA_ERROR_INVALID_CONFIG its check.json; BELUGA_ERROR_INVALID_RESPONSE when
 *         some scenario failed, after all of them were told.
 */
int check_provider(const check_settings *settings, const char *name, beluga_error *err);

/* Return the name of scenario `index`, and what it proves, or NULL past the last. */
const char *check_scenario_name(size_t index, const char **proves);

#endif
