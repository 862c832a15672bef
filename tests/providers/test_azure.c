/* The provider `azure` with recorded traffic from tests/fixtures/azure, and how it sends keys. */
#include "providers/builtin.h"
#include "support/filled_request.h"
#include "support/provider_suite.h"

#include <beluga/providers/azure.h>

#include <string.h>

static int authorize(filled_request *r, const char *key, const char *variable)
{
    return filled_request_authorize(r, &beluga__azure_provider, key, variable, 0);
}

static void a_key_goes_into_a_header_of_its_own(void **state)
{
    filled_request *r = *state;
    assert_int_equal(authorize(r, "abc", "AZURE_OPENAI_API_KEY"), 0);
    assert_string_equal(filled_request_header(r, "api-key"), "abc");
    assert_null(filled_request_header(r, "Authorization"));
}

static void a_token_of_entra_is_a_bearer_token(void **state)
{
    filled_request *r = *state;
    assert_int_equal(authorize(r, "eyJ.x.y", "AZURE_OPENAI_AD_TOKEN"), 0);
    assert_string_equal(filled_request_header(r, "Authorization"), "Bearer eyJ.x.y");
    assert_null(filled_request_header(r, "api-key"));
}

static void a_token_that_is_too_long_is_refused(void **state)
{
    static char token[BELUGA_AZURE_MAX_TOKEN + 1];
    filled_request *r = *state;
    memset(token, 'x', sizeof token - 1);
    assert_int_equal(authorize(r, token, "AZURE_OPENAI_AD_TOKEN"), BELUGA_ERROR_AUTHENTICATION);
    assert_null(filled_request_header(r, "Authorization"));
}

int main(void)
{
    static const char *const torture[] = {"request-dated/call", "stream-filters/sse", NULL};
    static const provider_suite suite = {&beluga__azure_provider, NULL, torture};
    static const struct CMUnitTest tests[] = {
        WITH_REQUEST(a_key_goes_into_a_header_of_its_own),
        WITH_REQUEST(a_token_of_entra_is_a_bearer_token),
        WITH_REQUEST(a_token_that_is_too_long_is_refused),
    };
    return provider_suite_run("azure", &suite, 1, tests, sizeof tests / sizeof *tests);
}
