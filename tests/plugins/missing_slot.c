/* A plug-in with a correct table, and a table without the function that MISSING_… names. */
#include "plugged.h"

static const beluga_provider good = {PLUGGED("plugged-whole")};

#ifdef MISSING_CANCEL
static const beluga_provider lacking = {BELUGA_PROVIDER_INIT("plugged-lacking"),
                                        .default_model = "p", .start = plugged_start};
#else
static int encode(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)call;
    (void)request;
    (void)err;
    return 0;
}
static int decode(void *state, const char *body, size_t length, beluga_emit *emit)
{
    (void)state;
    (void)body;
    (void)length;
    (void)emit;
    return 0;
}
static const beluga_provider lacking = {
    BELUGA_PROVIDER_INIT("plugged-lacking"),
    .default_model = "p",
#ifdef MISSING_DECODER
    .encode_request = encode,
#else
    .decode_response = decode,
#endif
};
#ifdef MISSING_DECODER
static int (*const unused)(void *, const char *, size_t, beluga_emit *)
    __attribute__((unused)) = decode;
#else
static int (*const unused)(const beluga_call *, beluga_http_request *, beluga_error *)
    __attribute__((unused)) = encode;
#endif
#endif

BELUGA_PLUGIN_PROVIDERS(NULL, &good, &lacking)
