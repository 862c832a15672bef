/* Finds the code in an answer. */
#ifndef BELUGA_CLI_MARKDOWN_EXTRACT_H
#define BELUGA_CLI_MARKDOWN_EXTRACT_H

#include "text.h"

#include <stdbool.h>

/* Find the last block of code between fences, at any indentation. A block without an end reaches to
 * the end of the text. `code` receives its lines. @return whether there is one. */
bool extract_last_code(const char *text, size_t n, cli_text *code);

#endif
