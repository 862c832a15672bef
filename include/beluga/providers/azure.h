/**
 * @file azure.h
 * Options of the provider `azure` (Azure OpenAI). The base URL is the resource's endpoint, such as
 * https://my-resource.openai.azure.com, and the model's name is the name of a deployment.
 * Environment variables that it reads with beluga_with_env: AZURE_OPENAI_ENDPOINT,
 * AZURE_OPENAI_API_KEY (or AZURE_API_KEY, or AZURE_OPENAI_KEY), AZURE_OPENAI_AD_TOKEN,
 * OPENAI_API_VERSION, and for Entra ID AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET,
 * AZURE_AUTHORITY_HOST.
 *
 * An application of Entra ID (a service principal) has a secret. If a tenant and a client are set,
 * the key is that secret, and the library exchanges it for tokens and renews them. A token that is
 * set as the key expires; so set it by reference ("command:az account get-access-token …", or a key
 * source), from which the library gets a new one. If the service refuses a prompt, the call fails
 * with content_filter. Everything else is as in openai.h.
 */
#ifndef BELUGA_PROVIDERS_AZURE_H
#define BELUGA_PROVIDERS_AZURE_H

#include <beluga/option.h>

/** The longest token of Entra ID that can be sent, in bytes. */
#define BELUGA_AZURE_MAX_TOKEN 16384

BELUGA_BEGIN_DECLS

/** Use the API that has dated versions, with this version: "2024-10-21". Unset: the v1 API. */
static inline beluga_option beluga_azure_with_api_version(const char *version)
{
    return beluga_with_provider_specific("azure.api_version", version);
}

/**
 * Say what the key is: a key for Entra ID, so that a bearer token is sent (true), or a key of the
 * resource (false). If a tenant and a client are set, a key for Entra ID is the client's secret,
 * unless it looks like a token (a JWT). Unset: the key is a token if it comes from
 * AZURE_OPENAI_AD_TOKEN or looks like a token.
 */
static inline beluga_option beluga_azure_with_entra(bool on)
{
    return beluga_with_provider_specific_bool("azure.entra", on);
}

/**
 * Set the tenant of Entra ID and the client (application) in it whose secret is the key. Both are
 * needed. A token, and a key of only letters and digits, which looks like a key of a resource, are
 * still sent unchanged; use beluga_azure_with_entra(true) if such a key is a client's secret.
 * @{
 */
static inline beluga_option beluga_azure_with_tenant_id(const char *tenant)
{
    return beluga_with_provider_specific("azure.tenant_id", tenant);
}
static inline beluga_option beluga_azure_with_client_id(const char *client)
{
    return beluga_with_provider_specific("azure.client_id", client);
}
/** @} */

/**
 * Set the address of Entra ID, for example for a national cloud. Unset:
 * https://login.microsoftonline.com.
 */
static inline beluga_option beluga_azure_with_authority(const char *url)
{
    return beluga_with_provider_specific("azure.authority", url);
}

/**
 * Send the limit of tokens as "max_completion_tokens" (true, also when unset), or as the older
 * "max_tokens" (false), for deployments that do not know the newer name.
 */
static inline beluga_option beluga_azure_with_max_completion_tokens(bool on)
{
    return beluga_with_provider_specific_bool("azure.max_completion_tokens", on);
}

BELUGA_END_DECLS
#endif
