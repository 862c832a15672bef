/* Functions that examine a text eight bytes at a time, compared with a slow version that works byte
 * by byte; and the distance between similar words. */
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- the slow version ------------------------------------------------------------------------ */

/* The bytes of valid characters, from table 3-7 of Unicode 15. */
static const unsigned char table[][4][2] = {
    {{0x00, 0x7f}},
    {{0xc2, 0xdf}, {0x80, 0xbf}},
    {{0xe0, 0xe0}, {0xa0, 0xbf}, {0x80, 0xbf}},
    {{0xe1, 0xec}, {0x80, 0xbf}, {0x80, 0xbf}},
    {{0xed, 0xed}, {0x80, 0x9f}, {0x80, 0xbf}},
    {{0xee, 0xef}, {0x80, 0xbf}, {0x80, 0xbf}},
    {{0xf0, 0xf0}, {0x90, 0xbf}, {0x80, 0xbf}, {0x80, 0xbf}},
    {{0xf1, 0xf3}, {0x80, 0xbf}, {0x80, 0xbf}, {0x80, 0xbf}},
    {{0xf4, 0xf4}, {0x80, 0x8f}, {0x80, 0xbf}, {0x80, 0xbf}},
};

static bool is_in(const unsigned char *range, char c)
{
    return (unsigned char)c >= range[0] && (unsigned char)c <= range[1];
}

static size_t slow_character(const char *text, size_t n)
{
    for (size_t row = 0; n && row < sizeof table / sizeof *table; row++) {
        size_t length = 1, i = 0;
        while (length < 4 && table[row][length][0]) length++;
        while (i < length && i < n && is_in(table[row][i], text[i])) i++;
        if (i == length) return length;
    }
    return 0;
}

static size_t slow_valid(const char *text, size_t n)
{
    size_t i = 0, length;
    while (i < n && (length = slow_character(text + i, n - i))) i += length;
    return i;
}

static size_t slow_escaped(char *to, const char *text, size_t n)
{
    static const char letters[] = "\"\"\\\\\bb\tt\nn\ff\rr";
    char *at = to;
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < sizeof letters - 1 && letters[k] != text[i]) k += 2;
        if (k < sizeof letters - 1)
            at += sprintf(at, "\\%c", letters[k + 1]);
        else if ((unsigned char)text[i] < 0x20)
            at += sprintf(at, "\\u%04x", text[i]);
        else
            *at++ = text[i];
    }
    return (size_t)(at - to);
}

/* ---- both ways ------------------------------------------------------------------------------- */

enum { LONGEST = 40, WIDEST_ESCAPE = 6 };

static void assert_valid_alike(const char *text, size_t n)
{
    if (beluga__utf8_valid(text, n) == slow_valid(text, n)) return;
    print_message("# not judged alike:");
    for (size_t i = 0; i < n; i++) print_message(" %02x", (unsigned char)text[i]);
    print_message("\n");
    assert_int_equal(beluga__utf8_valid(text, n), slow_valid(text, n));
}

/* Compare what the writer and the slow version write. The writer has exactly enough room, and then
 * one byte less. */
static void assert_written_alike(const char *text, size_t n)
{
    char expected[WIDEST_ESCAPE * LONGEST + 2] = "\"";
    size_t length = 1 + slow_escaped(expected + 1, text, n);
    bool valid = slow_valid(text, n) == n;
    expected[length++] = '"';
    for (size_t missing = 0; missing < 2; missing++) {
        beluga__buf buf;
        beluga_json_writer w;
        beluga__buf_init(&buf, beluga_allocator_default(), length - missing);
        beluga__json_writer_init(&w, &buf);
        beluga_json_put_string_n(&w, NULL, text, n);
        int code = beluga__json_writer_status(&w);
        if (!valid || missing)
            assert_true(code == BELUGA_ERROR_INVALID_INPUT || code == BELUGA_ERROR_LIMIT_EXCEEDED);
        else
            assert_int_equal(code, 0);
        if (!code) assert_int_equal(buf.length, length);
        if (!code) assert_memory_equal(buf.data, expected, length);
        if (!code) assert_int_equal(buf.data[length], 0);
        beluga__buf_free(&buf);
    }
}

/* Compare all functions with the slow version. The memory of the text ends where the text ends, so
 * that a sanitizer sees a read past the end. */
static void assert_alike(const char *text, size_t n, size_t alignment)
{
    char *block = malloc(alignment + n + 1), *copy = block + alignment;
    assert_non_null(block);
    block = realloc(block, alignment + n ? alignment + n : 1);
    copy = block + alignment;
    memcpy(copy, text, n);
    assert_valid_alike(copy, n);
    assert_written_alike(copy, n);
    free(block);
}

/* ---- tests ----------------------------------------------------------------------------------- */

/* Every combination of first and second bytes, with third and fourth bytes at the limits of their
 * ranges; alone, and with text before and after. */
static void each_sequence_of_bytes_is_judged_as_unicode_says(void **state)
{
    (void)state;
    static const unsigned char edges[] = {0x00, 0x22, 0x7f, 0x80, 0x8f, 0x90, 0x9f,
                                          0xa0, 0xbf, 0xc0, 0xc2, 0xe1, 0xf1, 0xff};
    enum { EDGES = sizeof edges };
    char text[16];
    for (uint32_t i = 0; i < 65536u * EDGES * EDGES; i++) {
        memcpy(text, "\xc3\xa9\xc3\xa9....abcdefgh", 16);
        text[4] = (char)(i & 255);
        text[5] = (char)(i >> 8 & 255);
        text[6] = (char)edges[(i >> 16) % EDGES];
        text[7] = (char)edges[(i >> 16) / EDGES];
        assert_valid_alike(text + 4, 1 + i % 4);
        assert_valid_alike(text + 4, 12);
        if (i % 16 == 0) assert_valid_alike(text, 16);
    }
}

/* The library examines two characters of the same length together. */
static void each_pair_of_characters_is_judged_as_unicode_says(void **state)
{
    (void)state;
    static const unsigned char second[] = {0x7f, 0x80, 0x9f, 0xa0, 0xbf, 0xc0};
    char text[10];
    for (uint32_t i = 0; i < 64 * 64 * 36 * 4; i++) {
        size_t length = 2 + i / 2 % 2;
        memset(text, i % 2 ? 'a' : '\x80', sizeof text);
        text[0] = (char)(0xc0 + i / 4 % 64);
        text[1] = (char)second[i / 16384 % 6];
        if (length == 3) text[2] = '\xbf';
        text[length] = (char)(0xc0 + i / 256 % 64);
        text[length + 1] = (char)second[i / 98304];
        for (size_t n = length + 1; n <= sizeof text; n++) assert_valid_alike(text, n);
    }
}

static const char *const pieces[] = {
    "\"", "\\", "\n", "\x01", "\x1f", "\x7f", "!", "#", "[", "]", "\xc3\xa9", "\xe4\xbb\x8a",
    "\xe0\xa4\x95", "\xed\x95\x9c", "\xf0\x9f\x98\x80", "\xe4\xbb\x8a\xe5\xa4\xa9",
    /* invalid bytes: incomplete, overlong, surrogates, above U+10FFFF, and bytes that no character
     * begins with */
    "\xc3", "\xe4\xbb", "\xf0\x9f\x98", "\x80", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
    "\xf0\x80\x80\xaf", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff"};
enum { PIECES = sizeof pieces / sizeof *pieces };

static void fill(char *text, size_t n, const char *filler)
{
    size_t length = strlen(filler);
    for (size_t i = 0; i < n; i++) text[i] = filler[i % length];
}

/* Put a piece at every place of texts with different lengths and alignments. */
static void a_piece_at_any_place_is_written_as_the_slow_way_does(void **state)
{
    (void)state;
    static const char *const fillers[] = {"abcdefg", "\xe4\xbb\x8a", "\xc3\xa4",
                                          "a\xf0\x9f\x98\x80", "\"\n"};
    for (size_t i = 0; i < PIECES * sizeof fillers / sizeof *fillers; i++) {
        const char *piece = pieces[i % PIECES], *filler = fillers[i / PIECES];
        size_t n_piece = strlen(piece), unit = strlen(filler);
        for (size_t n = 0; n + n_piece <= 27; n++)
            for (size_t place = 0; place <= n; place++) {
                char text[LONGEST];
                size_t before = unit == 7 ? place : place / unit * unit;
                fill(text, before, filler);
                memcpy(text + before, piece, n_piece);
                fill(text + before + n_piece, n - before, filler);
                assert_alike(text, n + n_piece, place % 8);
            }
    }
}

/* Long texts are examined in blocks. The memory of the text ends where the text ends. */
static void a_piece_at_any_place_of_a_long_text_is_judged_as_unicode_says(void **state)
{
    (void)state;
    static const size_t lengths[] = {56, 63, 64, 65, 72, 80, 127, 128, 129, 136, 200};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        size_t n = lengths[i];
        char *text = malloc(n);
        assert_non_null(text);
        for (size_t k = 0; k < PIECES * n; k++) {
            size_t place = k / PIECES, n_piece = strlen(pieces[k % PIECES]);
            if (n_piece > n - place) n_piece = n - place;
            fill(text, n, "abcdefg");
            memcpy(text + place, pieces[k % PIECES], n_piece);
            assert_valid_alike(text, n);
        }
        free(text);
    }
}

static void each_byte_is_written_as_the_slow_way_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < 256 * 20; i++) {
        char text[LONGEST] = "0123456789abcdefghij";
        text[i / 256] = (char)(i & 255);
        for (size_t n = i / 256 + 1; n <= 20; n++) assert_alike(text, n, n % 8);
    }
}

/* An escape is longer than the byte that it replaces, so the buffer must grow in the middle of the
 * text. */
static void a_long_text_of_escapes_is_written_whole(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    static char text[MANY], expected[WIDEST_ESCAPE * MANY + 2];
    for (size_t i = 0; i < MANY; i++) text[i] = "\"a\x01\\bc\n\n\xc3\xa9"[i % 10];
    size_t n = 1 + slow_escaped(expected + 1, text, MANY);
    expected[0] = expected[n] = '"';
    beluga__buf buf;
    beluga_json_writer w;
    beluga__buf_init(&buf, beluga_allocator_default(), 1 << 20);
    beluga__json_writer_init(&w, &buf);
    beluga_json_put_string_n(&w, NULL, text, MANY);
    assert_int_equal(beluga__json_writer_status(&w), 0);
    assert_int_equal(buf.length, n + 1);
    assert_memory_equal(buf.data, expected, n + 1);
    beluga__buf_free(&buf);
}

/* ---- words that are similar ------------------------------------------------------------------ */

static void letters_are_counted_as_changed_whatever_their_case(void **state)
{
    (void)state;
    assert_int_equal(beluga__text_distance("model", "MODEL", 3), 0);
    assert_int_equal(beluga__text_distance("modle", "MODEL", 3), 1);
    assert_int_equal(beluga__text_distance("model", "MODE", 3), 1);
    assert_int_equal(beluga__text_distance("max_tokens", "MAX-TOKENS", 3), 1);
    assert_int_equal(beluga__text_distance("a[", "a{", 3), 1);
}

/* ---- pointers -------------------------------------------------------------------------------- */

static void a_step_of_a_pointer_is_escaped_and_cut_where_room_ends(void **state)
{
    (void)state;
    char pointer[12] = "";
    beluga__text_add_step(pointer, sizeof pointer, "a/b");
    assert_string_equal(pointer, "/a~1b");
    beluga__text_add_step(pointer, sizeof pointer, "~");
    assert_string_equal(pointer, "/a~1b/~0");
    beluga__text_add_step(pointer, sizeof pointer, "xy/");
    assert_string_equal(pointer, "/a~1b/~0/x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sequence_of_bytes_is_judged_as_unicode_says),
        cmocka_unit_test(each_pair_of_characters_is_judged_as_unicode_says),
        cmocka_unit_test(a_piece_at_any_place_is_written_as_the_slow_way_does),
        cmocka_unit_test(a_piece_at_any_place_of_a_long_text_is_judged_as_unicode_says),
        cmocka_unit_test(each_byte_is_written_as_the_slow_way_does),
        cmocka_unit_test(a_long_text_of_escapes_is_written_whole),
        cmocka_unit_test(letters_are_counted_as_changed_whatever_their_case),
        cmocka_unit_test(a_step_of_a_pointer_is_escaped_and_cut_where_room_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
