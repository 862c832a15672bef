/* The provider `vertex`: its URLs and keys, with recorded traffic from tests/fixtures/vertex. Its
 * answers are the same as those of `gemini`. */
#include "base/mem.h"
#include "providers/builtin.h"
#include "providers/gemini/gemini.h"
#include "support/filled_request.h"
#include "support/provider_face.h"

static const provider_face face = {&beluga__vertex_provider,
                                   "vertex",
                                   "https://aiplatform.googleapis.com",
                                   {"GOOGLE_OAUTH_ACCESS_TOKEN"},
                                   {"GOOGLE_VERTEX_BASE_URL"},
                                   BELUGA_FRAMING_SSE,
                                   0,
                                   true};

static void tokens_and_api_keys_go_into_headers_of_their_own(void **state)
{
    filled_request *r = *state;
    assert_int_equal(filled_request_authorize(r, &beluga__vertex_provider, "ya29.a", NULL, 0), 0);
    assert_string_equal(filled_request_header(r, "Authorization"), "Bearer ya29.a");
    assert_null(filled_request_header(r, "x-goog-api-key"));
    assert_int_equal(filled_request_authorize(r, &beluga__vertex_provider, "AIza-1", NULL, 0), 0);
    assert_string_equal(filled_request_header(r, "x-goog-api-key"), "AIza-1");
}

int main(void)
{
    static const char *const torture[] = {"request-region/call", "request-embed/call",
                                          "request-models/call", NULL};
    static const struct CMUnitTest other =
        WITH_REQUEST(tokens_and_api_keys_go_into_headers_of_their_own);
    return provider_face_run(&face, torture, &other);
}
