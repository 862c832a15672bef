/* Strange Markdown. At the end the screen is the same whether the text arrives at once or in
 * pieces; rows that have scrolled away are not redrawn; and no control character of the text
 * reaches the terminal. */
#include "../support/words.h"
#include "markdown/render.h"
#include "markdown/stream.h"
#include "output.h"
#include "screen.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { DOCUMENTS = 3000, MAX_DOCUMENT = 4096, HEIGHT = 10 };

static size_t columns;
static screen *shown;

/* ---- the terminal ---------------------------------------------------------------------------- */

size_t __wrap_term_width(void);
size_t __wrap_term_height(void);
bool __wrap_term_is_utf8(void);
void __wrap_out_drawn(int fd, const char *bytes, size_t n);
void __wrap_out_erased(const char *bytes, size_t n);
void __wrap_out_text(const char *text, size_t n);
void __wrap_out_flush(void);

size_t __wrap_term_width(void)
{
    return columns;
}

size_t __wrap_term_height(void)
{
    return HEIGHT;
}

bool __wrap_term_is_utf8(void)
{
    return true;
}

/* As on a terminal, a newline also moves the cursor to the beginning of the line. */
static void put(const char *bytes, size_t n)
{
    while (n) {
        const char *end = memchr(bytes, '\n', n);
        size_t taken = end ? (size_t)(end - bytes) + 1 : n;
        screen_write(shown, bytes, taken);
        if (end) screen_write(shown, "\r", 1);
        bytes += taken;
        n -= taken;
    }
}

void __wrap_out_drawn(int fd, const char *bytes, size_t n)
{
    (void)fd;
    put(bytes, n);
}

void __wrap_out_erased(const char *bytes, size_t n)
{
    put(bytes, n);
}

void __wrap_out_text(const char *text, size_t n)
{
    put(text, n);
}

void __wrap_out_flush(void) {}

/* ---- documents ------------------------------------------------------------------------------- */

static uint32_t drawn_number;

static size_t draw_below(size_t n)
{
    drawn_number = drawn_number * 1664525 + 1013904223;
    return (drawn_number >> 8) % n;
}

static void make_document(char text[MAX_DOCUMENT])
{
    static const char *const pieces[] = {"# h",
                                         "- ",
                                         "\n",
                                         "\n\n",
                                         "  ",
                                         "    ",
                                         "```",
                                         "~~~",
                                         "```c\n",
                                         "> ",
                                         "1. ",
                                         "2) ",
                                         "|a|b|\n|---|--:|\n",
                                         "|x|y|",
                                         "**",
                                         "*",
                                         "_",
                                         "`",
                                         "[a](b)",
                                         "[r]: x",
                                         "![i](u)",
                                         "<b>",
                                         "&amp;",
                                         "&#27;",
                                         "\033[31m",
                                         "\xc2\x9b",
                                         "漢字",
                                         "word ",
                                         "longer-word-that-does-not-fit-in-anything",
                                         "---",
                                         "===",
                                         "\t",
                                         "\\",
                                         "\r\n",
                                         "- [ ] t",
                                         "e\xcc\x81",
                                         " a b c d e f g"};
    text[0] = '\0';
    for (size_t n = 1 + draw_below(40); n; n--) {
        strcat(text, pieces[draw_below(sizeof pieces / sizeof *pieces)]);
        if (draw_below(4) == 0) strcat(text, "\n");
    }
}

/* Draw a text in pieces of at most `most` bytes, which do not split characters. Returns owned
 * (free). */
static char *draw(const char *text, size_t most)
{
    shown = calloc(1, sizeof *shown);
    assert_non_null(shown);
    shown->width = columns;
    shown->height = HEIGHT;
    markdown *m = markdown_new();
    for (size_t n = strlen(text), i = 0, piece; i < n; i += piece) {
        piece = 1 + draw_below(most);
        if (piece > n - i) piece = n - i;
        while (i + piece < n && (text[i + piece] & 0xc0) == 0x80) piece++;
        markdown_add(m, text + i, piece);
    }
    markdown_end(m);
    char *seen = screen_text(shown);
    free(shown);
    for (size_t n = strlen(seen); n && seen[n - 1] == '\n';) seen[--n] = '\0';
    return seen;
}

static void pieces_make_no_difference(void **state)
{
    static const size_t widths[] = {5, 12, 20, 40, 80};
    char text[MAX_DOCUMENT];
    (void)state;
    if (!render_is_there()) {
        print_message("# needs md4c\n");
        skip();
    }
    for (int i = 0; i < DOCUMENTS; i++) {
        drawn_number = (uint32_t)i;
        columns = widths[draw_below(5)];
        make_document(text);
        char *whole = draw(text, MAX_DOCUMENT), *seen = draw(text, 5);
        if (strcmp(whole, seen) != 0)
            fail_msg("document %d on %zu columns:\n%s\nwhole:\n%s\nin pieces:\n%s", i, columns,
                     text, whole, seen);
        free(whole);
        free(seen);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pieces_make_no_difference)};
    return cmocka_run_group_tests_name("cli-markdown-pieces", tests, NULL, NULL);
}
