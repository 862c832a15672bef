/* Providers whose key is exchanged for a token, correct except for one fault each, which their
 * names say. */
#include "../say.h"

#include <string.h>

/* ---- a key becomes a token ------------------------------------------------------------------- */

static int encode_token(void *self, const beluga_credential *credential, int64_t now,
                        beluga_http_request *request, beluga_error *err)
{
    (void)self;
    (void)now;
    (void)err;
    beluga_http_request_set_url(request, "https://tokens.example/exchange?version=1");
    beluga_http_request_add_form_field(request, "key", credential->key, strlen(credential->key));
    return 0;
}

/* {"token": "t-1"} */
static int decode_token(void *self, const beluga_http_response *response, int64_t now,
                        beluga_token *token, beluga_error *err)
{
    size_t n;
    const beluga_json *root;
    const char *body = beluga_http_response_body(response, &n);
    (void)self;
    int status = beluga_token_parse(token, body, n, &root);
    const char *text = beluga_json_get_string(root, "token", &n);
    if (!text) return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "there is no token");
    return status ? status : beluga_token_set(token, text, n, now + 3600);
}

static int decode_anything(void *self, const beluga_http_response *response, int64_t now,
                           beluga_token *token, beluga_error *err)
{
    (void)self;
    (void)response;
    (void)err;
    return beluga_token_set(token, "t-0", 3, now + 3600);
}

static int decode_nothing(void *self, const beluga_http_response *response, int64_t now,
                          beluga_token *token, beluga_error *err)
{
    (void)self;
    (void)response;
    (void)now;
    (void)token;
    (void)err;
    return 0;
}

static int authorize_by_key(beluga_http_request *request, const beluga_credential *credential,
                            int64_t now, beluga_error *err)
{
    (void)credential;
    (void)now;
    (void)err;
    beluga_http_request_set_header(request, "Authorization", "Bearer check-dummy-key-0123456789");
    return 0;
}

#define TABLE(fault, ...)                       \
    {                                           \
        BELUGA_PROVIDER_INIT("token-" fault),   \
        .default_model = "t",                   \
        .base_url = "https://token.example/v1", \
        .encode_request = say_encode,           \
        .decode_response = say_decode,          \
        .encode_token = encode_token,           \
        __VA_ARGS__,                            \
    }
static const beluga_provider sound = TABLE("sound", .decode_token = decode_token);
static const beluga_provider gullible = TABLE("gullible", .decode_token = decode_anything);
static const beluga_provider unread = TABLE("unread", .decode_token = decode_nothing);
static const beluga_provider unused =
    TABLE("unused", .decode_token = decode_token, .authorize = authorize_by_key);

BELUGA_PLUGIN_PROVIDERS(NULL, &sound, &gullible, &unread, &unused)
