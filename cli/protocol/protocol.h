/*
 * The protocols that clients speak: Chat Completions, Responses, Messages. A request body is
 * converted into messages, tools and options, and a model's answer into the body, stream or error
 * of the client's protocol. These files do no I/O; they use a clock only to make ids.
 *
 * `beluga serve` uses these functions for the requests of its clients, and `beluga batch` for lines
 * that are requests.
 */
#ifndef BELUGA_CLI_PROTOCOL_PROTOCOL_H
#define BELUGA_CLI_PROTOCOL_PROTOCOL_H

#include "base/buf.h"

#include <beluga/chat_model.h>
#include <beluga/provider/json.h>
#include <beluga/tool.h>

#include <stdbool.h>
#include <stdint.h>

#define PROTOCOL_WHY_BYTES   512
#define PROTOCOL_ID_BYTES    96
#define PROTOCOL_MAX_TOOLS   1024
#define PROTOCOL_MAX_OPTIONS 64

typedef struct protocol protocol;

/* A tool that has another name or form for the model than for the client: its name had to be
 * flattened or shortened, or its input is not JSON. See protocol_tool_name. */
typedef struct protocol_renamed {
    char *sent;                    /* owned; the name that the model gets */
    const char *name, *name_space; /* borrowed from the document; the client's name; name_space:
                                    * NULL: none */
    bool custom;                   /* for the client, the input of the tool is plain text */
} protocol_renamed;

/* A request that was read. Its borrowed strings belong to `doc`. */
typedef struct protocol_request {
    const protocol *protocol;
    beluga_json_doc *doc; /* owned */
    const beluga_json *body;
    const char *model; /* the name that the client sent; NULL: none */
    bool stream;
    bool include_usage; /* a stream of Chat Completions must report the usage */
    bool counts; /* the client asks only for a token count, and no answer is generated; set this
                  * before reading */
    beluga_messages *messages; /* owned; NULL until protocol_request_read */
    beluga_tool **tools;       /* owned, n_tools of them */
    size_t n_tools;
    protocol_renamed *renamed; /* owned, n_renamed of them */
    size_t n_renamed;
    beluga_option options[PROTOCOL_MAX_OPTIONS];
    size_t n_options;
    int64_t max_tokens; /* 0: no limit */
    char *schema;       /* owned; borrowed by an option */
    /* owned; members for which the library has no option, as a JSON object; NULL: none. They may be
     * sent to a provider of the same protocol (beluga_with_extra_body), but not to others. */
    char *extra;
    const char *affinity; /* requests with the same text should be sent to the same model; NULL:
                           * none */
    char dropped[256];    /* members that can't be translated, such as "web_search, file_search" */
    /* why the request is wrong; begins with the member: "messages[2].content: it must be a string"
     */
    char why[PROTOCOL_WHY_BYTES];
} protocol_request;

/* Members that an answer has beside its content. */
typedef struct protocol_identity {
    char id[PROTOCOL_ID_BYTES]; /* "chatcmpl-…", "resp_…", "msg_…" */
    int64_t created;            /* seconds since 1970 */
    const char *model;          /* borrowed; the model that the answer names; NULL: the model
                                 * that answered */
} protocol_identity;

/* A stream that is being written. */
typedef struct protocol_stream protocol_stream;

/* A protocol, as a table of functions. */
struct protocol {
    const char *name;      /* "chat", "responses", "messages" */
    const char *id_prefix; /* "chatcmpl-", "resp_", "msg_" */
    /* the value of beluga_provider.protocol (provider/provider.h) for the providers that accept
     * bodies of this protocol unchanged */
    const char *same;
    /* Return whether these providers accept this body. They refuse a body that contains reasoning
     * that another provider has signed, or that belongs to another protocol. NULL: they accept
     * every body. */
    bool (*passes)(const protocol_request *request);
    bool dotted; /* errors name a place in a body in the form "messages.2.content", not
                  * "messages[2].content" */

    /* Read the members of request->body into the request. @return 0; INVALID_INPUT with `why`;
     * NO_MEMORY; LIMIT_EXCEEDED. */
    int (*read)(protocol_request *request);

    /* Size of the protocol's stream struct, which begins with a protocol_stream and is zeroed. */
    size_t stream_size;
    /* Write an event to the stream, including the last event FINISH; ERROR is passed to `fail`
     * instead. For an event that the protocol can't express, nothing is written. The beginning of
     * the stream is written before its first content. @return 0 or the buffer's status. */
    int (*event)(protocol_stream *stream, const beluga_event *event);
    /* End the stream with a failure, so that no client takes the answer for complete. */
    int (*fail)(protocol_stream *stream, const beluga_error *error);
    void (*release)(protocol_stream *stream); /* frees what the stream owns; NULL: nothing */
    /* The bytes to send as a sign of life while there is nothing else to send; also valid before
     * the first event. */
    const char *ping;
    /* The event that closes a complete stream, if it is always the same; NULL if it depends on the
     * answer. */
    const char *closing;

    /* Write a whole answer as members of the current object. */
    void (*answer)(beluga_json_writer *w, const protocol_request *request,
                   const protocol_identity *identity, const beluga_response *response);
    /* Write an error as members of the current object. */
    void (*error)(beluga_json_writer *w, const beluga_error *error, const char *request_id);
    /* Return the HTTP status of an error in this protocol. */
    int (*status)(const beluga_error *error);
};

struct protocol_stream {
    const protocol *protocol;
    const protocol_request *request; /* borrowed */
    protocol_identity identity;
    beluga__buf *out; /* borrowed; the stream's bytes are appended to it */
    bool opened;      /* the beginning of the stream was written */
    bool ended;       /* FINISH or a failure was written */
};

extern const protocol protocol_chat, protocol_responses, protocol_messages;

/*
 * Parse a body and find the members that are needed for routing: model, stream, and the affinity.
 * Zero-initialise the request before, and free it in either case.
 * @return 0; INVALID_INPUT with `why`; LIMIT_EXCEEDED if the JSON is nested too deeply; NO_MEMORY.
 */
int protocol_request_parse(protocol_request *request, const protocol *table, const char *body,
                           size_t length);
/* Read all other members: tools, options, and messages, which are added after the messages that the
 * request already has. */
int protocol_request_read(protocol_request *request);
/* Return whether a stream of Chat Completions must report the usage: stream_options.include_usage.
 */
bool protocol_request_wants_usage(const protocol_request *request);
/* Fill `err` with the reason why a request could not be parsed or read. `code` is the result of the
 * function that failed. */
void protocol_request_explain(const protocol_request *request, int code, beluga_error *err);
void protocol_request_free(protocol_request *request);

/* Make the identity of an answer, with a new id and the current time. `model` is borrowed. */
void protocol_identity_make(protocol_identity *identity, const protocol *table, const char *model);

/* Begin a stream. @return owned (protocol_stream_free), NULL if memory runs out. */
protocol_stream *protocol_stream_new(const protocol_request *request,
                                     const protocol_identity *identity, beluga__buf *out);
void protocol_stream_free(protocol_stream *stream);
/* Handle a RESTART event: the library asks again, and the answer begins anew. If a part of the
 * stream was already written, which can't be taken back, the stream fails. @return as
 * protocol.event. */
int protocol_stream_restart(protocol_stream *stream);

/* Return the client's name of a tool that the model called, and its namespace (NULL: none). If the
 * tool was not renamed, this is `sent` itself. `name_space` may be NULL. */
const char *protocol_tool_name(const protocol_request *request, const char *sent,
                               const char **name_space);
/* Find a renamed tool by the model's name for it; NULL if the tool has the same name and form for
 * the client and the model. */
const protocol_renamed *protocol_find_renamed(const protocol_request *request, const char *sent);

#endif
