/* Reading and writing JSON: what a provider's author may rely on. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- reading --------------------------------------------------------------------------------- */

static beluga__json_scratch scratch;

static int set_up(void **state)
{
    (void)state;
    beluga__json_scratch_init(&scratch, beluga_allocator_default());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    beluga__json_scratch_free(&scratch);
    return 0;
}

/* The text stands at the end of its own block, so that a sanitizer sees a read past it. */
static int parse_n(const char *text, size_t n, const beluga_json **root, beluga_error *err)
{
    char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, text, n);
    int code = beluga__json_scratch_parse(&scratch, copy, n, root, err);
    free(copy);
    return code;
}

static const beluga_json *parse(const char *text)
{
    const beluga_json *root;
    beluga_error err;
    assert_int_equal(parse_n(text, strlen(text), &root, &err), 0);
    assert_non_null(root);
    return root;
}

static void assert_refused(const char *text, int code, const char *message)
{
    const beluga_json *root = (const beluga_json *)text;
    beluga_error err;
    assert_int_equal(parse_n(text, strlen(text), &root, &err), code);
    assert_null(root);
    assert_int_equal(err.code, code);
    if (!strstr(err.message, message)) assert_string_equal(err.message, message);
}

static void assert_string(const beluga_json *value, const char *expected, size_t n)
{
    size_t length = 0;
    const char *text = beluga_json_string(value, &length);
    assert_non_null(text);
    assert_int_equal(length, n);
    assert_memory_equal(text, expected, n + 1);
}

static void a_malformed_text_is_refused_with_its_position(void **state)
{
    (void)state;
    assert_refused("", BELUGA_ERROR_MALFORMED_RESPONSE, "at byte 0: the text is empty");
    assert_refused(" \n\t ", BELUGA_ERROR_MALFORMED_RESPONSE, "at byte 0: the text is empty");
    assert_refused("{\"a\": nope}", BELUGA_ERROR_MALFORMED_RESPONSE, "malformed JSON at byte 6: ");
    assert_refused("{\"a\":1} x", BELUGA_ERROR_MALFORMED_RESPONSE, "malformed JSON at byte 8: ");
    assert_refused("{\"a\":1", BELUGA_ERROR_MALFORMED_RESPONSE, "malformed JSON at byte ");
    assert_refused("[1,]", BELUGA_ERROR_MALFORMED_RESPONSE, "malformed JSON at byte ");
    assert_refused("\"a\nb\"", BELUGA_ERROR_MALFORMED_RESPONSE, "malformed JSON at byte ");
    assert_refused("\"\\u12\"", BELUGA_ERROR_MALFORMED_RESPONSE, "malformed JSON at byte ");
    assert_refused("\"\\x\"", BELUGA_ERROR_MALFORMED_RESPONSE, "malformed JSON at byte ");
    assert_refused("\"\\", BELUGA_ERROR_MALFORMED_RESPONSE, "malformed JSON at byte ");
    assert_refused("<!DOCTYPE html>", BELUGA_ERROR_MALFORMED_RESPONSE,
                   "malformed JSON at byte 0: ");
}

static void an_error_is_optional(void **state)
{
    (void)state;
    const beluga_json *root;
    assert_int_equal(parse_n("{", 1, &root, NULL), BELUGA_ERROR_MALFORMED_RESPONSE);
}

static void space_and_a_byte_order_mark_before_a_value_are_skipped(void **state)
{
    (void)state;
    assert_int_equal(beluga_json_int(parse("\r\n\r\n 7"), 0), 7);
    assert_int_equal(beluga_json_int(parse("\xef\xbb\xbf 7 \n"), 0), 7);
}

static void a_lone_surrogate_is_read_as_the_replacement_character(void **state)
{
    (void)state;
    assert_string(parse("\"a\\ud800b\""),
                  "a\xef\xbf\xbd"
                  "b",
                  5);
    assert_string(parse("\"\\udC00\\uD800\""), "\xef\xbf\xbd\xef\xbf\xbd", 6);
    assert_string(parse("\"\\ud800\\u0041\\n\\ud83d\\ude00\""),
                  "\xef\xbf\xbd"
                  "A\n\xf0\x9f\x98\x80",
                  9);
    assert_true(scratch.repaired);
    assert_string(parse("\"\\ud83d\\ude00\""), "\xf0\x9f\x98\x80", 4);
    assert_false(scratch.repaired);
}

static void bytes_that_are_not_utf8_are_read_as_replacement_characters(void **state)
{
    (void)state;
    assert_string(parse("\"\xff|\xc3\xa9\xc3|\xed\xa0\x80\\\"\""),
                  "\xef\xbf\xbd|\xc3\xa9\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", 20);
    assert_refused("\"\\\xff\"", BELUGA_ERROR_MALFORMED_RESPONSE, "malformed JSON at byte ");
    assert_refused("{\"a\":\xff}", BELUGA_ERROR_MALFORMED_RESPONSE, "malformed JSON at byte ");
}

/* Work that grew with the square took a quarter of an hour for these. */
static void megabytes_of_broken_bytes_are_read_as_few_are(void **state)
{
    (void)state;
    enum { MANY = 4 << 20 };
    size_t n;
    char *text = malloc(MANY + 2);
    assert_non_null(text);
    memset(text, 0xff, MANY + 2);
    text[0] = text[MANY + 1] = '"';
    const beluga_json *value;
    assert_int_equal(beluga__json_scratch_parse(&scratch, text, MANY + 2, &value, NULL), 0);
    assert_non_null(beluga_json_string(value, &n));
    assert_int_equal(n, 3 * (size_t)MANY);
    free(text);
}

static void a_nul_inside_a_string_is_a_character(void **state)
{
    (void)state;
    assert_string(parse("\"a\\u0000b\""), "a\0b", 3);
}

static void numbers_of_any_size_are_read(void **state)
{
    (void)state;
    const beluga_json *a =
        parse("[9223372036854775807, 9223372036854775808, -9223372036854775809,"
              "123456789012345678901234567890, 1e999, -1e999, 1.75, -0.5, 3e2, 1e-999]");
    static const int64_t whole[] = {INT64_MAX, INT64_MAX, INT64_MIN, INT64_MAX, INT64_MAX,
                                    INT64_MIN, 1,         0,         300,       0};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        assert_true(beluga_json_is_number(beluga_json_at(a, i)));
        assert_true(beluga_json_int(beluga_json_at(a, i), 42) == whole[i]);
    }
    assert_true(beluga_json_double(beluga_json_at(a, 3), 0) == 123456789012345678901234567890.0);
    assert_true(isinf(beluga_json_double(beluga_json_at(a, 4), 0)));
    assert_true(beluga_json_double(beluga_json_at(a, 5), 0) < 0);
    assert_true(beluga_json_double(beluga_json_at(a, 6), 0) == 1.75);
    size_t n;
    const char *text = beluga__json_scratch_text(&scratch, beluga_json_at(a, 3), &n);
    assert_string_equal(text, "123456789012345678901234567890");
}

static char *nested(size_t depth, size_t padding)
{
    char *text = malloc(2 * depth + padding + 1);
    assert_non_null(text);
    memset(text, '[', depth);
    memset(text + depth, ' ', padding);
    memset(text + depth + padding, ']', depth);
    text[2 * depth + padding] = '\0';
    return text;
}

static void nesting_stops_at_512_levels(void **state)
{
    (void)state;
    static const size_t paddings[] = {0, 100000};
    for (size_t i = 0; i < 2; i++) {
        char *fits = nested(512, paddings[i]), *deep = nested(513, paddings[i]);
        parse(fits);
        assert_refused(deep, BELUGA_ERROR_LIMIT_EXCEEDED, "deeper than 512");
        deep[2 * 513 + paddings[i] - 1] = '\0'; /* and not even closed */
        assert_refused(deep, BELUGA_ERROR_LIMIT_EXCEEDED, "deeper than 512");
        free(fits);
        free(deep);
    }
}

static void brackets_inside_strings_do_not_nest(void **state)
{
    (void)state;
    beluga__buf text;
    beluga__buf_init(&text, beluga_allocator_default(), 1 << 20);
    beluga__buf_putc(&text, '[');
    for (int i = 0; i < 600; i++) beluga__buf_puts(&text, "\"[{\\\"[{\",{\"a\":[]},");
    beluga__buf_puts(&text, "\"\\\\\"]");
    assert_int_equal(beluga_json_count(parse(text.data)), 1201);
    beluga__buf_free(&text);
}

static void containers_are_walked_in_order(void **state)
{
    (void)state;
    const beluga_json *o = parse("{\"a\":[1,[2],{}],\"b\":{\"c\":true},\"a\\u0000\":null}");
    const beluga_json *v = beluga_json_first(o);
    size_t n = 0;
    assert_string_equal(beluga_json_key(v, &n), "a");
    assert_true(beluga_json_is_array(v));
    v = beluga_json_next(o, v);
    assert_string_equal(beluga_json_key(v, NULL), "b");
    assert_true(beluga_json_bool(beluga_json_get(v, "c"), false));
    v = beluga_json_next(o, v);
    beluga_json_key(v, &n);
    assert_int_equal(n, 2);
    assert_true(beluga_json_is_null(v));
    assert_null(beluga_json_next(o, v));
    const beluga_json *a = beluga_json_get(o, "a"), *item = beluga_json_first(a);
    assert_int_equal(beluga_json_int(item, 0), 1);
    item = beluga_json_next(a, item);
    assert_int_equal(beluga_json_count(item), 1);
    item = beluga_json_next(a, item);
    assert_true(beluga_json_is_object(item));
    assert_null(beluga_json_first(item));
    assert_null(beluga_json_next(a, item));
    assert_int_equal(beluga_json_count(o), 3);
}

static void getters_accept_null_and_other_types(void **state)
{
    (void)state;
    const beluga_json *s = parse("\"x\"");
    assert_null(beluga_json_get(NULL, "a"));
    assert_null(beluga_json_get(s, "a"));
    assert_null(beluga_json_at(s, 0));
    assert_null(beluga_json_first(s));
    assert_null(beluga_json_first(NULL));
    assert_null(beluga_json_next(NULL, NULL));
    assert_null(beluga_json_next(s, s));
    assert_null(beluga_json_key(NULL, NULL));
    assert_int_equal(beluga_json_count(s), 0);
    assert_null(beluga_json_string(NULL, NULL));
    assert_int_equal(beluga_json_int(s, 5), 5);
    assert_true(beluga_json_double(s, 0.5) == 0.5);
    assert_true(beluga_json_bool(s, true));
    assert_int_equal(beluga_json_get_int(s, "a", -3), -3);
    assert_null(beluga_json_get_string(s, "a", NULL));
    assert_false(beluga_json_is_object(NULL));
    assert_false(beluga_json_is_null(NULL));
    assert_true(beluga_json_is_string(s));
}

static void a_document_owns_its_texts(void **state)
{
    (void)state;
    beluga_json_doc *doc;
    const char *text = "{\"a\":[1, 2.5],\"b\":\"\\u00e9\\/\"}";
    size_t n;
    assert_int_equal(beluga_json_parse(text, strlen(text), &doc, NULL), 0);
    const beluga_json *root = beluga_json_doc_root(doc);
    const char *a = beluga_json_text(doc, beluga_json_get(root, "a"), &n);
    const char *whole = beluga_json_text(doc, root, NULL);
    assert_int_equal(n, 7);
    assert_string_equal(a, "[1,2.5]");
    assert_string_equal(whole, "{\"a\":[1,2.5],\"b\":\"\xc3\xa9/\"}");
    assert_null(beluga_json_text(doc, NULL, NULL));
    beluga_json_doc_free(doc);
    beluga_json_doc_free(NULL);
    assert_null(beluga_json_doc_root(NULL));
    assert_int_equal(beluga_json_parse("\xef\xbb\xbf{\"a\":\"\xff\"}", 12, &doc, NULL), 0);
    assert_string_equal(beluga_json_get_string(beluga_json_doc_root(doc), "a", NULL),
                        "\xef\xbf\xbd");
    beluga_json_doc_free(doc);
    assert_int_equal(beluga_json_parse("[", 1, &doc, NULL), BELUGA_ERROR_MALFORMED_RESPONSE);
    assert_null(doc);
}

static void compact_takes_objects_only(void **state)
{
    (void)state;
    beluga__arena arena;
    beluga_error err;
    const char *out = NULL;
    size_t n = 0;
    beluga__arena_init(&arena, beluga_allocator_default(), NULL, 0, 1 << 20);
    assert_int_equal(beluga__json_compact(&arena, "{ \"a\" : [ ] }", 13, &out, &n, &err), 0);
    assert_string_equal(out, "{\"a\":[]}");
    assert_int_equal(n, 8);
    assert_int_equal(beluga__json_compact(&arena, "[]", 2, &out, &n, &err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(err.message, "not a JSON object");
    assert_int_equal(beluga__json_compact(&arena, "{", 1, &out, &n, &err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(err.code, BELUGA_ERROR_INVALID_INPUT);
    beluga__arena_free(&arena);
}

/* ---- memory ---------------------------------------------------------------------------------- */

struct counter {
    size_t allocations, fail_at;
    int live;
};

static void *count_resize(void *payload, void *pointer, size_t old_size, size_t size)
{
    struct counter *c = payload;
    (void)old_size;
    if (++c->allocations == c->fail_at) return NULL;
    c->live += pointer == NULL;
    return realloc(pointer, size);
}

static void *count_alloc(void *payload, size_t size)
{
    return count_resize(payload, NULL, 0, size);
}

static void count_release(void *payload, void *pointer)
{
    struct counter *c = payload;
    c->live--;
    free(pointer);
}

static void parsing_again_allocates_nothing(void **state)
{
    (void)state;
    struct counter count = {0};
    beluga_allocator allocator = {count_alloc, count_resize, count_release, &count};
    beluga__json_scratch s;
    const beluga_json *root;
    const char *text =
        "{\"choices\":[{\"delta\":{\"content\":\"Hello\"}}],\"usage\":{\"total_tokens\":7}}";
    beluga__json_scratch_init(&s, &allocator);
    for (int i = 0; i < 100; i++) {
        if (i == 2) count.allocations = 0;
        assert_int_equal(beluga__json_scratch_parse(&s, text, strlen(text), &root, NULL), 0);
        assert_non_null(beluga__json_scratch_text(&s, beluga_json_get(root, "usage"), NULL));
    }
    assert_int_equal(count.allocations, 0);
    beluga__json_scratch_free(&s);
    assert_int_equal(count.live, 0);
}

static int parse_large_and_write(const beluga_allocator *allocator, const char *text, size_t n)
{
    beluga__json_scratch s;
    const beluga_json *root;
    beluga__json_scratch_init(&s, allocator);
    int code = beluga__json_scratch_parse(&s, text, n, &root, NULL);
    if (!code) code = beluga__json_scratch_parse(&s, "\"\xff\"", 3, &root, NULL);
    if (!code && !beluga__json_scratch_text(&s, root, NULL)) code = BELUGA_ERROR_NO_MEMORY;
    beluga__json_scratch_free(&s);
    return code;
}

static void every_failing_allocation_is_no_memory_and_leaks_nothing(void **state)
{
    (void)state;
    char *text = nested(500, 100000);
    size_t n = strlen(text);
    size_t failures = 0;
    for (size_t i = 1;; i++) {
        struct counter count = {.fail_at = i};
        beluga_allocator allocator = {count_alloc, count_resize, count_release, &count};
        int code = parse_large_and_write(&allocator, text, n);
        assert_true(code == 0 || code == BELUGA_ERROR_NO_MEMORY);
        assert_int_equal(count.live, 0);
        failures += code != 0;
        if (count.allocations < i) break;
    }
    assert_true(failures >= 3);
    free(text);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void assert_written(beluga_json_writer *w, const char *expected)
{
    const char *text;
    size_t n;
    assert_int_equal(beluga_json_writer_text(w, &text, &n), 0);
    assert_string_equal(text, expected);
    assert_int_equal(n, strlen(expected));
    beluga_json_writer_free(w);
}

static void assert_stuck(beluga_json_writer *w, int code)
{
    const char *text = "";
    size_t n;
    assert_int_equal(beluga_json_writer_text(w, &text, &n), code);
    assert_null(text);
    beluga_json_writer_free(w);
}

static void commas_are_put_by_the_writer(void **state)
{
    (void)state;
    beluga_json_writer *w = beluga_json_writer_new();
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "a", "b");
    beluga_json_begin_array(w, "c");
    beluga_json_begin_object(w, NULL);
    beluga_json_end_object(w);
    beluga_json_put_int(w, NULL, INT64_MIN);
    beluga_json_put_null(w, NULL);
    beluga_json_begin_array(w, NULL);
    beluga_json_end_array(w);
    beluga_json_end_array(w);
    beluga_json_put_bool(w, "d", true);
    beluga_json_put_string(w, "e", NULL);
    beluga_json_put_raw(w, "f", " [1, 2] ", 8);
    beluga_json_end_object(w);
    assert_written(w, "{\"a\":\"b\",\"c\":[{},-9223372036854775808,null,[]],\"d\":true,\"e\":null,"
                      "\"f\": [1, 2] }");
}

static void strings_are_escaped(void **state)
{
    (void)state;
    beluga_json_writer *w = beluga_json_writer_new();
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string_n(w, "k\"\n", "\0\x1f\b\f\r\t\\/\xc3\xa9\x7f", 11);
    beluga_json_end_object(w);
    assert_written(w, "{\"k\\\"\\n\":\"\\u0000\\u001f\\b\\f\\r\\t\\\\/\xc3\xa9\x7f\"}");
}

static void doubles_are_the_shortest_text_in_any_locale(void **state)
{
    (void)state;
    static const double values[] = {0.1, 1, -0.0, 1e300, 5e-324, 1.0 / 3, 2.5};
    setlocale(LC_ALL, "de_DE.UTF-8");
    beluga_json_writer *w = beluga_json_writer_new();
    beluga_json_begin_array(w, NULL);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        beluga_json_put_double(w, NULL, values[i]);
    beluga_json_put_double(w, NULL, NAN);
    beluga_json_put_double(w, NULL, INFINITY);
    beluga_json_end_array(w);
    setlocale(LC_ALL, "C");
    assert_written(w, "[0.1,1.0,-0.0,1e300,5e-324,0.3333333333333333,2.5,null,null]");
}

static void base64_has_its_padding(void **state)
{
    (void)state;
    beluga_json_writer *w = beluga_json_writer_new();
    beluga_json_begin_array(w, NULL);
    beluga_json_put_base64(w, NULL, "data:x;base64,", "", 0);
    beluga_json_put_base64(w, NULL, NULL, "f", 1);
    beluga_json_put_base64(w, NULL, NULL, "fo", 2);
    beluga_json_put_base64(w, NULL, "", "foo", 3);
    beluga_json_put_base64(w, NULL, "\"", "\xff\xfe\xfd\x00", 4);
    beluga_json_end_array(w);
    assert_written(w, "[\"data:x;base64,\",\"Zg==\",\"Zm8=\",\"Zm9v\",\"\\\"//79AA==\"]");
}

static void raw_text_must_be_one_value(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "1 2", "{", "}{", "nope", "\"\xff\""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        beluga_json_writer *w = beluga_json_writer_new();
        beluga_json_put_raw(w, NULL, bad[i], strlen(bad[i]));
        assert_stuck(w, BELUGA_ERROR_INVALID_INPUT);
    }
    beluga_json_writer *w = beluga_json_writer_new();
    beluga_json_put_raw(w, NULL, "{\"a\":\"\\ud800\"}", 14);
    assert_written(w, "{\"a\":\"\xef\xbf\xbd\"}");
    char *deep = nested(513, 0);
    w = beluga_json_writer_new();
    beluga_json_put_raw(w, NULL, deep, strlen(deep));
    assert_stuck(w, BELUGA_ERROR_LIMIT_EXCEEDED);
    free(deep);
}

static void misuse_sticks(void **state)
{
    (void)state;
    beluga_json_writer *w = beluga_json_writer_new();
    assert_stuck(w, BELUGA_ERROR_INVALID_INPUT); /* nothing written */
    w = beluga_json_writer_new();
    beluga_json_begin_object(w, NULL);
    assert_stuck(w, BELUGA_ERROR_INVALID_INPUT); /* still open */
    w = beluga_json_writer_new();
    beluga_json_begin_object(w, NULL);
    beluga_json_put_int(w, NULL, 1); /* no key */
    beluga_json_end_object(w);
    assert_stuck(w, BELUGA_ERROR_INVALID_INPUT);
    w = beluga_json_writer_new();
    beluga_json_begin_array(w, NULL);
    beluga_json_put_int(w, "k", 1); /* a key in an array */
    beluga_json_end_array(w);
    assert_stuck(w, BELUGA_ERROR_INVALID_INPUT);
    w = beluga_json_writer_new();
    beluga_json_begin_array(w, NULL);
    beluga_json_end_object(w); /* the other bracket */
    assert_stuck(w, BELUGA_ERROR_INVALID_INPUT);
    w = beluga_json_writer_new();
    beluga_json_end_array(w);
    assert_stuck(w, BELUGA_ERROR_INVALID_INPUT);
    w = beluga_json_writer_new();
    beluga_json_put_int(w, NULL, 1);
    beluga_json_put_int(w, NULL, 2); /* a second value */
    assert_stuck(w, BELUGA_ERROR_INVALID_INPUT);
    w = beluga_json_writer_new();
    beluga_json_put_string(w, NULL, "\xc3");
    assert_stuck(w, BELUGA_ERROR_INVALID_INPUT);
    beluga_json_writer_free(NULL);
}

static void the_writer_stops_at_512_levels(void **state)
{
    (void)state;
    for (int depth = 512; depth <= 513; depth++) {
        beluga_json_writer *w = beluga_json_writer_new();
        const char *text;
        for (int i = 0; i < depth; i++)
            if (i % 2)
                beluga_json_begin_object(w, NULL);
            else
                beluga_json_begin_array(w, i ? "k" : NULL);
        for (int i = depth; i-- > 0;)
            if (i % 2)
                beluga_json_end_object(w);
            else
                beluga_json_end_array(w);
        assert_int_equal(beluga_json_writer_text(w, &text, NULL),
                         depth == 512 ? 0 : BELUGA_ERROR_LIMIT_EXCEEDED);
        beluga_json_writer_free(w);
    }
}

static void the_buffers_maximum_is_the_writers(void **state)
{
    (void)state;
    beluga__buf buf;
    beluga_json_writer w;
    for (size_t max = 0; max < 20; max++) {
        beluga__buf_init(&buf, beluga_allocator_default(), max);
        beluga__json_writer_init(&w, &buf);
        beluga_json_begin_array(&w, NULL);
        beluga_json_put_string(&w, NULL, "\n\n");
        beluga_json_put_base64(&w, NULL, "", "abcdef", 6);
        beluga_json_end_array(&w);
        assert_int_equal(beluga__json_writer_status(&w),
                         max < 19 ? BELUGA_ERROR_LIMIT_EXCEEDED : 0);
        beluga__buf_free(&buf);
    }
}

static void base64_is_read_padded_or_not_and_nothing_else_is(void **state)
{
    static const char *const rows[][2] = {{"", ""},       {"QQ==", "A"},   {"QQ", "A"},
                                          {"QUI=", "AB"}, {"QUJD", "ABC"}, {"QUJDRA", "ABCD"},
                                          {"+/+/", NULL}};
    static const char *const bad[] = {"A", "QUJDR", "QU D", "QU\nD", "Q===", "QU=D", "\xc3\xbc=="};
    beluga__buf out;
    (void)state;
    beluga__buf_init(&out, beluga_allocator_default(), 16);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        beluga__buf_clear(&out);
        assert_int_equal(beluga__base64_decode(&out, rows[i][0], strlen(rows[i][0])), 0);
        if (rows[i][1]) assert_string_equal(out.data, rows[i][1]);
    }
    assert_memory_equal(out.data, "\xfb\xff\xbf", 3);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(beluga__base64_decode(&out, bad[i], strlen(bad[i])),
                         BELUGA_ERROR_INVALID_INPUT);
    beluga__buf_clear(&out);
    assert_int_equal(beluga__base64_decode(&out, "QUJDREVGR0hJSktMTU5PUFFSU1RVVg", 30),
                     BELUGA_ERROR_LIMIT_EXCEEDED);
    beluga__buf_free(&out);
}

/* ---- merging --------------------------------------------------------------------------------- */

static void a_patch_is_merged_as_rfc_7396_says(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
        {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
        {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
        {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
        {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
        {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
        {"{\"a\":\"foo\"}", "null", "null"},
        {"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
        {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
        {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
    };
    beluga__buf out;
    beluga__buf_init(&out, beluga_allocator_default(), 1 << 20);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        beluga__buf_clear(&out);
        assert_int_equal(beluga__json_merge(&out, cases[i][0], strlen(cases[i][0]), cases[i][1],
                                            strlen(cases[i][1])),
                         0);
        assert_string_equal(out.data, cases[i][2]);
    }
    beluga__buf_clear(&out);
    assert_int_equal(beluga__json_merge(&out, "{}", 2, "{", 1), BELUGA_ERROR_MALFORMED_RESPONSE);
    beluga__buf_free(&out);
    beluga__buf_init(&out, beluga_allocator_default(), 8);
    assert_int_equal(beluga__json_merge(&out, "{\"a\":1}", 7, "{\"b\":12345}", 11),
                     BELUGA_ERROR_LIMIT_EXCEEDED);
    beluga__buf_free(&out);
}

static void members_are_picked_in_one_walk(void **state)
{
    (void)state;
    static const beluga_json_name names[] = {BELUGA_JSON_NAME("a"), BELUGA_JSON_NAME("b"),
                                             BELUGA_JSON_NAME("ab"), BELUGA_JSON_NAME("c")};
    const beluga_json *m[4];
    const beluga_json *root = parse("{\"c\":{\"a\":9},\"x\":[1],\"a\":1,\"ab\":2,\"a\":3}");
    assert_int_equal(beluga_json_pick(root, names, 4, m), 3);
    assert_int_equal(beluga_json_int(m[0], 0), 1);
    assert_null(m[1]);
    assert_int_equal(beluga_json_int(m[2], 0), 2);
    assert_true(beluga_json_is_object(m[3]));
    assert_int_equal(beluga_json_pick(parse("[1]"), names, 4, m), 0);
    assert_null(m[0]);
    assert_int_equal(beluga_json_pick(NULL, names, 4, m), 0);
    assert_null(m[3]);
    assert_int_equal(beluga_json_pick(parse("{}"), names, 0, m), 0);
}

static void nan_and_infinity_are_values_without_a_number(void **state)
{
    (void)state;
    const char *text = "{\"a\":NaN,\"b\":-Infinity,\"c\":[Infinity,1.5],\"d\":7}";
    size_t n;
    assert_refused(text, BELUGA_ERROR_MALFORMED_RESPONSE, "malformed JSON at byte 5: ");
    scratch.lenient = true;
    const beluga_json *root = parse(text);
    assert_int_equal(beluga_json_get_int(root, "a", -3), -3);
    assert_int_equal(beluga_json_get_int(root, "b", -3), -3);
    assert_true(beluga_json_double(beluga_json_get(root, "b"), -3) == -3);
    assert_false(beluga_json_is_number(beluga_json_get(root, "a")));
    assert_int_equal(beluga_json_get_int(root, "d", -3), 7);
    assert_string_equal(beluga__json_scratch_text(&scratch, root, &n),
                        "{\"a\":null,\"b\":null,\"c\":[null,1.5],\"d\":7}");
    assert_refused("{\"a\":Nope}", BELUGA_ERROR_MALFORMED_RESPONSE, "malformed JSON at byte 5: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_malformed_text_is_refused_with_its_position, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_error_is_optional, set_up, tear_down),
        cmocka_unit_test_setup_teardown(space_and_a_byte_order_mark_before_a_value_are_skipped,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lone_surrogate_is_read_as_the_replacement_character,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(bytes_that_are_not_utf8_are_read_as_replacement_characters,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(megabytes_of_broken_bytes_are_read_as_few_are, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_nul_inside_a_string_is_a_character, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_of_any_size_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nesting_stops_at_512_levels, set_up, tear_down),
        cmocka_unit_test_setup_teardown(brackets_inside_strings_do_not_nest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(containers_are_walked_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(getters_accept_null_and_other_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(members_are_picked_in_one_walk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nan_and_infinity_are_values_without_a_number, set_up,
                                        tear_down),
        cmocka_unit_test(a_document_owns_its_texts),
        cmocka_unit_test(compact_takes_objects_only),
        cmocka_unit_test(parsing_again_allocates_nothing),
        cmocka_unit_test(every_failing_allocation_is_no_memory_and_leaks_nothing),
        cmocka_unit_test(commas_are_put_by_the_writer),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(doubles_are_the_shortest_text_in_any_locale),
        cmocka_unit_test(base64_has_its_padding),
        cmocka_unit_test(raw_text_must_be_one_value),
        cmocka_unit_test(misuse_sticks),
        cmocka_unit_test(the_writer_stops_at_512_levels),
        cmocka_unit_test(the_buffers_maximum_is_the_writers),
        cmocka_unit_test(base64_is_read_padded_or_not_and_nothing_else_is),
        cmocka_unit_test(a_patch_is_merged_as_rfc_7396_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
