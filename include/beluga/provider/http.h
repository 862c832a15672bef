/**
 * @file provider/http.h
 * The values an HTTP provider works on: the request it fills, the answer's head, one frame of a
 * stream. None of them does any I/O.
 */
#ifndef BELUGA_PROVIDER_HTTP_H
#define BELUGA_PROVIDER_HTTP_H

#include <beluga/common.h>
#include <beluga/provider/json.h>

BELUGA_BEGIN_DECLS

/** How a streamed body is cut into frames. */
typedef enum beluga_framing {
    BELUGA_FRAMING_SSE = 0,    /**< text/event-stream */
    BELUGA_FRAMING_NDJSON = 1, /**< one JSON value a line */
    BELUGA_FRAMING_AWS_EVENT_STREAM = 2
} beluga_framing;

/** What a frame is: only AWS event streams tell. */
typedef enum beluga_frame_kind {
    BELUGA_FRAME_EVENT = 0,
    BELUGA_FRAME_EXCEPTION = 1, /**< one that the service knows; `event` is its type */
    BELUGA_FRAME_ERROR = 2      /**< another; `event` is its code, `data` its message */
} beluga_frame_kind;

/** One frame of a streamed body; borrowed for the call. */
typedef struct beluga_frame {
    /** SSE's event name, "message" when absent; an AWS event stream's type; NULL for NDJSON. */
    const char *event;
    size_t event_length;
    /** SSE: data lines joined with \n; NDJSON: the line; AWS: the payload. NUL-terminated. */
    const char *data;
    size_t length;
    uint32_t kind; /**< beluga_frame_kind */
    uint32_t reserved_number;
    const void *reserved[3];
} beluga_frame;

/** A request being made. */
typedef struct beluga_http_request beluga_http_request;

/* The setters may be given text of others: of an option, of a file, of a server. Characters that
 * would make another request of it fail the call before anything is sent, with an error that says
 * where they stand. */

/** Set the method; "POST" unless set. Copied. */
BELUGA_API void beluga_http_request_set_method(beluga_http_request *request, const char *method);
/**
 * Set the path that follows the base URL, such as "/chat/completions"; copied, sent as it is. A
 * query of the base URL stays behind it. A name in it is written with beluga_http_encode_segment.
 *
 * Makes the request fail: control characters, a space, "\", "#", bytes that are not UTF-8, and a
 * segment "." or "..", also where it is percent-encoded.
 */
BELUGA_API void beluga_http_request_set_path(beluga_http_request *request, const char *path);
/** Set the whole URL instead; the same makes it fail. */
BELUGA_API void beluga_http_request_set_url(beluga_http_request *request, const char *url);
/** Add "name=value" to the query; both are percent-encoded. */
BELUGA_API void beluga_http_request_add_query(beluga_http_request *request, const char *name,
                                              const char *value);
/**
 * Write a text, such as a model's name, as one segment of a path, NUL-terminated: all but letters,
 * digits and -._~ is percent-encoded, slashes too.
 *
 * @param what    What the text is, for the message, such as "model_name".
 * @param out, n  Receives it; three bytes a byte of the text and one more are always enough.
 * @return 0; BELUGA_ERROR_INVALID_INPUT it is empty, does not fit, has control characters, or
 *         between slashes "." or "..", which would lead to another path, however they are encoded.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_http_encode_segment(const char *what, const char *text, char *out, size_t n,
                                          beluga_error *err);
/**
 * Set a header, replacing one of that name; NULL removes it.
 *
 * Makes the request fail: a name that is no token (RFC 9110); control characters but the tab, and
 * bytes that are not UTF-8, in the value; and a header that the transport sets: Connection,
 * Content-Length, Expect, Host, HTTP2-Settings, Keep-Alive, TE, Trailer, Transfer-Encoding,
 * Upgrade, Proxy-….
 */
BELUGA_API void beluga_http_request_set_header(beluga_http_request *request, const char *name,
                                               const char *value);
/** Return the writer of the JSON body; it sets Content-Type to application/json. */
BELUGA_API beluga_json_writer *beluga_http_request_json(beluga_http_request *request);
/** Tell the caller what this provider cannot express: it becomes a warning in START. printf's. */
BELUGA_API void beluga_http_request_warn(beluga_http_request *request, const char *format, ...)
    BELUGA_PRINTF(2, 3);

/* For `authorize`, which signs what is final. Borrowed until the next change. */
BELUGA_API const char *beluga_http_request_method(const beluga_http_request *request);
BELUGA_API const char *beluga_http_request_url(const beluga_http_request *request);
BELUGA_API const void *beluga_http_request_body(const beluga_http_request *request, size_t *length);
BELUGA_API const char *beluga_http_request_header(const beluga_http_request *request,
                                                  const char *name);

/** The head of an answer, and for `decode_error` its body. */
typedef struct beluga_http_response beluga_http_response;

BELUGA_API int beluga_http_response_status(const beluga_http_response *response);
/** Return a header's value, borrowed, or NULL; names compare without case. */
BELUGA_API const char *beluga_http_response_header(const beluga_http_response *response,
                                                   const char *name);
/** Return the body's first 64 KiB at most. */
BELUGA_API const char *beluga_http_response_body(const beluga_http_response *response,
                                                 size_t *length);

BELUGA_END_DECLS
#endif
