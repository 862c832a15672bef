/* The provider `ollama` with recorded traffic from tests/fixtures/ollama. */
#include "providers/builtin.h"
#include "providers/ollama/ollama.h"
#include "support/provider_face.h"

static const provider_face face = {&beluga__ollama_provider, "ollama",
                                   "http://127.0.0.1:11434", {"OLLAMA_API_KEY"},
                                   {"OLLAMA_HOST"},          BELUGA_FRAMING_NDJSON,
                                   BELUGA_CAPABILITY_NO_KEY, true};

int main(void)
{
    static const char *const torture[] = {
        "stream-tools/ndjson",
        "stream-thinking/ndjson",
        "body-tools/body",
        "request-tool-results/call",
        "request-several-texts/call",
        "request-images/call",
        "request-arguments-not-json/call",
        "request-extra-body/call",
        "request-not-expressible/call",
        NULL,
    };
    return provider_face_run(&face, torture, NULL);
}
