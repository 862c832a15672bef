/* Providers with framings that only a provider can choose. Each has one fault, which its name says.
 *
 * "raw-…": the body is the text itself, and a byte 4 marks its end. "own-…": a frame is
 * "LENGTH:DATA"; data that begins with "+" is text, and "." is the end. */
#include "../say.h"

#include <stdlib.h>
#include <string.h>

/* ---- pieces as they arrive ------------------------------------------------------------------- */

enum { END = 4, MOST = 4 /* bytes of a character */ };

/* The first bytes of a character whose other bytes have not arrived yet. */
typedef struct rest {
    char bytes[MOST];
    size_t n;
} rest;

static size_t length_of(unsigned char first)
{
    return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

static int emit_byte(rest *r, char byte, beluga_emit *emit)
{
    r->bytes[r->n++] = byte;
    if (r->n < length_of((unsigned char)r->bytes[0])) return 0;
    size_t n = r->n;
    r->n = 0;
    return beluga_emit_text(emit, r->bytes, n);
}

static int decode_piece(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    int status = 0;
    for (size_t i = 0; i < frame->length && !status; i++)
        status = frame->data[i] == END ? beluga_emit_finish(emit, BELUGA_FINISH_STOP, "end")
                                       : emit_byte(state, frame->data[i], emit);
    return status;
}

/* Fault: this emits each piece unchanged, even if the piece ends inside a character. */
static int decode_split(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    const char *end = memchr(frame->data, END, frame->length);
    size_t n = end ? (size_t)(end - frame->data) : frame->length;
    (void)state;
    int status = n ? beluga_emit_text(emit, frame->data, n) : 0;
    return status || !end ? status : beluga_emit_finish(emit, BELUGA_FINISH_STOP, "end");
}

/* ---- the provider's own frames --------------------------------------------------------------- */

static int cut(const char *bytes, size_t length, bool ended, beluga_cut *out)
{
    const char *colon = memchr(bytes, ':', length);
    (void)ended;
    if (!colon) return 0;
    size_t head = (size_t)(colon + 1 - bytes), n = strtoul(bytes, NULL, 10);
    if (!n || n > length - head) return n ? 0 : BELUGA_ERROR_MALFORMED_RESPONSE;
    out->data = head;
    out->data_length = n;
    out->end = head + n;
    return 0;
}

/* Fault: this assumes that all digits of a length arrive in one piece. */
static int cut_hastily(const char *bytes, size_t length, bool ended, beluga_cut *out)
{
    if (!memchr(bytes, ':', length)) return BELUGA_ERROR_MALFORMED_RESPONSE;
    return cut(bytes, length, ended, out);
}

static int decode_frame(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    (void)state;
    if (*frame->data == '.') return beluga_emit_finish(emit, BELUGA_FINISH_STOP, "end");
    if (*frame->data != '+') return BELUGA_ERROR_MALFORMED_RESPONSE;
    return beluga_emit_text(emit, frame->data + 1, frame->length - 1);
}

#define TABLE(provider_name, framed, ...)         \
    {                                             \
        BELUGA_PROVIDER_INIT(provider_name),      \
        .default_model = "f",                     \
        .base_url = "https://frames.example/v1",  \
        .framing = (framed),                      \
        .state_size = sizeof(rest),               \
        .capabilities = BELUGA_CAPABILITY_STREAM, \
        .encode_request = say_encode,             \
        .decode_response = say_decode,            \
        __VA_ARGS__,                              \
    }
static const beluga_provider raw =
    TABLE("raw-sound", BELUGA_FRAMING_RAW, .decode_event = decode_piece);
static const beluga_provider split =
    TABLE("raw-split", BELUGA_FRAMING_RAW, .decode_event = decode_split);
static const beluga_provider own =
    TABLE("own-sound", BELUGA_FRAMING_OWN, .decode_event = decode_frame, .cut = cut);
static const beluga_provider hasty =
    TABLE("own-hasty", BELUGA_FRAMING_OWN, .decode_event = decode_frame, .cut = cut_hastily);

BELUGA_PLUGIN_PROVIDERS(NULL, &raw, &split, &own, &hasty)
