#include "providers/bedrock/bedrock.h"

#include <stdio.h>
#include <string.h>

enum { MAX_REGION = 32, MAX_URL = 16384 };

const char *beluga__bedrock_region(const beluga_call *call)
{
    const char *region = beluga_call_get_own_string(call, "bedrock.region", NULL);
    if (!region || !*region)
        region = beluga_call_get_own_string(call, "bedrock.default_region", NULL);
    return region && *region ? region : NULL;
}

/* A region must be checked, since it becomes part of the name of the server to which the key is
 * sent. */
static bool is_region(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return n && n <= MAX_REGION && !text[n];
}

/* Replace the region in "bedrock-runtime.us-east-1.amazonaws.com" or "bedrock.us-east-1.…". */
int beluga__bedrock_set_region(beluga_http_request *request, const char *region, beluga_error *err)
{
    if (!is_region(region))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                "the region is not a name such as us-east-1: look at "
                                "bedrock.region, bedrock.default_region and the profile");

    static const char scheme[] = "https://bedrock",
                      home[] = "." BELUGA__BEDROCK_REGION ".amazonaws.com";
    const char *url = beluga_http_request_url(request);
    const char *at = strstr(url, home);
    char moved[MAX_URL];
    if (!at || strncmp(url, scheme, sizeof scheme - 1) != 0) return 0;
    const char *domain = strncmp(region, "cn-", 3) == 0 ? "amazonaws.com.cn" : "amazonaws.com";
    int n = snprintf(moved, sizeof moved, "%.*s.%s.%s%s", (int)(at - url), url, region, domain,
                     at + sizeof home - 1);
    if (n > 0 && (size_t)n < sizeof moved) beluga_http_request_set_url(request, moved);
    return 0;
}
