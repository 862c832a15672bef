/**
 * @file provider/http.h
 * The values an HTTP provider works on: the request it fills, the answer's head, one frame of a
 * stream. None of them does any I/O.
 *
 * Threads: a request and an answer are used in the provider's function that was given them, on its
 * thread.
 */
#ifndef BELUGA_PROVIDER_HTTP_H
#define BELUGA_PROVIDER_HTTP_H

#include <beluga/common.h>
#include <beluga/provider/json.h>

BELUGA_BEGIN_DECLS

/** How a streamed body is cut into frames. */
typedef enum beluga_framing {
    BELUGA_FRAMING_SSE = 0,             /**< text/event-stream */
    BELUGA_FRAMING_NDJSON = 1,          /**< one JSON value a line */
    BELUGA_FRAMING_AWS_EVENT_STREAM = 2 /**< application/vnd.amazon.eventstream */
} beluga_framing;

/** The kind of a frame. Only AWS event streams tell it; all others are events. */
typedef enum beluga_frame_kind {
    BELUGA_FRAME_EVENT = 0,     /**< a piece of the answer */
    BELUGA_FRAME_EXCEPTION = 1, /**< an error that the service knows; `event` is its type */
    BELUGA_FRAME_ERROR = 2      /**< another error; `event` is its code, `data` its message */
} beluga_frame_kind;

/** One frame of a streamed body; borrowed for the call. */
typedef struct beluga_frame {
    /** SSE's event name, "message" when absent; an AWS event stream's type; NULL for NDJSON. */
    const char *event;
    size_t event_length; /**< bytes */
    /** SSE: data lines joined with \n; NDJSON: the line; AWS: the payload. NUL-terminated. */
    const char *data;
    size_t length; /**< of data, bytes */
    uint32_t kind; /**< beluga_frame_kind */
    uint32_t reserved_number;
    const void *reserved[3];
} beluga_frame;

/** A request being made. */
typedef struct beluga_http_request beluga_http_request;

/*
 * The setters copy their text, which may be of an option, a file or a server. Characters that would
 * make another request of it fail the call before anything is sent, with an error that says where
 * they stand. No memory fails it too. So the setters return nothing.
 */

/** Set the method; "POST" unless set. It must be a token of HTTP (RFC 9110). */
BELUGA_API void beluga_http_request_set_method(beluga_http_request *request, const char *method);
/**
 * Set the path that follows the base URL, such as "/chat/completions"; it is sent as it is. A query
 * of the base URL stays behind it. Write a name in it with beluga_http_encode_segment.
 *
 * The request fails for control characters, a space, "\", "#", bytes that are not UTF-8, and a
 * segment "." or "..", also when it is percent-encoded; for a URL over 16 KiB; and without a base
 * URL.
 */
BELUGA_API void beluga_http_request_set_path(beluga_http_request *request, const char *path);
/**
 * Set the whole URL instead, which begins with "http://" or "https://". The request fails for the
 * same characters, segments and size.
 */
BELUGA_API void beluga_http_request_set_url(beluga_http_request *request, const char *url);
/** Add "name=value" to the query; both are percent-encoded. Set path or URL before. */
BELUGA_API void beluga_http_request_add_query(beluga_http_request *request, const char *name,
                                              const char *value);
/**
 * Write a text, such as a model's name, as one segment of a path, NUL-terminated. All but letters,
 * digits and -._~ is percent-encoded, slashes too.
 *
 * @param what    Name of the text for the message, such as "model_name".
 * @param out, n  Receives it; three bytes a byte of the text and one more are always enough.
 * @return 0; BELUGA_ERROR_INVALID_INPUT the text is empty, does not fit, has control characters or
 * bytes that are not UTF-8, or has "." or ".." between slashes, which would lead to another path,
 * however they are encoded.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_http_encode_segment(const char *what, const char *text, char *out, size_t n,
                                          beluga_error *err);
/**
 * Set a header, replacing the one of that name; names compare without case.
 *
 * The request fails for a name that is no token (RFC 9110); for control characters other than the
 * tab, and bytes that are not UTF-8, in the value; and for a header that the transport sets:
 * Connection, Content-Length, Expect, Host, HTTP2-Settings, Keep-Alive, TE, Trailer,
 * Transfer-Encoding, Upgrade, Proxy-….
 *
 * @param value  NULL removes the header.
 */
BELUGA_API void beluga_http_request_set_header(beluga_http_request *request, const char *name,
                                               const char *value);
/**
 * Return the writer of the JSON body, borrowed as long as the request. The first call sets
 * Content-Type to application/json.
 */
BELUGA_API beluga_json_writer *beluga_http_request_json(beluga_http_request *request);
/**
 * Tell the caller of something that this provider cannot express: it becomes a warning in START,
 * one line of at most 512 bytes. More than 64 of a request are left out.
 *
 * @param format  As for printf.
 */
BELUGA_API void beluga_http_request_warn(beluga_http_request *request, const char *format, ...)
    BELUGA_PRINTF(2, 3);

/**
 * Return the token that beluga_emit_next_request was given; NULL for the first request of a call.
 * For encode_cancel it is that of the last request. Borrowed as long as the call. Since: 0.1
 */
BELUGA_API const char *beluga_http_request_token(const beluga_http_request *request);
/**
 * Return the state of the call's decoder (state_size bytes), for what the next request needs from
 * the answers before; zeroed for the first. Borrowed until the encoder returns. NULL without a
 * state. Since: 0.1
 */
BELUGA_API void *beluga_http_request_state(const beluga_http_request *request);
/** Return the method. For `authorize`, which signs the final request; borrowed until it changes. */
BELUGA_API const char *beluga_http_request_method(const beluga_http_request *request);
/** Return the whole URL, "" before it was set; borrowed until it changes. */
BELUGA_API const char *beluga_http_request_url(const beluga_http_request *request);
/**
 * Return the body, not NULL; borrowed until it changes.
 *
 * @param length  Receives its bytes; NULL allowed.
 */
BELUGA_API const void *beluga_http_request_body(const beluga_http_request *request, size_t *length);
/**
 * Return the value of a header that was set, borrowed until it changes, or NULL; names compare
 * without case.
 */
BELUGA_API const char *beluga_http_request_header(const beluga_http_request *request,
                                                  const char *name);

/** The head of an answer, and for `decode_error` its body. */
typedef struct beluga_http_response beluga_http_response;

/** Return the status, such as 429. */
BELUGA_API int beluga_http_response_status(const beluga_http_response *response);
/**
 * Return a header's value, borrowed as long as the answer, or NULL; names compare without case.
 */
BELUGA_API const char *beluga_http_response_header(const beluga_http_response *response,
                                                   const char *name);
/**
 * Return the body, at most its first 64 KiB; borrowed as long as the answer, not NULL.
 *
 * @param length  Receives its bytes; NULL allowed.
 */
BELUGA_API const char *beluga_http_response_body(const beluga_http_response *response,
                                                 size_t *length);

BELUGA_END_DECLS
#endif
