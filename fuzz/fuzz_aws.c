/* Feeds AWS event streams with correct checksums, so that the code after the check of the checksums
 * is reached. The frames are the same whether the stream arrives whole or in pieces. The first byte
 * of the input chooses the pieces. Each frame is given as the length of its headers and the length
 * of its payload, one byte each, followed by the headers and the payload. If the first of these
 * bytes is 255, another byte gives a wrong length of the frame. */
#include "fuzz.h"
#include "kit/aws_frames.h"
#include "wire/framing.h"

enum { MAX_FRAME = 400, MAX_OUT = 1 << 22, LIAR = 255 };

static int on_frame(void *payload, const beluga_frame *frame)
{
    beluga__buf *out = payload;
    FUZZ_CHECK(frame->data[frame->length] == '\0');
    FUZZ_CHECK(frame->length <= MAX_FRAME);
    beluga__buf_append(out, (const char *)&frame->kind, sizeof frame->kind);
    if (frame->event) {
        FUZZ_CHECK(frame->event[frame->event_length] == '\0');
        beluga__buf_append(out, frame->event, frame->event_length + 1);
    }
    beluga__buf_append(out, frame->data, frame->length + 1);
    return 0;
}

static const char *take(const uint8_t **data, size_t *size, size_t *n)
{
    const uint8_t *at = *data;
    if (*n > *size) *n = *size;
    *data += *n;
    *size -= *n;
    return (const char *)at;
}

static void write_frames(beluga__buf *out, const uint8_t *data, size_t size)
{
    while (size > 2) {
        char frame[1024];
        size_t n_headers = fuzz_byte(&data, &size), n = fuzz_byte(&data, &size);
        uint32_t total = n_headers == LIAR ? fuzz_byte(&data, &size) : 0;
        const char *headers = take(&data, &size, &n_headers);
        const char *payload = take(&data, &size, &n);
        beluga__buf_append(out, frame, aws_frame_raw(frame, headers, n_headers, payload, n, total));
    }
}

static int feed(const beluga__buf *bytes, size_t piece, beluga__buf *out)
{
    beluga__framer framer;
    int code = beluga__framer_init(&framer, BELUGA_FRAMING_AWS_EVENT_STREAM,
                                   beluga_allocator_default(), MAX_FRAME);
    for (size_t at = 0; at < bytes->length && !code; at += piece) {
        size_t n = bytes->length - at < piece ? bytes->length - at : piece;
        char *copy = fuzz_copy((const uint8_t *)bytes->data + at, n);
        code = beluga__framer_feed(&framer, copy, n, on_frame, out);
        FUZZ_CHECK(memcmp(copy, bytes->data + at, n) == 0);
        free(copy);
    }
    if (!code) code = beluga__framer_end(&framer, on_frame, out);
    beluga__framer_free(&framer);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t piece = (size_t)fuzz_byte(&data, &size) + 1;
    beluga__buf bytes, whole, pieces;
    beluga__buf_init(&bytes, beluga_allocator_default(), MAX_OUT);
    beluga__buf_init(&whole, beluga_allocator_default(), MAX_OUT);
    beluga__buf_init(&pieces, beluga_allocator_default(), MAX_OUT);
    write_frames(&bytes, data, size);
    int a = feed(&bytes, bytes.length ? bytes.length : 1, &whole), b = feed(&bytes, piece, &pieces);
    FUZZ_CHECK(a == b);
    FUZZ_CHECK(whole.length == pieces.length);
    FUZZ_CHECK(!whole.length || memcmp(whole.data, pieces.data, whole.length) == 0);
    beluga__buf_free(&bytes);
    beluga__buf_free(&whole);
    beluga__buf_free(&pieces);
    return 0;
}
