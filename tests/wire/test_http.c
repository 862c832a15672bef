/* The values between a provider and the transport: what is sent, and what is read of an answer. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/secret.h"
#include "wire/http.h"

#include <beluga/error.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- requests -------------------------------------------------------------------------------- */

static beluga__arena arena;
static beluga_http_request request;
static beluga_error err;

static void start_with(const char *base_url)
{
    beluga__arena_init(&arena, beluga_allocator_default(), NULL, 0, 1 << 20);
    beluga__http_request_init(&request, beluga_allocator_default(), &arena, base_url);
}

static void stop(void)
{
    beluga__http_request_free(&request);
    beluga__arena_free(&arena);
}

static void assert_url(const char *base, const char *path, const char *expected)
{
    start_with(base);
    beluga_http_request_set_path(&request, path);
    assert_string_equal(beluga_http_request_url(&request), expected);
    assert_int_equal(beluga__http_request_finish(&request, &err), 0);
    stop();
}

static void a_path_follows_the_base_url(void **state)
{
    (void)state;
    assert_url("https://h/v1", "/chat", "https://h/v1/chat");
    assert_url("https://h/v1//", "/chat", "https://h/v1/chat");
    assert_url("http://h", "/chat?x=1", "http://h/chat?x=1");
    assert_url("HTTPS://h", "/chat", "HTTPS://h/chat");
    assert_url("https://h/v1/?api-version=2", "/chat", "https://h/v1/chat?api-version=2");
    assert_url("https://h?a=1", "/chat?b=2", "https://h/chat?b=2&a=1");
}

static void a_query_is_percent_encoded(void **state)
{
    (void)state;
    start_with("https://h");
    beluga_http_request_set_path(&request, "/m");
    beluga_http_request_add_query(&request, "a b", "x&y=\xc3\xa9~-._/");
    beluga_http_request_add_query(&request, "c", "");
    assert_string_equal(beluga_http_request_url(&request),
                        "https://h/m?a%20b=x%26y%3D%C3%A9~-._%2F&c=");
    beluga_http_request_set_url(&request, "https://other/?q");
    beluga_http_request_add_query(&request, "d", "1");
    assert_string_equal(beluga_http_request_url(&request), "https://other/?q&d=1");
    assert_int_equal(beluga__http_request_finish(&request, &err), 0);
    stop();
}

static void assert_bad_url(const char *base, const char *path, int code, const char *message)
{
    start_with(base);
    beluga_http_request_set_path(&request, path);
    assert_int_equal(beluga__http_request_finish(&request, &err), code);
    assert_string_equal(err.message, message);
    stop();
}

static void a_url_that_can_not_be_sent_is_explained(void **state)
{
    static const char *const paths[][2] = {
        {"/a b", "the URL: a space at byte 10 can't be sent in it"},
        {"/a\r\nX: y", "the URL: \\r at byte 10 can't be sent in it"},
        {"/a\xff", "the URL: byte 0xff at byte 10 can't be sent in it"},
        {"/a\\b", "the URL: \"\\\" at byte 10 can't be sent in it"},
        {"/a#b", "the URL: \"#\" at byte 10 can't be sent in it"}};
    (void)state;
    assert_bad_url(NULL, "/m", BELUGA_ERROR_INVALID_CONFIG, "there is no base URL; set base_url");
    assert_bad_url("", "/m", BELUGA_ERROR_INVALID_CONFIG, "there is no base URL; set base_url");
    assert_bad_url("localhost:80", "/m", BELUGA_ERROR_INVALID_CONFIG,
                   "the base URL must start with http:// or https://");
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_bad_url("http://h", paths[i][0], BELUGA_ERROR_INVALID_CONFIG, paths[i][1]);
    char *path = calloc(1, BELUGA__MAX_URL_BYTES + 1);
    assert_non_null(path);
    memset(path, 'a', BELUGA__MAX_URL_BYTES);
    start_with("http://h");
    beluga_http_request_set_path(&request, path);
    assert_int_equal(beluga__http_request_finish(&request, &err), BELUGA_ERROR_LIMIT_EXCEEDED);
    stop();
    free(path);
}

static void a_path_does_not_climb_however_it_is_written(void **state)
{
    (void)state;
    static const char *const up[] = {"/a/../b", "/..",     "/.",      "/a/./b",     "/a/%2e%2E/b",
                                     "/.%2e",   "/a/..?q", "/a%2f..", "/a%5C..%2f", "/..//"};
    static const char *const in[] = {"/...",       "/a..b/..c",   "/.well-known",
                                     "/a?b=/../c", "/%252e%252e", "/a//b"};
    for (size_t i = 0; i < sizeof up / sizeof *up; i++)
        assert_bad_url("http://h/v1", up[i], BELUGA_ERROR_INVALID_CONFIG,
                       "the URL has \".\" or \"..\" between slashes of its path");
    for (size_t i = 0; i < sizeof in / sizeof *in; i++) {
        start_with("http://h/v1");
        beluga_http_request_set_path(&request, in[i]);
        assert_int_equal(beluga__http_request_finish(&request, &err), 0);
        stop();
    }
}

static void assert_segment(const char *text, const char *expected)
{
    char out[64];
    assert_int_equal(beluga_http_encode_segment("name", text, out, sizeof out, &err), 0);
    assert_string_equal(out, expected);
}

static void assert_no_segment(const char *text, const char *message)
{
    char out[16];
    assert_int_equal(beluga_http_encode_segment("name", text, out, sizeof out, &err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(err.message, message);
}

static void a_name_becomes_one_segment_of_a_path(void **state)
{
    static const char climbs[] =
        "name: a name with \".\" or \"..\" between slashes would lead to another path";
    (void)state;
    assert_segment("gpt-4o", "gpt-4o");
    assert_segment("ft:gpt-4o:org::id", "ft%3Agpt-4o%3Aorg%3A%3Aid");
    assert_segment("maker/model", "maker%2Fmodel");
    assert_segment("a%2e?b=c#d", "a%252e%3Fb%3Dc%23d");
    assert_segment("//h", "%2F%2Fh");
    assert_segment("a b\\", "a%20b%5C");
    assert_segment("\xc3\xa9", "%C3%A9");
    assert_no_segment("..", climbs);
    assert_no_segment("a/../b", climbs);
    assert_no_segment("%2e%2E", climbs);
    assert_no_segment("a\\..", climbs);
    assert_no_segment("", "name is empty");
    assert_no_segment("a\nb", "name: \\n at byte 1 can't be part of a name");
    assert_no_segment("a\xff", "name: byte 0xff at byte 1 can't be part of a name");
    assert_no_segment("1234567890123456", "name is too long");
    assert_no_segment("12345678901234/", "name is too long");
    char out[16];
    assert_int_equal(beluga_http_encode_segment("name", "123456789012345", out, 16, &err), 0);
}

static void the_transports_headers_are_its_own(void **state)
{
    (void)state;
    static const char *const names[] = {"Content-Length", "host", "Proxy-Authorization", "TE"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        start_with("http://h");
        beluga_http_request_set_path(&request, "/");
        beluga_http_request_set_header(&request, names[i], "3");
        assert_int_equal(beluga__http_request_finish(&request, &err), BELUGA_ERROR_INVALID_INPUT);
        assert_non_null(strstr(err.message, names[i]));
        stop();
    }
}

static void headers_are_replaced_and_removed_by_name(void **state)
{
    (void)state;
    start_with("http://h");
    beluga_http_request_set_path(&request, "/");
    beluga_http_request_set_header(&request, "X-One", "1");
    beluga_http_request_set_header(&request, "X-Two", "2");
    beluga_http_request_set_header(&request, "x-one", "uno");
    assert_string_equal(beluga_http_request_header(&request, "X-ONE"), "uno");
    beluga_http_request_set_header(&request, "x-TWO", NULL);
    beluga_http_request_set_header(&request, "x-missing", NULL);
    beluga_http_request_set_header(&request, "X-Three", "3");
    assert_null(beluga_http_request_header(&request, "X-Two"));
    assert_string_equal(request.headers->value, "uno");
    assert_string_equal(request.headers->next->name, "X-Three");
    assert_null(request.headers->next->next);
    assert_int_equal(beluga__http_request_finish(&request, &err), 0);
    stop();
}

static void a_header_can_not_smuggle_another(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        /* NAME=VALUE, and what is told */
        {"X=a\r\nY: b", "X: \\r at byte 1 can't be sent in a header"},
        {"X=a\nb", "X: \\n at byte 1 can't be sent in a header"},
        {"X=a\x7f", "X: U+007F at byte 1 can't be sent in a header"},
        {"X=a\xff", "X: byte 0xff at byte 1 can't be sent in a header"},
        {"X=\xc2\x85", "X: U+0085 at byte 0 can't be sent in a header"},
        {"X: y\r\nZ=a", "a header's name has \":\" at byte 1"},
        {"=a", "a header has no name"},
        {"a b=c", "a header's name has a space at byte 1"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        start_with("http://h");
        beluga_http_request_set_path(&request, "/");
        char name[16];
        size_t n = strcspn(bad[i][0], "=");
        snprintf(name, sizeof name, "%.*s", (int)n, bad[i][0]);
        beluga_http_request_set_header(&request, name, bad[i][0] + n + 1);
        beluga_http_request_set_method(&request, "GET /"); /* a second fault: the first is told */
        assert_int_equal(beluga__http_request_finish(&request, &err), BELUGA_ERROR_INVALID_INPUT);
        assert_string_equal(err.message, bad[i][1]);
        stop();
    }
}

static void the_method_is_post_unless_set(void **state)
{
    (void)state;
    start_with("http://h");
    assert_string_equal(beluga_http_request_method(&request), "POST");
    beluga_http_request_set_method(&request, "GET");
    assert_string_equal(beluga_http_request_method(&request), "GET");
    stop();
}

static void a_json_body_is_typed_and_checked(void **state)
{
    (void)state;
    size_t n;
    start_with("http://h");
    beluga_http_request_set_path(&request, "/");
    beluga_json_writer *w = beluga_http_request_json(&request);
    assert_string_equal(beluga_http_request_header(&request, "content-type"), "application/json");
    beluga_json_begin_object(w, NULL);
    assert_int_equal(beluga__http_request_finish(&request, &err), BELUGA_ERROR_INVALID_INPUT);
    beluga_json_end_object(beluga_http_request_json(&request));
    assert_int_equal(beluga__http_request_finish(&request, &err), 0);
    assert_string_equal(beluga_http_request_body(&request, &n), "{}");
    assert_int_equal(n, 2);
    stop();
    start_with("http://h");
    beluga_http_request_set_path(&request, "/");
    w = beluga_http_request_json(&request);
    for (int i = 0; i < 600; i++) beluga_json_begin_array(w, NULL);
    assert_int_equal(beluga__http_request_finish(&request, &err), BELUGA_ERROR_LIMIT_EXCEEDED);
    stop();
}

static void warnings_are_kept_up_to_a_maximum(void **state)
{
    (void)state;
    start_with("http://h");
    for (int i = 0; i < 100; i++) beluga_http_request_warn(&request, "warning %d", i);
    assert_int_equal(request.n_warnings, BELUGA__MAX_WARNINGS);
    assert_string_equal(request.warnings[63], "warning 63");
    stop();
}

static void a_request_without_memory_fails(void **state)
{
    (void)state;
    for (size_t max = 0; max < 4096; max += 64) {
        beluga__arena_init(&arena, beluga_allocator_default(), NULL, 0, max);
        beluga__http_request_init(&request, beluga_allocator_default(), &arena, "http://h");
        beluga_http_request_set_path(&request, "/");
        beluga_http_request_warn(&request, "w");
        for (int i = 0; i < 100; i++) {
            char name[16];
            snprintf(name, sizeof name, "X-%d", i);
            beluga_http_request_set_header(&request, name, "some value of some length");
        }
        beluga_http_request_set_method(&request, "GET");
        assert_int_equal(beluga__http_request_finish(&request, &err), BELUGA_ERROR_NO_MEMORY);
        stop();
    }
}

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

/* Six headers with one value each: limit, remaining, reset; requests, tokens. */
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

/* Of requests: limit, remaining, reset; and of tokens. */
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

/* "Name: value" as it stands in a log. */
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
    static const char *const rows[][2] = {
        {"Authorization: Bearer secret", "Authorization: [redacted]"},
        {"x-api-key: secret", "x-api-key: [redacted]"},
        {"Set-Cookie: secret", "Set-Cookie: [redacted]"},
        {"X-Custom: secret", "X-Custom: [redacted]"},
        {"Content-Type-Secret: secret", "Content-Type-Secret: [redacted]"},
        {"Content-TYPE: a\nb", "Content-TYPE: a b"},
        {"X-RateLimit-Remaining-Tokens: 7", "X-RateLimit-Remaining-Tokens: 7"},
        {"X-RateLimit: 7", "X-RateLimit: [redacted]"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) assert_logged(rows[i][0], rows[i][1]);
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
         "*********************/****************** **************** eu-west-1"}};
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
        cmocka_unit_test(a_path_follows_the_base_url),
        cmocka_unit_test(a_query_is_percent_encoded),
        cmocka_unit_test(a_url_that_can_not_be_sent_is_explained),
        cmocka_unit_test(a_path_does_not_climb_however_it_is_written),
        cmocka_unit_test(a_name_becomes_one_segment_of_a_path),
        cmocka_unit_test(the_transports_headers_are_its_own),
        cmocka_unit_test(headers_are_replaced_and_removed_by_name),
        cmocka_unit_test(a_header_can_not_smuggle_another),
        cmocka_unit_test(the_method_is_post_unless_set),
        cmocka_unit_test(a_json_body_is_typed_and_checked),
        cmocka_unit_test(warnings_are_kept_up_to_a_maximum),
        cmocka_unit_test(a_request_without_memory_fails),
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
