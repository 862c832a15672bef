/* Text with styles, made harmless for a terminal, and the lines that it breaks into. */
#ifndef BELUGA_CLI_MARKDOWN_STYLED_H
#define BELUGA_CLI_MARKDOWN_STYLED_H

#include "text.h"

#include <stddef.h>

/* Bits of a style. No colours: they would have to suit dark and light terminals. */
typedef enum styled_bit {
    STYLED_BOLD = 1 << 0,
    STYLED_DIM = 1 << 1,
    STYLED_ITALIC = 1 << 2,
    STYLED_UNDERLINE = 1 << 3,
    STYLED_CODE = 1 << 4,
    STYLED_STRUCK = 1 << 5
} styled_bit;

typedef struct styled_run {
    size_t at; /* from this byte on */
    unsigned style;
} styled_run;

/* Zero-initialise it. A failure stays in text.status. */
typedef struct styled_text {
    cli_text text;
    styled_run *runs;
    size_t count, room;
} styled_text;

/* Add n bytes of somebody's text; a newline or a tab becomes a space. */
void styled_add(styled_text *to, unsigned style, const char *text, size_t n);
/* Begin a new line. */
void styled_break(styled_text *to);

/* Find the line that begins at byte `from` and is at most `width` columns: it ends before *end, and
 * the next begins at the returned byte; text.length: there is none. */
size_t styled_line(const styled_text *text, size_t from, size_t width, size_t *end);

/* Return the columns of the longest line. */
size_t styled_columns(const styled_text *text);
/* Return the columns of n bytes without a style. */
size_t styled_measure(const char *text, size_t n);

/* Write a part with its styles, which end with it; `coloured` false leaves them out. */
void styled_put(const styled_text *text, size_t from, size_t end, bool coloured, cli_text *out);
/* Write a word of ours in one style. */
void styled_puts(const char *word, unsigned style, bool coloured, cli_text *out);

void styled_clear(styled_text *text);
void styled_free(styled_text *text);

#endif
