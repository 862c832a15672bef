/* The provider `anthropic` against recorded traffic: tests/fixtures/anthropic. */
#include "support/provider_suite.h"

#include "providers/builtin.h"
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
        "stream-tool/stream.sse",
        "stream-redacted-between/stream.sse",
        "stream-thinking/stream.sse",
        "body-tools/body.json",
        "request-cache-in-parts/call.txt",
        "request-media/call.txt",
        "request-tool-results/call.txt",
        "request-thinking/call.txt",
        "request-extra-body/call.txt",
        "request-bad-arguments/call.txt",
        "request-not-expressible/call.txt",
        "request-auth-token/call.txt",
        "stream-input-in-the-start/stream.sse",
        "stream-all-in-the-start/stream.sse",
        "request-ids-of-others/call.txt",
        "request-extra-body-deep/call.txt",
        "stream-server-tool/stream.sse",
        "stream-unsigned-thinking/stream.sse",
        "request-state/call.txt",
        "request-unsigned-thinking/call.txt",
        NULL,
    };
    static const provider_suite suite = {&beluga__anthropic_provider, NULL, torture};
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_provider_says_what_it_is),
    };
    return provider_suite_run("anthropic", &suite, 1, tests, sizeof tests / sizeof *tests);
}
