/* Functions for names, keys, URLs and errors, which are similar in most protocols. Like nearly all
 * code of this folder, they use public headers only. */
#ifndef BELUGA__PROVIDERS_COMMON_H
#define BELUGA__PROVIDERS_COMMON_H

#include <beluga/provider/provider.h>

/* Returns the name that most protocols use for a role. */
const char *beluga__role_name(beluga_role role);
/* Returns the name of a beluga_reasoning_effort, or NULL. */
const char *beluga__reasoning_effort_name(int64_t effort);

/* Returns whether a text has only white space, which some APIs refuse. */
bool beluga__is_blank(const char *text, size_t length);

/* Send the key as a bearer token. Returns 0, or AUTHENTICATION for a key that is too long. */
int beluga__set_bearer(beluga_http_request *request, const char *key, beluga_error *err);
/* Send the key in the provider's own header, or as a bearer token if `is_token` is set. The
 * provider's own BOOL option `option`, if set, overrides `is_token`. Returns the same codes as
 * beluga__set_bearer. */
int beluga__set_key(beluga_http_request *request, const beluga_credential *credential,
                    const char *header, const char *option, bool is_token, beluga_error *err);

/* Set the path of the URL. Users also set the base URL to the complete address of an endpoint, or
 * to an address that ends in the endpoint's version. If the base URL ends in one of `endpoints` (a
 * list that ends with NULL) or in its version, that end is not repeated, and it is removed before
 * another path is appended. */
void beluga__set_path(beluga_http_request *request, const char *const *endpoints, const char *path);

/* Returns the base64 inside "data:TYPE;base64,…" and copies the type, or NULL for another URL. A
 * type that does not fit into `media_type` is cut; no known type is so long. */
const char *beluga__data_url(const char *url, char *media_type, size_t size);

/* Change an error's code, and replace its message by the code's standard text. HTTP status, request
 * id and retry delay stay unchanged. */
void beluga__error_refine(beluga_error *err, int code);
/* Set an error that an answer with status 200 contained. The message mentions the status, unless
 * the code is `otherwise`, which callers use for errors without a known code. */
void beluga__error_set_inside(beluga_error *err, int code, int otherwise);
/* Set the provider's own code (`number` if `word` is NULL), and the cause, if any. */
void beluga__error_describe(beluga_error *err, const char *word, int64_t number,
                            const char *message, size_t length);

#endif
