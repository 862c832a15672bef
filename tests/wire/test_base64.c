/* Base64. The library writes and reads six bytes at a time; the results are compared with a slow
 * version that works bit by bit. */
#include "base/json.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SHORT = 70, LONG = 16 * 1024 };

static int digit_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const char *found = c ? strchr(digits, c) : NULL;
    if (found) return (int)(found - digits);
    if (c == '+' || c == '-') return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

static char digit(unsigned value)
{
    int c = 0;
    while (digit_of((char)c) != (int)value || c == '-' || c == '_') c++;
    return (char)c;
}

static size_t slow_encode(char *to, const unsigned char *bytes, size_t n)
{
    static char digits[64];
    for (unsigned i = 0; !digits[63] && i < 64; i++) digits[i] = digit(i);
    size_t length = 0;
    for (size_t bit = 0; bit < 8 * n; bit += 6) {
        unsigned value = 0;
        for (size_t i = bit; i < bit + 6; i++)
            value = value << 1 | (i < 8 * n ? bytes[i / 8] >> (7 - i % 8) & 1u : 0);
        to[length++] = digits[value];
    }
    while (length % 4) to[length++] = '=';
    return length;
}

/* Return a block whose memory ends where the bytes end, so that a sanitizer sees a read past the
 * end. */
static char *block_of(const void *bytes, size_t n, size_t alignment)
{
    char *block = malloc(alignment + n + !n);
    assert_non_null(block);
    if (n) memcpy(block + alignment, bytes, n);
    return block;
}

static void assert_alike(const unsigned char *bytes, size_t n, size_t alignment)
{
    static char expected[(LONG + SHORT) * 2];
    size_t length = slow_encode(expected, bytes, n);
    char *block = block_of(bytes, n, alignment);
    beluga__buf text, again;
    beluga__buf_init(&text, beluga_allocator_default(), length);
    beluga__buf_init(&again, beluga_allocator_default(), 1 << 20);
    assert_int_equal(beluga__base64_encode(&text, block + alignment, n), 0);
    assert_int_equal(text.length, length);
    assert_memory_equal(text.data, expected, length);
    assert_int_equal(text.data[length], 0);
    free(block);
    for (int padding = 0; padding < 3; padding++, length -= length && expected[length - 1] == '=') {
        block = block_of(expected, length, alignment);
        beluga__buf_clear(&again);
        assert_int_equal(beluga__base64_decode(&again, block + alignment, length), 0);
        assert_int_equal(again.length, n);
        if (n) assert_memory_equal(again.data, bytes, n);
        free(block);
    }
    beluga__buf_free(&text);
    beluga__buf_free(&again);
}

static void bytes_of_any_length_are_written_and_read_back(void **state)
{
    (void)state;
    static unsigned char bytes[LONG + SHORT];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * 2654435761u >> 13);
    for (size_t n = 0; n < SHORT; n++)
        for (size_t alignment = 0; alignment < 8; alignment++)
            assert_alike(bytes + alignment, n, alignment);
    for (size_t n = LONG - 10; n < LONG + 10; n++) assert_alike(bytes, n, n % 8);
}

/* Every pair of bytes occurs in one of these texts. */
static void each_pair_of_bytes_is_written_and_read_back(void **state)
{
    (void)state;
    static unsigned char bytes[LONG + SHORT];
    for (size_t first = 0; first < 65536; first += 5000) {
        for (size_t i = 0; i + 1 < sizeof bytes; i += 2) {
            bytes[i] = (unsigned char)((first + i / 2) >> 8);
            bytes[i + 1] = (unsigned char)(first + i / 2);
        }
        assert_alike(bytes, LONG, 0);
        assert_alike(bytes + 1, LONG, 1);
    }
}

/* Put every byte value at every place of texts with different lengths. */
static void what_is_no_digit_is_refused_at_any_place(void **state)
{
    (void)state;
    beluga__buf out;
    beluga__buf_init(&out, beluga_allocator_default(), 1 << 10);
    for (size_t n = 1; n <= 26; n++)
        for (size_t i = 0; i < n * 256; i++) {
            char text[] = "QUJDREVGR0hJSktMTU5PUFFSU1";
            size_t place = i / 256;
            text[place] = (char)(i & 255);
            size_t end = n;
            for (int k = 0; k < 2 && end && text[end - 1] == '='; k++) end--;
            bool good = end % 4 != 1 && (place >= end || digit_of(text[place]) >= 0);
            char *block = block_of(text, n, 0);
            beluga__buf_clear(&out);
            int code = beluga__base64_decode(&out, block, n);
            assert_int_equal(code, good ? 0 : BELUGA_ERROR_INVALID_INPUT);
            assert_int_equal(out.length, good ? end * 3 / 4 : 0);
            free(block);
        }
    beluga__buf_free(&out);
}

static void both_alphabets_are_read(void **state)
{
    (void)state;
    beluga__buf out;
    beluga__buf_init(&out, beluga_allocator_default(), 1 << 10);
    assert_int_equal(beluga__base64_decode(&out, "-_-_+/+/-_+/", 12), 0);
    assert_memory_equal(out.data, "\xfb\xff\xbf\xfb\xff\xbf\xfb\xff\xbf", 9);
    beluga__buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_of_any_length_are_written_and_read_back),
        cmocka_unit_test(each_pair_of_bytes_is_written_and_read_back),
        cmocka_unit_test(what_is_no_digit_is_refused_at_any_place),
        cmocka_unit_test(both_alphabets_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
