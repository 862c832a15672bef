/* The provider `azure` against recorded traffic: tests/fixtures/azure; and what it makes of a key.
 */
#include "support/provider_suite.h"

#include "base/mem.h"
#include "providers/builtin.h"
#include "wire/http.h"

#include <beluga/providers/azure.h>
#include <string.h>

typedef struct authorized {
    beluga__arena arena;
    beluga_http_request request;
    int code;
    beluga_error err;
} authorized;

static int set_up(void **state)
{
    authorized *a = *state = test_calloc(1, sizeof *a);
    beluga__arena_init(&a->arena, beluga_allocator_default(), NULL, 0, 1 << 24);
    beluga__http_request_init(&a->request, beluga_allocator_default(), &a->arena,
                              "https://r.openai.azure.com");
    return 0;
}

static int tear_down(void **state)
{
    authorized *a = *state;
    beluga__http_request_free(&a->request);
    beluga__arena_free(&a->arena);
    test_free(a);
    return 0;
}

static void authorize(authorized *a, const char *key, const char *variable)
{
    beluga_credential credential = {.size = sizeof credential, .key = key, .variable = variable};
    a->code = beluga__azure_provider.authorize(&a->request, &credential, 0, &a->err);
}

static void a_key_goes_into_a_header_of_its_own(void **state)
{
    authorized *a = *state;
    authorize(a, "abc", "AZURE_OPENAI_API_KEY");
    assert_int_equal(a->code, 0);
    assert_string_equal(beluga_http_request_header(&a->request, "api-key"), "abc");
    assert_null(beluga_http_request_header(&a->request, "Authorization"));
}

static void a_token_of_entra_is_a_bearer_token(void **state)
{
    authorized *a = *state;
    authorize(a, "eyJ.x.y", "AZURE_OPENAI_AD_TOKEN");
    assert_int_equal(a->code, 0);
    assert_string_equal(beluga_http_request_header(&a->request, "Authorization"), "Bearer eyJ.x.y");
    assert_null(beluga_http_request_header(&a->request, "api-key"));
}

static void a_token_that_is_too_long_is_refused(void **state)
{
    static char token[BELUGA_AZURE_MAX_TOKEN + 1];
    authorized *a = *state;
    memset(token, 'x', sizeof token - 1);
    authorize(a, token, "AZURE_OPENAI_AD_TOKEN");
    assert_int_equal(a->code, BELUGA_ERROR_AUTHENTICATION);
    assert_null(beluga_http_request_header(&a->request, "Authorization"));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const char *const torture[] = {"request-dated/call", "stream-filters/sse", NULL};
    static const provider_suite suite = {&beluga__azure_provider, NULL, torture};
    static const struct CMUnitTest tests[] = {
        WITH(a_key_goes_into_a_header_of_its_own),
        WITH(a_token_of_entra_is_a_bearer_token),
        WITH(a_token_that_is_too_long_is_refused),
    };
    return provider_suite_run("azure", &suite, 1, tests, sizeof tests / sizeof *tests);
}
