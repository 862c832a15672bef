/* The protocol "Responses" of OpenAI's: items go in and come out. Errors, lists of models and
 * account headers are those of Chat Completions. */
#ifndef BELUGA__PROVIDERS_RESPONSES_H
#define BELUGA__PROVIDERS_RESPONSES_H

#include "providers/openai/openai.h"

/* A reasoning item's signature: this, its id, a colon, its encrypted content. */
#define BELUGA__RESPONSES_SIGNED "openai:"

/* What a decoder remembers of one answer; all zero at its start. */
typedef struct beluga__responses_state {
    bool has_metadata, refused;
    bool has_items;               /* any came before the end */
    bool has_text, has_reasoning; /* pieces of the item at work came */
    bool in_part;                 /* pieces of the part at work came */
    beluga__calls calls;          /* by their items' places in the output, and by their ids */
} beluga__responses_state;

/* A request being written. What is wrong with its messages sticks in `status`. */
typedef struct beluga__responses_encoder {
    const beluga_call *call;
    beluga_http_request *request;
    beluga_error *err;
    beluga__body body;
    beluga_json_writer *w;
    int status;
    bool breakpoints;                     /* marks for the cache are taken */
    bool dropped_reasoning, dropped_mark; /* already warned about */
    bool dropped_media, dropped_ttl, wrapped;
} beluga__responses_encoder;

/* request.c, items.c */
int beluga__responses_encode_request(const beluga_call *call, beluga_http_request *request,
                                     beluga_error *err);
void beluga__responses_put_input(beluga__responses_encoder *e);
void beluga__responses_fail(beluga__responses_encoder *e, int code, const char *what);

/* response.c, stream.c */
int beluga__responses_decode_response(void *state, const char *body, size_t length,
                                      beluga_emit *emit);
int beluga__responses_decode_event(void *state, const beluga_frame *frame, beluga_emit *emit);

/* Pieces of both. An item: what of it did not come in pieces before. */
int beluga__responses_emit_item(beluga__responses_state *state, const beluga_json *item,
                                int64_t output_index, beluga_emit *emit);
/* The items of a response. */
int beluga__responses_emit_output(beluga__responses_state *state, const beluga_json *output,
                                  beluga_emit *emit);
int beluga__responses_emit_metadata(beluga__responses_state *state, const beluga_json *response,
                                    beluga_emit *emit);
/* Usage and finish, or the error that it ended with. `status` is what it ended as, if it does not
 * say. */
int beluga__responses_emit_end(beluga__responses_state *state, const beluga_json *response,
                               const char *status, beluga_emit *emit);
int beluga__responses_emit_refusal(beluga__responses_state *state, const char *text, size_t n,
                                   beluga_emit *emit);

/* calls.c: a call's beginning, a piece of its arguments, or all of them, and its item when it is
 * whole. */
int beluga__responses_begin_call(beluga__responses_state *state, const beluga_json *item,
                                 int64_t output_index, beluga_emit *emit);
int beluga__responses_add_arguments(beluga__responses_state *state, beluga__call_piece *piece,
                                    bool whole, beluga_emit *emit);
int beluga__responses_end_call(beluga__responses_state *state, const beluga_json *item,
                               int64_t output_index, beluga_emit *emit);

#endif
