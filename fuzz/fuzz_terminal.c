/* Prints a model's text for a terminal. No control character passes except line end and tab, and
 * the output does not depend on the pieces in which the text comes. The first byte chooses the size
 * of the pieces. */
#include "fuzz.h"
#include "terminal/term.h"

static char *filter(const uint8_t *data, size_t size, size_t piece, size_t *n)
{
    term_stream filter = {0};
    char *out = malloc(TERM_FILTER_ROOM(size));
    FUZZ_CHECK(out);
    *n = 0;
    for (size_t at = 0; at < size; at += piece) {
        size_t length = size - at < piece ? size - at : piece;
        char *copy = fuzz_copy(data + at, length);
        *n += term_filter(&filter, copy, length, out + *n);
        FUZZ_CHECK(*n <= TERM_FILTER_ROOM(at + length));
        free(copy);
    }
    *n += term_filter_end(&filter, out + *n);
    FUZZ_CHECK(*n <= TERM_FILTER_ROOM(size));
    return out;
}

static void check_harmless(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i], next = i + 1 < n ? (unsigned char)text[i + 1] : 0;
        FUZZ_CHECK(c >= ' ' || c == '\n' || c == '\t');
        FUZZ_CHECK(c != 0x7f);
        FUZZ_CHECK(c != 0xc2 || next < 0x80 || next > 0x9f);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t piece = (size_t)fuzz_byte(&data, &size) + 1, n_whole, n_pieces;
    char *whole = filter(data, size, size ? size : 1, &n_whole);
    char *pieces = filter(data, size, piece, &n_pieces);
    check_harmless(whole, n_whole);
    FUZZ_CHECK(n_whole == n_pieces && memcmp(whole, pieces, n_whole) == 0);
    free(whole);
    free(pieces);
    return 0;
}
