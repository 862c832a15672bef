/* Cuts an input into frames. The frames are the same whether the input is fed whole or in pieces,
 * and the input is not changed. The first byte chooses the framing and the size of the pieces. */
#include "fuzz.h"
#include "wire/framing.h"

enum { MAX_FRAME = 4096, MAX_OUT = 1 << 22 };

static int on_frame(void *payload, const beluga_frame *frame)
{
    beluga__buf *out = payload;
    FUZZ_CHECK(frame->data[frame->length] == '\0');
    FUZZ_CHECK(frame->length <= MAX_FRAME);
    if (frame->event) {
        FUZZ_CHECK(frame->event[frame->event_length] == '\0');
        beluga__buf_append(out, frame->event, frame->event_length + 1);
    }
    beluga__buf_append(out, frame->data, frame->length + 1);
    return 0;
}

/* The function that finds frames for BELUGA_FRAMING_OWN. The first bytes of a frame contain its
 * offsets and lengths, which may be wrong. */
static int cut(const char *bytes, size_t length, bool ended, beluga_cut *out)
{
    const unsigned char *byte = (const unsigned char *)bytes;
    if (length < 6) return 0;
    FUZZ_CHECK(out->seen < length || ended);
    if (byte[0] == 0xff) return BELUGA_ERROR_MALFORMED_RESPONSE;
    if (byte[0] & 0x80 && length < byte[0]) return 0; /* the frame is not complete yet */
    out->end = byte[0];
    out->data = byte[1];
    out->data_length = byte[2] == 0xfe ? SIZE_MAX : byte[2];
    out->event = byte[3] == 0xfe ? SIZE_MAX : byte[3];
    out->event_length = byte[4];
    return byte[5] == 0xff;
}

static int feed(beluga_framing framing, const uint8_t *data, size_t size, size_t piece,
                beluga__buf *out)
{
    beluga__framer framer;
    int code = beluga__framer_init(&framer, framing, beluga_allocator_default(), MAX_FRAME);
    framer.cut = cut;
    for (size_t at = 0; at < size && !code; at += piece) {
        size_t n = size - at < piece ? size - at : piece;
        char *copy = fuzz_copy(data + at, n);
        code = beluga__framer_feed(&framer, copy, n, on_frame, out);
        FUZZ_CHECK(memcmp(copy, data + at, n) == 0);
        free(copy);
    }
    if (!code) code = beluga__framer_end(&framer, on_frame, out);
    beluga__framer_free(&framer);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t choice = fuzz_byte(&data, &size);
    beluga_framing framing = choice >= 0xf0   ? BELUGA_FRAMING_AWS_EVENT_STREAM
                             : choice >= 0xe0 ? BELUGA_FRAMING_OWN
                             : choice & 1     ? BELUGA_FRAMING_NDJSON
                                              : BELUGA_FRAMING_SSE;
    beluga__buf whole, pieces;
    beluga__buf_init(&whole, beluga_allocator_default(), MAX_OUT);
    beluga__buf_init(&pieces, beluga_allocator_default(), MAX_OUT);
    int a = feed(framing, data, size, size ? size : 1, &whole);
    int b = feed(framing, data, size, (size_t)(choice >> 1) + 1, &pieces);
    /* Long lines that are not data may be refused in one run and skipped in the other. */
    if (a == 0 && b == 0) {
        FUZZ_CHECK(whole.length == pieces.length);
        FUZZ_CHECK(memcmp(whole.data, pieces.data, whole.length) == 0);
    }
    beluga__buf_free(&whole);
    beluga__buf_free(&pieces);
    return 0;
}
