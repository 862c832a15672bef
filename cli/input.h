/* The input of the user: files, stdin, and the prompt made of it. */
#ifndef BELUGA_CLI_INPUT_H
#define BELUGA_CLI_INPUT_H

#include "args.h"
#include "text.h"

#include <beluga/message.h>

#include <stdbool.h>
#include <stddef.h>

/* A longer prompt or schema is refused. */
#define MAX_PROMPT_BYTES ((size_t)64 * 1024 * 1024)
#define MAX_SCHEMA_BYTES ((size_t)1024 * 1024)

/* Read the whole of a file into `text`. @return 0, or an exit code, reported. */
int input_read_file(const char *path, size_t max, cli_text *text);

/* The same of stdin, as it is; a closed one is empty. */
int input_read_stdin(size_t max, cli_text *text);

/*
 * Make the prompt: the operands joined by a space, where "-" stands for stdin, and, when stdin is
 * not a terminal and was not named, an empty line and stdin. Newlines at the end of stdin are left
 * out.
 * @return 0, or an exit code, reported.
 */
int input_read_prompt(const cli_args *args, cli_text *prompt);

/* Return whether there is anything that a prompt could be made of. */
bool input_has_prompt(const cli_args *args);

/*
 * Make the human message of a prompt and its attachments.
 * @param out  One reference, yours. @return 0, or an exit code, reported.
 */
int input_make_message(const cli_args *args, const cli_text *prompt, beluga_message **out);

#endif
