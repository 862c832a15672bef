/* A request of a client, from its head to its end: the client's key, the protocol in which it is
 * answered, and the record about it. */
#ifndef BELUGA_CLI_SERVE_REQUEST_H
#define BELUGA_CLI_SERVE_REQUEST_H

#include "serve/state.h"

#define SERVE_BYTES_PER_TOKEN 4   /* bytes of text for one token, on average */
#define SERVE_MESSAGE_BYTES   352 /* maximum length of the error message in a record */

typedef struct serve_request serve_request;

/* Callbacks of a request whose handler has returned before the answer. */
typedef struct serve_pending {
    /* The exchange is over and the request's memory is freed, so it can't be answered any more. */
    void (*over)(void *pending);
    /* The client has read enough of the answer, so that more can be written. NULL: not needed. */
    void (*writable)(void *pending);
} serve_pending;

struct serve_request {
    serve *s;
    http_exchange *x;
    const protocol *family; /* the protocol of the body, and of an answer that is an error */
    const char *path;       /* the path without /v1 and without a slash at its end; owned */
    void (*handle)(serve_request *request);
    serve_snapshot *snapshot; /* owned reference */
    serve_key *key;           /* NULL: no keys are configured; owned reference */
    const serve_pending *kind;
    void *pending;
    serve_record record;
    char message[SERVE_MESSAGE_BYTES], asked[128]; /* memory for strings of the record */
};

/* Begin a request whose head has arrived. @return the request, owned (serve_request_end); NULL
 * if memory runs out. */
serve_request *serve_request_begin(serve *s, http_exchange *x);
/* Pass the record of a request to the observer, and free the request. */
void serve_request_end(serve_request *request, bool gone);

/* Store in the record the name of the model that the client sent; NULL: none. */
void serve_request_note_model(serve_request *request, const char *asked);
/* Store an error in the record. */
void serve_request_note(serve_request *request, const beluga_error *err);

/* Find the model that the client named, if its key may ask it.
 * @param model  Receives a reference (serve_model_unref).
 * @return 0, or a code with an error. */
int serve_request_find_model(serve_request *request, const char *name, serve_model **model,
                             beluga_error *err);

/* Refuse a request that asks a model, if the server already answers the maximum number of such
 * requests. @return whether it was refused. */
bool serve_refuse_excess(serve_request *request);
/* Estimate the tokens of a body with this number of bytes, of which files count only a little. */
int64_t serve_estimate_tokens(size_t bytes);

/* Add the headers that every answer has. */
void serve_request_add_headers(serve_request *request);
/* Answer with an error in the form of the protocol request->family. */
void serve_answer_error(serve_request *request, const beluga_error *err);
/* Like serve_answer_error, with a status that does not follow from the error's code. */
void serve_answer_status(serve_request *request, int status, const beluga_error *err);
/* Add the headers that tell the client whether and when to retry. */
void serve_answer_add_retry(serve_request *request, const beluga_error *err);
/* Answer with an error that has this code and message; arguments as for printf. */
void serve_refuse(serve_request *request, int code, const char *format, ...) BELUGA_PRINTF(3, 4);
/* Answer with the text of a writer, and free the writer; NULL: the writer could not be made for
 * lack of memory. */
void serve_answer_json(serve_request *request, int status, beluga_json_writer *w);
void serve_answer_text(serve_request *request, int status, const char *content_type,
                       const char *text);

/* Write the body of an error in the form of the protocol `family`. @return its length; 0 if memory
 * runs out, or if the body does not fit. */
size_t serve_error_body(const protocol *family, const beluga_error *err, const char *request_id,
                        char *text, size_t n);

#endif
