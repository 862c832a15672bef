/* Gemini on Vertex AI: the protocol of the Gemini API, below a project's location. */
#include "providers/builtin.h"
#include "providers/gemini/gemini.h"
#include "providers/table.h"

#include <stdio.h>
#include <string.h>

enum { MAX_URL = 16384, MAX_LOCATION = 32, MAX_PROJECT = 256 };

#define HOST "https://aiplatform.googleapis.com"

/* ---- the URL of a project -------------------------------------------------------------------- */

static const char *own(const beluga_call *call, const char *name, const char *otherwise)
{
    const char *text = beluga_call_get_own_string(call, name, NULL);
    return text && *text ? text : otherwise;
}

/* A location must be checked, since it becomes part of the name of the server to which the key is
 * sent. */
static bool is_location(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return n && n <= MAX_LOCATION && !text[n];
}

/* Write "https://" and the server name of a location. The server names of the multi-regions "us"
 * and "eu" have another form. */
static void write_host(const char *location, char *out, size_t size)
{
    if (strcmp(location, "global") == 0)
        snprintf(out, size, HOST);
    else if (strcmp(location, "us") == 0 || strcmp(location, "eu") == 0)
        snprintf(out, size, "https://aiplatform.%s.rep.googleapis.com", location);
    else
        snprintf(out, size, "https://%s-aiplatform.googleapis.com", location);
}

/* Set the URL of the project's location. The name of Google's own server is replaced by the
 * location's server name; another server, such as a gateway, is kept. */
static int set_below(beluga_http_request *request, const char *project, const char *location,
                     beluga_error *err)
{
    char host[MAX_LOCATION + 64] = "", whole[MAX_URL];
    const char *url = beluga_http_request_url(request);
    size_t skipped = sizeof HOST - 1;
    if (strncmp(url, HOST, skipped) == 0 && strchr("/?", url[skipped]))
        write_host(location, host, sizeof host);
    const char *version = beluga__gemini_has_version(url) ? "" : "/v1";
    if (*host) url += skipped;
    int n = (int)strcspn(url, "?");
    if (!*host && !n) return 0; /* memory is exhausted, and the request has failed already */
    int length = snprintf(whole, sizeof whole, "%s%.*s%s/projects/%s/locations/%s%s", host, n, url,
                          version, project, location, url + n);
    if (length >= (int)sizeof whole)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "the base URL is too long");
    beluga_http_request_set_url(request, whole);
    return 0;
}

/* Set the base URL of the project. A base URL that users copied may already contain project and
 * location. */
static int set_base(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    char segment[3 * MAX_PROJECT];
    const char *project = own(call, "vertex.project", NULL);
    const char *location = own(call, "vertex.location", "global");
    beluga_http_request_set_path(request, "");
    if (strstr(beluga_http_request_url(request), "/projects/")) return 0;
    if (!project)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                "Vertex AI needs a project: set GOOGLE_CLOUD_PROJECT or "
                                "vertex.project");
    if (!is_location(location))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                "vertex.location is not a name such as europe-west4 or global");
    int code = beluga_http_encode_segment("vertex.project", project, segment, sizeof segment, err);
    return code ? code : set_below(request, segment, location, err);
}

static int encode_request(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    int code = set_base(call, request, err);
    return code ? code : beluga__gemini_encode_request(call, request, err);
}

static int encode_embed(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    int code = set_base(call, request, err);
    return code ? code : beluga__gemini_encode_embed(call, request, err);
}

static int encode_count(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    int code = set_base(call, request, err);
    return code ? code : beluga__gemini_encode_count(call, request, err);
}

/* ---- the key --------------------------------------------------------------------------------- */

static int authorize(beluga_http_request *request, const beluga_credential *credential, int64_t now,
                     beluga_error *err)
{
    const char *key = credential->key;
    (void)now;
    if (credential->is_token || !beluga__gemini_is_api_key(key))
        return beluga__set_bearer(request, key, err);
    beluga_http_request_set_header(request, "x-goog-api-key", key);
    return 0;
}

/* ---- the table ------------------------------------------------------------------------------- */

const beluga_provider beluga__vertex_provider = {
    BELUGA__OVER_HTTP("vertex", "Gemini generateContent", gemini, BELUGA_FRAMING_SSE),
    .encode_request = encode_request,
    .encode_list_models = beluga__vertex_encode_list_models,
    .decode_list_models = beluga__gemini_decode_list_models,
    BELUGA__EMBEDS_BY(encode_embed, beluga__gemini_decode_embed),
    BELUGA__COUNTS_BY(encode_count, beluga__gemini_decode_count),
    .max_inputs = 1,
    .base_url = HOST,
    .key_variables = BELUGA__TEXTS("GOOGLE_OAUTH_ACCESS_TOKEN"),
    .key_reference = "google:",
    .url_variables = BELUGA__TEXTS("GOOGLE_VERTEX_BASE_URL"),
    .capabilities = BELUGA__TALKS_AND_CALLS_TOOLS | BELUGA_CAPABILITY_IMAGES |
                    BELUGA_CAPABILITY_AUDIO | BELUGA_CAPABILITY_FILES | BELUGA_CAPABILITY_SCHEMA |
                    BELUGA_CAPABILITY_MODELS | BELUGA__CAN_EMBED | BELUGA__CAN_COUNT,
    .decode_error = beluga__gemini_decode_error,
    .authorize = authorize,
    .encode_token = beluga__google_encode_token,
    .options = BELUGA__OWN_OPTIONS(
        BELUGA__OWN_HEAD("vertex.project", "project of Google Cloud", "GOOGLE_CLOUD_PROJECT"),
        BELUGA__OWN_HEAD("vertex.location", "region, us, eu or global, which it is unless set",
                         "GOOGLE_CLOUD_LOCATION")),
    .notes = BELUGA__TEXTS(
        "The key is a token, or the credentials of a service account or a user, which are "
        "exchanged for tokens: the file of GOOGLE_APPLICATION_CREDENTIALS, or else that of "
        "gcloud's login.",
        "The base URL is changed for the location, and its path contains project and location.",
        "Tool calls without an id get one from the library.",
        "Can't be told to call one tool at a time; accepts no user.",
        "A request embeds one text, as gemini-embedding-001 requires; other models accept more "
        "(set max_inputs).")};
