/**
 * @file azure.h
 * Options of the provider `azure` (Azure OpenAI). The base URL is the resource's endpoint, such as
 * https://my-resource.openai.azure.com, and the model's name that of a deployment. Variables it
 * reads when asked to: AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_API_KEY (others: AZURE_API_KEY,
 * AZURE_OPENAI_KEY), AZURE_OPENAI_AD_TOKEN, OPENAI_API_VERSION, and for Entra ID AZURE_TENANT_ID,
 * AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, AZURE_AUTHORITY_HOST.
 *
 * An application of Entra ID (a service principal) has a secret: with a tenant and a client it is
 * the key, and the library exchanges it for tokens, and renews them. A token that is given itself
 * runs out: give it by reference ("command:az account get-access-token …", or a key source), so
 * that the library asks for it again. A prompt that the service refuses fails
 * with content_filter. All else is as openai.h says.
 */
#ifndef BELUGA_PROVIDERS_AZURE_H
#define BELUGA_PROVIDERS_AZURE_H

#include <beluga/option.h>

/** The longest token of Entra ID that is sent, bytes. */
#define BELUGA_AZURE_MAX_TOKEN 16384

BELUGA_BEGIN_DECLS

/** Use the dated API, with this version: "2024-10-21". Unset: the v1 API. */
static inline beluga_option beluga_azure_with_api_version(const char *version)
{
    return beluga_with_provider_specific("azure.api_version", version);
}

/**
 * Take the key for one of Entra ID, and send a bearer token (true), or for the resource's key
 * (false). With a tenant and a client it is the client's secret, unless it looks like a token (a
 * JWT). Unset: a token when it is from AZURE_OPENAI_AD_TOKEN, or looks like one.
 */
static inline beluga_option beluga_azure_with_entra(bool on)
{
    return beluga_with_provider_specific_bool("azure.entra", on);
}

/**
 * Name the tenant of Entra ID and the client (application) in it whose secret is the key. Both are
 * needed. A key of a resource, which has nothing but letters and digits, and a token are used as
 * they are all the same; beluga_azure_with_entra(true) says that such a key is a secret.
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
 * Name Entra ID's address, as that of a national cloud. Unset: https://login.microsoftonline.com.
 */
static inline beluga_option beluga_azure_with_authority(const char *url)
{
    return beluga_with_provider_specific("azure.authority", url);
}

/**
 * Send the limit of tokens as "max_completion_tokens" (true, also when unset), or as the older
 * "max_tokens", for deployments that do not know the former.
 */
static inline beluga_option beluga_azure_with_max_completion_tokens(bool on)
{
    return beluga_with_provider_specific_bool("azure.max_completion_tokens", on);
}

BELUGA_END_DECLS
#endif
