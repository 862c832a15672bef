#include "providers/builtin.h"

#include "providers/openai/openai.h"

static const beluga_provider *const providers[] = {
    &beluga__anthropic_provider, &beluga__azure_provider,  &beluga__bedrock_provider,
    &beluga__cohere_provider,    &beluga__gemini_provider, &beluga__mock_provider,
    &beluga__ollama_provider,    &beluga__openai_provider, &beluga__responses_provider,
};

const beluga_provider *beluga__builtin_provider(size_t index)
{
    size_t n = sizeof providers / sizeof *providers;
    return index < n ? providers[index] : beluga__openai_host_at(index - n);
}
