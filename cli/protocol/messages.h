/* Anthropic's Messages: the functions of protocol_messages, and what its answers and streams
 * share. */
#ifndef BELUGA_CLI_PROTOCOL_MESSAGES_H
#define BELUGA_CLI_PROTOCOL_MESSAGES_H

#include "base/buf.h"
#include "protocol/protocol.h"

/* A block of reasoning that its provider keeps to itself is kept by us as a signature: this mark,
 * and the block's data. Data with a colon has a mark of its own, such as that of Bedrock. */
#define MESSAGES_REDACTED "redacted_thinking:"

/* ---- messages_request.c ---------------------------------------------------------------------- */

int protocol_messages_read(protocol_request *request);
/* Whether Anthropic takes the body as it is: what others have signed it refuses. */
bool protocol_messages_passes(const protocol_request *request);
/* Whether the client asked to see how the model thinks. Others take the first block for the text.
 */
bool protocol_messages_shows_thinking(const protocol_request *request);

/* ---- messages_content.c ---------------------------------------------------------------------- */

/* Read the members "system" and "messages". */
int protocol_messages_read_messages(protocol_request *request);

/* ---- messages_answer.c ----------------------------------------------------------------------- */

/* Counts of tokens in this protocol: each token is in one of them. */
typedef struct messages_usage {
    int64_t input, cache_read, cache_creation, output;
    int64_t thinking; /* part of the output; -1: unknown */
} messages_usage;

/* Why an answer ended. */
typedef struct messages_end {
    const char *reason;
    const char *sequence; /* that ended the answer; NULL: none, or it is not known which */
} messages_end;

/* Count in this protocol's way. An input that the provider did not tell is the estimate, and an
 * output is estimated from its bytes: clients shorten a conversation by what they are told. */
messages_usage protocol_messages_count(const beluga_usage *usage, int64_t input_estimate,
                                       size_t bytes);
/* Estimate the tokens of a request: its messages and tools. */
int64_t protocol_messages_estimate(const protocol_request *request);
/* An answer with calls of tools ends with them, unless it was cut or filtered. `raw` is the
 * provider's word, NULL without one. */
messages_end protocol_messages_end_of(const protocol_request *request, uint32_t reason,
                                      const char *raw, size_t raw_length, bool has_calls);
/* Return the data of a block of reasoning that is hidden, when a signature is such; NULL: it is
 * not. */
const char *protocol_messages_hidden(const char *signature, size_t length, size_t *data_length);
void protocol_messages_answer(beluga_json_writer *w, const protocol_request *request,
                              const protocol_identity *identity, const beluga_response *response);

/* ---- messages_error.c ------------------------------------------------------------------------ */

void protocol_messages_error(beluga_json_writer *w, const beluga_error *error,
                             const char *request_id);
int protocol_messages_status(const beluga_error *error);

/* ---- messages_stream.c ----------------------------------------------------------------------- */

#define MESSAGES_BLOCKS 4   /* blocks of a stream for which no memory is asked */
#define MESSAGES_MODEL  256 /* bytes of a model's name */

/* A block that the stream has begun and the client has not seen the end of. */
typedef struct messages_block {
    uint32_t kind;   /* beluga_event_kind: TEXT, REASONING or TOOL_CALL_BEGIN */
    uint32_t index;  /* of its events */
    uint32_t number; /* as the client counts */
    bool is_signed, has_arguments, ended;
    beluga__buf held; /* what is written of it, while the client sees another one */
} messages_block;

/* Clients see one block after the other. The first of `blocks` is the one that they see; a block
 * that begins while a call of a tool is not at its end waits behind it. */
typedef struct messages_stream {
    protocol_stream base;
    beluga_usage usage; /* the last one */
    bool has_usage, has_calls, shows_thinking;
    size_t bytes; /* of content */
    int64_t input_estimate;
    char model[MESSAGES_MODEL];                   /* the one that answered */
    messages_block own[MESSAGES_BLOCKS], *blocks; /* blocks: own, or owned; NULL before the first */
    size_t n_blocks, room;
    uint32_t n_begun;
} messages_stream;

int protocol_messages_event(protocol_stream *stream, const beluga_event *event);
int protocol_messages_fail(protocol_stream *stream, const beluga_error *error);
void protocol_messages_release(protocol_stream *stream);

#endif
