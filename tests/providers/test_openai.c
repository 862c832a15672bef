/* The provider `openai` against recorded traffic: tests/fixtures/openai. */
#include "support/provider_face.h"

#include "providers/openai/openai.h"

static const provider_face face = {&beluga__openai_provider,
                                   "openai",
                                   "https://api.openai.com/v1",
                                   {"OPENAI_API_KEY"},
                                   {"OPENAI_BASE_URL", "OPENAI_API_BASE"},
                                   BELUGA_FRAMING_SSE,
                                   BELUGA_CAPABILITY_TOOLS,
                                   false};

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
    return provider_face_run(&face, torture, NULL);
}
