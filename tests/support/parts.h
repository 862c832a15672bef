/* Skips tests that need a part which the build may have left out. */
#ifndef TESTS_PARTS_H
#define TESTS_PARTS_H

#include <beluga/registry.h>
#include <beluga/version.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static inline bool has_part(const char *name)
{
    size_t n = strlen(name);
    const char *at = beluga_version_parts();
    for (; *at; at += strcspn(at, " "), at += *at == ' ')
        if (strcspn(at, " ") == n && memcmp(at, name, n) == 0) return true;
    return false;
}

static inline bool has_provider(const char *name)
{
    return beluga_registry_contains(beluga_registry_default(), name);
}

/* Each of these macros skips the test if the build lacks the provider or the part. */
#define needs_option(there, option, value)                  \
    do {                                                    \
        if (!(there)) {                                     \
            print_message("# needs -D" option "\n", value); \
            skip();                                         \
        }                                                   \
    } while (0)
#define needs_provider(name) needs_option(has_provider(name), "providers=%s", name)
#define needs_part(name)     needs_option(has_part(name), "%s=enabled", name)

#endif
