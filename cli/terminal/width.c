#include "terminal/width.h"

#include "base/utf8.h"

#include <locale.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <wchar.h>

#define JOINER 0x200d

/* Choose a locale for the width of characters. The C library knows these widths only in a UTF-8
 * locale. Text is always UTF-8 here, so another locale is used if the user's locale is not UTF-8.
 */
static void choose_locale(void)
{
    static const char *const names[] = {"", "C.UTF-8", "C.utf8", "en_US.UTF-8"};
    static bool chosen;
    if (chosen) return;
    chosen = true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (setlocale(LC_CTYPE, names[i]) && wcwidth(0x4e00) == 2) return;
}

size_t width_of(const char *text, size_t n, size_t *columns)
{
    uint32_t c;
    *columns = 1;
    if (!beluga__utf8_is_multibyte(*text)) return 1;
    size_t length = beluga__utf8_read(text, n, &c);
    if (!length) return 1;
    choose_locale();
    int width = wcwidth((wchar_t)c);
    if (width >= 0) *columns = (size_t)width;
    return length;
}

static bool is_joiner(const char *text, size_t n)
{
    uint32_t c;
    return beluga__utf8_read(text, n, &c) && c == JOINER;
}

size_t width_next(const char *text, size_t n, size_t at)
{
    size_t columns;
    bool joined = false;
    if (at >= n) return n;
    at += width_of(text + at, n - at, &columns);
    while (at < n) {
        size_t length = width_of(text + at, n - at, &columns);
        if (columns && !joined) break;
        joined = is_joiner(text + at, n - at);
        at += length;
    }
    return at;
}

/* Find the previous character. Characters are never joined across the end of a line, so the search
 * begins at the start of the line. */
size_t width_previous(const char *text, size_t n, size_t at)
{
    size_t from = at, next;
    for (--from; from && text[from - 1] != '\n'; from--) continue;
    while ((next = width_next(text, n, from)) < at) from = next;
    return from;
}
