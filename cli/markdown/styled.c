#include "markdown/styled.h"

#include "terminal/term.h"
#include "terminal/width.h"

#include <beluga/error.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void begin_run(styled_text *to, unsigned style)
{
    if (to->count && to->runs[to->count - 1].style == style) return;
    if (to->count == to->room) {
        size_t room = to->room ? to->room * 2 : 16;
        styled_run *grown = realloc(to->runs, room * sizeof *grown);
        if (!grown) {
            text_begin(&to->text)->status = BELUGA_ERROR_NO_MEMORY;
            return;
        }
        to->runs = grown;
        to->room = room;
    }
    to->runs[to->count++] = (styled_run){to->text.length, style};
}

void styled_add(styled_text *to, unsigned style, const char *text, size_t n)
{
    char shown[TERM_SHOWN_BYTES];
    size_t length;
    if (n) begin_run(to, style);
    while (n) {
        size_t taken = term_show(text, n, shown, &length);
        if (length == 1 && (*shown == '\n' || *shown == '\t')) *shown = ' ';
        text_add(&to->text, shown, length);
        text += taken;
        n -= taken;
    }
}

void styled_break(styled_text *to)
{
    text_puts(&to->text, "\n");
}

/* ---- lines ----------------------------------------------------------------------------------- */

size_t styled_measure(const char *text, size_t n)
{
    size_t all = 0, columns;
    for (size_t i = 0; i < n; all += columns) i += width_of(text + i, n - i, &columns);
    return all;
}

static size_t skip_spaces(const cli_text *text, size_t at)
{
    while (at < text->length && text->data[at] == ' ') at++;
    return at;
}

static size_t trim_spaces(const cli_text *text, size_t from, size_t end)
{
    while (end > from && text->data[end - 1] == ' ') end--;
    return end;
}

/* Find the end of a line. A line breaks at a space, before or after a wide character, or, if
 * neither is possible, within a word. */
size_t styled_line(const styled_text *styled, size_t from, size_t width, size_t *end)
{
    const cli_text *text = &styled->text;
    size_t used = 0, columns, length, at = from, last = 0, resume = 0;
    for (bool wide = false; at < text->length && text->data[at] != '\n'; at += length) {
        length = width_of(text->data + at, text->length - at, &columns);
        bool space = text->data[at] == ' ';
        if (at > from && (space || wide || columns > 1)) {
            last = trim_spaces(text, from, at);
            resume = skip_spaces(text, at);
        }
        if (used + columns > width && at > from && !space) {
            *end = last > from ? last : at;
            return last > from ? resume : at;
        }
        used += columns;
        wide = columns > 1;
    }
    *end = trim_spaces(text, from, at);
    return at < text->length ? at + 1 : at;
}

size_t styled_columns(const styled_text *styled)
{
    const cli_text *text = &styled->text;
    size_t longest = 0;
    for (size_t at = 0; at < text->length;) {
        const char *newline = memchr(text->data + at, '\n', text->length - at);
        size_t end = newline ? (size_t)(newline - text->data) : text->length;
        size_t columns = styled_measure(text->data + at, end - at);
        if (columns > longest) longest = columns;
        at = end + 1;
    }
    return longest;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void begin_style(unsigned style, cli_text *out)
{
    static const struct {
        unsigned bit;
        const char *code;
    } codes[] = {{STYLED_BOLD, "\033[1m"},   {STYLED_DIM, "\033[2m"},
                 {STYLED_ITALIC, "\033[3m"}, {STYLED_UNDERLINE, "\033[4m"},
                 {STYLED_CODE, "\033[35m"},  {STYLED_STRUCK, "\033[9m"}};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (style & codes[i].bit) text_puts(out, codes[i].code);
}

static void put_piece(const char *text, size_t n, unsigned style, bool coloured, cli_text *out)
{
    bool styled = coloured && style && n;
    if (styled) begin_style(style, out);
    text_add(out, text, n);
    if (styled) text_puts(out, "\033[0m");
}

void styled_puts(const char *word, unsigned style, bool coloured, cli_text *out)
{
    put_piece(word, strlen(word), style, coloured, out);
}

void styled_put(const styled_text *text, size_t from, size_t end, bool coloured, cli_text *out)
{
    for (size_t i = 0; i < text->count; i++) {
        size_t first = text->runs[i].at;
        size_t last = i + 1 < text->count ? text->runs[i + 1].at : text->text.length;
        if (first < from) first = from;
        if (last > end) last = end;
        if (first < last)
            put_piece(text->text.data + first, last - first, text->runs[i].style, coloured, out);
    }
}

void styled_clear(styled_text *text)
{
    if (text->text.allocator) beluga__buf_clear(&text->text);
    text->count = 0;
}

void styled_free(styled_text *text)
{
    text_free(&text->text);
    free(text->runs);
    *text = (styled_text){0};
}
