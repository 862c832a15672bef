/* Replaces client_credentials.c and exchange.c in a library that is built without exchanging keys.
 * A provider that needs an exchange can be opened there only with the option exchange_key set to
 * false, which sends the key unchanged. */
#include "base/left_out.h"
#include "keys/exchange.h"
#include "wire/http.h"

int beluga__exchange_check(const beluga__exchange *exchange, const beluga__exchanged *what,
                           beluga_error *err)
{
    BELUGA__UNUSED(exchange, what);
    return beluga__left_out(err, "exchanges of keys for tokens", "token_exchange=enabled");
}

int beluga__exchange_run(const beluga__exchange *exchange, beluga__runtime *runtime,
                         const beluga__exchanged *what, char **token, int64_t *expires_s,
                         beluga_error *err)
{
    BELUGA__UNUSED(runtime, expires_s);
    *token = NULL;
    return beluga__exchange_check(exchange, what, err);
}

/* Providers call the following functions only during an exchange, and this library starts none. */

void beluga_http_request_set_client_credentials(beluga_http_request *request,
                                                const beluga_client_credentials *client)
{
    (void)client;
    beluga__http_request_fail(request, BELUGA_ERROR_NOT_SUPPORTED, "keys are not exchanged");
}

int beluga_token_set(beluga_token *token, const char *text, size_t length, int64_t expires)
{
    BELUGA__UNUSED(token, text, length, expires);
    return BELUGA_ERROR_NOT_SUPPORTED;
}

int beluga_token_parse(beluga_token *token, const char *text, size_t length,
                       const beluga_json **root)
{
    BELUGA__UNUSED(token, text, length);
    *root = NULL;
    return BELUGA_ERROR_NOT_SUPPORTED;
}
