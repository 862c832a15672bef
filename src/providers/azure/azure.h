/* Declarations that the files of Azure OpenAI share. */
#ifndef BELUGA__PROVIDERS_AZURE_H
#define BELUGA__PROVIDERS_AZURE_H

#include "providers/common.h"

/* entra.c */

/* Returns whether a key is a token. Only tokens have the form of a JWT. */
bool beluga__azure_is_token(const char *key);
int beluga__azure_encode_token(void *self, const beluga_credential *credential, int64_t now,
                               beluga_http_request *request, beluga_error *err);

#endif
