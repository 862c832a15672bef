/*
 * The protocols that clients speak: Chat Completions, Responses, Messages. A body becomes messages,
 * tools and options; what a model answers becomes the body, the stream or the error that clients of
 * that protocol understand. No I/O, no clock but for the ids that are made here.
 *
 * Requests of batches and of clients of `beluga serve` are both read here.
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

/* A tool that is another to the model than to the client: its name had to be made flat or
 * shortened, or its input is no JSON. See protocol_tool_name. */
typedef struct protocol_renamed {
    char *sent;                    /* the name that the model sees; owned */
    const char *name, *name_space; /* the client's, borrowed from the document; NULL: no space */
    bool custom;                   /* the client's has a plain text as its input */
} protocol_renamed;

/* A request that was read. What it borrows is in its document. */
typedef struct protocol_request {
    const protocol *protocol;
    beluga_json_doc *doc; /* owned */
    const beluga_json *body;
    const char *model; /* as the client named it; NULL: not named */
    bool stream;
    bool include_usage; /* of a stream of Chat Completions */
    bool counts; /* its tokens are counted, and nothing is generated; set it before it is read */
    beluga_messages *messages; /* owned; NULL until protocol_request_read */
    beluga_tool **tools;       /* owned, n_tools of them */
    size_t n_tools;
    protocol_renamed *renamed; /* owned, n_renamed of them */
    size_t n_renamed;
    beluga_option options[PROTOCOL_MAX_OPTIONS];
    size_t n_options;
    int64_t max_tokens; /* 0: none */
    char *schema;       /* owned; an option borrows it */
    /* members that mean nothing here, as a JSON object; owned; NULL: none. A provider of the same
     * protocol may be given them (beluga_with_extra_body); others are not. */
    char *extra;
    const char *affinity; /* requests with the same text should meet the same model; NULL */
    char dropped[256];    /* what can't be translated, such as "web_search, file_search" */
    /* what is wrong with it; it begins with the member: "messages[2].content: it is no text" */
    char why[PROTOCOL_WHY_BYTES];
} protocol_request;

/* What an answer says of itself beside the model's words. */
typedef struct protocol_identity {
    char id[PROTOCOL_ID_BYTES]; /* "chatcmpl-…", "resp_…", "msg_…" */
    int64_t created;            /* seconds since 1970 */
    const char *model;          /* that the answer names; borrowed; NULL: the one that answered */
} protocol_identity;

/* A stream that is written. */
typedef struct protocol_stream protocol_stream;

/* A protocol, as a table. */
struct protocol {
    const char *name;      /* "chat", "responses", "messages" */
    const char *id_prefix; /* "chatcmpl-", "resp_", "msg_" */
    /* the `protocol` of providers (provider/provider.h) that take its bodies as they are */
    const char *same;
    /* Whether they take this one: not where it has reasoning that another provider signed, or is of
     * another protocol. NULL: they take each. */
    bool (*passes)(const protocol_request *request);
    bool dotted; /* its maker writes the places of a body as "messages.2.content" */

    /* Read the members of request->body into the request. @return 0; INVALID_INPUT with `why`;
     * NO_MEMORY; LIMIT_EXCEEDED. */
    int (*read)(protocol_request *request);

    /* Size of its stream, which begins with a protocol_stream and is zeroed. */
    size_t stream_size;
    /* Write what an event makes of the stream, terminal FINISH included; ERROR goes to `fail`.
     * Kinds that mean nothing here write nothing. What opens a stream is written before its first
     * content. @return 0 or the buffer's status. */
    int (*event)(protocol_stream *stream, const beluga_event *event);
    /* End the stream as failed, so that no client takes it for whole, whatever was written. */
    int (*fail)(protocol_stream *stream, const beluga_error *error);
    void (*release)(protocol_stream *stream); /* what the stream owns; NULL: nothing */
    /* A sign of life for a silent wait; legal before the first event, too. */
    const char *ping;
    /* The event that closes a whole stream, where it says nothing more; NULL: it does. */
    const char *closing;

    /* Write a whole answer as members of the object that is open in the writer. */
    void (*answer)(beluga_json_writer *w, const protocol_request *request,
                   const protocol_identity *identity, const beluga_response *response);
    /* Write an error as members of the object that is open in the writer. */
    void (*error)(beluga_json_writer *w, const beluga_error *error, const char *request_id);
    /* The HTTP status that the protocol gives an error. */
    int (*status)(const beluga_error *error);
};

struct protocol_stream {
    const protocol *protocol;
    const protocol_request *request; /* borrowed */
    protocol_identity identity;
    beluga__buf *out; /* borrowed; bytes of the stream are appended to it */
    bool opened;      /* what opens a stream was written */
    bool ended;       /* FINISH or a failure was written */
};

extern const protocol protocol_chat, protocol_responses, protocol_messages;

/*
 * Parse a body and find the members that routing needs: model, stream, and the affinity. Free the
 * request in either case; zero-initialise it before.
 * @return 0; INVALID_INPUT with `why`; LIMIT_EXCEEDED nested too deep; NO_MEMORY.
 */
int protocol_request_parse(protocol_request *request, const protocol *table, const char *body,
                           size_t length);
/* Read the rest: messages, which come behind those that are there, tools, options. */
int protocol_request_read(protocol_request *request);
/* Whether a stream of Chat Completions is to tell the usage: stream_options.include_usage. */
bool protocol_request_wants_usage(const protocol_request *request);
/* Say as an error why the request could not be parsed or read; `code` is what that returned. */
void protocol_request_explain(const protocol_request *request, int code, beluga_error *err);
void protocol_request_free(protocol_request *request);

/* Make ids for an answer. */
void protocol_identity_make(protocol_identity *identity, const protocol *table, const char *model);

/* Begin a stream. @return owned (protocol_stream_free), NULL without memory. */
protocol_stream *protocol_stream_new(const protocol_request *request,
                                     const protocol_identity *identity, beluga__buf *out);
void protocol_stream_free(protocol_stream *stream);
/* For RESTART: what was written can't be taken back, so that the stream has failed where anything
 * was. @return as protocol.event. */
int protocol_stream_restart(protocol_stream *stream);

/* The client's name and namespace (NULL: none) of a tool that the model called. `sent` itself where
 * the name was not changed. `name_space` may be NULL. */
const char *protocol_tool_name(const protocol_request *request, const char *sent,
                               const char **name_space);
/* Find such a tool by the name that the model used; NULL where the tool is the same to both. */
const protocol_renamed *protocol_find_renamed(const protocol_request *request, const char *sent);

#endif
