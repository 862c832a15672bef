/* The provider `openai` against recorded traffic: tests/fixtures/openai. */
#include "support/provider_suite.h"

#include "providers/builtin.h"
#include "providers/openai/openai.h"

static void the_provider_says_what_it_is(void **state)
{
    (void)state;
    const beluga_provider *p = &beluga__openai_provider;
    assert_string_equal(p->name, "openai");
    assert_string_equal(p->key_variables[0], "OPENAI_API_KEY");
    assert_string_equal(p->url_variables[0], "OPENAI_BASE_URL");
    assert_string_equal(p->url_variables[1], "OPENAI_API_BASE");
    assert_true(p->capabilities & BELUGA_CAPABILITY_TOOLS);
}

int main(void)
{
    static const char *const torture[] = {
        "stream-openai-two-tools/stream.sse",
        "stream-tools-nothing-but-arguments/stream.sse",
        "stream-tools-one-id-other-arguments/stream.sse",
        "stream-tools-name-in-pieces/stream.sse",
        "body-tools/body.json",
        "request-extra-body/call.txt",
        "request-images/call.txt",
        "request-tools/call.txt",
        "request-not-expressible/call.txt",
        "request-account/call.txt",
        "stream-extra-content/stream.sse",
        "stream-reasoning-details/stream.sse",
        "body-extra-content/body.json",
        "request-state/call.txt",
        "request-reasoning-details/call.txt",
        "request-broken-arguments/call.txt",
        NULL,
    };
    static const provider_suite suite = {&beluga__openai_provider, NULL, torture};
    static const struct CMUnitTest tests[] = {cmocka_unit_test(the_provider_says_what_it_is)};
    return provider_suite_run("openai", &suite, 1, tests, 1);
}
