/* The rows of src/providers/openai/hosts.c against recorded traffic: tests/fixtures/<name>. A row
 * without a folder fails. */
#include "support/provider_suite.h"

#include "providers/openai/openai.h"

#include <string.h>

enum { MAX_HOSTS = 64 };

static provider_suite suites[MAX_HOSTS];
static size_t n_suites;

static void rows_are_sorted_by_name(void **state)
{
    (void)state;
    for (size_t i = 1; i < n_suites; i++)
        assert_true(strcmp(suites[i - 1].provider->name, suites[i].provider->name) < 0);
}

static void a_row_has_variables_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_suites; i++) {
        const beluga_provider *p = suites[i].provider;
        assert_non_null(p->key_variables[0]);
        assert_non_null(p->url_variables[0]);
        for (const char *const *name = p->key_variables; *name; name++)
            assert_string_not_equal(*name, "OPENAI_API_KEY");
        for (const char *const *name = p->url_variables; *name; name++)
            assert_string_not_equal(*name, "OPENAI_BASE_URL");
    }
}

/* Cases of every kind of quirk. */
static const char *const deepseek[] = {"request-tool-loop/call.txt", "stream-tool/stream.sse",
                                       "body-after-blank-lines/body.json", NULL};
static const char *const mistral[] = {"request-options/call.txt", "request-parts/call.txt",
                                      "stream-thinking/stream.sse", "body-thinking/body.json",
                                      NULL};
static const char *const perplexity[] = {"request/call.txt", NULL};
static const char *const qwen[] = {"request-thinking/call.txt", NULL};

static const char *const *torture_of(const char *name)
{
    if (strcmp(name, "deepseek") == 0) return deepseek;
    if (strcmp(name, "mistral") == 0) return mistral;
    if (strcmp(name, "perplexity") == 0) return perplexity;
    return strcmp(name, "qwen") == 0 ? qwen : NULL;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_sorted_by_name),
        cmocka_unit_test(a_row_has_variables_of_its_own),
    };
    const beluga_provider *provider;
    while ((provider = beluga__openai_host_at(n_suites)) && n_suites < MAX_HOSTS)
        suites[n_suites++] = (provider_suite){provider, NULL, torture_of(provider->name)};
    return provider_suite_run("hosts", suites, n_suites, tests, sizeof tests / sizeof *tests);
}
