/* A request that asks a model. The server reads the request, asks the model, and answers in one of
 * three forms: call_pass.c, call_stream.c, call_whole.c. */
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
/* Maximum of the bytes of an answer that wait to be sent. It is larger than the library's own
 * maximum for an answer. */
#define CALL_MAX_BYTES ((size_t)320 << 20)

typedef struct serve_call serve_call;

/* One way to ask a model and to answer the client. */
typedef struct call_form {
    /* Start the call. @return 0, or an error code with `err` set. */
    int (*start)(serve_call *call, beluga_error *err);
    /* Append the part of the answer that may be sent now to `out`; called at the end of a turn.
     * NULL: the function `event` has already done it. */
    void (*put)(serve_call *call);
    /* Handle an event of the call, including the last one. Not called after a failure, or after the
     * client has gone. */
    void (*event)(serve_call *call, const beluga_event *event);
    /* Free the form's data in `own`. NULL: the form has no data to free. */
    void (*release)(serve_call *call);
} call_form;

struct serve_call {
    serve_work work;
    serve_request *request; /* NULL after the exchange has ended */
    serve *s;
    serve_snapshot *snapshot; /* owned reference */
    serve_model *model;       /* owned reference */
    serve_key *key;           /* owned reference */
    const call_form *form;
    void *own; /* private data of the form */
    protocol_request body;
    char *text; /* text of the body, until the model was asked; owned */
    size_t length;
    protocol_identity identity;
    beluga_chat_model *asked; /* the model with the tools of the request; owned reference */
    beluga_context *context;
    beluga_op *op;
    protocol_stream *stream; /* NULL until the answer begins */
    beluga__buf out;         /* bytes of the answer to send */
    /* when this fires, a comment or ping is sent to keep the connection alive */
    reactor_timer silence;
    /* sends what was written in a turn, and frees the call at the end of the turn */
    reactor_task later;
    int64_t sent_ns;           /* when the last bytes were sent */
    int64_t estimate;          /* estimated tokens of the request */
    size_t said;               /* bytes of text, reasoning and arguments that arrived */
    beluga_rate_limits limits; /* limits that the provider reported */
    beluga__buf captured;      /* the bytes that were sent, if texts are captured for the
                                * journal */
    /* headers of the client that are passed on to the provider; owned */
    char *headers[CALL_MAX_HEADERS];
    size_t n_headers;
    bool held; /* the answer is held back until it is complete */
    bool sent; /* something other than comments and pings was sent */
    bool op_ended, answered, paused, admitted;
};

/* Write the options that every call has. Their values are borrowed from the call. @return the
 * number of options. */
size_t call_options(serve_call *call, beluga_option options[CALL_MAX_OPTIONS]);
/* Like call_options, with the options from the parsed body. Members of the body that the server
 * does not know are passed on if the model speaks the client's protocol. */
size_t call_read_options(serve_call *call, beluga_option options[CALL_MAX_OPTIONS]);
/* Start the call, either as a stream or for an answer in one piece. @return 0, or an error code
 * with `err` set. */
int call_ask(serve_call *call, bool streamed, const beluga_option *options, size_t n,
             beluga_error *err);

/* Return whether an event contains a part of the answer that the client can see. After such an
 * event, another attempt would repeat content. */
bool call_is_content(const beluga_event *event);

/* Send the answer's bytes in `out` at the end of this turn of the event loop. */
void call_send_later(serve_call *call);
/* Send the part of the answer that may be sent now. */
void call_send(serve_call *call);
/* Return the cost of the answer in US dollars, and store it in the record; -1 if it is not known.
 */
double call_cost(serve_call *call, const beluga_usage *usage);
/* Send the head of an answer that is a stream, unless it was already sent. */
void call_start_answer(serve_call *call, const char *content_type);
/* Send an answer in one piece. */
void call_answer(serve_call *call, int status, const char *content_type, const char *bytes,
                 size_t length);
/* End a stream that is complete. */
void call_finish(serve_call *call);
/* Report a failure to the client: as an HTTP error if nothing was sent yet, otherwise within the
 * stream. Cancels the call if it still runs. */
void call_fail(serve_call *call, const beluga_error *err);
/* Like call_fail, with an error that is made from a code of the library. */
void call_fail_with(serve_call *call, int code);

/* Handle a request that asks a model. Its body has the protocol request->family. */
void serve_call_handle(serve_request *request);

extern const call_form call_streamed, call_whole, call_passed;

#endif
