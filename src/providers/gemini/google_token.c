/* Exchanges Google's credentials for an access token. The credentials are a JSON object: either the
 * key of a service account, which signs a JSON Web Token (RFC 7523), or a user's login, which has a
 * refresh token (RFC 6749, section 6). */
#include "base/json.h"
#include "base/rs256.h"
#include "base/secret_memory.h"
#include "providers/gemini/gemini.h"

#include <string.h>

enum {
    LIFE_S = 3600, /* the longest lifetime that Google allows */
    SKEW_S = 10,   /* how many seconds this machine's clock may be ahead of Google's */
    MAX_ASSERTION = 32768
};

#define TOKEN_URL "https://oauth2.googleapis.com/token"
#define SCOPE     "https://www.googleapis.com/auth/cloud-platform"

/* The state of exchanging credentials. */
typedef struct exchange {
    const beluga_json *file;
    beluga_http_request *request;
    beluga_error *err;
} exchange;

static int refuse(const exchange *x, const char *what)
{
    return beluga_error_set(x->err, BELUGA_ERROR_AUTHENTICATION, "Google's credentials %s", what);
}

/* Returns a member that is a string; otherwise NULL, with an error that names the member. */
static const char *member(const exchange *x, const char *name)
{
    size_t n = 0;
    const char *text = beluga_json_get_string(x->file, name, &n);
    if (text && n && strlen(text) == n) return text;
    beluga_error_set(x->err, BELUGA_ERROR_AUTHENTICATION,
                     "Google's credentials have no \"%s\": give the whole file", name);
    return NULL;
}

static void add_field(const exchange *x, const char *name, const char *value)
{
    beluga_http_request_add_form_field(x->request, name, value, strlen(value));
}

/* ---- the server that issues tokens ----------------------------------------------------------- */

/* Returns whether credentials may be sent to a URL: without TLS, only to a server on this
 * machine. */
static bool is_safe(const char *url)
{
    static const char *const local[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};
    if (strncmp(url, "https://", 8) == 0) return true;
    for (size_t i = 0; i < sizeof local / sizeof *local; i++) {
        size_t n = strlen(local[i]);
        if (strncmp(url, local[i], n) == 0 && strchr(":/", url[n])) return true;
    }
    return false;
}

/* Returns the URL of the endpoint that issues tokens, or NULL with an error. */
static const char *token_url(const exchange *x)
{
    const char *url = beluga_json_get(x->file, "token_uri") ? member(x, "token_uri") : TOKEN_URL;
    if (!url || is_safe(url)) return url;
    refuse(x, "name a token_uri that is not https");
    return NULL;
}

/* ---- a service account ----------------------------------------------------------------------- */

/* Append base64url (RFC 4648) without padding. */
static void append_base64url(beluga__buf *out, const beluga__buf *bytes)
{
    size_t start = out->length;
    beluga__base64_encode(out, bytes->data, bytes->length);
    while (out->length > start && out->data[out->length - 1] == '=') out->length--;
    if (out->length > start) out->data[out->length] = '\0';
    for (size_t i = start; i < out->length; i++) {
        if (out->data[i] == '+') out->data[i] = '-';
        if (out->data[i] == '/') out->data[i] = '_';
    }
}

static void put_header(const exchange *x, beluga_json_writer *w)
{
    const char *id = beluga_json_get_string(x->file, "private_key_id", NULL);
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "alg", "RS256");
    beluga_json_put_string(w, "typ", "JWT");
    if (id) beluga_json_put_string(w, "kid", id);
    beluga_json_end_object(w);
}

static void put_claims(beluga_json_writer *w, const char *email, const char *url, int64_t now)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "iss", email);
    beluga_json_put_string(w, "scope", SCOPE);
    beluga_json_put_string(w, "aud", url);
    beluga_json_put_int(w, "iat", now - SKEW_S);
    beluga_json_put_int(w, "exp", now - SKEW_S + LIFE_S);
    beluga_json_end_object(w);
}

/* Write the header and the claims, which are the part of the token that is signed. */
static int write_signed(const exchange *x, const char *email, const char *url, int64_t now,
                        beluga__buf *out)
{
    beluga__buf text;
    beluga_json_writer w;
    beluga__buf_init(&text, beluga__secret_allocator(), MAX_ASSERTION);
    beluga__json_writer_init(&w, &text);
    put_header(x, &w);
    int status = text.status ? text.status : beluga__json_writer_status(&w);
    append_base64url(out, &text);
    beluga__buf_putc(out, '.');
    beluga__buf_clear(&text);
    beluga__json_writer_init(&w, &text);
    put_claims(&w, email, url, now);
    if (!status) status = text.status ? text.status : beluga__json_writer_status(&w);
    append_base64url(out, &text);
    beluga__buf_free(&text);
    return status ? status : out->status;
}

static int append_signature(const exchange *x, const char *pem, beluga__buf *out)
{
    beluga__buf bytes;
    const char *wrong = NULL;
    beluga__buf_init(&bytes, beluga__secret_allocator(), BELUGA__RS256_MOST + 1);
    int status = beluga__rs256_sign(pem, out->data, out->length, &bytes, &wrong);
    if (status == BELUGA_ERROR_INVALID_INPUT)
        status = beluga_error_set(x->err, BELUGA_ERROR_AUTHENTICATION,
                                  "Google's credentials: the private_key %s", wrong);
    beluga__buf_putc(out, '.');
    append_base64url(out, &bytes);
    beluga__buf_free(&bytes);
    return status ? status : out->status;
}

static int encode_service_account(const exchange *x, int64_t now)
{
    const char *url = token_url(x), *email, *pem;
    if (!url || !(email = member(x, "client_email")) || !(pem = member(x, "private_key")))
        return x->err->code;
    beluga__buf assertion;
    beluga__buf_init(&assertion, beluga__secret_allocator(), MAX_ASSERTION);
    int status = write_signed(x, email, url, now, &assertion);
    if (!status) status = append_signature(x, pem, &assertion);
    if (!status) {
        beluga_http_request_set_url(x->request, url);
        add_field(x, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
        add_field(x, "assertion", assertion.data);
    }
    beluga__buf_free(&assertion);
    return status;
}

/* ---- a user ---------------------------------------------------------------------------------- */

static int encode_user(const exchange *x)
{
    static const char *const names[] = {"client_id", "client_secret", "refresh_token"};
    const char *url = token_url(x), *value;
    if (!url) return x->err->code;
    beluga_http_request_set_url(x->request, url);
    add_field(x, "grant_type", "refresh_token");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!(value = member(x, names[i]))) return x->err->code;
        add_field(x, names[i], value);
    }
    return 0;
}

/* ---- either ---------------------------------------------------------------------------------- */

#define BY_GCLOUD "api_key: \"command:gcloud auth application-default print-access-token\""

static int encode(const exchange *x, int64_t now)
{
    const char *type = beluga_json_get_string(x->file, "type", NULL);
    if (!type) return refuse(x, "have no \"type\": use a service account's key or gcloud's login");
    if (strcmp(type, "service_account") == 0) return encode_service_account(x, now);
    if (strcmp(type, "authorized_user") == 0) return encode_user(x);
    return beluga_error_set(x->err, BELUGA_ERROR_AUTHENTICATION,
                            "Google's credentials are of the type %.40s, which only Google's own "
                            "tools exchange: " BY_GCLOUD,
                            type);
}

/* Returns whether a key looks like the path of a file with credentials. */
static bool looks_like_path(const char *key)
{
    size_t n = strlen(key);
    return strchr("/~.", *key) || (n > 5 && strcmp(key + n - 5, ".json") == 0);
}

int beluga__google_encode_token(void *self, const beluga_credential *credential, int64_t now,
                                beluga_http_request *request, beluga_error *err)
{
    exchange x = {.request = request, .err = err};
    beluga__json_scratch scratch;
    const char *key = credential->key;
    (void)self;
    if (*key != '{' && looks_like_path(key))
        return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION,
                                "api_key is a path: write file:PATH");
    if (*key != '{') return BELUGA_ENCODE_NOTHING;
    err->code = 0;
    beluga__json_scratch_init(&scratch, beluga__secret_allocator());
    int status = beluga__json_scratch_parse(&scratch, key, strlen(key), &x.file, NULL);
    if (status && status != BELUGA_ERROR_NO_MEMORY)
        status = refuse(&x, "are not JSON: give the whole file");
    if (!status) status = encode(&x, now);
    beluga__json_scratch_free(&scratch);
    return status;
}
