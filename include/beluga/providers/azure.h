/**
 * @file azure.h
 * Options of the provider `azure` (Azure OpenAI). The base URL is the resource's endpoint, such as
 * https://my-resource.openai.azure.com, and the model's name that of a deployment. Variables it
 * reads when asked to: AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_API_KEY (others: AZURE_API_KEY,
 * AZURE_OPENAI_KEY), AZURE_OPENAI_AD_TOKEN, OPENAI_API_VERSION.
 *
 * A token of Entra ID runs out: give it by reference ("command:az account get-access-token …", or
 * a key source), so that the library asks for it again. A prompt that the service refuses fails
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
 * Take the key for a token of Entra ID, and send it as a bearer token (true), or for the resource's
 * key (false). Unset: a token when it is from AZURE_OPENAI_AD_TOKEN, or looks like one (a JWT).
 */
static inline beluga_option beluga_azure_with_entra(bool on)
{
    return beluga_with_provider_specific_bool("azure.entra", on);
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
