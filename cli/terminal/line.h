/* Lines that somebody types, or that come through a pipe. */
#ifndef BELUGA_CLI_TERMINAL_LINE_H
#define BELUGA_CLI_TERMINAL_LINE_H

#include "input.h"

#include <stdbool.h>

typedef struct line_reader line_reader;

typedef enum line_result {
    LINE_READ,
    LINE_END,         /* Ctrl-D, or nothing left */
    LINE_INTERRUPTED, /* Ctrl-C: what was typed is gone */
    LINE_FAILED       /* reported */
} line_result;

/* Make a reader: with editing and a history on a terminal. @return owned, or NULL, reported. */
line_reader *line_open(void);
void line_close(line_reader *reader);

/* Return whether somebody types. */
bool line_is_interactive(const line_reader *reader);

/* Add one line, without its newline, to `text`. The prompt is shown only to somebody who types. */
line_result line_read(line_reader *reader, const char *prompt, cli_text *text);

/* Keep a text in the history. */
void line_remember(line_reader *reader, const char *text);

#endif
