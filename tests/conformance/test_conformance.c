/* Runs the list of scenarios against every registered provider, one case for each scenario. A
 * provider without fixtures of its own fails.
 *
 *     test_conformance [PROVIDER [SCENARIO]]
 *
 * With BELUGA_UPDATE_FIXTURES set, requests and events that differ are written into the files:
 * then check `git diff`. */
#include "kit/check.h"

#include <beluga/registry.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PROVIDERS = 256 };

static size_t n_cases, n_failed;

static void print_remarks(const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        printf("# %.*s\n", (int)n, text);
        text += n + (text[n] == '\n');
    }
}

static void tell(void *payload, const check_result *result)
{
    (void)payload;
    const char *name = result->scenario, *provider = result->provider;
    n_cases++;
    n_failed += result->status == CHECK_FAILED;
    if (result->status == CHECK_FAILED) print_remarks(result->detail);
    printf("%sok %zu - %s %s: %s", result->status == CHECK_FAILED ? "not " : "", n_cases, provider,
           name, result->proves);
    if (result->status == CHECK_SKIPPED) printf(" # SKIP %s", result->detail);
    printf("\n");
}

static void check(const check_settings *settings, const char *name)
{
    beluga_error err;
    int code = check_provider(settings, name, &err);
    if (!code || code == BELUGA_ERROR_INVALID_RESPONSE) return;
    n_failed++;
    printf("# %s\nnot ok %zu - %s has fixtures of its own\n", err.message, ++n_cases, name);
}

int main(int argc, char **argv)
{
    char fixtures[512];
    const char *names[MAX_PROVIDERS], *source = getenv("BELUGA_SOURCE_ROOT");
    beluga_registry *registry = beluga_registry_default();
    snprintf(fixtures, sizeof fixtures, "%s/tests/fixtures", source ? source : ".");
    const check_settings settings = {.registry = registry,
                                     .fixtures = fixtures,
                                     .only = argc > 2 ? argv[2] : NULL,
                                     .update = getenv("BELUGA_UPDATE_FIXTURES") != NULL,
                                     .tell = tell};
    size_t n = beluga_registry_list(registry, names, MAX_PROVIDERS);
    for (size_t i = 0; i < n && i < MAX_PROVIDERS; i++)
        if (argc < 2 || strcmp(argv[1], names[i]) == 0) check(&settings, names[i]);
    printf("1..%zu\n", n_cases);
    return n_failed || !n_cases;
}
