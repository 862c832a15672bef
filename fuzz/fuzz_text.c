/* Tests small parsers: numbers, durations, times, UTF-8, base64, and the search for similar words.
 * Reading a written value gives the same value. */
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"
#include "base/utf8.h"
#include "fuzz.h"

#include <math.h>

enum { LONGEST = 64 }; /* most characters of a number with a fraction */

static void check_numbers(const char *text, size_t n)
{
    char written[BELUGA__NUMBER_TEXT];
    double number, again;
    int64_t integer;
    bool truth;
    if (beluga__text_to_double(text, n, &number)) {
        FUZZ_CHECK(isfinite(number));
        beluga__double_to_text(number, written);
        FUZZ_CHECK(beluga__text_to_double(written, strlen(written), &again) && again == number);
    }
    if (n <= LONGEST && beluga__text_to_int(text, n, &integer))
        FUZZ_CHECK(beluga__text_to_double(text, n, &number) && number == (double)integer);
    beluga__text_to_bool(text, n, &truth);
}

static void check_times(const char *text, size_t n)
{
    char written[BELUGA__NUMBER_TEXT];
    int64_t ms, again, seconds;
    if (beluga__text_to_ms(text, n, &ms)) {
        FUZZ_CHECK(ms >= 0);
        beluga__ms_to_text(ms, written);
        FUZZ_CHECK(beluga__text_to_ms(written, strlen(written), &again) && again == ms);
    }
    beluga__time_read(text, &seconds);
}

static void check_cuts(const char *text, size_t n)
{
    size_t valid = beluga__utf8_valid(text, n);
    FUZZ_CHECK(valid <= n);
    for (size_t max = 0; max <= valid && max < 64; max++) {
        size_t cut = beluga__utf8_cut(text, valid, max);
        FUZZ_CHECK(cut <= max && cut + 4 > (max < valid ? max : valid));
        FUZZ_CHECK(beluga__utf8_valid(text, cut) == cut);
        FUZZ_CHECK(beluga__utf8_cut(text, n, max) <= max);
    }
}

/* Check that reading one character at a time gives the same result. */
static void check_characters(const char *text, size_t n)
{
    size_t i = 0, length;
    uint32_t c;
    while (i < n && (length = beluga__utf8_read(text + i, n - i, &c))) i += length;
    FUZZ_CHECK(beluga__utf8_valid(text, n) == i);
}

static void check_base64(const char *bytes, size_t n)
{
    beluga__buf text, again;
    beluga__buf_init(&text, beluga_allocator_default(), 1 << 20);
    beluga__buf_init(&again, beluga_allocator_default(), 1 << 20);
    FUZZ_CHECK(beluga__base64_encode(&text, bytes, n) == 0);
    FUZZ_CHECK(beluga__base64_decode(&again, text.data, text.length) == 0);
    FUZZ_CHECK(again.length == n && memcmp(again.data, bytes, n) == 0);
    beluga__buf_clear(&again);
    int code = beluga__base64_decode(&again, bytes, n);
    FUZZ_CHECK(code == 0 || code == BELUGA_ERROR_INVALID_INPUT);
    beluga__buf_free(&text);
    beluga__buf_free(&again);
}

static void check_distance(const char *a, const char *b)
{
    unsigned distance = beluga__text_distance(a, b, 3);
    FUZZ_CHECK(distance <= 4 && distance == beluga__text_distance(b, a, 3));
    if (strlen(a) <= 64 && strcmp(a, b) == 0) FUZZ_CHECK(distance == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size), *rest = text;
    check_cuts(text, size);
    check_characters(text, size);
    check_base64(text, size);
    const char *first = fuzz_line(&rest);
    check_numbers(first, strlen(first));
    check_times(first, strlen(first));
    check_distance(first, rest ? rest : "");
    free(text);
    return 0;
}
