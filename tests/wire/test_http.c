/* The HTTP requests that providers fill in: what a request may contain. */
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

static void assert_bad_path(const char *path, const char *message)
{
    assert_bad_url("http://h", path, BELUGA_ERROR_INVALID_CONFIG, message);
}

static void a_url_that_can_not_be_sent_is_explained(void **state)
{
    (void)state;
    assert_bad_url(NULL, "/m", BELUGA_ERROR_INVALID_CONFIG, "there is no base URL: set base_url");
    assert_bad_url("", "/m", BELUGA_ERROR_INVALID_CONFIG, "there is no base URL: set base_url");
    assert_bad_url("localhost:80", "/m", BELUGA_ERROR_INVALID_CONFIG,
                   "the URL must start with http:// or https://");
    assert_bad_url("http:///v1", "/m", BELUGA_ERROR_INVALID_CONFIG, "the URL has no host");
    assert_bad_path("/a b", "the URL has a space at byte 10, which a URL can\'t contain");
    assert_bad_path("/a\r\nX: y", "the URL has \\r at byte 10, which a URL can\'t contain");
    assert_bad_path("/a\xff", "the URL has byte 0xff at byte 10, which a URL can\'t contain");
    assert_bad_path("/a\\b", "the URL has \"\\\" at byte 10, which a URL can\'t contain");
    assert_bad_path("/a#b", "the URL has \"#\" at byte 10, which a URL can\'t contain");
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
                       "the URL has \".\" or \"..\" as a segment of its path");
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
        "name: a name with \".\" or \"..\" between slashes would change the path";
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
        /* a header as NAME=VALUE, and the message of the error */
        {"X=a\r\nY: b", "X: \\r at byte 1 can't be sent in a header"},
        {"X=a\nb", "X: \\n at byte 1 can't be sent in a header"},
        {"X=a\x7f", "X: U+007F at byte 1 can't be sent in a header"},
        {"X=a\xff", "X: byte 0xff at byte 1 can't be sent in a header"},
        {"X=\xc2\x85", "X: U+0085 at byte 0 can't be sent in a header"},
        {"X: y\r\nZ=a", "a header's name has \":\" at byte 1, which is not allowed"},
        {"=a", "a header has no name"},
        {"a b=c", "a header's name has a space at byte 1, which is not allowed"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        start_with("http://h");
        beluga_http_request_set_path(&request, "/");
        char name[16];
        size_t n = strcspn(bad[i][0], "=");
        snprintf(name, sizeof name, "%.*s", (int)n, bad[i][0]);
        beluga_http_request_set_header(&request, name, bad[i][0] + n + 1);
        /* this is a second fault; only the first is reported */
        beluga_http_request_set_method(&request, "GET /");
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
