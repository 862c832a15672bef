/* Request bodies that are not JSON, and JSON bodies in which one member is replaced. */
#include "../support/parts.h"
#include "base/json.h"
#include "base/mem.h"
#include "wire/http.h"

#include <beluga/error.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static beluga__arena arena;
static beluga_http_request request;
static beluga_error err;

static int set_up(void **state)
{
    (void)state;
    beluga__arena_init(&arena, beluga_allocator_default(), NULL, 0, 1 << 24);
    beluga__http_request_init(&request, beluga_allocator_default(), &arena, "http://h");
    beluga_http_request_set_path(&request, "/");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    beluga__http_request_free(&request);
    beluga__arena_free(&arena);
    return 0;
}

static const char *content_type(void)
{
    return beluga_http_request_header(&request, "content-type");
}

static int finish(void)
{
    beluga__http_request_seal(&request);
    return beluga__http_request_finish(&request, &err);
}

static void assert_body(const char *expected)
{
    assert_int_equal(finish(), 0);
    assert_string_equal(beluga_http_request_body(&request, NULL), expected);
}

static void assert_refused(const char *message)
{
    assert_int_equal(finish(), BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(err.message, message);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static void bytes_are_sent_as_they_are(void **state)
{
    (void)state;
    size_t n;
    beluga_http_request_set_body(&request, "audio/wav", "RI\0F", 4);
    assert_int_equal(finish(), 0);
    assert_memory_equal(beluga_http_request_body(&request, &n), "RI\0F", 4);
    assert_int_equal(n, 4);
    assert_string_equal(content_type(), "audio/wav");
}

static void the_last_bytes_that_are_set_are_sent(void **state)
{
    (void)state;
    beluga_http_request_set_body(&request, "text/plain", "first", 5);
    beluga_http_request_set_body(&request, NULL, "second", 6);
    assert_string_equal(content_type(), "text/plain");
    assert_body("second");
    beluga_http_request_set_body(&request, "text/plain", NULL, 0);
    assert_body("");
    assert_true(request.has_body);
}

static void two_kinds_of_body_are_an_error(void **state)
{
    (void)state;
    beluga_http_request_add_form_field(&request, "a", "b", 1);
    beluga_json_put_null(beluga_http_request_json(&request), NULL);
    assert_refused("the request has two kinds of body: a form and JSON");
    tear_down(NULL);
    set_up(NULL);
    beluga_json_put_null(beluga_http_request_json(&request), NULL);
    beluga_http_request_set_body(&request, NULL, "x", 1);
    assert_refused("the request has two kinds of body: JSON and bytes");
    tear_down(NULL);
    set_up(NULL);
    beluga_http_request_set_body(&request, NULL, "x", 1);
    beluga_http_request_add_part(
        &request, &(beluga_http_part){.size = sizeof(beluga_http_part), .name = "a"});
    assert_refused("the request has two kinds of body: bytes and parts");
}

/* ---- forms ----------------------------------------------------------------------------------- */

static void fields_of_a_form_are_encoded_as_those_of_web_pages(void **state)
{
    (void)state;
    beluga_http_request_add_form_field(&request, "grant_type", "a b&c=d", 7);
    beluga_http_request_add_form_field(&request, "\xc3\xa9", "*-._~\r\n+", 8);
    beluga_http_request_add_form_field(&request, "nul", "\0", 1);
    beluga_http_request_add_form_field(&request, "", NULL, 0);
    assert_string_equal(content_type(), "application/x-www-form-urlencoded");
    assert_body("grant_type=a+b%26c%3Dd&%C3%A9=*-._%7E%0D%0A%2B&nul=%00&=");
}

static void a_field_without_a_name_is_refused(void **state)
{
    (void)state;
    beluga_http_request_add_form_field(&request, NULL, "b", 1);
    assert_refused("a field has no name");
}

/* ---- client credentials ---------------------------------------------------------------------- */

static void ask_for_token(beluga_client_credentials client)
{
    client.size = sizeof client;
    beluga_http_request_set_client_credentials(&request, &client);
}

static void client_credentials_are_fields_of_the_body(void **state)
{
    (void)state;
    needs_part("token_exchange");
    ask_for_token((beluga_client_credentials){
        .url = "https://id.example/token", .id = "me", .secret = "a+b &c", .scope = "read write"});
    beluga_http_request_add_form_field(&request, "audience", "x", 1);
    assert_body("grant_type=client_credentials&client_id=me&client_secret=a%2Bb+%26c&"
                "scope=read+write&audience=x");
    assert_string_equal(beluga_http_request_url(&request), "https://id.example/token");
    assert_null(beluga_http_request_header(&request, "Authorization"));
}

/* The header has the base64 of "me%3A1:a%2Bb". */
static void client_credentials_may_be_in_the_header(void **state)
{
    (void)state;
    needs_part("token_exchange");
    ask_for_token((beluga_client_credentials){
        .url = "https://id.example/token", .id = "me:1", .secret = "a+b", .in_header = true});
    assert_body("grant_type=client_credentials");
    assert_string_equal(beluga_http_request_header(&request, "Authorization"),
                        "Basic bWUlM0ExOmElMkJi");
}

static void client_credentials_that_are_not_whole_are_an_error(void **state)
{
    static const beluga_client_credentials some[] = {{.id = "a", .secret = "b"},
                                                     {.url = "https://h/", .secret = "b"},
                                                     {.url = "https://h/", .id = "a"}};
    beluga_client_credentials shorter = {.size = 8};
    needs_part("token_exchange");
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        ask_for_token(some[i]);
        assert_refused("client credentials lack url, id or secret");
        tear_down(state);
        set_up(state);
    }
    beluga_http_request_set_client_credentials(&request, &shorter);
    assert_refused("client credentials lack url, id or secret");
}

/* ---- parts ----------------------------------------------------------------------------------- */

static void add(const char *name, const char *filename, const char *type, const char *data,
                size_t n)
{
    beluga_http_part part = {sizeof part, name, filename, type, data, n};
    beluga_http_request_add_part(&request, &part);
}

#define BOUNDARY "beluga_boundary_0000000000000000"

static void parts_stand_between_boundaries(void **state)
{
    (void)state;
    add("model", NULL, NULL, "whisper-1", 9);
    add("file", "a.wav", "audio/wav", "RIFF", 4);
    add("note", "n", NULL, NULL, 0);
    add("facts", NULL, "application/json", "{}", 2);
    assert_body("--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n"
                "whisper-1\r\n--" BOUNDARY
                "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n"
                "Content-Type: audio/wav\r\n\r\nRIFF\r\n--" BOUNDARY
                "\r\nContent-Disposition: form-data; name=\"note\"; filename=\"n\"\r\n"
                "Content-Type: application/octet-stream\r\n\r\n\r\n--" BOUNDARY
                "\r\nContent-Disposition: form-data; name=\"facts\"\r\n"
                "Content-Type: application/json\r\n\r\n{}\r\n--" BOUNDARY "--\r\n");
    assert_string_equal(content_type(), "multipart/form-data; boundary=" BOUNDARY);
}

static void names_of_parts_can_not_leave_their_quotes(void **state)
{
    (void)state;
    add("a\"; b=\"\r\nX: y", "\xc3\xbc\\ \"\n.wav", NULL, "x", 1);
    assert_body("--" BOUNDARY "\r\nContent-Disposition: form-data; "
                "name=\"a%22; b=%22%0D%0AX: y\"; filename=\"\xc3\xbc\\ %22%0A.wav\"\r\n"
                "Content-Type: application/octet-stream\r\n\r\nx\r\n--" BOUNDARY "--\r\n");
}

static void assert_part_refused(const char *name, const char *filename, const char *type,
                                const char *message)
{
    tear_down(NULL);
    set_up(NULL);
    add(name, filename, type, "x", 1);
    assert_refused(message);
}

static void a_part_that_can_not_be_sent_is_explained(void **state)
{
    (void)state;
    assert_part_refused(NULL, NULL, NULL, "a part has no name");
    assert_part_refused("", NULL, NULL, "a part has no name");
    assert_part_refused("a\x01", NULL, NULL,
                        "a part's name: byte 0x01 at byte 1 can't be sent in it");
    assert_part_refused("a", "b\xff", NULL,
                        "a part's filename: byte 0xff at byte 1 can't be sent in it");
    assert_part_refused("a", "b", "text/plain\r\nX: y",
                        "a part's media type: \\r at byte 10 can't be sent in it");
    tear_down(NULL);
    set_up(NULL);
    add("a", NULL, NULL, NULL, 1);
    assert_refused("a part has no data");
}

static size_t count(const char *text, size_t n, const char *word)
{
    size_t found = 0;
    const char *at = text, *end = text + n;
    while ((at = memmem(at, (size_t)(end - at), word, strlen(word)))) at++, found++;
    return found;
}

/* The data contains the first 10,000 boundaries that the library would try. */
static void the_boundary_occurs_in_no_part(void **state)
{
    (void)state;
    enum { MANY = 10000, EACH = 33 };
    char *data = malloc(MANY * EACH);
    assert_non_null(data);
    for (int i = 0; i < MANY; i++)
        snprintf(data + (size_t)i * EACH, EACH, "beluga_boundary_%04d%012d", i, 0);
    for (size_t i = 1; i < MANY; i++) data[i * EACH - 1] = ' ';
    add("a", NULL, NULL, data, (size_t)MANY * EACH - 1);
    add("b", NULL, NULL, "beluga_boundary_", 16);
    assert_int_equal(finish(), 0);
    size_t n;
    const char *body = beluga_http_request_body(&request, &n);
    const char *boundary = strstr(content_type(), "boundary=") + 9;
    assert_int_equal(strlen(boundary), sizeof BOUNDARY - 1);
    assert_int_equal(count(body, n, boundary), 3);
    assert_int_equal(count(data, (size_t)MANY * EACH - 1, boundary), 0);
    assert_memory_equal(body + 2, boundary, strlen(boundary));
    free(data);
}

static void parts_are_not_added_to_a_body_that_is_complete(void **state)
{
    (void)state;
    add("a", NULL, NULL, "x", 1);
    beluga__http_request_seal(&request);
    assert_non_null(strstr(beluga_http_request_body(&request, NULL), BOUNDARY "--"));
    add("b", NULL, NULL, "x", 1);
    assert_refused("the request has two kinds of body: bytes and parts");
}

static void parts_have_a_limit(void **state)
{
    (void)state;
    for (unsigned i = 0; i < BELUGA__MAX_BODY_PARTS; i++) add("a", NULL, NULL, "x", 1);
    assert_int_equal(request.status, 0);
    add("a", NULL, NULL, "x", 1);
    assert_int_equal(finish(), BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_string_equal(err.message, "the request has more than 10,000 parts");
}

/* ---- one member of a JSON body --------------------------------------------------------------- */

static void assert_set(const char *text, const char *expected)
{
    beluga__buf out;
    beluga__buf_init(&out, beluga_allocator_default(), 1 << 16);
    assert_int_equal(beluga__json_set_member(&out, text, strlen(text), "model", "\"m\"", 3), 0);
    assert_string_equal(out.data, expected);
    beluga__buf_free(&out);
}

static void a_member_is_replaced_and_all_other_bytes_stay(void **state)
{
    (void)state;
    assert_set("{\"model\":\"x\",\"a\":1.50e0}", "{\"model\":\"m\",\"a\":1.50e0}");
    assert_set(" {\n \"a\" : {\"model\": \"in\"} , \"model\" : \"x\\\"y}\" \n}\n",
               " {\n \"a\" : {\"model\": \"in\"} , \"model\" : \"m\" \n}\n");
    assert_set("{\"model\":{\"a\":[1,\"}\"]},\"b\":\"model\"}",
               "{\"model\":\"m\",\"b\":\"model\"}");
    assert_set("\xef\xbb\xbf{\"model\":null}", "\xef\xbb\xbf{\"model\":\"m\"}");
}

static void each_member_of_the_name_is_replaced_however_it_is_written(void **state)
{
    (void)state;
    assert_set("{\"model\":1,\"mod\\u0065l\":2,\"\\u006Dodel\":3,\"models\":4,\"\\u00e9model\":5}",
               "{\"model\":\"m\",\"mod\\u0065l\":\"m\",\"\\u006Dodel\":\"m\",\"models\":4,"
               "\"\\u00e9model\":5}");
}

static void a_member_that_is_missing_is_put_first(void **state)
{
    (void)state;
    assert_set("{}", "{\"model\":\"m\"}");
    assert_set("{ }", "{\"model\":\"m\" }");
    assert_set("{ \"a\":1}", "{\"model\":\"m\", \"a\":1}");
    assert_set("{\"a\\\"model\":1}", "{\"model\":\"m\",\"a\\\"model\":1}");
}

#define ON_REQUEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_REQUEST(client_credentials_are_fields_of_the_body),
        ON_REQUEST(client_credentials_may_be_in_the_header),
        ON_REQUEST(client_credentials_that_are_not_whole_are_an_error),
        ON_REQUEST(bytes_are_sent_as_they_are),
        ON_REQUEST(the_last_bytes_that_are_set_are_sent),
        ON_REQUEST(two_kinds_of_body_are_an_error),
        ON_REQUEST(fields_of_a_form_are_encoded_as_those_of_web_pages),
        ON_REQUEST(a_field_without_a_name_is_refused),
        ON_REQUEST(parts_stand_between_boundaries),
        ON_REQUEST(names_of_parts_can_not_leave_their_quotes),
        ON_REQUEST(a_part_that_can_not_be_sent_is_explained),
        ON_REQUEST(the_boundary_occurs_in_no_part),
        ON_REQUEST(parts_are_not_added_to_a_body_that_is_complete),
        ON_REQUEST(parts_have_a_limit),
        cmocka_unit_test(a_member_is_replaced_and_all_other_bytes_stay),
        cmocka_unit_test(each_member_of_the_name_is_replaced_however_it_is_written),
        cmocka_unit_test(a_member_that_is_missing_is_put_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
