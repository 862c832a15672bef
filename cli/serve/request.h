/* A request of a client, from its head to its end: who asks, in which family of protocols it is
 * answered, and the record that is told of it. */
#ifndef BELUGA_CLI_SERVE_REQUEST_H
#define BELUGA_CLI_SERVE_REQUEST_H

#include "serve/state.h"

#define SERVE_BYTES_PER_TOKEN 4   /* of text, about */
#define SERVE_MESSAGE_BYTES   352 /* of an error, in a record */

typedef struct serve_request serve_request;

/* What answers a request behind the return of its handler. */
typedef struct serve_pending {
    /* The exchange is over, and the request's memory with it: nothing may be answered. */
    void (*over)(void *pending);
    /* The client took what was written; NULL: it does not matter. */
    void (*writable)(void *pending);
} serve_pending;

struct serve_request {
    serve *s;
    http_exchange *x;
    const protocol *family;
    const char *path; /* without /v1 and a slash at its end; owned */
    void (*handle)(serve_request *request);
    serve_snapshot *snapshot; /* shared */
    serve_key *key;           /* shared; NULL: there are no keys */
    const serve_pending *kind;
    void *pending;
    serve_record record;
    char message[SERVE_MESSAGE_BYTES], asked[128]; /* of the record */
};

/* Begin a request whose head is there. @return owned (serve_request_end), NULL without memory. */
serve_request *serve_request_begin(serve *s, http_exchange *x);
/* Tell the request's record, and free it. */
void serve_request_end(serve_request *request, bool gone);

/* Note the model that the client named; NULL: none. */
void serve_request_note_model(serve_request *request, const char *asked);
/* Note an error in the record. */
void serve_request_note(serve_request *request, const beluga_error *err);

/* Find the model that the client named, if its key may ask it. @param model Shared; to unref.
 * @return 0, or a code with an error. */
int serve_request_find_model(serve_request *request, const char *name, serve_model **model,
                             beluga_error *err);

/* Refuse a request that asks a model, when as many as the server takes are being answered.
 * @return whether it was refused. */
bool serve_refuse_excess(serve_request *request);
/* About how many tokens a body of so many bytes has; those of files count little. */
int64_t serve_estimate_tokens(size_t bytes);

/* Add the headers that every answer has. */
void serve_request_add_headers(serve_request *request);
/* Answer with an error in the family's form. */
void serve_answer_error(serve_request *request, const beluga_error *err);
/* Do so with a status that the error's code does not tell. */
void serve_answer_status(serve_request *request, int status, const beluga_error *err);
/* Add the headers that tell when to ask again, if at all. */
void serve_answer_add_retry(serve_request *request, const beluga_error *err);
/* Make an error, and answer with it; arguments as for printf. */
void serve_refuse(serve_request *request, int code, const char *format, ...) BELUGA_PRINTF(3, 4);
/* Answer with the text of a writer, which is freed; NULL: there was no memory for it. */
void serve_answer_json(serve_request *request, int status, beluga_json_writer *w);
void serve_answer_text(serve_request *request, int status, const char *content_type,
                       const char *text);

/* The body of an error in a family's form. @return its length; 0 without memory, or where it does
 * not fit. */
size_t serve_error_body(const protocol *family, const beluga_error *err, const char *request_id,
                        char *text, size_t n);

#endif
