/* The wire's log: what is sent and what comes, at trace level, without what is secret. */
#ifndef BELUGA__HTTP_LOG_H
#define BELUGA__HTTP_LOG_H

#include "base/runtime.h"
#include "wire/http.h"

void beluga__http_log_request(const beluga__runtime *runtime, const beluga_http_request *request);
void beluga__http_log_response(const beluga__runtime *runtime,
                               const beluga_http_response *response);
/* `secrets`, ended by NULL, are made stars of. */
void beluga__http_log_body(const beluga__runtime *runtime, const char *const *secrets,
                           const char *bytes, size_t n);

#endif
