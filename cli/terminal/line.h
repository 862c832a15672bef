/* Lines that a user types, or that come through a pipe. */
#ifndef BELUGA_CLI_TERMINAL_LINE_H
#define BELUGA_CLI_TERMINAL_LINE_H

#include "input.h"

#include <stdbool.h>

typedef struct line_reader line_reader;

typedef enum line_result {
    LINE_READ,
    LINE_END,         /* Ctrl-D, or the end of the input */
    LINE_INTERRUPTED, /* Ctrl-C, which drops the typed text */
    LINE_FAILED       /* a failure, reported */
} line_result;

/* Make a reader, with editing and a history on a terminal. @return owned, or NULL, reported. */
line_reader *line_open(void);
void line_close(line_reader *reader);

/* Return whether a user types the lines. */
bool line_is_interactive(const line_reader *reader);

/* Add one line, without its newline, to `text`. The prompt is shown only to a user who types. */
line_result line_read(line_reader *reader, const char *prompt, cli_text *text);

/* Keep a line in the history. */
void line_remember(line_reader *reader, const char *text);

#endif
