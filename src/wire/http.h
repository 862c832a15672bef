/* The request and response values behind beluga/provider/http.h. */
#ifndef BELUGA__HTTP_H
#define BELUGA__HTTP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"

#include <beluga/event.h>
#include <beluga/provider/http.h>

typedef struct beluga__header {
    struct beluga__header *next;
    const char *name, *value; /* in the arena */
    size_t n_name, n_value;
} beluga__header;

/* How a request's body is written; it is written in one way only. */
typedef enum beluga__body_form {
    BELUGA__BODY_NONE,
    BELUGA__BODY_JSON,
    BELUGA__BODY_BYTES, /* bytes of the provider's, or a multipart body that is sealed */
    BELUGA__BODY_FIELDS,
    BELUGA__BODY_PARTS,
} beluga__body_form;

/* A place in a multipart body that the boundary takes once all parts are known. */
typedef struct beluga__boundary_mark {
    struct beluga__boundary_mark *next;
    size_t at;     /* offset in the body */
    size_t number; /* of the mark, from 1 */
} beluga__boundary_mark;

struct beluga_http_request {
    beluga__arena *arena; /* the call's arena, which holds names and values */
    const char *base_url; /* set_path appends to it; may be NULL */
    const char *method;
    beluga__buf url;
    bool has_query;
    bool told; /* a server told where the request goes, so that a bad URL is its fault */
    beluga__header *headers, **last_header;
    beluga__buf body;
    bool has_body;
    uint8_t body_form;            /* a beluga__body_form */
    beluga_json_writer writer;    /* writes into body */
    beluga__boundary_mark *marks; /* of a multipart body, the last one first */
    const char **warnings;        /* in the arena, at most BELUGA__MAX_WARNINGS */
    size_t n_warnings;
    const char *token;   /* what a decoder asked this request for; NULL: the first of its call */
    void *state;         /* the decoder's state */
    int status;          /* the first failure of a setter */
    const char *problem; /* explains the failure; static or in the arena */
};

void beluga__http_request_init(beluga_http_request *request, const beluga_allocator *allocator,
                               beluga__arena *arena, const char *base_url);
/* Returns whether a header has this name, in any case. */
bool beluga__header_is_named(const beluga__header *header, const char *name, size_t n);
/* Set a header whose name and value need no check, since this library wrote them or has checked
 * them. Both are copied. */
void beluga__http_request_put_header(beluga_http_request *request, const char *name, size_t n,
                                     const char *value);
#define BELUGA__PUT_HEADER(request, name, value) \
    beluga__http_request_put_header(request, "" name, sizeof name - 1, value)
/* Set the header "Authorization: Bearer KEY". Returns 0, or NO_MEMORY. */
int beluga__http_request_set_bearer(beluga_http_request *request, const char *key,
                                    beluga_error *err);
void beluga__http_request_free(beluga_http_request *request);
/* Record why the request can't be sent, unless it has a reason already. `problem` is static or in
 * the arena. */
void beluga__http_request_fail(beluga_http_request *request, int code, const char *problem);
/* Record that a text of the provider's can't be sent, as `problem` says, which is copied. */
void beluga__http_request_refuse(beluga_http_request *request, const char *problem);
/* Begin or continue a body of this form. Returns false, and the request fails, where the body has
 * another form. */
bool beluga__http_request_take_form(beluga_http_request *request, beluga__body_form form);
/* Append a text as it stands in a form. */
void beluga__put_form_text(beluga__buf *body, const char *text, size_t n);
/* Complete a multipart body, once all parts are there and before somebody reads the body. */
void beluga__http_request_seal(beluga_http_request *request);
/* Returns 0 when the request can be sent, or else the first failure of the setters and the writer,
 * which the error explains. */
int beluga__http_request_finish(beluga_http_request *request, beluga_error *err);

struct beluga_http_response {
    int status;
    beluga__buf headers; /* "name: value" lines, names in lower case, each ended by NUL; bounded */
    beluga__buf body;    /* only of an error, or of an unstreamed answer */
    bool multiplexed;    /* the answer came by HTTP/2 or later, which marks the end of every body */
};

void beluga__http_response_init(beluga_http_response *response, const beluga_allocator *allocator,
                                size_t max_body);
void beluga__http_response_free(beluga_http_response *response);
/* Forget everything that came so far, after a 1xx answer or for a retry with the same object. */
void beluga__http_response_clear(beluga_http_response *response);
/* Add a header line as it came, with or without its line end; folds, spaces and case are
 * normalised. A status line ("HTTP/1.1 200 OK") clears and sets the status. Returns 0;
 * LIMIT_EXCEEDED; NO_MEMORY; INVALID_RESPONSE for a status line without a status. A line that is no
 * header is skipped. */
int beluga__http_response_add_line(beluga_http_response *response, const char *line, size_t n);

/* Returns the sender's time, the header "date", in seconds since 1970; -1 where it tells none. */
int64_t beluga__http_date(const beluga_http_response *response);
/* Returns the milliseconds that "retry-after-ms" or "retry-after" asks to wait, at most 24 hours;
 * -1 for a missing or bad value. "retry-after" has seconds, also fractions, or an HTTP date; `now`
 * is in seconds since 1970. */
int64_t beluga__http_retry_after_ms(const beluga_http_response *response, int64_t now);
/* Returns 1 or 0 as "x-should-retry" says, or -1 when it is absent. */
int beluga__http_should_retry(const beluga_http_response *response);
/* Read from the headers how much of the provider's limits is left; `now` is in seconds since 1970.
 * Returns whether the headers tell any limit. */
bool beluga__http_rate_limits(const beluga_http_response *response, int64_t now,
                              beluga_rate_limits *out);
/* Returns whether HTTP says where the body ends, so that a closed connection does not end it. */
bool beluga__http_is_framed(const beluga_http_response *response);
/* The message for a status of 407, from a tunnel or a plain request, which the proxy and not the
 * provider sends. */
#define BELUGA__PROXY_WANTS_CREDENTIALS                                                         \
    "the proxy wants a name and a password that it takes (HTTP 407): put them into the URL of " \
    "proxy, or of HTTPS_PROXY, as http://NAME:PASSWORD@HOST:PORT"
/* Returns the value of "x-request-id", "request-id", "x-amzn-requestid" and the like, or NULL. */
const char *beluga__http_request_id(const beluga_http_response *response);

/* Returns whether a header's value is known to hold nothing private. */
bool beluga__http_may_show(const char *name);

/* Write "name: value" for a log; the value is "[redacted]" unless the name is on the allow-list. */
void beluga__http_redact_header(beluga__buf *out, const char *name, const char *value);

/* Write a URL for a log, with "[redacted]" in the place of a user's name and password, and of the
 * values of parameters such as "key" or "X-Amz-Signature". */
int beluga__http_redact_url(beluga__buf *out, const char *url);

#endif
