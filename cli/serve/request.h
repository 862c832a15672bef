/* A request of a client from its head to its end: the client's key, the family of protocols in
 * which it is answered, and the record about it. */
#ifndef BELUGA_CLI_SERVE_REQUEST_H
#define BELUGA_CLI_SERVE_REQUEST_H

#include "serve/state.h"

#define SERVE_BYTES_PER_TOKEN 4   /* bytes of text for one token, on average */
#define SERVE_MESSAGE_BYTES   352 /* maximum of an error's message in a record */

typedef struct serve_request serve_request;

/* Callbacks of a request whose handler has returned before the answer. */
typedef struct serve_pending {
    /* The exchange is over and the request's memory is freed, so it can't be answered any more. */
    void (*over)(void *pending);
    /* The client has read what was written. NULL: this is not needed. */
    void (*writable)(void *pending);
} serve_pending;

struct serve_request {
    serve *s;
    http_exchange *x;
    const protocol *family;
    const char *path; /* owned; without /v1 and a slash at the end */
    void (*handle)(serve_request *request);
    serve_snapshot *snapshot; /* owned reference */
    serve_key *key;           /* owned reference; NULL: no keys are configured */
    const serve_pending *kind;
    void *pending;
    serve_record record;
    char message[SERVE_MESSAGE_BYTES], asked[128]; /* strings of the record */
};

/* Begin a request whose head has arrived. @return owned (serve_request_end); NULL without memory.
 */
serve_request *serve_request_begin(serve *s, http_exchange *x);
/* Report the record of a request, and free the request. */
void serve_request_end(serve_request *request, bool gone);

/* Store the model that the client named in the record; NULL: none. */
void serve_request_note_model(serve_request *request, const char *asked);
/* Store an error in the record. */
void serve_request_note(serve_request *request, const beluga_error *err);

/* Find the model that the client named, if its key may ask it.
 * @param model  Receives a reference (serve_model_unref).
 * @return 0, or a code with an error. */
int serve_request_find_model(serve_request *request, const char *name, serve_model **model,
                             beluga_error *err);

/* Refuse a request that asks a model, if the server is already answering as many as it may.
 * @return whether it was refused. */
bool serve_refuse_excess(serve_request *request);
/* Estimate the tokens of a body of this size. Files in the body count only a little. */
int64_t serve_estimate_tokens(size_t bytes);

/* Add the headers that every answer has. */
void serve_request_add_headers(serve_request *request);
/* Answer with an error in the family's form. */
void serve_answer_error(serve_request *request, const beluga_error *err);
/* Like serve_answer_error, with a status that does not follow from the error's code. */
void serve_answer_status(serve_request *request, int status, const beluga_error *err);
/* Add the headers that say whether and when to retry. */
void serve_answer_add_retry(serve_request *request, const beluga_error *err);
/* Answer with an error that is made from this message; arguments as for printf. */
void serve_refuse(serve_request *request, int code, const char *format, ...) BELUGA_PRINTF(3, 4);
/* Answer with the text of a writer, and free the writer; NULL: there was no memory for it. */
void serve_answer_json(serve_request *request, int status, beluga_json_writer *w);
void serve_answer_text(serve_request *request, int status, const char *content_type,
                       const char *text);

/* Write the body of an error in a family's form. @return its length; 0 without memory, or if it
 * does not fit. */
size_t serve_error_body(const protocol *family, const beluga_error *err, const char *request_id,
                        char *text, size_t n);

#endif
