/* The provider `openai` against recorded traffic: tests/fixtures/openai. */
#include "support/provider_suite.h"

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
        "stream-openai-two-tools/sse",
        "stream-tools-nothing-but-arguments/sse",
        "stream-tools-one-id-other-arguments/sse",
        "stream-tools-name-in-pieces/sse",
        "body-tools/body",
        "request-extra-body/call",
        "request-images/call",
        "request-tools/call",
        "request-not-expressible/call",
        "request-account/call",
        "stream-extra-content/sse",
        "stream-reasoning-details/sse",
        "body-extra-content/body",
        "request-state/call",
        "request-reasoning-details/call",
        "request-broken-arguments/call",
        NULL,
    };
    static const provider_suite suite = {&beluga__openai_provider, NULL, torture};
    static const struct CMUnitTest tests[] = {cmocka_unit_test(the_provider_says_what_it_is)};
    return provider_suite_run("openai", &suite, 1, tests, 1);
}
