/* The protocol of Anthropic's Messages API, which llama.cpp, Ollama and other servers also
 * implement. */
#ifndef BELUGA__PROVIDERS_ANTHROPIC_H
#define BELUGA__PROVIDERS_ANTHROPIC_H

#include "providers/claude_encoder.h"
#include "providers/common.h"
#include "providers/decode.h"
#include "providers/fault.h"
#include "providers/finish_words.h"
#include "providers/model_list.h"
#include "providers/tool_calls.h"

/* A block of reasoning that the API encrypted is stored as a signature that consists of this mark
 * and the block's data. The API's own signatures contain no colon. */
#define BELUGA__ANTHROPIC_REDACTED "redacted_thinking:"

enum {
    BELUGA__ANTHROPIC_REASON = 64,
    BELUGA__ANTHROPIC_ID = 64,   /* the longest id and name of a tool call */
    BELUGA__ANTHROPIC_NAME = 128 /* the longest name that is sent unchanged */
};

/* The state of a decoder. It is all zero when an answer begins. */
typedef struct beluga__anthropic_state {
    beluga__calls calls; /* identified by the indexes of their blocks */
    bool thinking;       /* a block of reasoning is open */
    uint32_t thinking_index;
    /* has_signature: the open block of reasoning has the member "signature", even if it is empty.
     * is_signed: a signature that is not empty, or encrypted data, has arrived. */
    bool is_signed, has_signature;
    /* The JSON of the newest block that must be sent back unchanged, without the pieces that
     * arrived after its start. It is in the call's memory. */
    const char *block;
    size_t n_block;
    uint32_t block_index;
    char *block_input; /* pieces of that block's input, or a text's citations, so far */
    size_t n_input, input_room;
    uint32_t text_index; /* index of the newest block of text */
    bool in_text;        /* a block of text has begun */
    bool has_text;       /* the newest block of text has text */
    /* The arguments that the start of the newest tool call contained, in the call's memory. They
     * are used at the end of the call, unless pieces of arguments arrive before. */
    const char *arguments;
    size_t n_arguments;
    bool has_usage;
    int64_t input, cache_read, cache_write, output, reasoning; /* tokens; -1: unknown */
    char reason[BELUGA__ANTHROPIC_REASON];                     /* the stop reason; "": unknown */
} beluga__anthropic_state;

/* request.c */
/* Set the path, and the headers that every request has. */
void beluga__anthropic_set_head(const beluga_call *call, beluga_http_request *request,
                                const char *path);
int beluga__anthropic_encode_request(const beluga_call *call, beluga_http_request *request,
                                     beluga_error *err);
int beluga__anthropic_encode_count(const beluga_call *call, beluga_http_request *request,
                                   beluga_error *err);
int beluga__anthropic_decode_count(const char *body, size_t length, beluga_emit *emit);
int beluga__anthropic_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                         beluga_error *err);
int beluga__anthropic_authorize(beluga_http_request *request, const beluga_credential *credential,
                                int64_t now, beluga_error *err);

/* batch.c */
extern const beluga_batch_api beluga__anthropic_batch;

/* messages.c, parts.c */
extern const beluga__claude_protocol beluga__anthropic_protocol;
/* Write "system" and "messages". */
void beluga__anthropic_put_messages(beluga__claude_encoder *e);
bool beluga__anthropic_is_reasoning_sendable(beluga__claude_encoder *e, const beluga_part *part);
bool beluga__anthropic_is_media_sendable(beluga__claude_encoder *e, const beluga_part *part,
                                         beluga_role role);
/* Write a part as a block. beluga__claude_is_sendable must have returned true for the part. */
void beluga__anthropic_put_block(beluga__claude_encoder *e, const beluga_part *part);
/* Write the part's cache mark, if it has one that is sent, into the object that is open. */
void beluga__anthropic_put_cache_control(beluga__claude_encoder *e, const beluga_part *part);

/* response.c, stream.c */
int beluga__anthropic_decode_response(void *state, const char *body, size_t length,
                                      beluga_emit *emit);
int beluga__anthropic_decode_event(void *state, const beluga_frame *frame, beluga_emit *emit);
int beluga__anthropic_decode_list_models(const char *body, size_t length, beluga_emit *emit);

/* Emit the head of a message, its blocks, and its end. Decoders of streams and of other answers use
 * these functions. */
int beluga__anthropic_emit_head(beluga__anthropic_state *state, const beluga_json *message,
                                beluga_emit *emit);
int beluga__anthropic_begin_block(beluga__anthropic_state *state, uint32_t index,
                                  const beluga_json *block, beluga_emit *emit);
int beluga__anthropic_end_block(beluga__anthropic_state *state, uint32_t index, beluga_emit *emit);
/* Begin and end all blocks of a message. */
int beluga__anthropic_decode_blocks(beluga__anthropic_state *state, const beluga_json *content,
                                    beluga_emit *emit);
/* Emit a piece of the signature of the open reasoning block. */
int beluga__anthropic_emit_signature(beluga__anthropic_state *state, const char *text,
                                     size_t length, beluga_emit *emit);
/* Store a piece of the input of a block that is sent back unchanged. A piece for another block is
 * ignored. */
int beluga__anthropic_keep_input(beluga__anthropic_state *state, uint32_t index, const char *text,
                                 size_t length, beluga_emit *emit);
/* Store a citation that the API's own search tool added to the newest block of text. A citation for
 * another block is ignored. */
int beluga__anthropic_keep_citation(beluga__anthropic_state *state, uint32_t index,
                                    const beluga_json *citation, beluga_emit *emit);
/* Emit a piece of a tool call's arguments. A piece for a block that is not a tool call is
 * ignored. */
int beluga__anthropic_emit_arguments(beluga__anthropic_state *state, uint32_t index,
                                     const char *text, size_t length, beluga_emit *emit);
int beluga__anthropic_emit_usage(beluga__anthropic_state *state, const beluga_json *usage,
                                 beluga_emit *emit);
void beluga__anthropic_keep_reason(beluga__anthropic_state *state, const beluga_json *reason);
int beluga__anthropic_emit_finish(beluga__anthropic_state *state, beluga_emit *emit);

#endif
