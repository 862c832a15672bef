/* What the library reads from HTTP answers, and what logs show of requests and answers. */
#include "base/mem.h"
#include "base/secret.h"
#include "wire/http.h"

#include <beluga/error.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- responses ------------------------------------------------------------------------------- */

static beluga_http_response response;

static int make_response(void **state)
{
    (void)state;
    beluga__http_response_init(&response, beluga_allocator_default(), 1 << 20);
    return 0;
}

static int free_response(void **state)
{
    (void)state;
    beluga__http_response_free(&response);
    return 0;
}

static int line(const char *text)
{
    return beluga__http_response_add_line(&response, text, strlen(text));
}

static void assert_header(const char *name, const char *expected)
{
    const char *value = beluga_http_response_header(&response, name);
    assert_non_null(value);
    assert_string_equal(value, expected);
}

static void headers_are_found_whatever_their_case(void **state)
{
    (void)state;
    assert_int_equal(line("HTTP/1.1 429 Too Many Requests\r\n"), 0);
    line("Content-Type:  text/html ; x\t\r\n");
    line("X-Empty:");
    line("X-Space : a");
    line("not a header");
    line(": nameless");
    line("");
    beluga__http_response_add_line(&response, "X-Nul: \0", 8);
    assert_int_equal(beluga_http_response_status(&response), 429);
    assert_header("CONTENT-type", "text/html ; x");
    assert_header("x-empty", "");
    assert_header("x-space", "a");
    assert_null(beluga_http_response_header(&response, "content"));
    assert_null(beluga_http_response_header(&response, "not a header"));
    assert_null(beluga_http_response_header(&response, "x-nul"));
}

static void a_folded_line_goes_on_with_the_value(void **state)
{
    (void)state;
    line("  before any header");
    line("A: one");
    line(" \ttwo  ");
    line("B: three");
    assert_header("a", "one two");
    assert_header("b", "three");
}

static void a_status_line_starts_over(void **state)
{
    (void)state;
    line("HTTP/1.1 100 Continue");
    line("A: 1");
    beluga__buf_puts(&response.body, "x");
    assert_int_equal(line("HTTP/2 200"), 0);
    assert_int_equal(beluga_http_response_status(&response), 200);
    assert_null(beluga_http_response_header(&response, "a"));
    assert_int_equal(response.body.length, 0);
    assert_int_equal(line("HTTP/1.1"), BELUGA_ERROR_INVALID_RESPONSE);
    assert_int_equal(line("HTTP/1.1 20 OK"), BELUGA_ERROR_INVALID_RESPONSE);
    assert_int_equal(line("HTTP/1.1 2000 OK"), BELUGA_ERROR_INVALID_RESPONSE);
}

static void headers_have_a_maximum(void **state)
{
    (void)state;
    char *text = malloc(BELUGA__MAX_HEADER_BYTES + 8);
    assert_non_null(text);
    memset(text, 'a', BELUGA__MAX_HEADER_BYTES + 7);
    memcpy(text, "X: ", 3);
    text[BELUGA__MAX_HEADER_BYTES + 7] = '\0';
    assert_int_equal(line(text), BELUGA_ERROR_LIMIT_EXCEEDED);
    free(text);
}

static void an_errors_body_is_shown_up_to_a_maximum(void **state)
{
    (void)state;
    size_t n;
    assert_int_equal(beluga__buf_reserve(&response.body, 100000), 0);
    for (int i = 0; i < 100000; i++) beluga__buf_putc(&response.body, 'x');
    assert_non_null(beluga_http_response_body(&response, &n));
    assert_int_equal(n, BELUGA__MAX_ERROR_BODY);
}

enum { NOW = 784111777 }; /* Sun, 06 Nov 1994 08:49:37 GMT */

static int64_t wait_for(const char *header)
{
    beluga__http_response_clear(&response);
    line(header);
    return beluga__http_retry_after_ms(&response, NOW);
}

static void retry_after_is_read_in_all_its_forms(void **state)
{
    (void)state;
    assert_int_equal(wait_for("Retry-After: 2"), 2000);
    assert_int_equal(wait_for("Retry-After: 0.25"), 250);
    assert_int_equal(wait_for("Retry-After-Ms: 1500.7"), 1500);
    assert_int_equal(wait_for("Retry-After: Sun, 06 Nov 1994 08:49:40 GMT"), 3000);
    assert_int_equal(wait_for("Retry-After: Sunday, 06-Nov-94 08:50:37 GMT"), 60000);
    assert_int_equal(wait_for("Retry-After: Sun Nov  6 08:49:38 1994"), 1000);
    assert_int_equal(wait_for("Retry-After: Sunday, 06-Nov-22 08:50:37 GMT"), 86400000);
    assert_int_equal(wait_for("Retry-After: Sun, 06 Nov 1994 08:49:30 GMT"), 0);
    assert_int_equal(wait_for("Retry-After: 99999999999999999999999"), 86400000);
}

static void nonsense_in_retry_after_is_none(void **state)
{
    (void)state;
    static const char *const bad[] = {"Retry-After:",
                                      "Retry-After: -1",
                                      "Retry-After: soon",
                                      "Retry-After: 1s",
                                      "Retry-After: .5",
                                      "Retry-After: Sun, 06 Foo 1994 08:49:40 GMT",
                                      "Retry-After: Sun, 32 Nov 1994 08:49:40 GMT",
                                      "Retry-After: Sun, 06 Nov 1994 24:49:40 GMT",
                                      "Retry-After: Sun, 06 Nov 1994",
                                      "X: 1",
                                      "Retry-After: Sun, 06 Nov 1994 08:60:40 GMT",
                                      "Retry-After: Sun, 06 Nov 1994 08:49:61 GMT"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_int_equal(wait_for(bad[i]), -1);
    beluga__http_response_clear(&response);
    line("retry-after-ms: x");
    line("retry-after: 3");
    assert_int_equal(beluga__http_retry_after_ms(&response, NOW), 3000);
}

static void should_retry_says_yes_no_or_nothing(void **state)
{
    (void)state;
    assert_int_equal(beluga__http_should_retry(&response), -1);
    line("X-Should-Retry: true");
    assert_int_equal(beluga__http_should_retry(&response), 1);
    beluga__http_response_clear(&response);
    line("X-Should-Retry: false");
    assert_int_equal(beluga__http_should_retry(&response), 0);
    beluga__http_response_clear(&response);
    line("X-Should-Retry: maybe");
    assert_int_equal(beluga__http_should_retry(&response), -1);
}

static void the_request_id_has_many_names(void **state)
{
    (void)state;
    assert_null(beluga__http_request_id(&response));
    line("x-amzn-RequestId: b");
    line("x-request-id:");
    assert_string_equal(beluga__http_request_id(&response), "b");
    line("Request-Id: a");
    assert_string_equal(beluga__http_request_id(&response), "a");
}

/* Read rate limits from these header lines. */
static beluga_rate_limits limits_of(const char *const lines[], size_t n)
{
    beluga_rate_limits limits;
    beluga__http_response_clear(&response);
    for (size_t i = 0; i < n; i++) line(lines[i]);
    assert_true(beluga__http_rate_limits(&response, NOW, &limits));
    return limits;
}

static int64_t reset_of(const char *value)
{
    beluga_rate_limits limits;
    char text[160];
    snprintf(text, sizeof text, "x-ratelimit-reset-tokens: %s", value);
    beluga__http_response_clear(&response);
    line(text);
    bool known = beluga__http_rate_limits(&response, NOW, &limits);
    assert_int_equal(known, limits.tokens_reset_ms >= 0);
    return limits.tokens_reset_ms;
}

/* The expected values are the limit, the remaining number and the reset time of requests, and then
 * those of tokens. */
static void assert_limits(beluga_rate_limits l, const int64_t expected[6])
{
    const int64_t read[] = {l.requests_limit, l.requests_remaining, l.requests_reset_ms,
                            l.tokens_limit,   l.tokens_remaining,   l.tokens_reset_ms};
    for (size_t i = 0; i < 6; i++) assert_int_equal(read[i], expected[i]);
}

static void rate_limits_are_read_in_both_families(void **state)
{
    (void)state;
    static const char *const openai[] = {
        "X-RateLimit-Limit-Requests: 60",   "x-ratelimit-remaining-requests: 59",
        "x-ratelimit-reset-requests: 1s",   "x-ratelimit-limit-tokens: 150000",
        "x-ratelimit-remaining-tokens: 12", "x-ratelimit-reset-tokens: 6m0s"};
    assert_limits(limits_of(openai, 6), (const int64_t[]){60, 59, 1000, 150000, 12, 360000});
    static const char *const anthropic[] = {
        "anthropic-ratelimit-requests-limit: 50",
        "anthropic-ratelimit-requests-remaining: 0",
        "anthropic-ratelimit-requests-reset: 1994-11-06T08:49:40Z",
        "anthropic-ratelimit-tokens-limit: 40000",
        "anthropic-ratelimit-tokens-remaining: 39000",
        "anthropic-ratelimit-tokens-reset: 1994-11-06T09:50:37.5+01:00"};
    assert_limits(limits_of(anthropic, 6), (const int64_t[]){50, 0, 3000, 40000, 39000, 60000});
}

static void the_time_to_a_reset_has_many_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {{"20ms", 20},
                {"7.66s", 7660},
                {"2m59.56s", 179560},
                {"1h1m1s", 3661000},
                {"1d", 86400000},
                {"1s500us", 1000},
                {"9", 9000},
                {"0.25", 250},
                {"0s", 0},
                {"1994-11-06T08:49:36Z", 0},
                {"1994-11-06t00:49:38-08:00", 1000},
                {"1994-11-06 08:49:38z", 1000}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(reset_of(rows[i].text), rows[i].ms);
}

static void nonsense_in_rate_limits_is_unknown(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "soon",
                                      "-1s",
                                      "1x",
                                      "1s2",
                                      "1s 2ms",
                                      "99999999999999999999999",
                                      "1994-13-06T08:49:40Z",
                                      "1994-11-32T08:49:40Z",
                                      "1994-11-06T24:49:40Z",
                                      "1994-11-06T08:60:40Z",
                                      "1994-11-06T08:49:61Z",
                                      "1994-11-06T08:49:40",
                                      "1994-11-06T08:49:40X",
                                      "1994-11-06T08:49:40Zulu",
                                      "1994-11-06T08:49:40+24:00",
                                      "1994-11-06T08:49:40+01:60",
                                      "1994-11-06T08:49:40+-1:00",
                                      "1994-11-06T08:49:40 01:00",
                                      "1994-11-06T08:49:40+01:00x",
                                      "08:49:40"};
    static const char *const others[] = {
        "x-ratelimit-limit-requests: many",  "x-ratelimit-limit-requests:",
        "x-ratelimit-limit-requests: -5",    "x-ratelimit-limit-requests: 99999999999999999999",
        "x-ratelimit-limit-requests-day: 5", "x-ratelimit-limit: 5",
        "x-ratelimit-requests-limit: 5",     "anthropic-ratelimit-limit-requests: 5"};
    beluga_rate_limits limits;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_int_equal(reset_of(bad[i]), -1);
    beluga__http_response_clear(&response);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) line(others[i]);
    assert_false(beluga__http_rate_limits(&response, NOW, &limits));
}

/* Assert what a log shows for the header "Name: value". */
static void assert_logged(const char *header, const char *expected)
{
    beluga__buf out;
    char name[64];
    size_t n = strcspn(header, ":");
    snprintf(name, sizeof name, "%.*s", (int)n, header);
    beluga__buf_init(&out, beluga_allocator_default(), 1024);
    beluga__http_redact_header(&out, name, header + n + 2);
    assert_string_equal(out.data, expected);
    beluga__buf_free(&out);
}

static void only_known_headers_are_shown_in_logs(void **state)
{
    (void)state;
    assert_logged("Authorization: Bearer secret", "Authorization: [redacted]");
    assert_logged("x-api-key: secret", "x-api-key: [redacted]");
    assert_logged("Set-Cookie: secret", "Set-Cookie: [redacted]");
    assert_logged("X-Custom: secret", "X-Custom: [redacted]");
    assert_logged("Content-Type-Secret: secret", "Content-Type-Secret: [redacted]");
    assert_logged("Content-TYPE: a\nb", "Content-TYPE: a b");
    assert_logged("X-RateLimit-Remaining-Tokens: 7", "X-RateLimit-Remaining-Tokens: 7");
    assert_logged("X-RateLimit: 7", "X-RateLimit: [redacted]");
}

#define ON_A_RESPONSE(test) cmocka_unit_test_setup_teardown(test, make_response, free_response)

static void an_address_is_shown_without_what_opens_doors(void **state)
{
    static const char *const rows[][2] = {
        {"https://h/v1/x", "https://h/v1/x"},
        {"https://me:pass@h/v1?a=1", "https://[redacted]@h/v1?a=1"},
        {"https://me:pa/ss@h/v1", "https://[redacted]@h/v1"},
        {"https://me:pa?ss@h/v1", "https://[redacted]@h/v1"},
        {"https://me:pa#ss@h/v1", "https://[redacted]@h/v1"},
        {"https//me:pass@h/v1", "[redacted]@h/v1"},
        {"http:/me:pass@h/v1", "[redacted]@h/v1"},
        {"me:pass@h:80/v1", "[redacted]@h:80/v1"},
        {"https://h:80/@cf/v1", "https://h:80/@cf/v1"},
        {"https://[::1]:80/@cf/v1", "https://[::1]:80/@cf/v1"},
        {"https://h/v1?key=abc", "https://h/v1?key=[redacted]"},
        {"https://h/v1?a=1&api_key=abc&b=2", "https://h/v1?a=1&api_key=[redacted]&b=2"},
        {"https://h/?X-Amz-Signature=0a&X-Amz-Credential=id/x&X-Amz-Security-Token=t&X-Amz-Date=d",
         "https://h/"
         "?X-Amz-Signature=[redacted]&X-Amz-Credential=[redacted]&X-Amz-Security-Token=[redacted]"
         "&X-Amz-Date=d"},
        {"https://h/?APIKEY=abc#part", "https://h/?APIKEY=[redacted]#part"},
        {"https://h/?access_token=a=b&monkey=1", "https://h/?access_token=[redacted]&monkey=1"},
        {"https://h/?page_token=next&pageToken=next", "https://h/?page_token=next&pageToken=next"},
        {"https://h/?key&token=", "https://h/?key&token=[redacted]"},
        {"https://h/?", "https://h/?"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        beluga__buf out;
        beluga__buf_init(&out, beluga_allocator_default(), 1000);
        assert_int_equal(beluga__http_redact_url(&out, rows[i][0]), 0);
        assert_string_equal(out.data, rows[i][1]);
        beluga__buf_free(&out);
    }
}

static void a_key_and_its_long_parts_are_masked_wherever_they_stand(void **state)
{
    static const char *const rows[][3] = {
        {"sk-12345", "a sk-12345sk-12345 b sk-1234", "a **************** b sk-1234"},
        {"short", "short", "short"},
        {"AKIDEXAMPLE0123456789:secretsecretsecret:tokentokentoken0:eu-west-1",
         "AKIDEXAMPLE0123456789/secretsecretsecret tokentokentoken0 eu-west-1",
         "*********************/****************** **************** eu-west-1"},
        {"{\"project_id\":\"my-project\",\"private_key\":\"secretsecret\"}",
         "my-project secretsecret", "my-project ************"},
        {"{\n\t\"client_secret\"\n:\t\"secretsecret\"\n}", "a secretsecret", "a ************"}};
    char text[128];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(text, sizeof text, "%s", rows[i][1]);
        beluga__secret_mask(rows[i][0], text, strlen(text));
        assert_string_equal(text, rows[i][2]);
    }
    beluga__secret_mask(NULL, text, strlen(text));
    beluga__secret_mask("sk-12345", text, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_RESPONSE(headers_are_found_whatever_their_case),
        ON_A_RESPONSE(a_folded_line_goes_on_with_the_value),
        ON_A_RESPONSE(a_status_line_starts_over),
        ON_A_RESPONSE(headers_have_a_maximum),
        ON_A_RESPONSE(an_errors_body_is_shown_up_to_a_maximum),
        ON_A_RESPONSE(retry_after_is_read_in_all_its_forms),
        ON_A_RESPONSE(nonsense_in_retry_after_is_none),
        ON_A_RESPONSE(should_retry_says_yes_no_or_nothing),
        ON_A_RESPONSE(the_request_id_has_many_names),
        ON_A_RESPONSE(rate_limits_are_read_in_both_families),
        ON_A_RESPONSE(the_time_to_a_reset_has_many_forms),
        ON_A_RESPONSE(nonsense_in_rate_limits_is_unknown),
        ON_A_RESPONSE(only_known_headers_are_shown_in_logs),
        cmocka_unit_test(an_address_is_shown_without_what_opens_doors),
        cmocka_unit_test(a_key_and_its_long_parts_are_masked_wherever_they_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
