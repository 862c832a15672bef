/* Turns the result of a server's tool into text for a model. */
#ifndef BELUGA__MCP_RESULT_H
#define BELUGA__MCP_RESULT_H

#include "base/buf.h"
#include "base/json.h"

/* Append the text of a result of tools/call. Content that is not text, such as an image, is
 * described by a line in brackets. Returns 0; TOOL_EXECUTION if the server says that the tool
 * failed, or asks for something that only a person can give; or out->status. */
int beluga__mcp_result_text(beluga__buf *out, const beluga_json *result,
                            beluga__json_scratch *scratch);

#endif
