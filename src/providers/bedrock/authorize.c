/* Authorizes requests. A key is one of Bedrock's own tokens, or "ID:SECRET[:TOKEN[:REGION]]", which
 * the key source "aws:" returns. */
#include "providers/bedrock/bedrock.h"

#include <stdio.h>
#include <string.h>

enum { MAX_KEY = 16384 };

static char *field(char **rest)
{
    char *at = *rest;
    size_t n = strcspn(at, ":");
    *rest = at[n] ? at + n + 1 : at + n;
    at[n] = '\0';
    return at;
}

/* Returns the region in the URL, such as eu-west-1 for
 * "https://bedrock-runtime.eu-west-1.amazonaws.com". Text before "bedrock-runtime." is ignored.
 * Returns the default region for another server. */
static const char *region_of_host(const char *url, char *buffer, size_t size)
{
    static const char service[] = "bedrock-runtime.";
    const char *at = strstr(url, service), *end = at ? strstr(at, ".amazonaws.com") : NULL;
    if (!end) return BELUGA__BEDROCK_REGION;
    at += sizeof service - 1;
    snprintf(buffer, size, "%.*s", (int)strcspn(at, "./"), at);
    return buffer;
}

int beluga__bedrock_authorize(beluga_http_request *request, const beluga_credential *credential,
                              int64_t now, beluga_error *err)
{
    char key[MAX_KEY], host_region[64], *rest = key;
    size_t n = strlen(credential->key);
    if (!strchr(credential->key, ':')) return beluga__set_bearer(request, credential->key, err);
    if (n >= sizeof key)
        return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED, "the key is too long");
    memcpy(key, credential->key, n + 1);
    beluga__sigv4 with = {.service = "bedrock", .now = now};
    with.id = field(&rest);
    with.secret = field(&rest);
    with.token = field(&rest);
    const char *region = field(&rest);
    const char *chosen = credential->call ? beluga__bedrock_region(credential->call) : NULL;
    /* If the options name no region, the profile's region is used. */
    int code = 0;
    if (!chosen && *region) {
        chosen = region;
        code = beluga__bedrock_set_region(request, region, err);
    }
    if (!chosen)
        chosen = region_of_host(beluga_http_request_url(request), host_region, sizeof host_region);
    with.region = chosen;
    if (!code) code = beluga__sigv4_sign(request, &with, err);
    explicit_bzero(key, sizeof key);
    return code;
}
