/* The kinds of calls: what each is called, and by which functions of a table it is answered. */
#ifndef BELUGA__CALL_KIND_H
#define BELUGA__CALL_KIND_H

#include "model/call.h"

typedef int beluga__encode_fn(const beluga_call *call, beluga_http_request *request,
                              beluga_error *err);
typedef int beluga__decode_fn(const char *body, size_t length, beluga_emit *emit);

typedef int beluga__decode_job_fn(void *state, const char *body, size_t length, beluga_emit *emit);

/* Returns the function of an HTTP provider that writes the call's request; NULL: it has none. */
beluga__encode_fn *beluga__call_kind_encoder(const beluga_call *call);
/* Returns the function that decodes the whole answer of a call that does not ask for an answer to
 * messages; NULL for one that does. */
beluga__decode_fn *beluga__call_kind_decoder(const beluga_call *call);
/* Returns the function that decodes the answer to a call about batch jobs, or of a call that asks
 * for their results only the first answer; NULL for all other calls. */
beluga__decode_job_fn *beluga__call_kind_job_decoder(const beluga_call *call);
/* Read the batch API of a provider; all zeros where it has none. */
beluga_batch_api beluga__batch_api_of(const beluga_provider *provider);
/* Returns the bytes of state that the decoders of the call need. */
size_t beluga__call_state_size(const beluga_call *call);
/* Returns whether a full provider starts calls of this kind. */
bool beluga__call_kind_starts(const beluga_call *call);
/* Fail a call of a kind that its provider does not have. Returns the code. */
int beluga__call_kind_refuse(const beluga_call *call, beluga_error *err);

#endif
