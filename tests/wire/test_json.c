/* Reading and writing JSON: what the authors of providers can rely on. */
#include "json_shared.h"

#include <math.h>

/* ---- reading --------------------------------------------------------------------------------- */

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

/* If the work grew with the square of the length, this would take a quarter of an hour. */
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

static void nesting_stops_at_512_levels(void **state)
{
    (void)state;
    static const size_t paddings[] = {0, 100000};
    for (size_t i = 0; i < 2; i++) {
        char *fits = nested(512, paddings[i]), *deep = nested(513, paddings[i]);
        parse(fits);
        assert_refused(deep, BELUGA_ERROR_LIMIT_EXCEEDED, "deeper than 512");
        deep[2 * 513 + paddings[i] - 1] = '\0'; /* now the outer list is not closed, either */
        assert_refused(deep, BELUGA_ERROR_LIMIT_EXCEEDED, "deeper than 512");
        free(fits);
        free(deep);
    }
}

/* Containers that are closed do not count for the depth: a value that follows 2,000 others may be
 * 512 levels deep, but not 513. */
static void nesting_is_counted_on_the_way_to_each_value(void **state)
{
    (void)state;
    static const char *const opening[] = {"[", "{\"a\":"}, *const closing[] = {"]", "}"};
    for (int depth = 512; depth <= 513; depth++)
        for (int kind = 0; kind < 2; kind++) {
            beluga__buf text;
            beluga__buf_init(&text, beluga_allocator_default(), 1 << 20);
            beluga__buf_putc(&text, '[');
            for (int i = 0; i < 2000; i++) beluga__buf_puts(&text, "[[1],{\"b\":{}},[]],");
            for (int i = 1; i < depth; i++) beluga__buf_puts(&text, opening[kind]);
            beluga__buf_puts(&text, "2");
            for (int i = 1; i < depth; i++) beluga__buf_puts(&text, closing[kind]);
            beluga__buf_puts(&text, ",[3]]");
            if (depth == 512)
                assert_int_equal(beluga_json_count(parse(text.data)), 2002);
            else
                assert_refused(text.data, BELUGA_ERROR_LIMIT_EXCEEDED, "deeper than 512");
            beluga__buf_free(&text);
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

typedef struct counter {
    size_t allocations, fail_at;
    int live;
} counter;

static void *count_resize(void *payload, void *pointer, size_t old_size, size_t size)
{
    counter *c = payload;
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
    counter *c = payload;
    c->live--;
    free(pointer);
}

static void parsing_again_allocates_nothing(void **state)
{
    (void)state;
    counter count = {0};
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
        counter count = {.fail_at = i};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        READING(a_malformed_text_is_refused_with_its_position),
        READING(an_error_is_optional),
        READING(space_and_a_byte_order_mark_before_a_value_are_skipped),
        READING(a_lone_surrogate_is_read_as_the_replacement_character),
        READING(bytes_that_are_not_utf8_are_read_as_replacement_characters),
        READING(megabytes_of_broken_bytes_are_read_as_few_are),
        READING(a_nul_inside_a_string_is_a_character),
        READING(numbers_of_any_size_are_read),
        READING(nesting_stops_at_512_levels),
        READING(nesting_is_counted_on_the_way_to_each_value),
        READING(brackets_inside_strings_do_not_nest),
        READING(containers_are_walked_in_order),
        READING(getters_accept_null_and_other_types),
        cmocka_unit_test(a_document_owns_its_texts),
        cmocka_unit_test(compact_takes_objects_only),
        cmocka_unit_test(parsing_again_allocates_nothing),
        cmocka_unit_test(every_failing_allocation_is_no_memory_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
