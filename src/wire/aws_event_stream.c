/* AWS event streams. A frame has a prelude (length of the frame, length of the headers, a CRC of
 * both), headers, a payload, and a CRC of everything before it; numbers are big-endian. The format
 * is documented by Amazon as "Event stream encoding".
 *
 * A frame that arrives whole is delivered from the caller's buffer without a copy. A frame that
 * arrives in pieces is assembled in the framer's own buffer first. */
#include "wire/framing.h"

#include <beluga/error.h>

#include <zlib.h>

const bool beluga__aws_is_here = true;

enum { PRELUDE = 12, CRC = 4, SMALLEST = PRELUDE + CRC };

/* The types of a header's value. All but TYPE_BYTES and TYPE_STRING have a fixed length. */
enum {
    TYPE_TRUE,
    TYPE_FALSE,
    TYPE_BYTE,
    TYPE_SHORT,
    TYPE_INT,
    TYPE_LONG,
    TYPE_BYTES,
    TYPE_STRING,
    TYPE_TIMESTAMP,
    TYPE_UUID
};

typedef struct slice {
    const char *at; /* NULL: there is no such header */
    size_t n;
} slice;

/* The headers that describe the kind of a frame. */
typedef struct frame_headers {
    slice message_type, event_type, exception_type, error_code, error_message;
} frame_headers;

static uint32_t read_u32(const char *at)
{
    const unsigned char *b = (const unsigned char *)at;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static uint32_t checksum(const char *at, size_t n)
{
    return (uint32_t)crc32_z(0, (const unsigned char *)at, n);
}

/* ---- headers --------------------------------------------------------------------------------- */

static bool is(slice value, const char *text)
{
    return value.at && value.n == strlen(text) && memcmp(value.at, text, value.n) == 0;
}

/* Returns the length of values of this type; -1 if two bytes before the value are its length; -2 if
 * no such type exists. */
static int fixed_length(unsigned char type)
{
    static const signed char lengths[] = {
        [TYPE_TRUE] = 0,      [TYPE_FALSE] = 0, [TYPE_BYTE] = 1,   [TYPE_SHORT] = 2,
        [TYPE_INT] = 4,       [TYPE_LONG] = 8,  [TYPE_BYTES] = -1, [TYPE_STRING] = -1,
        [TYPE_TIMESTAMP] = 8, [TYPE_UUID] = 16,
    };
    return type < sizeof lengths ? lengths[type] : -2;
}

/* Cut `n` bytes off the front of `rest`. Returns false if there are fewer. */
static bool take(slice *rest, size_t n, slice *out)
{
    if (rest->n < n) return false;
    *out = (slice){rest->at, n};
    rest->at += n;
    rest->n -= n;
    return true;
}

static bool take_value(slice *rest, unsigned char type, slice *value)
{
    slice length;
    int fixed = fixed_length(type);
    if (fixed < -1) return false;
    if (fixed >= 0) return take(rest, (size_t)fixed, value);
    if (!take(rest, 2, &length)) return false;
    size_t n = (size_t)(unsigned char)length.at[0] << 8 | (unsigned char)length.at[1];
    return take(rest, n, value);
}

static void note(frame_headers *headers, slice name, slice value)
{
    if (is(name, ":message-type")) headers->message_type = value;
    if (is(name, ":event-type")) headers->event_type = value;
    if (is(name, ":exception-type")) headers->exception_type = value;
    if (is(name, ":error-code")) headers->error_code = value;
    if (is(name, ":error-message")) headers->error_message = value;
}

static bool read_headers(slice rest, frame_headers *headers)
{
    slice length, name, type, value;
    while (rest.n) {
        if (!take(&rest, 1, &length) || !take(&rest, (unsigned char)*length.at, &name))
            return false;
        if (!take(&rest, 1, &type)) return false;
        if (!take_value(&rest, (unsigned char)*type.at, &value)) return false;
        if ((unsigned char)*type.at == TYPE_STRING) note(headers, name, value);
    }
    return true;
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* Copy a text into a buffer and end it with a NUL. */
static int keep(beluga__buf *buf, slice text)
{
    beluga__buf_clear(buf);
    return text.n ? beluga__buf_append(buf, text.at, text.n) : 0;
}

static int hand_out(beluga__framer *framer, beluga_frame *frame, slice name, beluga__frame_fn fn,
                    void *payload)
{
    int code = keep(&framer->event, name);
    if (code) return code;
    frame->event = framer->event.data;
    frame->event_length = framer->event.length;
    return fn(payload, frame);
}

/* Deliver a frame of the message type "error": an error that is not one of the exceptions in the
 * service's API. Its text is in a header, not in the payload. */
static int deliver_error(beluga__framer *framer, const frame_headers *headers, beluga__frame_fn fn,
                         void *payload)
{
    int code = keep(&framer->data, headers->error_message);
    if (code) return code;
    beluga_frame frame = {
        .kind = BELUGA_FRAME_ERROR, .data = framer->data.data, .length = framer->data.length};
    return hand_out(framer, &frame, headers->error_code, fn, payload);
}

static int deliver(beluga__framer *framer, const frame_headers *headers, char *at, size_t n,
                   beluga__frame_fn fn, void *payload)
{
    beluga_frame frame = {.data = at, .length = n};
    slice name = headers->event_type;
    if (is(headers->message_type, "error")) return deliver_error(framer, headers, fn, payload);
    if (is(headers->message_type, "exception")) {
        frame.kind = BELUGA_FRAME_EXCEPTION;
        name = headers->exception_type;
    } else if (!is(headers->message_type, "event")) {
        return 0; /* a later version of the format may have other types */
    }
    char kept = at[n]; /* the first byte of the checksum; a NUL replaces it during the callback */
    at[n] = '\0';
    int code = hand_out(framer, &frame, name, fn, payload);
    at[n] = kept;
    return code;
}

/* Check the prelude before the frame is complete: with a wrong length the framer could wait for
 * bytes that never come. */
static int check_prelude(const beluga__framer *framer, const char *at)
{
    uint32_t total = read_u32(at), headers = read_u32(at + 4);
    if (checksum(at, 8) != read_u32(at + 8)) return BELUGA_ERROR_MALFORMED_RESPONSE;
    if (total < SMALLEST || headers > total - SMALLEST) return BELUGA_ERROR_MALFORMED_RESPONSE;
    return total > framer->line.max ? BELUGA_ERROR_LIMIT_EXCEEDED : 0;
}

static int read_frame(beluga__framer *framer, char *at, beluga__frame_fn fn, void *payload)
{
    size_t total = read_u32(at), n_headers = read_u32(at + 4);
    frame_headers headers = {0};
    if (checksum(at, total - CRC) != read_u32(at + total - CRC))
        return BELUGA_ERROR_MALFORMED_RESPONSE;
    if (!read_headers((slice){at + PRELUDE, n_headers}, &headers))
        return BELUGA_ERROR_MALFORMED_RESPONSE;
    char *body = at + PRELUDE + n_headers;
    return deliver(framer, &headers, body, total - SMALLEST - n_headers, fn, payload);
}

/* Append bytes to a frame that arrives in pieces, until it has `wanted` bytes. */
static int fill(beluga__framer *framer, char **at, const char *end, size_t wanted)
{
    size_t missing = wanted > framer->line.length ? wanted - framer->line.length : 0;
    size_t n = (size_t)(end - *at) < missing ? (size_t)(end - *at) : missing;
    int code = n ? beluga__buf_append(&framer->line, *at, n) : 0;
    *at += n;
    return code;
}

/* Continue a frame that arrives in pieces, and deliver it if it is complete now. Returns 0 if more
 * bytes are needed. */
static int put_together(beluga__framer *framer, char **at, const char *end, beluga__frame_fn fn,
                        void *payload)
{
    beluga__buf *line = &framer->line;
    bool checked = line->length >= PRELUDE;
    int code = fill(framer, at, end, PRELUDE);
    if (code || line->length < PRELUDE) return code;
    if (!checked) code = check_prelude(framer, line->data);
    if (!code) code = fill(framer, at, end, read_u32(line->data));
    if (code || line->length < read_u32(line->data)) return code;
    code = read_frame(framer, line->data, fn, payload);
    line->length = 0;
    return code;
}

int beluga__aws_feed(beluga__framer *framer, char *bytes, size_t n, beluga__frame_fn fn,
                     void *payload)
{
    char *at = bytes, *end = bytes + n;
    int code = 0;
    while (at < end && !code) {
        size_t left = (size_t)(end - at);
        bool whole = !framer->line.length && left >= PRELUDE;
        if (whole) code = check_prelude(framer, at);
        if (code) return code;
        if (whole && left >= read_u32(at)) {
            size_t total = read_u32(at);
            code = read_frame(framer, at, fn, payload);
            at += total;
        } else {
            code = put_together(framer, &at, end, fn, payload);
        }
    }
    return code;
}
