/* The provider `openai` with recorded traffic from tests/fixtures/openai. */
#include "providers/builtin.h"
#include "providers/openai/openai.h"
#include "support/provider_face.h"

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
    return provider_face_run(&face, torture, NULL);
}
