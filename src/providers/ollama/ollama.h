/* Ollama's own protocol, /api/chat. */
#ifndef BELUGA__PROVIDERS_OLLAMA_H
#define BELUGA__PROVIDERS_OLLAMA_H

#include "providers/common.h"
#include "providers/decode.h"
#include "providers/encoder.h"
#include "providers/fault.h"
#include "providers/finish_words.h"
#include "providers/model_list.h"
#include "providers/tool_calls.h"

/* The state of a decoder. It is all zero when an answer begins. */
typedef struct beluga__ollama_state {
    bool has_metadata, finished;
    beluga__calls calls;
} beluga__ollama_state;

/* request.c, messages.c */
int beluga__ollama_encode_request(const beluga_call *call, beluga_http_request *request,
                                  beluga_error *err);
int beluga__ollama_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                      beluga_error *err);
int beluga__ollama_encode_embed(const beluga_call *call, beluga_http_request *request,
                                beluga_error *err);
void beluga__ollama_put_messages(beluga__encoder *e);

/* response.c */
int beluga__ollama_decode_response(void *state, const char *body, size_t length, beluga_emit *emit);
int beluga__ollama_decode_event(void *state, const beluga_frame *frame, beluga_emit *emit);
int beluga__ollama_decode_embed(const char *body, size_t length, beluga_emit *emit);
int beluga__ollama_decode_list_models(const char *body, size_t length, beluga_emit *emit);

/* error.c */
void beluga__ollama_decode_error(const beluga_call *call, const beluga_http_response *response,
                                 beluga_error *err);
/* Emit the error that an answer with status 200 contains; `otherwise` is the code if the text does
 * not show the cause. Returns the code. */
int beluga__ollama_emit_fault(const beluga_json *root, int otherwise, beluga_emit *emit);

#endif
