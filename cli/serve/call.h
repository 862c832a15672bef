/* A request that asks a model: read, asked, and answered in one of the forms of call_pass.c,
 * call_stream.c and call_whole.c. */
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
/* Of an answer that waits to be sent: more than the library takes of one. */
#define CALL_MAX_BYTES ((size_t)320 << 20)

typedef struct serve_call serve_call;

/* A way to ask and answer. */
typedef struct call_form {
    /* Start the call. @return 0, or a code with an error. */
    int (*start)(serve_call *call, beluga_error *err);
    /* Put what may be sent into `out`, at the end of a turn. NULL: it is there. */
    void (*put)(serve_call *call);
    /* Take an event; also the last one, but nothing behind a failure or the client's going. */
    void (*event)(serve_call *call, const beluga_event *event);
    /* Free what it has put into `own`. NULL: nothing. */
    void (*release)(serve_call *call);
} call_form;

struct serve_call {
    serve_work work;
    serve_request *request; /* NULL: the exchange is over */
    serve *s;
    serve_snapshot *snapshot; /* shared */
    serve_model *model;       /* shared */
    serve_key *key;           /* shared */
    const call_form *form;
    void *own; /* the form's */
    protocol_request body;
    char *text; /* of the body, until it was asked; owned */
    size_t length;
    protocol_identity identity;
    beluga_chat_model *asked; /* with its tools; shared */
    beluga_context *context;
    beluga_op *op;
    protocol_stream *stream;         /* NULL: none yet */
    beluga__buf out;                 /* what is to be sent */
    reactor_timer silence;           /* keeps the connection alive */
    reactor_task later;              /* sends what a turn has brought, and ends the call */
    int64_t sent_ns;                 /* when something was sent last */
    int64_t estimate;                /* of the tokens that it takes */
    size_t said;                     /* bytes of text, reasoning and arguments that came */
    beluga_rate_limits limits;       /* of the provider */
    beluga__buf captured;            /* what was sent, where texts are kept */
    char *headers[CALL_MAX_HEADERS]; /* of the client, that go on; owned */
    size_t n_headers;
    bool held; /* the answer is held back until it is whole */
    bool sent; /* more than signs of life */
    bool op_ended, answered, paused, admitted;
};

/* The options of every call; what they borrow lives as long as the call.
 * @return how many were written. */
size_t call_options(serve_call *call, beluga_option options[CALL_MAX_OPTIONS]);
/* The same with those of a body that was read; members of it that mean nothing here go on to a
 * model that speaks its protocol. */
size_t call_read_options(serve_call *call, beluga_option options[CALL_MAX_OPTIONS]);
/* Start the call, streamed or for a whole answer. */
int call_ask(serve_call *call, bool streamed, const beluga_option *options, size_t n,
             beluga_error *err);

/* Whether an event brings what a client sees of the answer, so that another attempt would repeat
 * it. */
bool call_is_content(const beluga_event *event);

/* Send `out` at the end of the turn. */
void call_send_later(serve_call *call);
/* Send what may be sent. */
void call_send(serve_call *call);
/* The cost of the answer, which the record has from then on; -1 where it is not known. */
double call_cost(serve_call *call, const beluga_usage *usage);
/* Begin a stream's answer, if it has not begun. */
void call_start_answer(serve_call *call, const char *content_type);
/* Answer whole. */
void call_answer(serve_call *call, int status, const char *content_type, const char *bytes,
                 size_t length);
/* End a stream that is whole. */
void call_finish(serve_call *call);
/* Fail: as HTTP's error where nothing was sent, else within the stream; and cancel the call where
 * it goes on. */
void call_fail(serve_call *call, const beluga_error *err);
/* The same for a code of the library. */
void call_fail_with(serve_call *call, int code);

/* Handle a request of the protocol that its family is. */
void serve_call_handle(serve_request *request);

extern const call_form call_streamed, call_whole, call_passed;

#endif
