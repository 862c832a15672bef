/*
 * The line editor for a text of one or several lines, typed on a terminal. A pasted text is
 * inserted, and never sent by its own newlines.
 */
#ifndef BELUGA_CLI_TERMINAL_EDITOR_H
#define BELUGA_CLI_TERMINAL_EDITOR_H

#include "terminal/line.h"

typedef struct editor editor;

/* Make an editor that draws on the terminal at file descriptor `fd`. @return owned, or NULL if
 * memory runs out. */
editor *editor_open(int fd);
void editor_close(editor *e);

/* Let the next text that is read begin with this text. @return 0, or -1 if memory runs out. */
int editor_preset(editor *e, const char *text, size_t n);
/* Let the user write a text, and append it to `text`. After Ctrl-C, the text that was typed so far
 * is appended. */
line_result editor_read(editor *e, const char *prompt, const char *continuation, cli_text *text);
/* Add a text to the history. */
void editor_remember(editor *e, const char *text);

#endif
