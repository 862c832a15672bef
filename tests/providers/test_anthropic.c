/* The provider `anthropic` against recorded traffic: tests/fixtures/anthropic. */
#include "support/provider_suite.h"

#include "providers/anthropic/anthropic.h"

static void the_provider_says_what_it_is(void **state)
{
    (void)state;
    const beluga_provider *p = &beluga__anthropic_provider;
    assert_string_equal(p->name, "anthropic");
    assert_string_equal(p->base_url, "https://api.anthropic.com");
    assert_string_equal(p->key_variables[0], "ANTHROPIC_API_KEY");
    assert_string_equal(p->key_variables[1], "ANTHROPIC_AUTH_TOKEN");
    assert_string_equal(p->url_variables[0], "ANTHROPIC_BASE_URL");
}

int main(void)
{
    static const char *const torture[] = {
        "stream-tool/sse",
        "stream-redacted-between/sse",
        "stream-thinking/sse",
        "body-tools/body",
        "request-cache-in-parts/call",
        "request-media/call",
        "request-tool-results/call",
        "request-thinking/call",
        "request-extra-body/call",
        "request-bad-arguments/call",
        "request-not-expressible/call",
        "request-auth-token/call",
        "stream-input-in-the-start/sse",
        "stream-all-in-the-start/sse",
        "request-ids-of-others/call",
        "request-extra-body-deep/call",
        "stream-server-tool/sse",
        "stream-unsigned-thinking/sse",
        "request-state/call",
        "request-unsigned-thinking/call",
        NULL,
    };
    static const provider_suite suite = {&beluga__anthropic_provider, NULL, torture};
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_provider_says_what_it_is),
    };
    return provider_suite_run("anthropic", &suite, 1, tests, sizeof tests / sizeof *tests);
}
