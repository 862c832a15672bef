/* Makes the URLs of requests. A model is served by the Gemini API, or by Vertex AI below a project
 * and location. */
#include "providers/gemini/gemini.h"

#include <stdio.h>
#include <string.h>

enum { MAX_URL = 16384 };

/* Returns the URL to which the path of a model is appended: the URL that vertex.c has set, or else
 * the base URL. */
static const char *base_url(beluga_http_request *request)
{
    if (!*beluga_http_request_url(request)) beluga_http_request_set_path(request, "");
    return beluga_http_request_url(request);
}

/* Returns the path of a URL, with its query. */
static const char *path_of(const char *url)
{
    const char *host = strstr(url, "://");
    host = host ? host + 3 : url;
    return host + strcspn(host, "/?");
}

/* ---- Vertex AI ------------------------------------------------------------------------------- */

static bool is_project(const char *url)
{
    return strstr(path_of(url), "/projects/") != NULL;
}

static bool is_vertex(const char *url)
{
    static const char name[] = "aiplatform.googleapis.com";
    size_t n = (size_t)(path_of(url) - url), m = sizeof name - 1;
    return is_project(url) || (n >= m && memcmp(url + n - m, name, m) == 0);
}

bool beluga__gemini_is_api_key(const char *key)
{
    return strncmp(key, "AIza", 4) == 0 || strncmp(key, "AQ.", 3) == 0;
}

/* URLs of projects accept only OAuth tokens. The URL of the list of models does not contain a
 * project and accepts both kinds of keys, so the form of the key decides: users of the express mode
 * have an API key. */
bool beluga__gemini_takes_token(const char *url, const char *key)
{
    static const char list[] = "/publishers/google/models";
    const char *end = path_of(url) + strcspn(path_of(url), "?");
    size_t n = (size_t)(end - url), m = sizeof list - 1;
    if (is_project(url)) return true;
    return n >= m && memcmp(end - m, list, m) == 0 && !beluga__gemini_is_api_key(key);
}

/* ---- versions -------------------------------------------------------------------------------- */

static bool is_version(const char *text)
{
    return text[0] == 'v' && text[1] >= '1' && text[1] <= '9';
}

/* The variable GOOGLE_GEMINI_BASE_URL usually has no version, but users also copy URLs that have
 * one. A URL of a project in Vertex AI always has a version. */
bool beluga__gemini_has_version(const char *url)
{
    const char *path = path_of(url);
    size_t n = strcspn(path, "?");
    if (is_project(url)) return true;
    while (n && path[n - 1] != '/') n--;
    return n && is_version(path + n);
}

/* ---- names of models ------------------------------------------------------------------------- */

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool ends_with(const char *url, const char *end)
{
    size_t n = strcspn(url, "?"), m = strlen(end);
    return n >= m && memcmp(url + n - m, end, m) == 0;
}

/* Returns whether a model's name includes its collection, such as "models/". */
static bool is_path(const char *model, bool vertex)
{
    static const char *const own[] = {"models/", "tunedModels/", NULL};
    static const char *const theirs[] = {"publishers/", "endpoints/", "projects/", "models/", NULL};
    for (const char *const *start = vertex ? theirs : own; *start; start++)
        if (starts_with(model, *start)) return true;
    return false;
}

/* Returns the collection that must be written between the base URL and the model's name. */
static const char *prefix_of(const char *url, const char *model, bool vertex)
{
    bool path = is_path(model, vertex);
    if (!vertex) return path ? "" : "models/";
    if (starts_with(model, "models/") || ends_with(url, "/publishers/google"))
        return ends_with(url, "/publishers/google") ? path ? "" : "models/" : "publishers/google/";
    return path ? "" : "publishers/google/models/";
}

/* Encode a model's name. If the name is a path, its slashes are kept. */
static int encode(const char *model, bool path, char *out, size_t size, beluga_error *err)
{
    char segment[512];
    for (;;) {
        size_t n = path ? strcspn(model, "/") : strlen(model);
        /* a segment that is too long is cut here, and the encoding below fails */
        if (n >= sizeof segment) n = sizeof segment - 1;
        memcpy(segment, model, n);
        segment[n] = '\0';
        int code = beluga_http_encode_segment("model_name", segment, out, size, err);
        if (code || !model[n]) return code;
        size_t written = strlen(out);
        if (model[n] != '/' || written + 2 > size)
            return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "model_name is too long");
        out[written] = '/';
        out += written + 1;
        size -= written + 1;
        model += n + 1;
    }
}

/* Append a path before the query of a URL. If the URL is empty because memory is exhausted, the
 * request has failed already. */
static int append(beluga_http_request *request, const char *url, const char *path,
                  beluga_error *err)
{
    char whole[MAX_URL];
    int n = (int)strcspn(url, "?");
    if (!n) return 0;
    int length = snprintf(whole, sizeof whole, "%.*s%s%s", n, url, path, url + n);
    if (length >= (int)sizeof whole)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "the base URL is too long");
    beluga_http_request_set_url(request, whole);
    return 0;
}

int beluga__gemini_set_path(const beluga_call *call, beluga_http_request *request,
                            const char *method, beluga_error *err)
{
    char name[768], path[1024];
    const char *url = base_url(request), *model = beluga_call_model(call);
    bool vertex = is_vertex(url);
    const char *version = vertex ? "/v1" : "/v1beta";
    int code = encode(model, is_path(model, vertex), name, sizeof name, err);
    if (code) return code;
    snprintf(path, sizeof path, "%s/%s%s:%s", beluga__gemini_has_version(url) ? "" : version,
             prefix_of(url, model, vertex), name, method);
    return append(request, url, path, err);
}

int beluga__gemini_set_resource(beluga_http_request *request, const char *service,
                                const char *resource, beluga_error *err)
{
    char whole[MAX_URL];
    const char *url = base_url(request);
    int all = (int)strcspn(url, "?"), n = all;
    if (is_vertex(url))
        return beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED,
                                "batch jobs of Vertex AI require files in Cloud Storage, which "
                                "this library can't write: use the Gemini API");
    if (!n) return 0; /* memory is exhausted, and the request has failed already */
    if (beluga__gemini_has_version(url))
        while (url[n - 1] != '/') n--;
    const char *version = n < all ? url + n : "v1beta";
    int n_version = n < all ? all - n : (int)strlen(version);
    if (n < all) n--; /* leave out the slash before the version */
    int length = snprintf(whole, sizeof whole, "%.*s%s/%.*s/%s%s", n, url, service, n_version,
                          version, resource, url + all);
    if (length >= (int)sizeof whole)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "the base URL is too long");
    beluga_http_request_set_url(request, whole);
    return 0;
}

bool beluga__gemini_is_vertex(beluga_http_request *request)
{
    return is_vertex(base_url(request));
}

const char *beluga__gemini_collection(const char *model)
{
    return is_path(model, false) ? "" : "models/";
}

/* ---- lists of models ------------------------------------------------------------------------- */

/* Set the URL of Vertex AI's list of models. It does not contain a project. */
static int set_vertex_list(beluga_http_request *request, const char *url, beluga_error *err)
{
    char whole[1024];
    const char *path = path_of(url);
    if (!*url) return 0; /* memory is exhausted, and the request has failed already */
    size_t n = (size_t)(path - url);
    while (*path == '/' && !is_version(path + 1)) {
        size_t m = 1 + strcspn(path + 1, "/?");
        if (starts_with(path, "/projects/")) break;
        path += m; /* keep the path of a proxy before the version */
        n += m;
    }
    if (n > sizeof whole - 64)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "the base URL is too long");
    snprintf(whole, sizeof whole, "%.*s/v1beta1/publishers/google/models", (int)n, url);
    beluga_http_request_set_url(request, whole);
    return 0;
}

static void ask_for_page(const beluga_call *call, beluga_http_request *request, const char *size)
{
    const char *page = beluga_call_page(call);
    beluga_http_request_set_method(request, "GET");
    beluga_http_request_add_query(request, "pageSize", size);
    if (page) beluga_http_request_add_query(request, "pageToken", page);
}

int beluga__vertex_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                      beluga_error *err)
{
    int code = set_vertex_list(request, base_url(request), err);
    if (!code) ask_for_page(call, request, "100");
    return code;
}

int beluga__gemini_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                      beluga_error *err)
{
    const char *url = base_url(request);
    if (is_vertex(url)) return beluga__vertex_encode_list_models(call, request, err);
    bool versioned = beluga__gemini_has_version(url);
    beluga_http_request_set_path(request, versioned ? "/models" : "/v1beta/models");
    ask_for_page(call, request, "1000");
    return 0;
}
