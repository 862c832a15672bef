/* The user's input: files, stdin, and the prompt made of both. */
#ifndef BELUGA_CLI_INPUT_H
#define BELUGA_CLI_INPUT_H

#include "args.h"
#include "text.h"

#include <stdbool.h>
#include <stddef.h>

/* The maximum sizes of a prompt and of a schema. */
#define MAX_PROMPT_BYTES ((size_t)64 * 1024 * 1024)
#define MAX_SCHEMA_BYTES ((size_t)1024 * 1024)

/* Read a whole file into `text`. @return 0, or an exit code after reporting the error. */
int input_read_file(const char *path, size_t max, cli_text *text);

/* Read the whole of stdin unchanged; a closed stdin counts as empty. */
int input_read_stdin(size_t max, cli_text *text);

/*
 * Make the prompt: the operands joined by spaces, where "-" stands for stdin. When stdin is not a
 * terminal, and neither an operand nor an attachment is "-", an empty line and stdin follow.
 * Newlines at the end of stdin are left out.
 * @return 0, or an exit code after reporting the error.
 */
int input_read_prompt(const cli_args *args, cli_text *prompt);

/* Return whether there is anything to send: operands, attachments, files of -f, a template that
 * needs no prompt, or a stdin that is not a terminal. */
bool input_has_prompt(const cli_args *args);

#endif
