/* The provider `openai-responses` against recorded traffic: tests/fixtures/openai-responses. */
#include "support/provider_face.h"

#include "providers/responses/responses.h"

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
        "stream-tools/stream.sse",
        "stream-reasoning/stream.sse",
        "stream-llama-cpp-tool/stream.sse",
        "body-tools/body.json",
        "request-media/call.txt",
        "request-reasoning/call.txt",
        "request-tool-results/call.txt",
        "request-extra-body/call.txt",
        "request-not-expressible/call.txt",
        "request-state/call.txt",
        "stream-unknown-things/stream.sse",
        "request-broken-arguments/call.txt",
        NULL,
    };
    return provider_face_run(&face, torture, NULL);
}
