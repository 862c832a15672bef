/* Finds the code in an answer. */
#ifndef BELUGA_CLI_MARKDOWN_EXTRACT_H
#define BELUGA_CLI_MARKDOWN_EXTRACT_H

#include "text.h"

#include <stdbool.h>

/* Find the last block of code between fences, at any indentation. A block that is not closed ends
 * with the text. `code` receives the lines of the block. @return whether a block was found. */
bool extract_last_code(const char *text, size_t n, cli_text *code);

#endif
