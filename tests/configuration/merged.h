/* Merges options of several layers into settings. */
#ifndef TESTS_CONFIGURATION_MERGED_H
#define TESTS_CONFIGURATION_MERGED_H

#include "base/mem.h"
#include "base/text.h"
#include "options/option.h"
#include "options/settings.h"

#include <beluga/beluga.h>
#include <beluga/provider/provider.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* --- text ------------------------------------------------------------------------------------ */

static beluga_option parse(const char *text)
{
    beluga_option option = {0};
    beluga_error err = {0};
    int status = beluga_option_parse(text, &option, &err);
    if (status) fail_msg("%s: %s", text, err.message);
    return option;
}

/* --- merging --------------------------------------------------------------------------------- */

typedef struct merge {
    beluga__settings settings;
    beluga__arena arena;
} merge;

static void merge_init(merge *m)
{
    memset(&m->settings, 0, sizeof m->settings);
    beluga__arena_init(&m->arena, beluga_allocator_default(), NULL, 0, 256u << 20);
}

static void merge_end(merge *m)
{
    beluga__arena_free(&m->arena);
}

/* Declare a merge that is freed at the end of its block. */
#define MERGE(m)                                 \
    __attribute__((cleanup(merge_end))) merge m; \
    merge_init(&m)

static void apply_n(merge *m, beluga_origin origin, const beluga_option *opts, size_t n)
{
    assert_int_equal(beluga__settings_apply(&m->settings, &m->arena, opts, n, origin, NULL), 0);
}

#define apply(m, origin, ...)                                                \
    apply_n(m, origin, BELUGA_OPTION_LIST_(__VA_ARGS__, BELUGA_OPTIONS_END), \
            BELUGA_OPTIONS_TERMINATED)

#endif
