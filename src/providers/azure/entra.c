/* Exchanges the secret of an application for a token of Entra ID (OAuth's client credentials). */
#include "providers/azure/azure.h"

#include <stdio.h>
#include <string.h>

enum { MAX_NAME = 256 }; /* bytes of an encoded tenant */

#define AUTHORITY "https://login.microsoftonline.com"
#define SCOPE     "https://cognitiveservices.azure.com/.default"

bool beluga__azure_is_token(const char *key)
{
    return strncmp(key, "eyJ", 3) == 0 && strchr(key, '.');
}

/* Returns whether a key looks like an application's secret. Keys of a resource consist of letters
 * and digits only, while secrets also contain other characters. */
static bool looks_like_secret(const char *key)
{
    static const char plain[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return key[strspn(key, plain)] != '\0';
}

static bool is_named_secret(const beluga_credential *credential)
{
    return credential->variable && strcmp(credential->variable, "AZURE_CLIENT_SECRET") == 0;
}

static bool is_secret(const beluga_credential *credential)
{
    bool secret = looks_like_secret(credential->key);
    if (beluga__azure_is_token(credential->key)) return false;
    if (credential->variable) return is_named_secret(credential);
    beluga_config_get_own_bool(credential->config, "azure.entra", &secret);
    return secret;
}

static const char *own(const beluga_credential *credential, const char *name)
{
    const char *text = NULL;
    beluga_config_get_own_string(credential->config, name, &text, NULL);
    return text && *text ? text : NULL;
}

/* Write the URL of the endpoint that issues tokens. */
static int write_url(const beluga_credential *credential, const char *tenant, char *url,
                     size_t size, beluga_error *err)
{
    char name[MAX_NAME];
    const char *given = own(credential, "azure.authority");
    const char *authority = given ? given : AUTHORITY;
    size_t n = strlen(authority);
    while (n && authority[n - 1] == '/') n--;
    int code = beluga_http_encode_segment("azure.tenant_id", tenant, name, sizeof name, err);
    if (code) return code;
    if (n > MAX_NAME)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "azure.authority is too long");
    /* AZURE_AUTHORITY_HOST often has no scheme */
    snprintf(url, size, "%s%.*s/%s/oauth2/v2.0/token", strstr(authority, "://") ? "" : "https://",
             (int)n, authority, name);
    return 0;
}

int beluga__azure_encode_token(void *self, const beluga_credential *credential, int64_t now,
                               beluga_http_request *request, beluga_error *err)
{
    (void)self;
    (void)now;
    const char *tenant = own(credential, "azure.tenant_id");
    const char *client = own(credential, "azure.client_id");
    if (!is_secret(credential)) return BELUGA_ENCODE_NOTHING;
    if (is_named_secret(credential) && (!tenant || !client))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                "AZURE_CLIENT_SECRET needs AZURE_TENANT_ID and AZURE_CLIENT_ID "
                                "(azure.tenant_id, azure.client_id)");
    if (!tenant || !client) return BELUGA_ENCODE_NOTHING;
    char url[2 * MAX_NAME + 64];
    int code = write_url(credential, tenant, url, sizeof url, err);
    if (code) return code;
    beluga_client_credentials with = {
        .size = sizeof with, .url = url, .id = client, .secret = credential->key, .scope = SCOPE};
    beluga_http_request_set_client_credentials(request, &with);
    return 0;
}
