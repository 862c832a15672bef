/* Providers whose key is exchanged for a token, in order but for one fault each: their names say
 * which. They speak the protocol of http.c. */
#include <beluga/provider/provider.h>

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

/* ---- calls ----------------------------------------------------------------------------------- */

static int encode_request(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    size_t n;
    beluga_json_writer *w = beluga_http_request_json(request);
    (void)err;
    if (beluga_call_tool_count(call)) beluga_http_request_warn(request, "there are no tools");
    beluga_http_request_set_path(request, "/say");
    beluga_json_begin_object(w, NULL);
    beluga_json_begin_array(w, "words");
    for (size_t i = 0; i < beluga_call_message_count(call); i++) {
        const char *text = beluga_message_text(beluga_call_message(call, i), &n);
        beluga_json_put_string_n(w, NULL, text, n);
    }
    beluga_json_end_array(w);
    beluga_json_end_object(w);
    return 0;
}

static int decode_response(void *state, const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    (void)state;
    int status = beluga_emit_parse(emit, body, length, &root);
    const char *text = beluga_json_get_string(root, "text", &length);
    if (!status && text) status = beluga_emit_text(emit, text, length);
    if (status || !beluga_json_bool(beluga_json_get(root, "done"), false)) return status;
    return beluga_emit_finish(emit, BELUGA_FINISH_STOP, "done");
}

#define TABLE(fault, ...)                       \
    {                                           \
        BELUGA_PROVIDER_INIT("token-" fault),   \
        .default_model = "t",                   \
        .base_url = "https://token.example/v1", \
        .encode_request = encode_request,       \
        .decode_response = decode_response,     \
        .encode_token = encode_token,           \
        __VA_ARGS__,                            \
    }
static const beluga_provider sound = TABLE("sound", .decode_token = decode_token);
static const beluga_provider gullible = TABLE("gullible", .decode_token = decode_anything);
static const beluga_provider unread = TABLE("unread", .decode_token = decode_nothing);
static const beluga_provider unused =
    TABLE("unused", .decode_token = decode_token, .authorize = authorize_by_key);

BELUGA_PLUGIN_PROVIDERS(NULL, &sound, &gullible, &unread, &unused)
