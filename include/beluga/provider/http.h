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
    BELUGA_FRAMING_SSE = 0,              /**< text/event-stream */
    BELUGA_FRAMING_NDJSON = 1,           /**< one JSON value a line */
    BELUGA_FRAMING_AWS_EVENT_STREAM = 2, /**< application/vnd.amazon.eventstream */
    /** a frame is a piece of the body as it came: no protocol says where one ends; since 0.1 */
    BELUGA_FRAMING_RAW = 3,
    BELUGA_FRAMING_OWN = 4 /**< the provider's function `cut` finds the frames; since 0.1 */
} beluga_framing;

/** The kind of a frame. Only AWS event streams tell it; all others are events. */
typedef enum beluga_frame_kind {
    BELUGA_FRAME_EVENT = 0,     /**< a piece of the answer */
    BELUGA_FRAME_EXCEPTION = 1, /**< an error that the service knows; `event` is its type */
    BELUGA_FRAME_ERROR = 2      /**< another error; `event` is its code, `data` its message */
} beluga_frame_kind;

/** One frame of a streamed body; borrowed for the call. */
typedef struct beluga_frame {
    /**
     * SSE's event name, "message" when absent; an AWS event stream's type; what `cut` says; NULL
     * for NDJSON and RAW. NUL-terminated.
     */
    const char *event;
    size_t event_length; /**< bytes */
    /**
     * SSE: data lines joined with \n; NDJSON: the line; AWS: the payload; RAW: a piece of at most
     * max_event_bytes, which may end within a character; OWN: what `cut` says. NUL-terminated.
     */
    const char *data;
    size_t length; /**< of data, bytes */
    uint32_t kind; /**< beluga_frame_kind */
    uint32_t reserved_number;
    const void *reserved[3];
} beluga_frame;

/**
 * What a provider's function `cut` says of the next frame, in bytes from where it begins. It is
 * zeroed, but for size and seen.
 */
typedef struct beluga_cut {
    size_t size; /**< sizeof(beluga_cut) */
    /**
     * Bytes that an earlier call of the function has seen without finding the frame's end. A search
     * may go on from here, so that a frame that comes in many pieces is not searched as often.
     */
    size_t seen;
    size_t end;  /**< bytes of the frame with all that surrounds it; 0: it is not whole yet */
    size_t data; /**< where the frame's data begins */
    size_t data_length;  /**< its bytes; 0: the frame only shows that its sender is alive */
    size_t event;        /**< where the name of its event begins */
    size_t event_length; /**< its bytes; 0: none */
    uint32_t kind;       /**< beluga_frame_kind */
    uint32_t reserved_number;
    void *reserved[3];
} beluga_cut;

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
 * Return the writer of the JSON body, borrowed until the request is freed. The first call sets
 * Content-Type to application/json.
 */
BELUGA_API beluga_json_writer *beluga_http_request_json(beluga_http_request *request);
/**
 * Set a body of any bytes, replacing one that was set so before.
 *
 * A request has one kind of body: JSON, bytes, a form or parts. A second kind fails it, and so does
 * a body over 256 MiB. The options `body` and `extra_body` fit into JSON alone; they fail a request
 * whose body is of another kind.
 *
 * @param content_type  Of the bytes, for the header Content-Type; NULL leaves the header alone.
 * @param data          Copied; may be NULL when length is 0.
 * @param length        Bytes.
 *
 * Since: 0.1
 */
BELUGA_API void beluga_http_request_set_body(beluga_http_request *request, const char *content_type,
                                             const void *data, size_t length);
/**
 * Add a field to a body of type application/x-www-form-urlencoded, which the first one begins.
 *
 * @param name, value  Copied, and encoded as forms of web pages are; any bytes.
 * @param length       Of value, bytes.
 *
 * Since: 0.1
 */
BELUGA_API void beluga_http_request_add_form_field(beluga_http_request *request, const char *name,
                                                   const char *value, size_t length);

/** OAuth's client credentials (RFC 6749, section 4.4). Since: 0.1 */
typedef struct beluga_client_credentials {
    size_t size;        /**< sizeof(beluga_client_credentials) */
    const char *url;    /**< of tokens */
    const char *id;     /**< of the client */
    const char *secret; /**< of the client: mostly the key of the credential */
    const char *scope;  /**< what the token is for, words with a space between them; NULL: none */
    /** Send id and secret as "Authorization: Basic"; false: as fields of the body. */
    bool in_header;
} beluga_client_credentials;

/**
 * Fill the request for a token that is given for client credentials; for encode_token. Without a
 * decode_token the library reads the answer to it, as RFC 6749 has it, and a refusal. A field that
 * a service wants beside these, such as an audience, is added by
 * beluga_http_request_add_form_field.
 *
 * The request fails without url, id or secret.
 *
 * @param client  Copied.
 *
 * Since: 0.1
 */
BELUGA_API void beluga_http_request_set_client_credentials(beluga_http_request *request,
                                                           const beluga_client_credentials *client);

/** A part of a body of type multipart/form-data: a field or a file of a form. Since: 0.1 */
typedef struct beluga_http_part {
    size_t size; /**< sizeof(beluga_http_part) */
    /** Of the field, UTF-8. As in forms of web pages, '"', CR and LF are sent as %22, %0D, %0A. */
    const char *name;
    const char *filename; /**< of a file, UTF-8, sent in the same way; NULL: it is no file */
    /** Of the data; NULL: none is sent, or for a file application/octet-stream. */
    const char *media_type;
    const void *data; /**< any bytes; may be NULL when length is 0 */
    size_t length;    /**< of data, bytes */
} beluga_http_part;

/**
 * Add a part to a body of type multipart/form-data (RFC 7578), which the first one begins. Parts
 * are sent in this order, and two may have the same name.
 *
 * The boundary between parts does not occur in any of them, and is the same for the same parts. It
 * is chosen when the request is complete: `authorize` is the first function that sees the body as
 * it is sent, and parts can't be added there any more.
 *
 * The request fails for a name that is NULL or empty; for other control characters, and bytes that
 * are not UTF-8, in name or filename; for a media type that no header can carry; and for more than
 * 10,000 parts.
 *
 * @param part  Copied.
 *
 * Since: 0.1
 */
BELUGA_API void beluga_http_request_add_part(beluga_http_request *request,
                                             const beluga_http_part *part);
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
 * For encode_cancel it is that of the last request. Borrowed until the call has ended. Since: 0.1
 */
BELUGA_API const char *beluga_http_request_token(const beluga_http_request *request);
/**
 * Return the state of the call's decoder (state_size bytes), for what the next request needs from
 * the answers before; zeroed for the first. Borrowed until the encoder returns. NULL without a
 * state. Since: 0.1
 */
BELUGA_API void *beluga_http_request_state(const beluga_http_request *request);
/**
 * Do as beluga_http_request_warn with a text of `length` bytes instead of a format, for languages
 * without C's variable arguments; NULL: none. Since: 0.1
 */
BELUGA_API void beluga_http_request_warn_text(beluga_http_request *request, const char *text,
                                              size_t length);

/** Return the method. For `authorize`, which signs the final request; borrowed until it changes. */
BELUGA_API const char *beluga_http_request_method(const beluga_http_request *request);
/** Return the whole URL, "" before it was set; borrowed until it changes. */
BELUGA_API const char *beluga_http_request_url(const beluga_http_request *request);
/**
 * Return the body, not NULL; borrowed until it changes.
 *
 * @param length  Receives its length in bytes; NULL allowed.
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
 * Return a header's value, borrowed until the answer is freed, or NULL; names compare without case.
 */
BELUGA_API const char *beluga_http_response_header(const beluga_http_response *response,
                                                   const char *name);
/**
 * Return the body, at most its first 64 KiB; borrowed until the answer is freed, not NULL.
 *
 * @param length  Receives its length in bytes; NULL allowed.
 */
BELUGA_API const char *beluga_http_response_body(const beluga_http_response *response,
                                                 size_t *length);

BELUGA_END_DECLS
#endif
