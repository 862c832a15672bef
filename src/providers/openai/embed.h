/* Embeddings in OpenAI's form. */
#ifndef BELUGA__PROVIDERS_OPENAI_EMBED_H
#define BELUGA__PROVIDERS_OPENAI_EMBED_H

#include "providers/embed.h"
#include "providers/openai/openai.h"

/* Write the request for a host. Providers that share this function change the path afterwards. */
int beluga__openai_encode_embed_as(const beluga__openai_host *host, const beluga_call *call,
                                   beluga_http_request *request, beluga_error *err);

#endif
