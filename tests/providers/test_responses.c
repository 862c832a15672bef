/* The provider `openai-responses` against recorded traffic: tests/fixtures/openai-responses. */
#include "support/provider_suite.h"

#include "providers/responses/responses.h"

static void the_provider_says_what_it_is(void **state)
{
    (void)state;
    const beluga_provider *p = &beluga__openai_responses_provider;
    assert_string_equal(p->name, "openai-responses");
    assert_string_equal(p->base_url, "https://api.openai.com/v1");
    assert_string_equal(p->key_variables[0], "OPENAI_API_KEY");
    assert_string_equal(p->url_variables[0], "OPENAI_BASE_URL");
    assert_true(p->state_size <= 65536);
}

int main(void)
{
    static const char *const torture[] = {
        "stream-tools/sse",
        "stream-reasoning/sse",
        "stream-llama-cpp-tool/sse",
        "body-tools/body",
        "request-media/call",
        "request-reasoning/call",
        "request-tool-results/call",
        "request-extra-body/call",
        "request-not-expressible/call",
        "request-state/call",
        "stream-unknown-things/sse",
        "request-broken-arguments/call",
        NULL,
    };
    static const provider_suite suite = {&beluga__openai_responses_provider, NULL, torture};
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_provider_says_what_it_is),
    };
    return provider_suite_run("responses", &suite, 1, tests, sizeof tests / sizeof *tests);
}
