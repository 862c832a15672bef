/* Names, keys, addresses and errors, which are similar in most protocols. Like everything in this
 * folder, it uses the public headers only. */
#ifndef BELUGA__PROVIDERS_COMMON_H
#define BELUGA__PROVIDERS_COMMON_H

#include <beluga/provider/provider.h>

/* Returns the name of a role in most protocols. */
const char *beluga__role_name(beluga_role role);
/* Returns the name of a beluga_reasoning_effort, or NULL. */
const char *beluga__reasoning_effort_name(int64_t effort);

/* Returns whether a text has only white space, which some APIs refuse. */
bool beluga__is_blank(const char *text, size_t length);

/* Send the key as a bearer token. Returns 0, or AUTHENTICATION for a key that is too long. */
int beluga__set_bearer(beluga_http_request *request, const char *key, beluga_error *err);
/* Send the key in a header of the provider's own, or as a bearer token where the key is one; the
 * provider's own BOOL option `option` decides instead when it is set. Returns as
 * beluga__set_bearer does. */
int beluga__set_key(beluga_http_request *request, const beluga_credential *credential,
                    const char *header, const char *option, bool is_token, beluga_error *err);

/* Set the path of the URL. People also copy the whole address of an endpoint as base URL, or an
 * address that ends in its version. The part of `endpoints` (ended by NULL) that the base URL
 * already has is not repeated, and is dropped before another path. */
void beluga__set_path(beluga_http_request *request, const char *const *endpoints, const char *path);

/* Returns the base64 inside "data:TYPE;base64,…" and copies the type, or NULL for another URL. A
 * type that does not fit is cut, since no such type is known. */
const char *beluga__data_url(const char *url, char *media_type, size_t size);

/* Change an error's code, and its message to the code's; status, request id and wait stay. */
void beluga__error_refine(beluga_error *err, int code);
/* Set an error that came inside an answer of status 200. The message mentions this when the code
 * is not `otherwise`, the code for an error that has none. */
void beluga__error_set_inside(beluga_error *err, int code, int otherwise);
/* Set the provider's own code, or `number` where `word` is NULL; and the cause, if any. */
void beluga__error_describe(beluga_error *err, const char *word, int64_t number,
                            const char *message, size_t length);

#endif
