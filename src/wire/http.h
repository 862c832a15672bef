/* The request and response objects of beluga/provider/http.h. */
#ifndef BELUGA__HTTP_H
#define BELUGA__HTTP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"

#include <beluga/event.h>
#include <beluga/provider/http.h>

typedef struct beluga__header {
    struct beluga__header *next;
    const char *name, *value; /* stored in the arena */
    size_t n_name, n_value;
} beluga__header;

/* The form of a request's body. A body has only one form. */
typedef enum beluga__body_form {
    BELUGA__BODY_NONE,
    BELUGA__BODY_JSON,
    BELUGA__BODY_BYTES, /* bytes from the provider, or a multipart body that is complete */
    BELUGA__BODY_FIELDS,
    BELUGA__BODY_PARTS,
} beluga__body_form;

/* A place in a multipart body where the boundary is written when all parts are known. */
typedef struct beluga__boundary_mark {
    struct beluga__boundary_mark *next;
    size_t at;     /* offset in the body */
    size_t number; /* number of this mark; the first is 1 */
} beluga__boundary_mark;

struct beluga_http_request {
    beluga__arena *arena; /* the call's arena, which holds names and values */
    const char *base_url; /* beluga_http_request_set_path appends to it; may be NULL */
    const char *method;
    beluga__buf url;
    bool has_query;
    bool told; /* the URL came from a server's answer, so a bad URL is the server's fault */
    beluga__header *headers, **last_header;
    beluga__buf body;
    bool has_body;
    uint8_t body_form;            /* a beluga__body_form */
    beluga_json_writer writer;    /* writes JSON into `body` */
    beluga__boundary_mark *marks; /* marks of a multipart body, the last one first */
    const char **warnings;        /* in the arena, at most BELUGA__MAX_WARNINGS */
    size_t n_warnings;
    /* the token that the decoder gave when it asked for this request; NULL for the call's first
     * request */
    const char *token;
    void *state;         /* the state of the decoder */
    int status;          /* the first failure of a setter */
    const char *problem; /* explains `status`; static, or in the arena */
};

void beluga__http_request_init(beluga_http_request *request, const beluga_allocator *allocator,
                               beluga__arena *arena, const char *base_url);
/* Returns whether a header has this name; case is ignored. */
bool beluga__header_is_named(const beluga__header *header, const char *name, size_t n);
/* Set a header whose name and value need no check, since this library wrote or checked them. Both
 * are copied. */
void beluga__http_request_put_header(beluga_http_request *request, const char *name, size_t n,
                                     const char *value);
#define BELUGA__PUT_HEADER(request, name, value) \
    beluga__http_request_put_header(request, "" name, sizeof name - 1, value)
/* Set the header "Authorization: Bearer KEY". Returns 0, or NO_MEMORY. */
int beluga__http_request_set_bearer(beluga_http_request *request, const char *key,
                                    beluga_error *err);
void beluga__http_request_free(beluga_http_request *request);
/* Record why the request can't be sent, unless a reason is recorded already. `problem` is static or
 * in the arena. */
void beluga__http_request_fail(beluga_http_request *request, int code, const char *problem);
/* Record that a text from the provider can't be sent. `problem` says why, and is copied. */
void beluga__http_request_refuse(beluga_http_request *request, const char *problem);
/* Begin or continue a body of this form. Returns false if the body already has another form; the
 * request then fails. */
bool beluga__http_request_take_form(beluga_http_request *request, beluga__body_form form);
/* Append a text, encoded for a form. */
void beluga__put_form_text(beluga__buf *body, const char *text, size_t n);
/* Complete a multipart body. Call this when all parts have been added, before the body is read. */
void beluga__http_request_seal(beluga_http_request *request);
/* Returns 0 if the request can be sent, or the first failure of the setters and the writer, with
 * detail in `err`. */
int beluga__http_request_finish(beluga_http_request *request, beluga_error *err);

struct beluga_http_response {
    int status;
    /* "name: value" lines, each followed by a NUL; names are in lower case; the size is limited */
    beluga__buf headers;
    beluga__buf body; /* used only for errors and for answers in one piece */
    bool multiplexed; /* the answer arrived over HTTP/2 or later, where every body has an end */
};

void beluga__http_response_init(beluga_http_response *response, const beluga_allocator *allocator,
                                size_t max_body);
void beluga__http_response_free(beluga_http_response *response);
/* Remove everything that was received, after a 1xx answer or for a retry with the same object. */
void beluga__http_response_clear(beluga_http_response *response);
/* Add a header line as it was received, with or without its line end; folded lines are joined,
 * spaces are trimmed, and the name is converted to lower case. A status line ("HTTP/1.1 200 OK")
 * clears everything and sets the status. A line that is not a header is skipped. Returns 0;
 * LIMIT_EXCEEDED; NO_MEMORY; INVALID_RESPONSE for a status line without a status. */
int beluga__http_response_add_line(beluga_http_response *response, const char *line, size_t n);

/* Returns the server's time (header "date") in seconds since 1970; -1 if it is missing. */
int64_t beluga__http_date(const beluga_http_response *response);
/* Returns for how many milliseconds "retry-after-ms" or "retry-after" asks to wait, at most 24
 * hours; -1 for a missing or bad value. "retry-after" has seconds, which may have a fraction, or an
 * HTTP date. `now` is in seconds since 1970. */
int64_t beluga__http_retry_after_ms(const beluga_http_response *response, int64_t now);
/* Returns 1 or 0 if the header "x-should-retry" is "true" or "false", otherwise -1. */
int beluga__http_should_retry(const beluga_http_response *response);
/* Read from the headers how much is left of the provider's limits. `now` is in seconds since 1970.
 * Returns whether the headers have any limit. */
bool beluga__http_rate_limits(const beluga_http_response *response, int64_t now,
                              beluga_rate_limits *out);
/* Returns whether HTTP marks the end of this body. If it does, a connection that closes before that
 * mark cuts the body. */
bool beluga__http_is_framed(const beluga_http_response *response);
/* The error message for HTTP status 407, with which a proxy refuses a tunnel or a plain request. */
#define BELUGA__PROXY_WANTS_CREDENTIALS                                                      \
    "the proxy requires a user name and a password (HTTP 407): put valid ones into the URL " \
    "of the option proxy, or of HTTPS_PROXY, as http://NAME:PASSWORD@HOST:PORT"
/* Returns the value of "x-request-id", "request-id", "x-amzn-requestid" or a similar header, or
 * NULL. */
const char *beluga__http_request_id(const beluga_http_response *response);

/* Returns whether logs may show the values of this header, since they are never private. */
bool beluga__http_may_show(const char *name);

/* Write "name: value" for a log; the value is "[redacted]" unless beluga__http_may_show allows the
 * header. */
void beluga__http_redact_header(beluga__buf *out, const char *name, const char *value);

/* Write a URL for a log, with "[redacted]" in place of a user name and password, and of the values
 * of parameters such as "key" or "X-Amz-Signature". */
int beluga__http_redact_url(beluga__buf *out, const char *url);

#endif
