/* Checks that the kit reports a fault that was put into a correct provider on purpose. The kit has
 * answers as an author would provide them, but no files of expected requests or events. */
#ifndef BELUGA_TESTS_CONFORMANCE_PLANTED_H
#define BELUGA_TESTS_CONFORMANCE_PLANTED_H

#include "kit/check.h"
#include "kit/isolate.h"
#include "kit/text.h"

#include <beluga/registry.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct planted {
    const char *provider;
    /* the checks that must fail, each followed by a space; "": none; NULL: any */
    const char *failed;
    const char *says; /* text that the reports must contain */
} planted;

/* Limits for the checks that follow; 0 means the usual limit. */
static struct {
    int64_t patience_ms, memory_bytes;
} planted_limits;

/* A provider that is checked before each of the following providers, in the same process; or
 * NULL. */
static const char *planted_before;

typedef struct planted_verdict {
    char plugin[512], fixtures[512];
    const planted *row;
    check_text failed, details;
} planted_verdict;

static void planted_tell(void *payload, const check_result *result)
{
    planted_verdict *v = payload;
    if (result->status != CHECK_FAILED) return;
    check_text_printf(&v->failed, "%s ", result->scenario);
    check_text_printf(&v->details, "%s\n", result->detail);
}

static void planted_ignore(void *payload, const check_result *result)
{
    (void)payload;
    (void)result;
}

static void planted_check_before(check_settings settings)
{
    beluga_error err;
    settings.tell = planted_ignore;
    if (planted_before) check_provider(&settings, planted_before, &err);
}

static int planted_body(void *payload, const check_settings *settings, beluga_error *err)
{
    const planted_verdict *v = payload;
    check_settings own = *settings;
    own.registry = beluga_registry_default();
    int code = beluga_registry_load_plugin(own.registry, v->plugin, err);
    own.plugin = beluga_registry_plugin_file(own.registry, v->row->provider);
    if (code) return code;
    planted_check_before(own);
    return check_provider(&own, v->row->provider, err);
}

static void planted_place(char path[512], const char *variable, const char *below)
{
    const char *root = getenv(variable);
    snprintf(path, 512, "%s/%s", root ? root : ".", below);
}

/* Check a provider from a plug-in in a folder below tests/conformance. */
static void planted_check(const char *plugin, const char *fixtures, const planted *row)
{
    planted_verdict v = {.row = row};
    beluga_error err;
    planted_place(v.plugin, "BELUGA_BUILD_ROOT", plugin);
    planted_place(v.fixtures, "BELUGA_SOURCE_ROOT", fixtures);
    const check_settings settings = {.fixtures = v.fixtures,
                                     .own_fixtures = v.fixtures,
                                     .foreign = true,
                                     .patience_ms = planted_limits.patience_ms,
                                     .memory_bytes = planted_limits.memory_bytes,
                                     .tell = planted_tell,
                                     .payload = &v};
    int code = check_isolated(&settings, planted_body, &v, &err);
    const char *failed = check_text_get(&v.failed), *details = check_text_get(&v.details);
    bool other = row->failed && strcmp(failed, row->failed) != 0;
    /* if no check failed, but there is an error, then some checks did not run */
    other |= !*failed != !code;
    if (other || !strstr(details, row->says))
        fail_msg("%s: want %s, with %s\ngot  %s\n%s%s", row->provider,
                 row->failed ? row->failed : "any", row->says, failed, details,
                 code ? err.message : "");
    check_text_free(&v.failed);
    check_text_free(&v.details);
}

#endif
