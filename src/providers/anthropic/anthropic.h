/* The protocol of Anthropic's Messages API, which llama.cpp, Ollama and others speak too. */
#ifndef BELUGA__PROVIDERS_ANTHROPIC_H
#define BELUGA__PROVIDERS_ANTHROPIC_H

#include "providers/calls.h"
#include "providers/claude.h"
#include "providers/common.h"
#include "providers/decode.h"
#include "providers/fault.h"
#include "providers/words.h"

/* A block of reasoning that the API keeps to itself is a signature that begins so: what follows is
 * its data. A signature of the API's own has no colon. */
#define BELUGA__ANTHROPIC_REDACTED "redacted_thinking:"

enum {
    BELUGA__ANTHROPIC_REASON = 64,
    BELUGA__ANTHROPIC_ID = 64,   /* the longest id and name of a tool call */
    BELUGA__ANTHROPIC_NAME = 128 /* that are sent as they are */
};

/* What was warned about already. */
enum {
    BELUGA__ANTHROPIC_DROPPED_REASONING = 1 << 0,
    BELUGA__ANTHROPIC_MOVED_SYSTEM = 1 << 1,
    BELUGA__ANTHROPIC_LEFT_OUT = 1 << 2,
    BELUGA__ANTHROPIC_DROPPED_AUDIO = 1 << 3,
    BELUGA__ANTHROPIC_DROPPED_FILE = 1 << 4,
    BELUGA__ANTHROPIC_DROPPED_URL = 1 << 5,
    BELUGA__ANTHROPIC_DROPPED_MEDIA = 1 << 6,
    BELUGA__ANTHROPIC_DROPPED_MARK = 1 << 7,
    BELUGA__ANTHROPIC_BLANK = 1 << 8,
    BELUGA__ANTHROPIC_CUT = 1 << 9
};

/* What a decoder remembers of one answer; all zero at its start. */
typedef struct beluga__anthropic_state {
    beluga__calls calls;           /* by their blocks' numbers */
    bool thinking;                 /* a block of reasoning is open, */
    uint32_t thinking_index;       /* and which */
    bool is_signed, has_signature; /* it has a signature, or at least a member for one */
    /* a block that goes back as it came, whose pieces may still come, in the call's memory */
    const char *block;
    size_t n_block;
    uint32_t block_index;
    char *block_input; /* what came of its input; of a block of text, its citations */
    size_t n_input, input_room;
    uint32_t text_index;   /* of the newest block of text, */
    bool has_text;         /* and whether there is any */
    const char *arguments; /* of the newest tool call, when its start had them; in the call's */
    size_t n_arguments;    /* memory, until its end or pieces of others come */
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
    beluga__claude model;
    beluga__claude_plan plan;
    const beluga_part *prefill; /* the text that the answer goes on with, or NULL */
    beluga__marks marks;
    int status;
    unsigned warned;
    bool wrapped;
} beluga__anthropic_encoder;

/* request.c */
int beluga__anthropic_encode_request(const beluga_call *call, beluga_http_request *request,
                                     beluga_error *err);
int beluga__anthropic_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                         beluga_error *err);
int beluga__anthropic_authorize(beluga_http_request *request, const beluga_credential *credential,
                                int64_t now, beluga_error *err);

/* messages.c, parts.c */
/* What has to be known of all messages before the first is written. */
void beluga__anthropic_look_at_messages(beluga__anthropic_encoder *e);
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
/* Whether a part becomes a block: the API refuses blank text, reasoning that it did not sign, and
 * media that it does not know; what is lost with them is warned about. */
bool beluga__anthropic_is_sendable(beluga__anthropic_encoder *e, const beluga_part *part,
                                   beluga_role role);
/* How much of a text is sent: what the answer goes on with may not end in white space. */
size_t beluga__anthropic_text_length(beluga__anthropic_encoder *e, const beluga_part *part);
/* Warn once of what the bit stands for. */
void beluga__anthropic_warn(beluga__anthropic_encoder *e, unsigned bit, const char *what);

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
/* All of a message's content. */
int beluga__anthropic_decode_blocks(beluga__anthropic_state *state, const beluga_json *content,
                                    beluga_emit *emit);
int beluga__anthropic_end_block(beluga__anthropic_state *state, uint32_t index, beluga_emit *emit);
/* A piece of the signature of the reasoning at work. */
int beluga__anthropic_emit_signature(beluga__anthropic_state *state, const char *text,
                                     size_t length, beluga_emit *emit);
/* A piece of the input of a block that goes back as it came; of another it is ignored. */
int beluga__anthropic_keep_input(beluga__anthropic_state *state, uint32_t index, const char *text,
                                 size_t length, beluga_emit *emit);
/* What a block of text cites of the API's own search; of another it is ignored. */
int beluga__anthropic_keep_citation(beluga__anthropic_state *state, uint32_t index,
                                    const beluga_json *citation, beluga_emit *emit);
/* A piece of a tool call's arguments; of another block it is none. */
int beluga__anthropic_emit_arguments(beluga__anthropic_state *state, uint32_t index,
                                     const char *text, size_t length, beluga_emit *emit);
int beluga__anthropic_emit_usage(beluga__anthropic_state *state, const beluga_json *usage,
                                 beluga_emit *emit);
void beluga__anthropic_keep_reason(beluga__anthropic_state *state, const beluga_json *reason);
int beluga__anthropic_emit_finish(beluga__anthropic_state *state, beluga_emit *emit);

#endif
