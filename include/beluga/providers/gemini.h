/**
 * @file gemini.h
 * Options of the provider `gemini`: Google's Gemini API, and Gemini on Vertex AI. Variables it
 * reads when asked to: GOOGLE_API_KEY, GEMINI_API_KEY, GOOGLE_GEMINI_BASE_URL.
 *
 * On Vertex AI the base URL is that of a project's location, such as
 * https://europe-west4-aiplatform.googleapis.com/v1/projects/my-project/locations/europe-west4, and
 * the key is an OAuth token, which runs out: give it by reference ("command:gcloud auth
 * print-access-token", or a key source), so that the library asks for it again. A model is named as
 * it is at Google ("gemini-flash-latest"), "publishers/NAME/models/MODEL", or "endpoints/ID". The
 * URL https://aiplatform.googleapis.com alone is Vertex AI's express mode, whose key is an API key.
 */
#ifndef BELUGA_PROVIDERS_GEMINI_H
#define BELUGA_PROVIDERS_GEMINI_H

#include <beluga/option.h>

/** The longest OAuth token that is sent, bytes. */
#define BELUGA_GEMINI_MAX_TOKEN 16384

BELUGA_BEGIN_DECLS

/**
 * Take the key for an OAuth token, and send it as a bearer token (true), or for an API key (false).
 * Unset: true below a project of Vertex AI ("/projects/" in the base URL), else false. Since: 0.1
 */
static inline beluga_option beluga_gemini_with_bearer(bool on)
{
    return beluga_with_provider_specific_bool("gemini.bearer", on);
}

BELUGA_END_DECLS
#endif
