/* The provider `gemini` against recorded traffic: tests/fixtures/gemini. */
#include "support/provider_suite.h"

#include "base/mem.h"
#include "providers/gemini/gemini.h"
#include "wire/http.h"

/* As Google's own clients: where both keys are set, GOOGLE_API_KEY wins. */
static void the_provider_says_what_it_is(void **state)
{
    (void)state;
    const beluga_provider *p = &beluga__gemini_provider;
    assert_string_equal(p->name, "gemini");
    assert_string_equal(p->key_variables[0], "GOOGLE_API_KEY");
    assert_string_equal(p->key_variables[1], "GEMINI_API_KEY");
    assert_string_equal(p->url_variables[0], "GOOGLE_GEMINI_BASE_URL");
}

static void the_key_goes_into_a_header_of_its_own(void **state)
{
    (void)state;
    beluga__arena arena;
    beluga_http_request request;
    beluga_error err;
    beluga_credential credential = {.size = sizeof credential, .key = "AIza-secret"};
    beluga__arena_init(&arena, beluga_allocator_default(), NULL, 0, 1 << 16);
    beluga__http_request_init(&request, beluga_allocator_default(), &arena, "http://localhost");
    assert_int_equal(beluga__gemini_provider.authorize(&request, &credential, 0, &err), 0);
    assert_string_equal(beluga_http_request_header(&request, "x-goog-api-key"), "AIza-secret");
    assert_null(beluga_http_request_header(&request, "Authorization"));
    beluga__http_request_free(&request);
    beluga__arena_free(&arena);
}

int main(void)
{
    static const char *const torture[] = {
        "stream-tools-parallel/sse", "stream-gemini3-signed-text/sse",
        "stream-code-and-image/sse", "body-tools/body",
        "body-array/body",           "request-extra-body/call",
        "request-tool-results/call", "request-tool-result-parts/call",
        "request-signatures/call",   "request-media/call",
        "request-tools-strict/call", "request-not-expressible/call",
        "request-state/call",        NULL,
    };
    static const provider_suite suite = {&beluga__gemini_provider, NULL, torture};
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_provider_says_what_it_is),
        cmocka_unit_test(the_key_goes_into_a_header_of_its_own),
    };
    return provider_suite_run("gemini", &suite, 1, tests, 2);
}
