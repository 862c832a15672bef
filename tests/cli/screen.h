/*
 * The screen of a terminal after a program's output: all rows, including those that scrolled away.
 * It understands the sequences that the command uses, and fails the test for any other.
 */
#ifndef TESTS_CLI_SCREEN_H
#define TESTS_CLI_SCREEN_H

#include "base/utf8.h"
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCREEN_ROWS = 6000, SCREEN_COLUMNS = 100, SCREEN_HEIGHT = 24 };

typedef struct screen {
    size_t width, height, row, column, lowest;
    char cells[SCREEN_ROWS][SCREEN_COLUMNS][8]; /* one character each; "" after a wide character */
    char *text;                                 /* owned */
} screen;

/* Returns how many columns a character takes. Among wide and combining characters it knows only
 * those that the tests use. */
static inline size_t screen_columns_of(uint32_t c)
{
    if ((c >= 0x300 && c < 0x370) || c == 0x200d) return 0;
    return c >= 0x1100 && (c < 0x2000 || (c >= 0x3000 && c < 0xfb00) || c >= 0x1f300) ? 2 : 1;
}

static inline void screen_go_to(screen *s, size_t row)
{
    assert_true(row < SCREEN_ROWS);
    s->row = row;
    if (row > s->lowest) s->lowest = row;
}

static inline void screen_put(screen *s, const char *text, size_t n, size_t columns)
{
    if (!columns) return;
    if (s->column + columns > s->width) {
        s->column = 0;
        screen_go_to(s, s->row + 1);
    }
    memset(s->cells[s->row][s->column], 0, 8);
    memcpy(s->cells[s->row][s->column], text, n);
    if (columns > 1) snprintf(s->cells[s->row][s->column + 1], 8, "%c", 1);
    s->column += columns;
}

static inline void screen_erase_below(screen *s)
{
    for (size_t row = s->row; row <= s->lowest; row++)
        for (size_t i = row == s->row ? s->column : 0; i < SCREEN_COLUMNS; i++)
            s->cells[row][i][0] = '\0';
}

/* Apply the escape sequence whose text after "\033[" is given. Returns the length of that text in
 * bytes. */
static inline size_t screen_obey(screen *s, const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (!n) n = 1;
    if (*end == 'A') {
        /* The cursor must not move up to a row that has scrolled away. */
        assert_true(s->lowest - (s->row - n) < s->height);
        s->row -= n;
    } else if (*end == 'J') {
        screen_erase_below(s);
    } else if (*end == 'K') {
        for (size_t i = s->column; i < SCREEN_COLUMNS; i++) s->cells[s->row][i][0] = '\0';
    } else if (*end != 'm') {
        fail_msg("the screen does not know \\033[%.8s", text);
    }
    return (size_t)(end - text) + 1;
}

/* A tab at the end of a row does not move the cursor to the next row. */
static inline void screen_tab(screen *s)
{
    size_t next = s->column + 8 - s->column % 8;
    s->column = next < s->width ? next : s->width - 1;
}

static inline void screen_write(screen *s, const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t c = (unsigned char)text[i];
        size_t length = c < 0x80 ? 1 : beluga__utf8_read(text + i, n - i, &c);
        assert_true(length > 0);
        if (c == '\033')
            length = 2 + screen_obey(s, text + i + 2);
        else if (c == '\r')
            s->column = 0;
        else if (c == '\n')
            screen_go_to(s, s->row + 1);
        else if (c == '\t')
            screen_tab(s);
        else
            screen_put(s, text + i, length, screen_columns_of(c));
        i += length;
    }
}

static inline char *screen_text(screen *s)
{
    size_t size;
    FILE *out = open_memstream(&s->text, &size);
    for (size_t row = 0; row <= s->lowest; row++) {
        size_t end = SCREEN_COLUMNS;
        while (end && (!s->cells[row][end - 1][0] || s->cells[row][end - 1][0] == ' ')) end--;
        for (size_t i = 0; i < end; i++)
            if (s->cells[row][i][0] != 1) fputs(s->cells[row][i][0] ? s->cells[row][i] : " ", out);
        if (row < s->lowest) fputc('\n', out);
    }
    fclose(out);
    return s->text;
}

/* Return the text on the screen after the command's output; owned (free). */
static inline char *screen_of(const cli_process *cli)
{
    screen *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->width = cli->width ? cli->width : 80;
    s->height = SCREEN_HEIGHT;
    screen_write(s, cli->out, cli->out_length);
    char *text = screen_text(s);
    free(s);
    return text;
}

#endif
