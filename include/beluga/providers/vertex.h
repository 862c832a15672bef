/**
 * @file vertex.h
 * Options of the provider `vertex`: Gemini on Vertex AI, by its project and location. Models are
 * named as at Google ("gemini-2.5-flash"), "publishers/NAME/models/MODEL", or "endpoints/ID".
 *
 * The key (api_key) is one of: an access token ("ya29.…"); the credentials of a service account or
 * of a user's login, which are a JSON object, as text or by reference ("file:PATH",
 * "command:COMMAND"); "google:", the file that GOOGLE_APPLICATION_CREDENTIALS names, or else the
 * one that "gcloud auth application-default login" wrote; or an API key. With beluga_with_env() and
 * no key given it is GOOGLE_OAUTH_ACCESS_TOKEN, or else "google:". Credentials are exchanged for
 * tokens at their token_uri, which must be https or a server of this machine. Those of workload
 * identity, of impersonation and of instance metadata are not known here; a key source or
 * "command:gcloud auth print-access-token" can ask for their tokens.
 *
 * The base URL is Google's (GOOGLE_VERTEX_BASE_URL), and is moved to the location; another one,
 * such as a gateway's, is not. Behind it stand project and location, unless it has a project
 * already. Vertex AI's express mode is an address of the provider `gemini`.
 */
#ifndef BELUGA_PROVIDERS_VERTEX_H
#define BELUGA_PROVIDERS_VERTEX_H

#include <beluga/option.h>

BELUGA_BEGIN_DECLS

/** Name the project of Google Cloud (GOOGLE_CLOUD_PROJECT). Required. Since: 0.1 */
static inline beluga_option beluga_vertex_with_project(const char *project)
{
    return beluga_with_provider_specific("vertex.project", project);
}

/**
 * Ask this location, such as "europe-west4", "us", "eu" or "global" (GOOGLE_CLOUD_LOCATION). Unset:
 * "global". Since: 0.1
 */
static inline beluga_option beluga_vertex_with_location(const char *location)
{
    return beluga_with_provider_specific("vertex.location", location);
}

BELUGA_END_DECLS
#endif
