/* A request that asks a model: the server reads it, asks the model, and answers in one of the forms
 * of call_pass.c, call_stream.c and call_whole.c. */
#ifndef BELUGA_CLI_SERVE_CALL_H
#define BELUGA_CLI_SERVE_CALL_H

#include "base/buf.h"
#include "serve/request.h"

#include <beluga/allocator.h>
#include <beluga/chat_model.h>
#include <beluga/context.h>
#include <beluga/response.h>

#define CALL_MAX_HEADERS  8
#define CALL_MAX_OPTIONS  (PROTOCOL_MAX_OPTIONS + CALL_MAX_HEADERS + 8)
#define CALL_EVENT_STREAM "text/event-stream; charset=utf-8"
/* Maximum of an answer that waits to be sent. It is larger than the library's own maximum for an
 * answer. */
#define CALL_MAX_BYTES ((size_t)320 << 20)

typedef struct serve_call serve_call;

/* One way to ask a model and to answer the client. */
typedef struct call_form {
    /* Start the call. @return 0, or a code with an error. */
    int (*start)(serve_call *call, beluga_error *err);
    /* Write the part of the answer that may be sent into `out`; called at the end of a turn. NULL:
     * the events already wrote it. */
    void (*put)(serve_call *call);
    /* Take an event, including the last one. Not called after a failure, or after the client has
     * gone. */
    void (*event)(serve_call *call, const beluga_event *event);
    /* Free the form's data in `own`. NULL: there is nothing to free. */
    void (*release)(serve_call *call);
} call_form;

struct serve_call {
    serve_work work;
    serve_request *request; /* NULL after the exchange is over */
    serve *s;
    serve_snapshot *snapshot; /* owned reference */
    serve_model *model;       /* owned reference */
    serve_key *key;           /* owned reference */
    const call_form *form;
    void *own; /* data of the form */
    protocol_request body;
    char *text; /* owned; text of the body, until the model was asked */
    size_t length;
    protocol_identity identity;
    beluga_chat_model *asked; /* owned reference; the model with the request's tools */
    beluga_context *context;
    beluga_op *op;
    protocol_stream *stream;         /* NULL until it is made */
    beluga__buf out;                 /* bytes of the answer to send */
    reactor_timer silence;           /* when this fires, a sign of life is sent to keep the
                                      * connection alive */
    reactor_task later;              /* sends what a turn has produced, and frees the call at its
                                      * end */
    int64_t sent_ns;                 /* when bytes were sent last */
    int64_t estimate;                /* estimated tokens of the request */
    size_t said;                     /* bytes of text, reasoning and arguments that arrived */
    beluga_rate_limits limits;       /* as the provider reported them */
    beluga__buf captured;            /* the bytes that were sent, if texts are captured for the
                                      * journal */
    char *headers[CALL_MAX_HEADERS]; /* owned; headers of the client that are passed on to the
                                      * provider */
    size_t n_headers;
    bool held; /* the answer is held back until it is whole */
    bool sent; /* something other than signs of life was sent */
    bool op_ended, answered, paused, admitted;
};

/* Write the options that every call has. The call owns what they borrow.
 * @return the number of options. */
size_t call_options(serve_call *call, beluga_option options[CALL_MAX_OPTIONS]);
/* Write these options and those of a body that was read. Members of the body that the server does
 * not know are passed on if the model speaks the client's protocol. */
size_t call_read_options(serve_call *call, beluga_option options[CALL_MAX_OPTIONS]);
/* Start the call, as a stream or for an answer in one piece. */
int call_ask(serve_call *call, bool streamed, const beluga_option *options, size_t n,
             beluga_error *err);

/* Return whether an event contains a part of the answer that the client can see. After such an
 * event, another attempt would repeat content. */
bool call_is_content(const beluga_event *event);

/* Send `out` at the end of the turn. */
void call_send_later(serve_call *call);
/* Send the part of the answer that may be sent now. */
void call_send(serve_call *call);
/* Return the cost of the answer, and store it in the record; -1 if it is not known. */
double call_cost(serve_call *call, const beluga_usage *usage);
/* Start the answer of a stream, unless it was already started. */
void call_start_answer(serve_call *call, const char *content_type);
/* Send the whole answer. */
void call_answer(serve_call *call, int status, const char *content_type, const char *bytes,
                 size_t length);
/* End a stream that is complete. */
void call_finish(serve_call *call);
/* Report a failure: as an HTTP error if nothing was sent yet, else within the stream. Cancels the
 * call if it still runs. */
void call_fail(serve_call *call, const beluga_error *err);
/* Like call_fail, with an error that is made from a code of the library. */
void call_fail_with(serve_call *call, int code);

/* Handle a request in the protocol of its family. */
void serve_call_handle(serve_request *request);

extern const call_form call_streamed, call_whole, call_passed;

#endif
