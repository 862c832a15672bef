/* Writing and merging JSON. */
#include "json_shared.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>

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

static void a_string_is_written_in_pieces(void **state)
{
    (void)state;
    beluga_json_writer *w = beluga_json_writer_new();
    beluga_json_begin_object(w, NULL);
    beluga_json_begin_string(w, "a");
    beluga_json_add_text(w, "x\"", 2);
    beluga_json_add_format(w, "%s %d\n", "\xc3\xa9", 7);
    beluga_json_end_string(w);
    beluga_json_begin_string(w, "b");
    beluga_json_end_string(w);
    beluga_json_end_object(w);
    assert_written(w, "{\"a\":\"x\\\"\xc3\xa9 7\\n\",\"b\":\"\"}");
}

static void nothing_but_pieces_stands_in_a_string(void **state)
{
    (void)state;
    beluga_json_writer *w = beluga_json_writer_new();
    beluga_json_begin_string(w, NULL);
    beluga_json_put_int(w, NULL, 1);
    assert_stuck(w, BELUGA_ERROR_INVALID_INPUT);
    w = beluga_json_writer_new();
    beluga_json_begin_string(w, NULL);
    assert_stuck(w, BELUGA_ERROR_INVALID_INPUT); /* the string is not closed */
    w = beluga_json_writer_new();
    beluga_json_begin_object(w, NULL);
    beluga_json_begin_string(w, "a");
    beluga_json_end_object(w);
    assert_stuck(w, BELUGA_ERROR_INVALID_INPUT);
    w = beluga_json_writer_new();
    beluga_json_add_text(w, "a", 1);
    assert_stuck(w, BELUGA_ERROR_INVALID_INPUT);
    w = beluga_json_writer_new();
    beluga_json_end_string(w);
    assert_stuck(w, BELUGA_ERROR_INVALID_INPUT);
    w = beluga_json_writer_new();
    beluga_json_begin_string(w, NULL);
    beluga_json_add_text(w, "\xc3", 1); /* each piece must consist of complete characters */
    beluga_json_add_text(w, "\xa9", 1);
    beluga_json_end_string(w);
    assert_stuck(w, BELUGA_ERROR_INVALID_INPUT);
    w = beluga_json_writer_new();
    beluga_json_begin_string(w, NULL);
    beluga_json_add_format(w, "%5000d", 1);
    beluga_json_end_string(w);
    assert_stuck(w, BELUGA_ERROR_LIMIT_EXCEEDED);
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
    beluga_json_put_int(w, "k", 1); /* a value in an array has no key */
    beluga_json_end_array(w);
    assert_stuck(w, BELUGA_ERROR_INVALID_INPUT);
    w = beluga_json_writer_new();
    beluga_json_begin_array(w, NULL);
    beluga_json_end_object(w); /* the wrong bracket */
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
    for (size_t max = 0; max < 24; max++) {
        beluga__buf_init(&buf, beluga_allocator_default(), max);
        beluga__json_writer_init(&w, &buf);
        beluga_json_begin_array(&w, NULL);
        beluga_json_put_string(&w, NULL, "\n\n");
        beluga_json_put_base64(&w, NULL, "", "abcdef", 6);
        beluga_json_begin_string(&w, NULL);
        beluga_json_add_text(&w, "x", 1);
        beluga_json_end_string(&w);
        beluga_json_end_array(&w);
        assert_int_equal(beluga__json_writer_status(&w),
                         max < 23 ? BELUGA_ERROR_LIMIT_EXCEEDED : 0);
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

/* Pick members by names of every length, and by names that differ in one byte. */
static void a_name_is_picked_only_where_all_its_bytes_are_the_same(void **state)
{
    (void)state;
    enum { LONGEST_NAME = 40 };
    char wanted[LONGEST_NAME + 1], text[LONGEST_NAME + 8];
    for (size_t n = 1; n <= LONGEST_NAME; n++)
        for (size_t i = 0; i <= n; i++) {
            const beluga_json *value;
            memcpy(wanted, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN", n);
            wanted[n] = '\0';
            snprintf(text, sizeof text, "{\"%s\":1}", wanted);
            if (i < n) text[2 + i] = '_';
            const beluga_json_name name = {wanted, n};
            const beluga_json *root = parse(text);
            assert_int_equal(beluga_json_pick(root, &name, 1, &value), i == n);
            assert_ptr_equal(value, i == n ? beluga_json_first(root) : NULL);
            assert_ptr_equal(beluga_json_get(root, wanted), value);
        }
}

/* Pick four names from objects with four members, whose keys are any of five; the fifth key is
 * never picked. */
static void members_in_any_order_are_picked_as_they_are_looked_up(void **state)
{
    (void)state;
    static const char *const keys[] = {"id", "model", "choices", "system_fingerprint", "other"};
    static const beluga_json_name names[] = {BELUGA_JSON_NAME("id"), BELUGA_JSON_NAME("model"),
                                             BELUGA_JSON_NAME("choices"),
                                             BELUGA_JSON_NAME("system_fingerprint")};
    for (size_t i = 0; i < 5 * 5 * 5 * 5; i++) {
        const beluga_json *values[4];
        char text[160];
        snprintf(text, sizeof text, "{\"%s\":[1],\"%s\":2,\"%s\":{\"id\":3},\"%s\":4}", keys[i % 5],
                 keys[i / 5 % 5], keys[i / 25 % 5], keys[i / 125]);
        const beluga_json *root = parse(text);
        size_t found = beluga_json_pick(root, names, 4, values);
        for (size_t k = 0; k < 4; k++) {
            assert_ptr_equal(values[k], beluga_json_get(root, names[k].text));
            if (values[k]) found--;
        }
        assert_int_equal(found, 0);
    }
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
        READING(a_name_is_picked_only_where_all_its_bytes_are_the_same),
        READING(members_in_any_order_are_picked_as_they_are_looked_up),
        READING(members_are_picked_in_one_walk),
        READING(nan_and_infinity_are_values_without_a_number),
        cmocka_unit_test(commas_are_put_by_the_writer),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(doubles_are_the_shortest_text_in_any_locale),
        cmocka_unit_test(base64_has_its_padding),
        cmocka_unit_test(raw_text_must_be_one_value),
        cmocka_unit_test(a_string_is_written_in_pieces),
        cmocka_unit_test(nothing_but_pieces_stands_in_a_string),
        cmocka_unit_test(misuse_sticks),
        cmocka_unit_test(the_writer_stops_at_512_levels),
        cmocka_unit_test(the_buffers_maximum_is_the_writers),
        cmocka_unit_test(base64_is_read_padded_or_not_and_nothing_else_is),
        cmocka_unit_test(a_patch_is_merged_as_rfc_7396_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
