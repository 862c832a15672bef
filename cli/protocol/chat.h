/* The protocol Chat Completions (protocol_chat): declarations that its files share. */
#ifndef BELUGA_CLI_PROTOCOL_CHAT_H
#define BELUGA_CLI_PROTOCOL_CHAT_H

#include "protocol/protocol.h"
#include "protocol/read.h"

/* ---- chat_request.c -------------------------------------------------------------------------- */

int protocol_chat_read(protocol_request *request);
/* Return whether the body can be passed on unchanged to a provider of this protocol. A body that is
 * in fact a Responses request can't be passed on. */
bool protocol_chat_passes(const protocol_request *request);
/* Read a list of messages without a request around it, which a line of a batch may contain. */
int protocol_chat_read_messages(protocol_request *request, const beluga_json *list);
/* Return whether the client uses the legacy functions instead of tools, so that the answer does so,
 * too. */
bool protocol_chat_is_legacy(const protocol_request *request);

/* ---- chat_answer.c --------------------------------------------------------------------------- */

/* Return why an answer ended. An answer with tool calls ends with "tool_calls", whatever the
 * provider reports. */
const char *protocol_chat_finish_reason(const protocol_request *request, uint32_t reason,
                                        bool has_calls);
void protocol_chat_answer(beluga_json_writer *w, const protocol_request *request,
                          const protocol_identity *identity, const beluga_response *response);

/* ---- chat_stream.c --------------------------------------------------------------------------- */

#define CHAT_CALLS 8 /* number of a stream's calls for which no memory must be allocated */

/* A tool call whose beginning was written to the stream. */
typedef struct chat_call {
    uint32_t index; /* index of the call in the library's events; its index in the client's stream
                     * is its position in `calls` */
    bool has_arguments, ended;
} chat_call;

typedef struct chat_stream {
    protocol_stream base;
    beluga__buf head; /* the bytes with which all chunks begin */
    size_t about;     /* length of the part of `head` that comes before the choices */
    beluga_usage usage;
    bool has_usage;
    chat_call own[CHAT_CALLS], *calls; /* calls: either `own`, or owned memory */
    size_t n_calls, n_ended;
    uint32_t n_images;
} chat_stream;

int protocol_chat_event(protocol_stream *stream, const beluga_event *event);
int protocol_chat_fail(protocol_stream *stream, const beluga_error *error);
void protocol_chat_release(protocol_stream *stream);

#endif
