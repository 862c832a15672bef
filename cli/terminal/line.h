/* Texts that a user types, or lines that come through a pipe. */
#ifndef BELUGA_CLI_TERMINAL_LINE_H
#define BELUGA_CLI_TERMINAL_LINE_H

#include "input.h"

#include <stdbool.h>

typedef struct line_reader line_reader;

typedef enum line_result {
    LINE_READ,
    LINE_END,         /* Ctrl-D, or the end of the input, or Ctrl-C twice where nothing is typed */
    LINE_INTERRUPTED, /* Ctrl-C, which drops the typed text */
    LINE_FAILED       /* a failure, reported */
} line_result;

/* The prompt of the second and each later line of a text. */
#define LINE_CONTINUATION ". "

/* Make a reader, with editing and a history on a terminal. @return owned, or NULL, reported. */
line_reader *line_open(void);
void line_close(line_reader *reader);

/* Return whether a user types the lines. */
bool line_is_interactive(const line_reader *reader);

/* Add one line, without its newline, to `text`; with an editor it may be a text of several lines.
 * The prompt is shown only to a user who types. */
line_result line_read(line_reader *reader, const char *prompt, cli_text *text);

/* Begin the next line with this text, which the user can change. @return false: there is no editor,
 * or no memory. */
bool line_preset(line_reader *reader, const char *text, size_t n);

/* Ask a user who types; in a pipe the answer is no. `question` is one line, and is followed by
 * " [y/N] ". */
bool line_confirm(line_reader *reader, const char *question);

/* Keep a line in the history. */
void line_remember(line_reader *reader, const char *text);

#endif
