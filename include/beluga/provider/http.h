/**
 * @file provider/http.h
 * The objects with which an HTTP provider works: the request that it fills, the answer's status and
 * headers, and one frame of a stream. None of these functions does I/O.
 *
 * Threads: a request or answer may be used only in the provider's function that received it, on
 * that function's thread.
 */
#ifndef BELUGA_PROVIDER_HTTP_H
#define BELUGA_PROVIDER_HTTP_H

#include <beluga/common.h>
#include <beluga/provider/json.h>

BELUGA_BEGIN_DECLS

/** How a streamed body is cut into frames. */
typedef enum beluga_framing {
    BELUGA_FRAMING_SSE = 0,              /**< text/event-stream */
    BELUGA_FRAMING_NDJSON = 1,           /**< one JSON value on each line */
    BELUGA_FRAMING_AWS_EVENT_STREAM = 2, /**< application/vnd.amazon.eventstream */
    /** each piece of the body is a frame as it arrived, without any framing protocol; since 0.1 */
    BELUGA_FRAMING_RAW = 3,
    BELUGA_FRAMING_OWN = 4 /**< the provider's function `cut` finds the frames; since 0.1 */
} beluga_framing;

/**
 * The kind of a frame. Only AWS event streams and `cut` distinguish kinds; all other frames are
 * events.
 */
typedef enum beluga_frame_kind {
    BELUGA_FRAME_EVENT = 0,     /**< a piece of the answer */
    BELUGA_FRAME_EXCEPTION = 1, /**< an error of the service; `event` is its type */
    BELUGA_FRAME_ERROR = 2      /**< another error; `event` is its code, `data` its message */
} beluga_frame_kind;

/** One frame of a streamed body; borrowed until decode_event returns. */
typedef struct beluga_frame {
    /**
     * Name of the event, NUL-terminated. SSE: the event's name, "message" if it has none; AWS: the
     * event's type; OWN: what `cut` found; NDJSON and RAW: NULL.
     */
    const char *event;
    size_t event_length; /**< length of `event` in bytes */
    /**
     * The data, NUL-terminated. SSE: the data lines, joined with \n; NDJSON: the line; AWS: the
     * payload; RAW: a piece of at most max_event_bytes, which may end within a character; OWN: what
     * `cut` found.
     */
    const char *data;
    size_t length; /**< length of `data` in bytes */
    uint32_t kind; /**< beluga_frame_kind */
    uint32_t reserved_number;
    const void *reserved[3];
} beluga_frame;

/**
 * What a provider's function `cut` found out about the next frame. All offsets are bytes from the
 * beginning of the frame. Before the call all members except `size` and `seen` are 0.
 */
typedef struct beluga_cut {
    size_t size; /**< sizeof(beluga_cut) */
    /**
     * Bytes that earlier calls of the function have searched without finding the frame's end. A
     * search may start from here, so that a frame that arrives in many pieces is not searched again
     * and again.
     */
    size_t seen;
    size_t end;         /**< length of the frame with its delimiters; 0: it is not complete yet */
    size_t data;        /**< offset of the frame's data */
    size_t data_length; /**< length of the data; 0: the frame only shows that the server is alive */
    size_t event;       /**< offset of the event's name */
    size_t event_length; /**< length of the event's name; 0: it has none */
    uint32_t kind;       /**< beluga_frame_kind */
    uint32_t reserved_number;
    void *reserved[3];
} beluga_cut;

/** An HTTP request that a provider fills. */
typedef struct beluga_http_request beluga_http_request;

/*
 * The setters copy their text, which may come from an option, a file or a server. If it has
 * characters that would change the structure of the request, the call fails before anything is
 * sent, and the error says where they are. The call also fails when memory runs out. So the setters
 * return nothing.
 */

/** Set the method; "POST" unless set. It must be a token of HTTP (RFC 9110). */
BELUGA_API void beluga_http_request_set_method(beluga_http_request *request, const char *method);
/**
 * Set the path that follows the base URL, such as "/chat/completions"; it is sent as it is. A query
 * of the base URL is kept after the path. To put a name into the path use
 * beluga_http_encode_segment.
 *
 * The request fails if the path has control characters, a space, "\", "#", bytes that are not
 * UTF-8, or a segment "." or ".." (even percent-encoded); if the URL is longer than 16 KiB; and if
 * there is no base URL.
 */
BELUGA_API void beluga_http_request_set_path(beluga_http_request *request, const char *path);
/**
 * Set the whole URL, which begins with "http://" or "https://", instead of a path. The request
 * fails for the same characters, segments and length as with beluga_http_request_set_path.
 */
BELUGA_API void beluga_http_request_set_url(beluga_http_request *request, const char *url);
/** Add "name=value" to the query; both texts are percent-encoded. Set the path or URL first. */
BELUGA_API void beluga_http_request_add_query(beluga_http_request *request, const char *name,
                                              const char *value);
/**
 * Write a text, such as a model's name, as one segment of a path, NUL-terminated. All characters
 * except letters, digits and -._~ are percent-encoded, also slashes.
 *
 * @param what    Name of the text for an error's message, such as "model_name".
 * @param out, n  Receives the segment; three times the length of the text plus one byte is always
 * enough.
 * @return 0; BELUGA_ERROR_INVALID_INPUT if the text is empty, does not fit, has control characters
 * or bytes that are not UTF-8, or has "." or ".." between slashes, which would change the path even
 * in encoded form.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_http_encode_segment(const char *what, const char *text, char *out, size_t n,
                                          beluga_error *err);
/**
 * Set a header; it replaces an earlier header of that name. Names are compared without case.
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
 * Return the writer of the JSON body, borrowed until the provider's function returns. The first
 * call sets Content-Type to application/json.
 */
BELUGA_API beluga_json_writer *beluga_http_request_json(beluga_http_request *request);
/**
 * Set a body of any bytes; it replaces a body that this function set before.
 *
 * A request has one kind of body: JSON, bytes, a form or parts. The request fails if its body is of
 * two kinds, or is larger than 256 MiB. It also fails if the options `body` or `extra_body` are set
 * and its body is not JSON.
 *
 * @param content_type  The value for the header Content-Type; NULL: the header is not changed.
 * @param data          The bytes; copied. May be NULL when length is 0.
 * @param length        Bytes.
 *
 * Since: 0.1
 */
BELUGA_API void beluga_http_request_set_body(beluga_http_request *request, const char *content_type,
                                             const void *data, size_t length);
/**
 * Add a field to a body of type application/x-www-form-urlencoded, which the first field begins.
 *
 * @param name, value  Copied, and encoded as forms of web pages are; any bytes.
 * @param length       Length of `value` in bytes.
 *
 * Since: 0.1
 */
BELUGA_API void beluga_http_request_add_form_field(beluga_http_request *request, const char *name,
                                                   const char *value, size_t length);

/** Client credentials of OAuth 2 (RFC 6749, section 4.4). Since: 0.1 */
typedef struct beluga_client_credentials {
    size_t size;        /**< sizeof(beluga_client_credentials) */
    const char *url;    /**< URL of the token endpoint */
    const char *id;     /**< id of the client */
    const char *secret; /**< secret of the client, usually the key of the credential */
    const char *scope; /**< what the token may be used for: words separated by spaces; NULL: none */
    /** True: send id and secret as "Authorization: Basic"; false: as fields of the body. */
    bool in_header;
} beluga_client_credentials;

/**
 * Fill the request that exchanges client credentials for a token; for use in encode_token. If the
 * provider has no decode_token, the library reads the answer, or a refusal, in the form of RFC
 * 6749. To add a field that a service also requires, such as an audience, use
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
    /**
     * Name of the field, UTF-8. As in forms of web pages, '"', CR and LF are sent as %22, %0D and
     * %0A.
     */
    const char *name;
    /** name of a file, UTF-8, sent in the same way; NULL: the part is not a file */
    const char *filename;
    /** Media type of the data; NULL: none is sent, or application/octet-stream for a file. */
    const char *media_type;
    const void *data; /**< any bytes; may be NULL when length is 0 */
    size_t length;    /**< length of `data` in bytes */
} beluga_http_part;

/**
 * Add a part to a body of type multipart/form-data (RFC 7578), which the first part begins. Parts
 * are sent in the order in which they were added, and two parts may have the same name.
 *
 * The boundary between parts does not occur in any part, and the same parts always get the same
 * boundary. It is chosen when the request is complete: `authorize` is the first function that sees
 * the body in its final form, and it can't add parts any more.
 *
 * The request fails if the name is NULL or empty; if name or filename have control characters other
 * than CR and LF, or bytes that are not UTF-8; if the media type can't be sent in a header; and for
 * more than 10,000 parts.
 *
 * @param part  Copied.
 *
 * Since: 0.1
 */
BELUGA_API void beluga_http_request_add_part(beluga_http_request *request,
                                             const beluga_http_part *part);
/**
 * Warn the caller about something that this provider cannot express. The text becomes a warning in
 * START, one line of at most 512 bytes. A request can have 64 warnings; further ones are dropped.
 *
 * @param format  As for printf.
 */
BELUGA_API void beluga_http_request_warn(beluga_http_request *request, const char *format, ...)
    BELUGA_PRINTF(2, 3);

/**
 * Return the token that was passed to beluga_emit_next_request; NULL for the first request of a
 * call. In encode_cancel it is the token of the last request. Borrowed until the call has ended.
 * Since: 0.1
 */
BELUGA_API const char *beluga_http_request_token(const beluga_http_request *request);
/**
 * Return the state of the call's decoder (state_size bytes), so that the next request can use data
 * from earlier answers; zeroed for the first request. Borrowed until the encoder returns. NULL if
 * state_size is 0. Since: 0.1
 */
BELUGA_API void *beluga_http_request_state(const beluga_http_request *request);
/**
 * Do the same as beluga_http_request_warn with a text of `length` bytes instead of a format, for
 * languages without C's variable arguments; NULL: none. Since: 0.1
 */
BELUGA_API void beluga_http_request_warn_text(beluga_http_request *request, const char *text,
                                              size_t length);

/**
 * Return the method, for example so that `authorize` can sign the final request; borrowed until it
 * changes.
 */
BELUGA_API const char *beluga_http_request_method(const beluga_http_request *request);
/** Return the whole URL, "" if it is not set yet; borrowed until it changes. */
BELUGA_API const char *beluga_http_request_url(const beluga_http_request *request);
/**
 * Return the body, not NULL; borrowed until it changes.
 *
 * @param length  Receives its length in bytes; NULL allowed.
 */
BELUGA_API const void *beluga_http_request_body(const beluga_http_request *request, size_t *length);
/**
 * Return the value of a header that was set, or NULL; borrowed until it changes. Names are compared
 * without case.
 */
BELUGA_API const char *beluga_http_request_header(const beluga_http_request *request,
                                                  const char *name);

/** The status and headers of an answer, and in `decode_error` its body. */
typedef struct beluga_http_response beluga_http_response;

/** Return the status, such as 429. */
BELUGA_API int beluga_http_response_status(const beluga_http_response *response);
/**
 * Return a header's value, or NULL; borrowed until the provider's function returns. Names are
 * compared without case.
 */
BELUGA_API const char *beluga_http_response_header(const beluga_http_response *response,
                                                   const char *name);
/**
 * Return the body, or its first 64 KiB if it is longer; not NULL. Borrowed until the provider's
 * function returns.
 *
 * @param length  Receives its length in bytes; NULL allowed.
 */
BELUGA_API const char *beluga_http_response_body(const beluga_http_response *response,
                                                 size_t *length);

BELUGA_END_DECLS
#endif
