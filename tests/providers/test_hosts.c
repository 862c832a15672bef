/* The rows of src/providers/openai/hosts.c with recorded traffic from tests/fixtures/<name>. A row
 * without a folder of fixtures fails. */
#include "providers/openai/openai.h"
#include "support/provider_suite.h"

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

static bool says(const beluga_provider *p, const char *text)
{
    for (const char *const *note = p->notes; note && *note; note++)
        if (strstr(*note, text)) return true;
    return false;
}

static void a_row_says_its_quirks_and_no_other(void **state)
{
    static const struct {
        uint32_t quirk;
        const char *text;
    } rows[] = {
        {BELUGA__OPENAI_TOP_K, "Accepts top_k."},
        {BELUGA__OPENAI_NO_TOOLS, "no tools"},
        {BELUGA__OPENAI_NO_STOP, "no stop sequences"},
        {BELUGA__OPENAI_NO_SEED, "no seed"},
        {BELUGA__OPENAI_NO_USER, "no user"},
        {BELUGA__OPENAI_NO_STREAM_OPTIONS, "usage of a stream"},
        {BELUGA__OPENAI_ENABLE_THINKING, "enable_thinking"},
        {BELUGA__OPENAI_NO_SCHEMA, "schema is not sent"},
        {BELUGA__OPENAI_MISTRAL, "random_seed"},
        {BELUGA__OPENAI_THINKING_OFF, "of type disabled"},
        {BELUGA__OPENAI_MAX_COMPLETION_TOKENS, "max_completion_tokens"},
        {BELUGA__OPENAI_REASONING_SPLIT, "reasoning_split"},
        {BELUGA__OPENAI_NO_FORM, "neither schema nor JSON mode"},
        {BELUGA__OPENAI_FILE_URLS, "files by their URL"},
        {BELUGA__OPENAI_CACHE_CONTROL, "cache_control"},
        {BELUGA__OPENAI_CACHE_TTL, "for how long"},
        {BELUGA__OPENAI_REASONING_DETAILS, "reasoning_details"},
        {BELUGA__OPENAI_EMBED_FLOATS, "sent as numbers"},
    };
    uint32_t seen = 0;
    (void)state;
    for (size_t i = 0; i < n_suites; i++) {
        const beluga_provider *p = suites[i].provider;
        /* valid, since the provider is the first member of its row */
        const beluga__openai_host *host = (const void *)p;
        for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
            assert_int_equal(says(p, rows[k].text), (host->quirks & rows[k].quirk) != 0);
        assert_int_equal(says(p, "Accepts the reasoning of"), host->reasoning_field != NULL);
        seen |= host->quirks;
    }
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) seen &= ~rows[k].quirk;
    assert_int_equal(seen, 0); /* each quirk must have a row in the table above */
}

/* Cases of providers with quirks, in which every allocation is made to fail in turn. */
static const char *const deepseek[] = {"request-tool-loop/call", "stream-tool/sse",
                                       "body-after-blank-lines/body", NULL};
static const char *const mistral[] = {"request-options/call", "request-parts/call",
                                      "stream-thinking/sse", "body-thinking/body", NULL};
static const char *const openrouter[] = {"request-details/call", "stream-details/sse",
                                         "body-details/body", NULL};
static const char *const litellm[] = {"request-thinking-blocks/call", "stream-thinking-blocks/sse",
                                      "body-thinking-blocks/body", NULL};
static const char *const perplexity[] = {"request/call", NULL};
static const char *const qwen[] = {"request-thinking/call", NULL};

static const char *const *torture_of(const char *name)
{
    if (strcmp(name, "deepseek") == 0) return deepseek;
    if (strcmp(name, "litellm") == 0) return litellm;
    if (strcmp(name, "mistral") == 0) return mistral;
    if (strcmp(name, "openrouter") == 0) return openrouter;
    if (strcmp(name, "perplexity") == 0) return perplexity;
    return strcmp(name, "qwen") == 0 ? qwen : NULL;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_sorted_by_name),
        cmocka_unit_test(a_row_has_variables_of_its_own),
        cmocka_unit_test(a_row_says_its_quirks_and_no_other),
    };
    const beluga_provider *provider;
    while ((provider = beluga__openai_host_at(n_suites)) && n_suites < MAX_HOSTS)
        suites[n_suites++] = (provider_suite){provider, NULL, torture_of(provider->name)};
    return provider_suite_run("hosts", suites, n_suites, tests, sizeof tests / sizeof *tests);
}
