/* Reads texts that a user types, or lines from a pipe. */
#ifndef BELUGA_CLI_TERMINAL_LINE_H
#define BELUGA_CLI_TERMINAL_LINE_H

#include "input.h"

#include <stdbool.h>

typedef struct line_reader line_reader;

typedef enum line_result {
    LINE_READ,
    LINE_END,         /* Ctrl-D, the end of the input, or a Ctrl-C after one on an empty line */
    LINE_INTERRUPTED, /* Ctrl-C was pressed, so the typed text is dropped */
    LINE_FAILED       /* a failure, which was reported */
} line_result;

/* The prompt before the second line and each later line of a text. */
#define LINE_CONTINUATION ". "

/* Make a reader, with editing and a history on a terminal. @return owned, or NULL after reporting
 * the error. */
line_reader *line_open(void);
void line_close(line_reader *reader);

/* Return whether a user types the lines on a terminal. */
bool line_is_interactive(const line_reader *reader);

/* Append one line, without its newline, to `text`; with an editor it may be a text of several
 * lines. The prompt is shown only on a terminal. */
line_result line_read(line_reader *reader, const char *prompt, cli_text *text);

/* Let the next line begin with this text, which the user can change. @return false if there is no
 * line editor, or no memory. */
bool line_preset(line_reader *reader, const char *text, size_t n);

/* Ask the user a question; in a pipe the answer is no. `question` is one line, to which " [y/N] "
 * is added. */
bool line_confirm(line_reader *reader, const char *question);

/* Add a line to the history. */
void line_remember(line_reader *reader, const char *text);

#endif
