/* The protocol of Anthropic's Messages API, which llama.cpp, Ollama and others speak too. */
#ifndef BELUGA__PROVIDERS_ANTHROPIC_H
#define BELUGA__PROVIDERS_ANTHROPIC_H

#include "providers/common.h"
#include "providers/fault.h"

extern const beluga_provider beluga__anthropic_provider;

/* A block of reasoning that the API keeps to itself is a signature that begins so: what follows is
 * its data. A signature of the API's own has no colon. */
#define BELUGA__ANTHROPIC_REDACTED "redacted_thinking:"

enum {
    BELUGA__ANTHROPIC_BLOCKS = 4096, /* blocks of an answer that are told apart */
    BELUGA__ANTHROPIC_REASON = 64
};

/* What a decoder remembers of one answer; all zero at its start. */
typedef struct beluga__anthropic_state {
    uint8_t tools[BELUGA__ANTHROPIC_BLOCKS / 8]; /* a bit a block that is a tool call */
    bool thinking;                               /* the newest block is reasoning */
    bool has_usage;
    int64_t input, cache_read, cache_write, output, reasoning; /* tokens, -1 unknown */
    char reason[BELUGA__ANTHROPIC_REASON];                     /* why it stopped; "" unknown */
} beluga__anthropic_state;

/* A request being written. What is wrong with its messages sticks in `status`. */
typedef struct beluga__anthropic_encoder {
    const beluga_call *call;
    beluga_http_request *request;
    beluga_error *err;
    beluga__body body;
    beluga_json_writer *w;
    int status;
    bool dropped_reasoning, moved_system, wrapped, left_out; /* already warned about */
} beluga__anthropic_encoder;

/* request.c */
int beluga__anthropic_encode_request(const beluga_call *call, beluga_http_request *request,
                                     beluga_error *err);
int beluga__anthropic_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                         beluga_error *err);
int beluga__anthropic_authorize(beluga_http_request *request, const beluga_credential *credential,
                                int64_t now, beluga_error *err);

/* messages.c, parts.c */
void beluga__anthropic_put_system(beluga__anthropic_encoder *e);
void beluga__anthropic_put_messages(beluga__anthropic_encoder *e);
void beluga__anthropic_fail(beluga__anthropic_encoder *e, int code, const char *what);
/* Text, an image or a document as a block. */
void beluga__anthropic_put_content(beluga__anthropic_encoder *e, const beluga_part *part);
void beluga__anthropic_put_text(beluga__anthropic_encoder *e, const beluga_part *part);
void beluga__anthropic_put_reasoning(beluga__anthropic_encoder *e, const beluga_part *part);
void beluga__anthropic_put_tool_use(beluga__anthropic_encoder *e, const beluga_part *part);
/* The part's cache mark as a member of the object that is open. */
void beluga__anthropic_put_cache_control(beluga__anthropic_encoder *e, const beluga_part *part);
/* Whether a part becomes a block: the API refuses empty text, and reasoning that it did not sign.
 */
bool beluga__anthropic_is_sendable(beluga__anthropic_encoder *e, const beluga_part *part);

/* response.c, stream.c */
int beluga__anthropic_decode_response(void *state, const char *body, size_t length,
                                      beluga_emit *emit);
int beluga__anthropic_decode_event(void *state, const beluga_frame *frame, beluga_emit *emit);
int beluga__anthropic_decode_list_models(const char *body, size_t length, beluga_emit *emit);

/* Pieces of both: the head of a message, a block's beginning and its end, and what it counted. */
int beluga__anthropic_emit_head(beluga__anthropic_state *state, const beluga_json *message,
                                beluga_emit *emit);
int beluga__anthropic_begin_block(beluga__anthropic_state *state, uint32_t index,
                                  const beluga_json *block, beluga_emit *emit);
int beluga__anthropic_end_block(beluga__anthropic_state *state, uint32_t index, beluga_emit *emit);
bool beluga__anthropic_is_tool(const beluga__anthropic_state *state, uint32_t index);
int beluga__anthropic_emit_usage(beluga__anthropic_state *state, const beluga_json *usage,
                                 beluga_emit *emit);
void beluga__anthropic_keep_reason(beluga__anthropic_state *state, const beluga_json *holder);
int beluga__anthropic_emit_finish(beluga__anthropic_state *state, beluga_emit *emit);

#endif
