/* The provider `anthropic` with recorded traffic from tests/fixtures/anthropic. */
#include "providers/anthropic/anthropic.h"
#include "providers/builtin.h"
#include "support/provider_face.h"

static const provider_face face = {&beluga__anthropic_provider,
                                   "anthropic",
                                   "https://api.anthropic.com",
                                   {"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"},
                                   {"ANTHROPIC_BASE_URL"},
                                   BELUGA_FRAMING_SSE,
                                   0,
                                   false};

int main(void)
{
    static const char *const torture[] = {
        "stream-tool/sse",
        "stream-redacted-between/sse",
        "stream-thinking/sse",
        "body-tools/body",
        "request-cache-in-parts/call",
        "request-media/call",
        "request-tool-results/call",
        "request-thinking/call",
        "request-extra-body/call",
        "request-bad-arguments/call",
        "request-not-expressible/call",
        "request-auth-token/call",
        "stream-input-in-the-start/sse",
        "stream-all-in-the-start/sse",
        "request-ids-of-others/call",
        "request-extra-body-deep/call",
        "stream-server-tool/sse",
        "stream-unsigned-thinking/sse",
        "request-state/call",
        "request-unsigned-thinking/call",
        NULL,
    };
    return provider_face_run(&face, torture, NULL);
}
