/* The provider `openai-responses` with recorded traffic from tests/fixtures/openai-responses. */
#include "providers/builtin.h"
#include "providers/responses/responses.h"
#include "support/provider_face.h"

static const provider_face face = {&beluga__openai_responses_provider,
                                   "openai-responses",
                                   "https://api.openai.com/v1",
                                   {"OPENAI_API_KEY"},
                                   {"OPENAI_BASE_URL", "OPENAI_API_BASE"},
                                   BELUGA_FRAMING_SSE,
                                   0,
                                   false};

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
    return provider_face_run(&face, torture, NULL);
}
