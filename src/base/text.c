#include "base/text.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LONGEST_NUMBER = 64, LONGEST_WORD = 64 };

bool beluga__text_to_int(const char *text, size_t n, int64_t *value)
{
    size_t i = n && (text[0] == '-' || text[0] == '+');
    bool negative = i && text[0] == '-';
    /* the sum is kept negative, since int64_t has one more negative number than positive ones */
    int64_t sum = 0;
    if (i == n) return false;
    for (; i < n; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        if (__builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_sub_overflow(sum, text[i] - '0', &sum))
            return false;
    }
    if (!negative && sum == INT64_MIN) return false;
    *value = negative ? sum : -sum;
    return true;
}

/* Read a number in the C locale, so that a comma is never a decimal point. */
static double c_strtod(const char *text, char **end)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c) {
        *end = (char *)text;
        return 0;
    }
    double value = strtod_l(text, end, c);
    freelocale(c);
    return value;
}

bool beluga__text_to_double(const char *text, size_t n, double *value)
{
    char copy[LONGEST_NUMBER + 1], *end;
    if (!n || n > LONGEST_NUMBER) return false;
    memcpy(copy, text, n);
    copy[n] = '\0';
    if (strspn(copy, "+-.0123456789eE") < n) return false;
    double read = c_strtod(copy, &end);
    if (end != copy + n || !isfinite(read)) return false;
    *value = read;
    return true;
}

bool beluga__text_to_bool(const char *text, size_t n, bool *value)
{
    static const char *const words[] = {"false", "true", "off", "on", "no", "yes", "0", "1"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strlen(words[i]) != n || strncasecmp(text, words[i], n) != 0) continue;
        *value = i % 2;
        return true;
    }
    return false;
}

/* Read a unit of time, and write its length in milliseconds to *ms. Returns the number of bytes of
 * the unit's name, or 0 if the text does not begin with a unit. */
static size_t unit(const char *text, size_t n, double *ms)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t length = strlen(units[i].name);
        if (n < length || memcmp(text, units[i].name, length) != 0) continue;
        *ms = units[i].ms;
        return length;
    }
    return 0;
}

bool beluga__text_to_ms(const char *text, size_t n, int64_t *ms)
{
    double sum = 0, number, factor;
    size_t i = 0;
    if (!n) return false;
    while (i < n) {
        size_t digits = 0;
        while (i + digits < n && memchr("0123456789.", text[i + digits], 11)) digits++;
        if (!beluga__text_to_double(text + i, digits, &number)) return false;
        size_t length = unit(text + i + digits, n - i - digits, &factor);
        if (!length) return false;
        sum += number * factor;
        i += digits + length;
    }
    if (sum > 9e15) return false;
    *ms = (int64_t)(sum + 0.5);
    return true;
}

static void print_double(double value, int digits, char *text)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t before = c ? uselocale(c) : (locale_t)0;
    snprintf(text, BELUGA__NUMBER_TEXT, "%.*g", digits, value);
    if (!c) return;
    uselocale(before);
    freelocale(c);
}

void beluga__double_to_text(double value, char *text)
{
    double back;
    for (int digits = 6; digits <= 17; digits++) {
        print_double(value, digits, text);
        if (!beluga__text_to_double(text, strlen(text), &back) || back == value) return;
    }
}

void beluga__ms_to_text(int64_t ms, char *text)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
    size_t i = 0;
    while (units[i].ms > 1 && (!ms || ms % units[i].ms)) i++;
    snprintf(text, BELUGA__NUMBER_TEXT, "%lld%s", (long long)(ms / units[i].ms), units[i].name);
}

void beluga__text_add_step(char *pointer, size_t size, const char *step)
{
    size_t n = strlen(pointer);
    if (n + 1 < size) pointer[n++] = '/';
    for (; *step && n + 2 < size; step++) {
        bool escaped = *step == '~' || *step == '/';
        if (escaped) pointer[n++] = '~';
        pointer[n++] = !escaped ? *step : *step == '~' ? '0' : '1';
    }
    pointer[n] = '\0';
}

/* Returns the length of the word at the beginning of the text; 0 if the text begins with a
 * separator. */
static size_t word(const char *text)
{
    return strcspn(text, "_-. ");
}

static const char *behind(const char *text, size_t n)
{
    return text[n] ? text + n + 1 : text + n;
}

/* Returns whether each word of `words` begins a word of `text`, in the same order. A word of less
 * than TELLING letters must equal the word of `text`. */
static bool begin_words_of(const char *text, const char *words)
{
    enum { TELLING = 3 };
    if (!word(words)) return false;
    while (*words && *text) {
        size_t n = word(words), m = word(text);
        bool begins = n <= m && memcmp(text, words, n) == 0;
        if (begins && (n == m || n >= TELLING)) words = behind(words, n);
        text = behind(text, m);
    }
    return !*words;
}

bool beluga__text_abbreviates(const char *a, const char *b)
{
    return begin_words_of(a, b) || begin_words_of(b, a);
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;
    return ab < c ? ab : c;
}

static bool same_letter(char a, char b)
{
    return beluga__lower(a) == beluga__lower(b);
}

/* The table of edit distances is computed row by row. Two earlier rows are kept, since the distance
 * for swapped letters is computed from the row before the last one. */
unsigned beluga__text_distance(const char *a, const char *b, unsigned limit)
{
    size_t n = strlen(a), m = strlen(b);
    unsigned rows[3][LONGEST_WORD + 1];
    if (n > LONGEST_WORD || m > LONGEST_WORD) return limit + 1;
    if (n > m + limit || m > n + limit) return limit + 1; /* each additional letter is one change */
    for (size_t j = 0; j <= m; j++) rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            row[j] = least(above[j] + 1, row[j - 1] + 1,
                           above[j - 1] + !same_letter(a[i - 1], b[j - 1]));
            bool swapped = i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
                           same_letter(a[i - 2], b[j - 1]);
            if (swapped && before[j - 2] + 1 < row[j]) row[j] = before[j - 2] + 1;
        }
    }
    return rows[n % 3][m] <= limit ? rows[n % 3][m] : limit + 1;
}

bool beluga__text_is_near(const char *a, const char *b)
{
    enum { NEAR = 2 };
    return beluga__text_distance(a, b, NEAR) <= NEAR || beluga__text_abbreviates(a, b);
}
