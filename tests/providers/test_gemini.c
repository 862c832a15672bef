/* The provider `gemini` with recorded traffic from tests/fixtures/gemini. */
#include "base/mem.h"
#include "providers/builtin.h"
#include "providers/gemini/gemini.h"
#include "support/filled_request.h"
#include "support/provider_face.h"

/* If both keys are set, GOOGLE_API_KEY is used, as in Google's own clients. */
static const provider_face face = {&beluga__gemini_provider,
                                   "gemini",
                                   "https://generativelanguage.googleapis.com",
                                   {"GOOGLE_API_KEY", "GEMINI_API_KEY"},
                                   {"GOOGLE_GEMINI_BASE_URL"},
                                   BELUGA_FRAMING_SSE,
                                   0,
                                   false};

static void the_key_goes_into_a_header_of_its_own(void **state)
{
    filled_request *r = *state;
    assert_int_equal(filled_request_authorize(r, &beluga__gemini_provider, "AIza-secret", NULL, 0),
                     0);
    assert_string_equal(filled_request_header(r, "x-goog-api-key"), "AIza-secret");
    assert_null(filled_request_header(r, "Authorization"));
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
    static const struct CMUnitTest other = WITH_REQUEST(the_key_goes_into_a_header_of_its_own);
    return provider_face_run(&face, torture, &other);
}
