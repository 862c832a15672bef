/* Texts of a configuration that stand for others: variables in a text, and references to secrets.
 */
#ifndef BELUGA__MCP_EXPAND_H
#define BELUGA__MCP_EXPAND_H

#include "base/buf.h"

#include <beluga/error.h>

/* Append a text with the values of variables in place of ${NAME}, ${env:NAME} and
 * ${NAME:-default}. Returns 0; NOT_FOUND with detail for a variable that is not set and has no
 * default; INVALID_CONFIG for one that does not end; NO_MEMORY. */
int beluga__mcp_expand(beluga__buf *out, const char *text, beluga_error *err);
/* Append what a text stands for, which may be a reference: env:NAME, file:PATH, command:COMMAND.
 * Blocks as these do. Returns as above, or AUTHENTICATION. */
int beluga__mcp_fetch(beluga__buf *out, const char *text, beluga_error *err);
/* Check a text as far as this is possible without running or reading anything. */
int beluga__mcp_expand_check(const char *text, bool is_secret, beluga_error *err);

#endif
