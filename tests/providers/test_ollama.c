/* The provider `ollama` against recorded traffic: tests/fixtures/ollama. */
#include "support/provider_suite.h"

#include "providers/ollama/ollama.h"

static void the_provider_says_what_it_is(void **state)
{
    (void)state;
    const beluga_provider *p = &beluga__ollama_provider;
    assert_string_equal(p->name, "ollama");
    assert_string_equal(p->base_url, "http://127.0.0.1:11434");
    assert_string_equal(p->key_variables[0], "OLLAMA_API_KEY");
    assert_string_equal(p->url_variables[0], "OLLAMA_HOST");
    assert_null(p->default_model);
    assert_int_equal(p->framing, BELUGA_FRAMING_NDJSON);
    assert_true(p->capabilities & BELUGA_CAPABILITY_NO_KEY);
}

int main(void)
{
    static const char *const torture[] = {
        "stream-tools/ndjson",
        "stream-thinking/ndjson",
        "body-tools/body",
        "request-tool-results/call",
        "request-several-texts/call",
        "request-images/call",
        "request-arguments-not-json/call",
        "request-extra-body/call",
        "request-not-expressible/call",
        NULL,
    };
    static const provider_suite suite = {&beluga__ollama_provider, NULL, torture};
    static const struct CMUnitTest tests[] = {cmocka_unit_test(the_provider_says_what_it_is)};
    return provider_suite_run("ollama", &suite, 1, tests, 1);
}
