/* The provider `anthropic` against recorded traffic: tests/fixtures/anthropic. */
#include "support/provider_face.h"

#include "providers/anthropic/anthropic.h"

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
        "stream-tool/stream.sse",
        "stream-redacted-between/stream.sse",
        "stream-thinking/stream.sse",
        "body-tools/body.json",
        "request-cache-in-parts/call.txt",
        "request-media/call.txt",
        "request-tool-results/call.txt",
        "request-thinking/call.txt",
        "request-extra-body/call.txt",
        "request-bad-arguments/call.txt",
        "request-not-expressible/call.txt",
        "request-auth-token/call.txt",
        "stream-input-in-the-start/stream.sse",
        "stream-all-in-the-start/stream.sse",
        "request-ids-of-others/call.txt",
        "request-extra-body-deep/call.txt",
        "stream-server-tool/stream.sse",
        "stream-unsigned-thinking/stream.sse",
        "request-state/call.txt",
        "request-unsigned-thinking/call.txt",
        NULL,
    };
    return provider_face_run(&face, torture, NULL);
}
