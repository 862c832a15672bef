/* Chat Completions: the functions of protocol_chat, and what its answers and streams share. */
#ifndef BELUGA_CLI_PROTOCOL_CHAT_H
#define BELUGA_CLI_PROTOCOL_CHAT_H

#include "protocol/protocol.h"
#include "protocol/read.h"

/* ---- chat_request.c -------------------------------------------------------------------------- */

int protocol_chat_read(protocol_request *request);
/* Whether those who speak it take the body as it is: not one that is meant for Responses. */
bool protocol_chat_passes(const protocol_request *request);
/* Read a list of messages alone, as lines of a batch may be. */
int protocol_chat_read_messages(protocol_request *request, const beluga_json *list);
/* Whether the client speaks of functions, as before there were tools, and so does its answer. */
bool protocol_chat_is_legacy(const protocol_request *request);

/* ---- chat_answer.c --------------------------------------------------------------------------- */

/* Why an answer ended. One with tool calls ends with them, whatever its provider says. */
const char *protocol_chat_finish_reason(const protocol_request *request, uint32_t reason,
                                        bool has_calls);
void protocol_chat_answer(beluga_json_writer *w, const protocol_request *request,
                          const protocol_identity *identity, const beluga_response *response);

/* ---- chat_stream.c --------------------------------------------------------------------------- */

#define CHAT_CALLS 8 /* calls of a stream for which no memory is asked */

/* A call that the stream has begun. */
typedef struct chat_call {
    uint32_t index; /* of its events; the client's is its place in the list */
    bool has_arguments, ended;
} chat_call;

typedef struct chat_stream {
    protocol_stream base;
    beluga__buf head; /* what chunks begin with */
    size_t about;     /* bytes of it before the choices */
    beluga_usage usage;
    bool has_usage;
    chat_call own[CHAT_CALLS], *calls; /* calls: own, or owned */
    size_t n_calls, n_ended;
    uint32_t n_images;
} chat_stream;

int protocol_chat_event(protocol_stream *stream, const beluga_event *event);
int protocol_chat_fail(protocol_stream *stream, const beluga_error *error);
void protocol_chat_release(protocol_stream *stream);

#endif
