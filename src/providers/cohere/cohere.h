/* Cohere's chat API, version 2. */
#ifndef BELUGA__PROVIDERS_COHERE_H
#define BELUGA__PROVIDERS_COHERE_H

#include "providers/common.h"
#include "providers/decode.h"
#include "providers/encoder.h"
#include "providers/fault.h"
#include "providers/finish_words.h"
#include "providers/model_list.h"
#include "providers/tool_calls.h"

/* The state of a decoder. It is all zero when an answer begins. */
typedef struct beluga__cohere_state {
    bool finished;
    bool planning; /* the newest reasoning is a plan for tools */
    beluga__calls calls;
} beluga__cohere_state;

/* The signature of reasoning that was a plan for tools, so that it is sent back as a plan. The
 * colon prevents other providers from using the signature. */
#define BELUGA__COHERE_PLAN "cohere:tool_plan"

/* request.c, messages.c */
int beluga__cohere_encode_request(const beluga_call *call, beluga_http_request *request,
                                  beluga_error *err);
void beluga__cohere_put_messages(beluga__encoder *e);
int beluga__cohere_encode_embed(const beluga_call *call, beluga_http_request *request,
                                beluga_error *err);
int beluga__cohere_encode_count(const beluga_call *call, beluga_http_request *request,
                                beluga_error *err);
int beluga__cohere_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                      beluga_error *err);

/* response.c, stream.c */
int beluga__cohere_decode_response(void *state, const char *body, size_t length, beluga_emit *emit);
int beluga__cohere_decode_event(void *state, const beluga_frame *frame, beluga_emit *emit);
int beluga__cohere_decode_embed(const char *body, size_t length, beluga_emit *emit);
int beluga__cohere_decode_count(const char *body, size_t length, beluga_emit *emit);
int beluga__cohere_decode_list_models(const char *body, size_t length, beluga_emit *emit);

/* Emit the plan for tools of a message or a delta. */
int beluga__cohere_emit_plan(beluga__cohere_state *state, const beluga_json *message,
                             beluga_emit *emit);
/* End the plan, if one is open. */
int beluga__cohere_end_plan(beluga__cohere_state *state, beluga_emit *emit);
/* Emit an error that the server sent instead of an answer or, if `streamed`, instead of an
 * event. */
int beluga__cohere_emit_fault(const beluga_json *root, bool streamed, beluga_emit *emit);
/* Read a tool call, or a piece of a tool call, whose number is `index`. */
beluga__call_piece beluga__cohere_read_call(const beluga_json *call, uint32_t index);
/* Emit usage and finish reason of an answer, or of the delta of "message-end". */
int beluga__cohere_emit_end(beluga__cohere_state *state, const beluga_json *end, beluga_emit *emit);

/* error.c */
void beluga__cohere_decode_error(const beluga_call *call, const beluga_http_response *response,
                                 beluga_error *err);

#endif
