/* The kinds of calls: the name of each, and the functions of a provider's table that answer it. */
#ifndef BELUGA__CALL_KIND_H
#define BELUGA__CALL_KIND_H

#include "model/call.h"

typedef int beluga__encode_fn(const beluga_call *call, beluga_http_request *request,
                              beluga_error *err);
typedef int beluga__decode_fn(const char *body, size_t length, beluga_emit *emit);

/* Returns the function of an HTTP provider that writes the call's request, or NULL if the provider
 * has none. */
beluga__encode_fn *beluga__call_kind_encoder(const beluga_call *call);
/* Returns the function that decodes the whole answer of a call for models, vectors or a token
 * count. Calls for messages and batch jobs have decoders with a state instead. */
beluga__decode_fn *beluga__call_kind_decoder(const beluga_call *call);
/* Returns whether the call's provider, a full provider, can start a call of this kind. */
bool beluga__call_kind_starts(const beluga_call *call);
/* Fail a call of a kind that its provider does not have. Returns the code. */
int beluga__call_kind_refuse(const beluga_call *call, beluga_error *err);

/* Returns the size in bytes of the state that the call's decoders need. Lines of batch results may
 * contain answers, so for these it is at least the state size of the decoder for answers. */
static inline size_t beluga__call_state_size(const beluga_call *call)
{
    const beluga_provider *provider = call->target->provider;
    size_t own = provider->state_size;
    if (!beluga__call_is_of_jobs(call) || provider->batch->state_size < own) return own;
    return provider->batch->state_size;
}

#endif
