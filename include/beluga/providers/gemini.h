/**
 * @file gemini.h
 * Options of the provider `gemini`: Google's Gemini API, and Gemini on Vertex AI. Environment
 * variables that it reads with beluga_with_env: GOOGLE_API_KEY, GEMINI_API_KEY,
 * GOOGLE_GEMINI_BASE_URL.
 *
 * On Vertex AI the base URL is the address of a project's location, such as
 * https://europe-west4-aiplatform.googleapis.com/v1/projects/my-project/locations/europe-west4, and
 * the key is an OAuth token. Such a token expires; so set it by reference ("command:gcloud auth
 * print-access-token", or a key source), from which the library gets a new one. A model's name is
 * Google's name for it ("gemini-flash-latest"), "publishers/NAME/models/MODEL", or "endpoints/ID".
 * The base URL https://aiplatform.googleapis.com alone means Vertex AI's express mode, whose key is
 * an API key.
 */
#ifndef BELUGA_PROVIDERS_GEMINI_H
#define BELUGA_PROVIDERS_GEMINI_H

#include <beluga/option.h>

/** The longest OAuth token that can be sent, in bytes. */
#define BELUGA_GEMINI_MAX_TOKEN 16384

BELUGA_BEGIN_DECLS

/**
 * Say what the key is: an OAuth token, which is sent as a bearer token (true), or an API key
 * (false). Unset: true if the base URL is that of a Vertex AI project (contains "/projects/"), else
 * false. Since: 0.1
 */
static inline beluga_option beluga_gemini_with_bearer(bool on)
{
    return beluga_with_provider_specific_bool("gemini.bearer", on);
}

BELUGA_END_DECLS
#endif
