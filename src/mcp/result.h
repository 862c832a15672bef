/* What a tool of a server answered, as text for a model. */
#ifndef BELUGA__MCP_RESULT_H
#define BELUGA__MCP_RESULT_H

#include "base/buf.h"
#include "base/json.h"

/* Append the text of the result of tools/call. What is no text, such as an image, is told by a line
 * in brackets. Returns 0; TOOL_EXECUTION where the server says that the tool failed, or wants
 * something that only a person has; or out->status. */
int beluga__mcp_result_text(beluga__buf *out, const beluga_json *result,
                            beluga__json_scratch *scratch);

#endif
