/* Quotes the text of a file for a model: its name, and the text between fences that the text can't
 * close. */
#ifndef BELUGA_CLI_CONTEXT_QUOTE_H
#define BELUGA_CLI_CONTEXT_QUOTE_H

#include "text.h"

/*
 * Add "File: NAME", and the text between two lines of backticks. Each of these lines has more
 * backticks than any row of backticks in the text. The name is written as one line.
 * @return 0, or BELUGA_ERROR_NO_MEMORY or another code.
 */
int quote_file(cli_text *out, const char *name, const char *text, size_t length);

#endif
