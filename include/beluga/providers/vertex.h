/**
 * @file vertex.h
 * Options of the provider `vertex`: Gemini on Vertex AI, by its project and location. A model's
 * name is Google's name for it ("gemini-2.5-flash"), "publishers/NAME/models/MODEL", or
 * "endpoints/ID".
 *
 * The key (api_key) is one of: an access token ("ya29.…"); the credentials of a service account or
 * of a user's login, which are a JSON object, as text or by reference ("file:PATH",
 * "command:COMMAND"); "google:", the file that GOOGLE_APPLICATION_CREDENTIALS names, or else the
 * one that "gcloud auth application-default login" wrote; or an API key. If no key is set,
 * beluga_with_env() uses GOOGLE_OAUTH_ACCESS_TOKEN, or else "google:". Credentials are exchanged
 * for tokens at their token_uri, which must be an https address or a server on this machine. The
 * library itself does not support workload identity, impersonation and instance metadata; a key
 * source or "command:gcloud auth print-access-token" can get such tokens.
 *
 * The base URL is Google's, with the server name of the location; a URL that you set (or
 * GOOGLE_VERTEX_BASE_URL), such as a gateway's, is not changed. Project and location are appended
 * to it, unless it contains a project already. For Vertex AI's express mode use the provider
 * `gemini`.
 */
#ifndef BELUGA_PROVIDERS_VERTEX_H
#define BELUGA_PROVIDERS_VERTEX_H

#include <beluga/option.h>

BELUGA_BEGIN_DECLS

/** Set the project of Google Cloud (variable GOOGLE_CLOUD_PROJECT). Required. Since: 0.1 */
static inline beluga_option beluga_vertex_with_project(const char *project)
{
    return beluga_with_provider_specific("vertex.project", project);
}

/**
 * Send requests to this location, such as "europe-west4", "us", "eu" or "global" (variable
 * GOOGLE_CLOUD_LOCATION). Unset: "global". Since: 0.1
 */
static inline beluga_option beluga_vertex_with_location(const char *location)
{
    return beluga_with_provider_specific("vertex.location", location);
}

BELUGA_END_DECLS
#endif
