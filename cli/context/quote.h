/* A file's text for a model: its name, and the text between fences that it can't end. */
#ifndef BELUGA_CLI_CONTEXT_QUOTE_H
#define BELUGA_CLI_CONTEXT_QUOTE_H

#include "text.h"

/*
 * Add "File: NAME", and the text between lines of backticks: more of them than stand together
 * anywhere in it. The name is made one line.
 * @return 0, or BELUGA_ERROR_NO_MEMORY or another code.
 */
int quote_file(cli_text *out, const char *name, const char *text, size_t length);

#endif
