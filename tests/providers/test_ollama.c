/* The provider `ollama` against recorded traffic: tests/fixtures/ollama. */
#include "support/provider_face.h"

#include "providers/ollama/ollama.h"

static const provider_face face = {&beluga__ollama_provider, "ollama",
                                   "http://127.0.0.1:11434", {"OLLAMA_API_KEY"},
                                   {"OLLAMA_HOST"},          BELUGA_FRAMING_NDJSON,
                                   BELUGA_CAPABILITY_NO_KEY, true};

int main(void)
{
    static const char *const torture[] = {
        "stream-tools/stream.ndjson",
        "stream-thinking/stream.ndjson",
        "body-tools/body.json",
        "request-tool-results/call.txt",
        "request-several-texts/call.txt",
        "request-images/call.txt",
        "request-arguments-not-json/call.txt",
        "request-extra-body/call.txt",
        "request-not-expressible/call.txt",
        NULL,
    };
    return provider_face_run(&face, torture, NULL);
}
