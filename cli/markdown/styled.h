/* Text with styles, safe for a terminal, and the lines into which it is wrapped. */
#ifndef BELUGA_CLI_MARKDOWN_STYLED_H
#define BELUGA_CLI_MARKDOWN_STYLED_H

#include "text.h"

#include <stddef.h>

/* Bits of a style. There are no colours, since no colour is readable on all dark and light
 * terminals. */
typedef enum styled_bit {
    STYLED_BOLD = 1 << 0,
    STYLED_DIM = 1 << 1,
    STYLED_ITALIC = 1 << 2,
    STYLED_UNDERLINE = 1 << 3,
    STYLED_CODE = 1 << 4,
    STYLED_STRUCK = 1 << 5
} styled_bit;

typedef struct styled_run {
    size_t at; /* the style begins at this byte */
    unsigned style;
} styled_run;

/* Zero-initialise this struct. A failure stays in text.status. */
typedef struct styled_text {
    cli_text text;
    styled_run *runs;
    size_t count, room;
} styled_text;

/* Add n bytes of untrusted text, made safe for the terminal; a newline or a tab becomes a space. */
void styled_add(styled_text *to, unsigned style, const char *text, size_t n);
/* Begin a new line. */
void styled_break(styled_text *to);

/* Find the line of at most `width` columns that begins at byte `from`. *end receives the byte where
 * it ends. @return the byte where the next line begins, or text.length if this is the last line. */
size_t styled_line(const styled_text *text, size_t from, size_t width, size_t *end);

/* Return the width of the longest line in columns. */
size_t styled_columns(const styled_text *text);
/* Return the width of n bytes of plain text in columns. */
size_t styled_measure(const char *text, size_t n);

/* Write a part of the text with its styles, and end the styles; without styles if `coloured` is
 * false. */
void styled_put(const styled_text *text, size_t from, size_t end, bool coloured, cli_text *out);
/* Write a trusted text in one style. */
void styled_puts(const char *word, unsigned style, bool coloured, cli_text *out);

void styled_clear(styled_text *text);
void styled_free(styled_text *text);

#endif
