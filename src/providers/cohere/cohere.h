/* Cohere's chat API, version 2. */
#ifndef BELUGA__PROVIDERS_COHERE_H
#define BELUGA__PROVIDERS_COHERE_H

#include "providers/calls.h"
#include "providers/common.h"
#include "providers/decode.h"
#include "providers/fault.h"
#include "providers/words.h"

/* What a decoder remembers of one answer; all zero at its start. */
typedef struct beluga__cohere_state {
    bool finished;
    bool planning; /* what came last is the plan for tools */
    beluga__calls calls;
} beluga__cohere_state;

/* The signature of reasoning that was a plan for tools, by which it finds its way back; the colon
 * keeps it from being taken for another provider's. */
#define BELUGA__COHERE_PLAN "cohere:tool_plan"

/* request.c, messages.c */
int beluga__cohere_encode_request(const beluga_call *call, beluga_http_request *request,
                                  beluga_error *err);
/* Returns 0, or the first fault. */
int beluga__cohere_put_messages(const beluga_call *call, beluga_http_request *request,
                                beluga_json_writer *w, beluga_error *err);
int beluga__cohere_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                      beluga_error *err);

/* response.c, stream.c */
int beluga__cohere_decode_response(void *state, const char *body, size_t length, beluga_emit *emit);
int beluga__cohere_decode_event(void *state, const beluga_frame *frame, beluga_emit *emit);
int beluga__cohere_decode_list_models(const char *body, size_t length, beluga_emit *emit);

/* Pieces of both. */
int beluga__cohere_emit_text(const beluga_json *object, const char *key, beluga_emit *emit);
int beluga__cohere_emit_thinking(const beluga_json *object, beluga_emit *emit);
int beluga__cohere_emit_plan(beluga__cohere_state *state, const beluga_json *message,
                             beluga_emit *emit);
/* The plan is over. */
int beluga__cohere_end_plan(beluga__cohere_state *state, beluga_emit *emit);
/* Emit an error that came where an answer or an event should be. */
int beluga__cohere_emit_fault(const beluga_json *root, int code, beluga_emit *emit);
/* A tool call of that number, or a piece of one. */
beluga__call_piece beluga__cohere_read_call(const beluga_json *call, uint32_t index);
/* Usage and finish reason of an answer, or of "message-end"'s delta. */
int beluga__cohere_emit_end(beluga__cohere_state *state, const beluga_json *end, beluga_emit *emit);

/* error.c */
void beluga__cohere_decode_error(const beluga_http_response *response, beluga_error *err);

#endif
