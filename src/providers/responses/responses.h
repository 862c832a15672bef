/* OpenAI's protocol "Responses", whose input and output are items. Its errors, lists of models and
 * account headers are the same as in Chat Completions. */
#ifndef BELUGA__PROVIDERS_RESPONSES_H
#define BELUGA__PROVIDERS_RESPONSES_H

#include "providers/openai/openai.h"

/* The prefix of a reasoning item's signature. The item's id, a colon and the encrypted content
 * follow. */
#define BELUGA__RESPONSES_SIGNED "openai:"

/* The state of a decoder. It is all zero when an answer begins. */
typedef struct beluga__responses_state {
    bool has_metadata, refused;
    bool has_items;               /* items arrived before the end */
    bool has_text, has_reasoning; /* pieces of the current item have arrived */
    bool in_part;                 /* pieces of the current part have arrived */
    beluga__calls calls;          /* identified by the positions and the ids of their items */
} beluga__responses_state;

/* request.c */
int beluga__responses_encode_request(const beluga_call *call, beluga_http_request *request,
                                     beluga_error *err);
int beluga__responses_encode_count(const beluga_call *call, beluga_http_request *request,
                                   beluga_error *err);
int beluga__responses_encode_embed(const beluga_call *call, beluga_http_request *request,
                                   beluga_error *err);
int beluga__responses_decode_count(const char *body, size_t length, beluga_emit *emit);
/* items.c: write "input". */
void beluga__responses_put_input(beluga__encoder *e);

/* response.c, stream.c */
int beluga__responses_decode_response(void *state, const char *body, size_t length,
                                      beluga_emit *emit);
int beluga__responses_decode_event(void *state, const beluga_frame *frame, beluga_emit *emit);

/* Emit an item of a stream or of another answer. Parts of the item that were already emitted are
 * left out. */
int beluga__responses_emit_item(beluga__responses_state *state, const beluga_json *item,
                                int64_t output_index, beluga_emit *emit);
/* Emit all items of a response. */
int beluga__responses_emit_output(beluga__responses_state *state, const beluga_json *output,
                                  beluga_emit *emit);
int beluga__responses_emit_metadata(beluga__responses_state *state, const beluga_json *response,
                                    beluga_emit *emit);
/* Emit the usage and the finish, or the error with which the response ended. `status` is used if
 * the response contains no status. */
int beluga__responses_emit_end(beluga__responses_state *state, const beluga_json *response,
                               const char *status, beluga_emit *emit);
int beluga__responses_emit_refusal(beluga__responses_state *state, const char *text, size_t n,
                                   beluga_emit *emit);

/* calls.c: begin a tool call, add a piece of its arguments or all of them, and end the tool call of
 * an item. */
int beluga__responses_begin_call(beluga__responses_state *state, const beluga_json *item,
                                 int64_t output_index, beluga_emit *emit);
int beluga__responses_add_arguments(beluga__responses_state *state, beluga__call_piece *piece,
                                    bool whole, beluga_emit *emit);
int beluga__responses_end_call(beluga__responses_state *state, const beluga_json *item,
                               int64_t output_index, beluga_emit *emit);

#endif
