/* The provider `bedrock` with recorded traffic from tests/fixtures/bedrock, and its signatures. */
#include "kit/aws_frames.h"
#include "providers/bedrock/bedrock.h"
#include "providers/builtin.h"
#include "support/decode.h"
#include "support/filled_request.h"
#include "support/provider_suite.h"

#include <string.h>

/* ---- signatures ------------------------------------------------------------------------------ */

/* The expected values were computed by @smithy/signature-v4 5, which signs requests in AWS's SDK
 * for JavaScript. The requests are the same, and the key is that of AWS's documentation. */
typedef struct vector {
    const char *method, *url, *region, *token, *body;
    int64_t now;
    const char *date, *signature;
} vector;
static const vector vectors[] = {
    {"POST",
     "https://bedrock-runtime.us-east-1.amazonaws.com/model/"
     "anthropic.claude-sonnet-4-20250514-v1%3A0/converse",
     "us-east-1", NULL, "{\"messages\":[]}", 1763805600, "20251122T100000Z",
     "a0efa91a6fd205c320777fd2d7d301aec2e2467ab4f9f87022a065cf84222bda"},
    {"POST",
     "https://bedrock-runtime.eu-west-1.amazonaws.com/model/"
     "arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3A"
     "inference-profile%2Feu.anthropic.claude-sonnet-4-20250514-v1%3A0/converse-stream",
     "eu-west-1", "FwoGZXIvYXdzEBYaDK/token+with=signs",
     "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"caf\xc3\xa9 \xe2\x98\x83\"}]}]}",
     951827696, "20000229T123456Z",
     "e1977df5a15ecada1dfac83ca2483d60ce2f302c3012965007175cd8d8db48d0"},
    {"GET",
     "https://bedrock.ap-southeast-2.amazonaws.com/"
     "foundation-models?byOutputModality=TEXT&byProvider=A%20B&a=1",
     "ap-southeast-2", NULL, NULL, 4102444799, "20991231T235959Z",
     "dd17699b30c10d28250502a4ad043458e658c7d0596ad2c8d3c34ab993954dca"},
    {"POST", "http://127.0.0.1:4010/model/a~b.c_d-e/converse", "us-east-1", NULL, "{}", 0,
     "19700101T000000Z", "ed3a38595ce4fa3da436d4e66babda1448d6b3aff4c15f708f3772262e6843b2"},
    {"GET", "https://u:p@h.example:443/a/c:0//d?a-b=1&a=2&x=%2f&a=10&k=a:b&e", "us-east-1", NULL,
     NULL, 1763805600, "20251122T100000Z",
     "7b8742f765676b1014199a24fe6fd904907781cc1a2e1e12f5150b55c74e7c8a"},
};

static void fill(filled_request *r, const vector *v)
{
    beluga_http_request_set_method(&r->http, v->method);
    beluga_http_request_set_url(&r->http, v->url);
    if (v->body)
        beluga_json_put_raw(beluga_http_request_json(&r->http), NULL, v->body, strlen(v->body));
}

static void a_signature_is_that_of_the_other_signer(void **state)
{
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        const vector *v = &vectors[i];
        filled_request_begin(state);
        filled_request *r = *state;
        beluga__sigv4 with = {.id = "AKIDEXAMPLE",
                              .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                              .token = v->token,
                              .region = v->region,
                              .service = "bedrock",
                              .now = v->now};
        fill(r, v);
        assert_int_equal(beluga__sigv4_sign(&r->http, &with, &r->err), 0);
        const char *authorization = filled_request_header(r, "Authorization");
        assert_string_equal(filled_request_header(r, "X-Amz-Date"), v->date);
        assert_string_equal(strstr(authorization, "Signature=") + 10, v->signature);
        assert_true(!v->token == !filled_request_header(r, "X-Amz-Security-Token"));
        filled_request_end(state);
    }
}

static int authorize(filled_request *r, const char *key)
{
    fill(r, &vectors[0]);
    return filled_request_authorize(r, &beluga__bedrock_provider, key, NULL, vectors[0].now);
}

static void a_key_without_colons_is_a_bearer_token(void **state)
{
    filled_request *r = *state;
    assert_int_equal(authorize(r, "ABSKQmVkcm9jaw=="), 0);
    assert_string_equal(filled_request_header(r, "Authorization"), "Bearer ABSKQmVkcm9jaw==");
    assert_null(filled_request_header(r, "X-Amz-Date"));
}

static void a_key_with_a_region_asks_there(void **state)
{
    filled_request *r = *state;
    assert_int_equal(authorize(r, "AKID:secret::cn-north-1"), 0);
    assert_memory_equal(beluga_http_request_url(&r->http),
                        "https://bedrock-runtime.cn-north-1.amazonaws.com.cn/model/", 58);
    assert_non_null(strstr(filled_request_header(r, "Authorization"), "/cn-north-1/bedrock/"));
}

static void an_attempt_more_is_signed_anew(void **state)
{
    filled_request *r = *state;
    char first[512];
    assert_int_equal(authorize(r, "AKID:secret:token"), 0);
    strcpy(first, filled_request_header(r, "Authorization"));
    assert_int_equal(filled_request_authorize(r, &beluga__bedrock_provider, "AKID:secret", NULL,
                                              vectors[0].now + 60),
                     0);
    assert_string_equal(filled_request_header(r, "X-Amz-Date"), "20251122T100100Z");
    assert_string_not_equal(filled_request_header(r, "Authorization"), first);
    assert_null(filled_request_header(r, "X-Amz-Security-Token"));
}

static void addresses_with_too_many_pieces_are_not_signed(void **state)
{
    static const char *const between[] = {"/", "&"};
    for (size_t i = 0; i < 2; i++) {
        char url[512] = "https://h.example/?";
        if (i == 0) url[strlen(url) - 2] = '\0';
        for (int k = 0; k < 65; k++) strcat(strcat(url, between[i]), "a");
        filled_request_begin(state);
        filled_request *r = *state;
        beluga_http_request_set_url(&r->http, url);
        assert_int_equal(
            filled_request_authorize(r, &beluga__bedrock_provider, "AKID:secret", NULL, 0),
            BELUGA_ERROR_LIMIT_EXCEEDED);
        assert_null(filled_request_header(r, "Authorization"));
        filled_request_end(state);
    }
}

static void keys_that_can_not_sign_are_refused(void **state)
{
    static char huge[20000], secret[400], id[1200];
    filled_request *r = *state;
    assert_int_equal(authorize(r, ":secret"), BELUGA_ERROR_AUTHENTICATION);
    assert_int_equal(authorize(r, "AKID:"), BELUGA_ERROR_AUTHENTICATION);
    assert_null(strstr(r->err.message, "AKID"));
    memset(huge, 'x', sizeof huge - 1);
    assert_int_equal(authorize(r, huge), BELUGA_ERROR_AUTHENTICATION);
    huge[4] = ':';
    assert_int_equal(authorize(r, huge), BELUGA_ERROR_LIMIT_EXCEEDED);
    memset(secret, 'x', sizeof secret - 1);
    secret[4] = ':';
    assert_int_equal(authorize(r, secret), BELUGA_ERROR_LIMIT_EXCEEDED);
    memset(id, 'x', sizeof id - 1);
    id[1190] = ':';
    assert_int_equal(authorize(r, id), BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_null(filled_request_header(r, "Authorization"));
}

/* ---- damage ---------------------------------------------------------------------------------- */

static void a_damaged_frame_is_an_error(void **state)
{
    char bytes[512];
    beluga__buf out;
    (void)state;
    beluga__buf_init(&out, beluga_allocator_default(), 1 << 16);
    size_t n = aws_frame(bytes, ":message-type: event\n:event-type: contentBlockDelta\n",
                         "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"Hi\"}}");
    bytes[n - 10] ^= 1;
    decode_stream(&beluga__bedrock_provider, bytes, &n, 1, &out);
    assert_memory_equal(out.data, "error malformed_response", 24);
    assert_null(strstr(out.data, "text"));
    beluga__buf_free(&out);
}

static void a_frame_damaged_at_any_byte_gives_nothing(void **state)
{
    char whole[512], bytes[512];
    beluga__buf out;
    (void)state;
    beluga__buf_init(&out, beluga_allocator_default(), 1 << 16);
    size_t n = aws_frame(whole, ":message-type: event\n:event-type: contentBlockDelta\n",
                         "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"Hi\"}}");
    for (size_t i = 0; i < n * 8; i++) {
        memcpy(bytes, whole, n);
        bytes[i / 8] ^= (char)(1 << (i % 8));
        beluga__buf_clear(&out);
        decode_stream(&beluga__bedrock_provider, bytes, &n, 1, &out);
        assert_null(strstr(out.data, "text"));
        assert_memory_equal(out.data, "error malformed_response", 24);
    }
    beluga__buf_free(&out);
}

int main(void)
{
    static const char *const torture[] = {
        "stream-tools/aws",
        "stream-reasoning/aws",
        "body-everything/body",
        "request-everything/call",
        "request-history/call",
        "request-ids-of-others/call",
        "request-no-tools-but-calls/call",
        "request-effort-of-nova/call",
        "body-unknown-block/body",
        "request-state/call",
        NULL,
    };
    static const provider_suite suite = {&beluga__bedrock_provider, NULL, torture};
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_is_that_of_the_other_signer),
        WITH_REQUEST(a_key_without_colons_is_a_bearer_token),
        WITH_REQUEST(a_key_with_a_region_asks_there),
        cmocka_unit_test(addresses_with_too_many_pieces_are_not_signed),
        WITH_REQUEST(an_attempt_more_is_signed_anew),
        WITH_REQUEST(keys_that_can_not_sign_are_refused),
        cmocka_unit_test(a_damaged_frame_is_an_error),
        cmocka_unit_test(a_frame_damaged_at_any_byte_gives_nothing),
    };
    return provider_suite_run("bedrock", &suite, 1, tests, sizeof tests / sizeof *tests);
}
