/* Ollama's own protocol, /api/chat. */
#ifndef BELUGA__PROVIDERS_OLLAMA_H
#define BELUGA__PROVIDERS_OLLAMA_H

#include "providers/calls.h"
#include "providers/common.h"
#include "providers/decode.h"
#include "providers/fault.h"
#include "providers/words.h"

/* What a decoder remembers of one answer; all zero at its start. */
typedef struct beluga__ollama_state {
    bool has_metadata, finished;
    beluga__calls calls;
} beluga__ollama_state;

/* A request being written. What is wrong with its messages sticks in `status`. */
typedef struct beluga__ollama_encoder {
    const beluga_call *call;
    beluga_http_request *request;
    beluga_error *err;
    beluga__body body;
    beluga_json_writer *w;
    int status;
    bool dropped_mark, dropped_strict, dropped_image, dropped_media; /* already warned about */
    bool wrapped;
} beluga__ollama_encoder;

/* request.c, messages.c */
int beluga__ollama_encode_request(const beluga_call *call, beluga_http_request *request,
                                  beluga_error *err);
int beluga__ollama_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                      beluga_error *err);
void beluga__ollama_put_messages(beluga__ollama_encoder *e);

/* response.c */
int beluga__ollama_decode_response(void *state, const char *body, size_t length, beluga_emit *emit);
int beluga__ollama_decode_event(void *state, const beluga_frame *frame, beluga_emit *emit);
int beluga__ollama_decode_list_models(const char *body, size_t length, beluga_emit *emit);

/* error.c */
void beluga__ollama_decode_error(const beluga_http_response *response, beluga_error *err);
/* Emit the error that came inside an answer of status 200; `otherwise` is its code if its words say
 * none. Returns the code. */
int beluga__ollama_emit_fault(const beluga_json *root, int otherwise, beluga_emit *emit);

#endif
