/* The tables of the providers that are built in. */
#ifndef BELUGA__PROVIDERS_BUILTIN_H
#define BELUGA__PROVIDERS_BUILTIN_H

#include <beluga/provider/provider.h>

extern const beluga_provider beluga__anthropic_provider;
extern const beluga_provider beluga__azure_provider;
extern const beluga_provider beluga__bedrock_provider;
extern const beluga_provider beluga__cohere_provider;
extern const beluga_provider beluga__gemini_provider;
extern const beluga_provider beluga__mock_provider;
extern const beluga_provider beluga__ollama_provider;
extern const beluga_provider beluga__openai_provider;
extern const beluga_provider beluga__openai_responses_provider;
extern const beluga_provider beluga__vertex_provider;

/* Returns table `index`, or NULL after the last table. The tables of openai/hosts.c are the last
 * ones. */
const beluga_provider *beluga__builtin_provider(size_t index);

#endif
