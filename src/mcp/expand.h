/* Resolves texts of a configuration: expands variables, and fetches secrets by reference. */
#ifndef BELUGA__MCP_EXPAND_H
#define BELUGA__MCP_EXPAND_H

#include "base/buf.h"

#include <beluga/error.h>

/* Append a text, with the values of environment variables in place of ${NAME}, ${env:NAME} and
 * ${NAME:-default}. Returns 0; NOT_FOUND with detail for a variable that is not set and has no
 * default; INVALID_CONFIG for a placeholder without an end; NO_MEMORY. */
int beluga__mcp_expand(beluga__buf *out, const char *text, beluga_error *err);
/* Append a text, or, if it is a reference (env:NAME, file:PATH, command:COMMAND), the secret that
 * it refers to. May block. Returns the codes of beluga__mcp_expand, or AUTHENTICATION. */
int beluga__mcp_fetch(beluga__buf *out, const char *text, beluga_error *err);
/* Check a text, as far as possible without running or reading anything. */
int beluga__mcp_expand_check(const char *text, bool is_secret, beluga_error *err);

#endif
