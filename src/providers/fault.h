/* Errors as JSON, which are much alike whoever sends them: {"error":{"message","type","code"}} by
 * the protocols of OpenAI and Anthropic, and what their hosts and proxies make of it. */
#ifndef BELUGA__PROVIDERS_FAULT_H
#define BELUGA__PROVIDERS_FAULT_H

#include "providers/common.h"

/* A provider's decode_error. */
void beluga__fault_decode_error(const beluga_http_response *response, beluga_error *err);

/* Does a JSON text that came with status 200 report an error? An answer has no "detail", and is not
 * of the kind "error"; what is `certain` to be an answer may have them. */
bool beluga__fault_is(const beluga_json *root, bool certain);
/* Emit the error; `otherwise` is its code if it says none. Returns the code. */
int beluga__fault_emit(const beluga_json *root, int otherwise, beluga_emit *emit);

#endif
