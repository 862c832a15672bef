/* Checks how a configuration describes its settings: the text of each setting, and the layer that
 * it comes from. */
#ifndef TESTS_CONFIGURATION_DESCRIBED_H
#define TESTS_CONFIGURATION_DESCRIBED_H

#include <beluga/config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef struct setting {
    int key;
    const char *text;
} setting;

static inline void described(const beluga_config *config, int key, const char *text,
                             const char *origin)
{
    char buffer[256];
    beluga_origin from;
    size_t n = beluga_config_describe(config, key, buffer, sizeof buffer, &from);
    assert_string_equal(buffer, text);
    assert_int_equal(n, strlen(text));
    assert_string_equal(beluga_origin_name(from), origin);
}

static inline void described_each(const beluga_config *config, const char *origin,
                                  const setting *settings)
{
    for (; settings->text; settings++) described(config, settings->key, settings->text, origin);
}

/* Assert that these settings have these texts and all come from one layer: DESCRIBED(config,
 * "file", {BELUGA_OPTION_SEED, "1"}). */
#define DESCRIBED(config, origin, ...) \
    described_each(config, origin, (const setting[]){__VA_ARGS__, {0, NULL}})

#endif
