/* Anthropic's protocol Messages (protocol_messages): declarations that its files share. */
#ifndef BELUGA_CLI_PROTOCOL_MESSAGES_H
#define BELUGA_CLI_PROTOCOL_MESSAGES_H

#include "base/buf.h"
#include "protocol/protocol.h"

/* The library keeps the data of a redacted reasoning block as a signature with this prefix. Data
 * that contains a colon has already the prefix of another provider, such as Bedrock. */
#define MESSAGES_REDACTED "redacted_thinking:"

/* ---- messages_request.c ---------------------------------------------------------------------- */

int protocol_messages_read(protocol_request *request);
/* Return whether the body can be passed on unchanged to Anthropic. It can't if it contains
 * reasoning that another provider has signed, which Anthropic refuses. */
bool protocol_messages_passes(const protocol_request *request);
/* Return whether the client asked to see the model's reasoning. Clients that did not ask might take
 * the first block for the text. */
bool protocol_messages_shows_thinking(const protocol_request *request);

/* ---- messages_content.c ---------------------------------------------------------------------- */

/* Read the members "system" and "messages". */
int protocol_messages_read_messages(protocol_request *request);

/* ---- messages_answer.c ----------------------------------------------------------------------- */

/* Token counts in the form of this protocol: no token is contained in two of the counts, except
 * `thinking`. */
typedef struct messages_usage {
    int64_t input, cache_read, cache_creation, output;
    int64_t thinking; /* part of the output; -1: unknown */
} messages_usage;

/* The end of an answer: the reason, and the stop sequence. */
typedef struct messages_end {
    const char *reason;
    const char *sequence; /* the stop sequence that ended the answer; NULL: none, or it is not
                           * known */
} messages_end;

/* Convert counts to the form of this protocol. If the provider did not report the input, use the
 * estimate; if it did not report the output, estimate it from its bytes. Clients use these counts
 * to decide when to shorten a conversation. */
messages_usage protocol_messages_count(const beluga_usage *usage, int64_t input_estimate,
                                       size_t bytes);
/* Estimate the tokens of a request, from its messages and tools. */
int64_t protocol_messages_estimate(const protocol_request *request);
/* Return how an answer ended. An answer with tool calls ends with "tool_use", unless it was cut or
 * filtered. `raw` is the provider's own word; NULL: none. */
messages_end protocol_messages_end_of(const protocol_request *request, uint32_t reason,
                                      const char *raw, size_t raw_length, bool has_calls);
/* Return the data of a redacted reasoning block, if a signature stands for one; else NULL. */
const char *protocol_messages_hidden(const char *signature, size_t length, size_t *data_length);
void protocol_messages_answer(beluga_json_writer *w, const protocol_request *request,
                              const protocol_identity *identity, const beluga_response *response);

/* ---- messages_error.c ------------------------------------------------------------------------ */

void protocol_messages_error(beluga_json_writer *w, const beluga_error *error,
                             const char *request_id);
int protocol_messages_status(const beluga_error *error);

/* ---- messages_stream.c ----------------------------------------------------------------------- */

#define MESSAGES_BLOCKS 4   /* number of a stream's blocks for which no memory must be allocated */
#define MESSAGES_MODEL  256 /* maximum length of a model's name */

/* A block whose beginning was written, and whose end the client has not received. */
typedef struct messages_block {
    uint32_t kind;   /* beluga_event_kind: TEXT, REASONING or TOOL_CALL_BEGIN */
    uint32_t index;  /* index of the block in the events */
    uint32_t number; /* number of the block in the client's stream */
    bool is_signed, has_arguments, ended;
    beluga__buf held; /* the block's bytes, while the client receives another block */
} messages_block;

/* The state of a stream. Clients receive one block after the other. The first item of `blocks` is
 * the one that they currently receive. A block that begins while a tool call is not complete waits
 * until its turn. */
typedef struct messages_stream {
    protocol_stream base;
    beluga_usage usage; /* the usage that was reported last */
    bool has_usage, has_calls, shows_thinking;
    size_t bytes; /* bytes of content */
    int64_t input_estimate;
    char model[MESSAGES_MODEL];                   /* the model that answered */
    messages_block own[MESSAGES_BLOCKS], *blocks; /* blocks: either `own`, or owned memory; NULL
                                                   * before the first block */
    size_t n_blocks, room;
    uint32_t n_begun;
} messages_stream;

int protocol_messages_event(protocol_stream *stream, const beluga_event *event);
int protocol_messages_fail(protocol_stream *stream, const beluga_error *error);
void protocol_messages_release(protocol_stream *stream);

#endif
