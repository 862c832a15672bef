/* The wire log: requests and answers at trace level, without secrets. */
#ifndef BELUGA__HTTP_LOG_H
#define BELUGA__HTTP_LOG_H

#include "base/runtime.h"
#include "wire/http.h"

void beluga__http_log_request(const beluga__runtime *runtime, const beluga_http_request *request);
void beluga__http_log_response(const beluga__runtime *runtime,
                               const beluga_http_response *response);
/* Log bytes of a body. Each of the NULL-terminated `secrets` is replaced by stars. */
void beluga__http_log_body(const beluga__runtime *runtime, const char *const *secrets,
                           const char *bytes, size_t n);

#endif
