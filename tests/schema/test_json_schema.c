/* Which values fit which schemas, and the errors for values that do not fit. */
#include "base/mem.h"
#include "base/utf8.h"
#include "schema/json_schema.h"

#include <beluga/error.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int check_text(const char *schema, const char *value, beluga__buf *why, beluga__buf *unknown)
{
    beluga_json_doc *s, *v;
    assert_int_equal(beluga_json_parse(schema, strlen(schema), &s, NULL), 0);
    assert_int_equal(beluga_json_parse(value, strlen(value), &v, NULL), 0);
    int status =
        beluga__json_schema_check(beluga_json_doc_root(s), beluga_json_doc_root(v), why, unknown);
    beluga_json_doc_free(s);
    beluga_json_doc_free(v);
    return status;
}

static void fits(const char *schema, const char *value)
{
    beluga__buf why;
    beluga__buf_init(&why, beluga_allocator_default(), 1024);
    int status = check_text(schema, value, &why, NULL);
    if (status) print_message("# %s in %s: %s\n", value, schema, why.data);
    assert_int_equal(status, 0);
    beluga__buf_free(&why);
}

static void misfits(const char *schema, const char *value, const char *reason)
{
    beluga__buf why;
    beluga__buf_init(&why, beluga_allocator_default(), 1024);
    assert_int_equal(check_text(schema, value, &why, NULL), BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(why.data, reason);
    beluga__buf_free(&why);
}

#define WEATHER                                                                            \
    "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\",\"minLength\":1}," \
    "\"days\":{\"type\":\"array\",\"items\":{\"type\":\"integer\",\"minimum\":1}},"        \
    "\"unit\":{\"enum\":[\"C\",\"F\"]}},\"required\":[\"city\"],\"additionalProperties\":false}"

static void what_a_tool_is_called_with_fits_its_schema(void **state)
{
    (void)state;
    fits(WEATHER, "{\"city\":\"Rome\"}");
    fits(WEATHER, "{\"city\":\"Rome\",\"days\":[1,2],\"unit\":\"C\"}");
    fits("{}", "17");
    fits("true", "null");
}

/* The error becomes part of a tool's result for the model, so it must be valid UTF-8 even if it is
 * cut. */
static void no_character_of_a_long_name_is_cut_in_two(void **state)
{
    (void)state;
    enum { LONGEST = 300 };
    for (size_t n = 30; n < LONGEST; n++) {
        char name[LONGEST + 8], value[2 * LONGEST + 64];
        beluga__buf why;
        memset(name, 'x', n);
        strcpy(name + n, "\u20ac\u20ac");
        beluga__buf_init(&why, beluga_allocator_default(), 1024);
        snprintf(value, sizeof value, "{\"%s\":{\"%s\":1}}", name, name);
        check_text("{\"additionalProperties\":{\"additionalProperties\":false}}", value, &why,
                   NULL);
        assert_int_equal(beluga__utf8_valid(why.data, why.length), why.length);
        beluga__buf_free(&why);
    }
}

static void misfits_weather(const char *value, const char *why)
{
    misfits(WEATHER, value, why);
}

static void what_does_not_fit_is_named_with_its_place(void **state)
{
    (void)state;
    misfits_weather("{}", "city is missing");
    misfits_weather("{\"city\":7}", "city: must be of type string");
    misfits_weather("{\"city\":\"\"}", "city: must have at least 1 characters");
    misfits_weather("{\"city\":\"x\",\"days\":[1,0]}", "days[1]: must be at least 1");
    misfits_weather("{\"city\":\"x\",\"days\":[1.5]}", "days[0]: must be of type integer");
    misfits_weather("{\"city\":\"x\",\"unit\":\"K\"}", "unit: must be one of the values allowed");
    misfits_weather("{\"city\":\"x\",\"moon\":1}", "moon is not allowed");
    misfits_weather("[]", "must be of type object");
    misfits("false", "1", "is not allowed");
}

static void numbers_have_ranges_and_steps(void **state)
{
    (void)state;
    fits("{\"maximum\":2}", "2");
    misfits("{\"maximum\":2}", "2.5", "must be at most 2");
    misfits("{\"exclusiveMinimum\":2}", "2", "must be more than 2");
    misfits("{\"exclusiveMaximum\":2}", "2", "must be less than 2");
    fits("{\"multipleOf\":0.1}", "0.3");
    misfits("{\"multipleOf\":2}", "3", "must be a multiple of 2");
    fits("{\"type\":\"integer\"}", "3.0");
    fits("{\"minimum\":5}", "\"not a number\"");
}

static void lengths_count_characters_and_items(void **state)
{
    (void)state;
    fits("{\"maxLength\":2}", "\"\xc3\xa9\xe2\x82\xac\"");
    misfits("{\"maxLength\":1}", "\"ab\"", "must have at most 1 characters");
    misfits("{\"minItems\":1}", "[]", "must have at least 1 items");
    misfits("{\"maxItems\":1}", "[1,2]", "must have at most 1 items");
}

static void forms_can_be_combined(void **state)
{
    (void)state;
    fits("{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}", "null");
    misfits("{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}", "1",
            "fits none of the schemas of anyOf");
    misfits("{\"oneOf\":[{\"minimum\":1},{\"maximum\":5}]}", "3",
            "must fit exactly one of the forms allowed (fits 2)");
    misfits("{\"allOf\":[{\"minimum\":1},{\"maximum\":5}]}", "6", "must be at most 5");
    misfits("{\"not\":{\"type\":\"string\"}}", "\"x\"", "has a form that is not allowed");
    fits("{\"type\":[\"string\",\"null\"]}", "null");
    misfits("{\"type\":[\"string\",\"null\"]}", "1", "must be of one of the types allowed");
    fits("{\"const\":{\"a\":[1,true,null,\"x\"]}}", "{\"a\":[1.0,true,null,\"x\"]}");
    misfits("{\"const\":{\"a\":1}}", "{\"b\":1}", "must be the one value allowed");
    fits("{\"additionalProperties\":{\"type\":\"integer\"}}", "{\"a\":1}");
    misfits("{\"additionalProperties\":{\"type\":\"integer\"}}", "{\"a\":\"\"}",
            "a: must be of type integer");
}

#define TREE                                                                              \
    "{\"$ref\":\"#/$defs/node\",\"$defs\":{\"node\":{\"type\":\"object\",\"properties\":" \
    "{\"next\":{\"$ref\":\"#/$defs/node\"}}}}}"

static void a_schema_may_refer_to_itself_but_not_for_ever(void **state)
{
    (void)state;
    beluga__buf why;
    beluga__buf_init(&why, beluga_allocator_default(), 1024);
    fits(TREE, "{\"next\":{\"next\":{}}}");
    misfits(TREE, "{\"next\":{\"next\":1}}", "next.next: must be of type object");
    misfits("{\"$ref\":\"#/nowhere\"}", "1",
            "the schema refers to #/nowhere, which does not exist");
    assert_int_equal(check_text("{\"$ref\":\"#\"}", "1", &why, NULL), BELUGA_ERROR_LIMIT_EXCEEDED);
    const char *twice = "{\"items\":{\"allOf\":[{\"items\":{\"$ref\":\"#\"}},"
                        "{\"items\":{\"$ref\":\"#\"}},{\"items\":{\"$ref\":\"#\"}}]}}";
    assert_int_equal(check_text(twice,
                                "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
                                &why, NULL),
                     BELUGA_ERROR_LIMIT_EXCEEDED);
    beluga__buf_free(&why);
}

/* Assert that the value fits the schema, and that these keywords of the schema are reported as
 * unknown. */
static void knows_not(const char *schema, const char *value, const char *keywords)
{
    beluga__buf why, unknown;
    beluga__buf_init(&why, beluga_allocator_default(), 1024);
    beluga__buf_init(&unknown, beluga_allocator_default(), 1024);
    assert_int_equal(check_text(schema, value, &why, &unknown), 0);
    assert_string_equal(unknown.data, keywords);
    beluga__buf_free(&why);
    beluga__buf_free(&unknown);
}

static void unknown_keywords_are_told_once_and_check_nothing(void **state)
{
    (void)state;
    knows_not("{\"title\":\"t\",\"pattern\":\"^a\",\"items\":{\"pattern\":\"b\",\"pat\":1}}",
              "[\"x\",\"y\"]", "pattern, pat");
}

static void an_empty_keyword_is_unknown_as_others_are(void **state)
{
    (void)state;
    knows_not("{\"x\":1,\"\":2,\"items\":{\"\":3}}", "[1,2]", "x, ");
}

static void names_are_compared_to_their_end(void **state)
{
    (void)state;
    misfits("{\"properties\":{\"a\":true},\"additionalProperties\":false}", "{\"a\\u0000b\":1}",
            "a is not allowed");
    misfits("{\"required\":[\"a\\u0000b\"]}", "{\"a\":1}", "a is missing");
}

static void whatever_a_name_holds_the_reason_is_one_line(void **state)
{
    (void)state;
    beluga__buf why, unknown;
    beluga__buf_init(&why, beluga_allocator_default(), 1024);
    beluga__buf_init(&unknown, beluga_allocator_default(), 1024);
    misfits("{\"additionalProperties\":false}", "{\"a\\nb\\u202e\":1}",
            "a\\nb\\u202e is not allowed");
    misfits("{\"properties\":{\"a\\u001b\":{\"type\":\"\\t\"}}}", "{\"a\\u001b\":1}",
            "a\\x1b: must be of type \\t");
    assert_int_equal(check_text("{\"x\\r\":1}", "1", &why, &unknown), 0);
    assert_string_equal(unknown.data, "x\\r");
    beluga__buf_free(&why);
    beluga__buf_free(&unknown);
}

/* Return an object with this many members. To check it against a schema with as many members, each
 * member of one is looked up in the other, so the work grows with the square. */
static char *make_object(size_t n)
{
    char *text = calloc(n, 16), *at = text;
    assert_non_null(text);
    *at++ = '{';
    for (size_t i = 0; i < n; i++) at += sprintf(at, "%s\"%zx\":1", i ? "," : "", i);
    strcpy(at, "}");
    return text;
}

static void work_that_grows_with_the_square_has_an_end(void **state)
{
    (void)state;
    enum { MANY = 30000 };
    beluga__buf why;
    char *object = make_object(MANY), *schema = malloc(16 * MANY + 64);
    beluga__buf_init(&why, beluga_allocator_default(), 1024);
    sprintf(schema, "{\"properties\":%s}", object);
    /* The schema of each property becomes 0, which is not a schema, so that every value fits. */
    for (char *at = schema; (at = strstr(at, ":1")); at++) at[1] = '0';
    assert_int_equal(check_text(schema, object, &why, NULL), BELUGA_ERROR_LIMIT_EXCEEDED);
    sprintf(schema, "{\"const\":%s}", object);
    assert_int_equal(check_text(schema, object, &why, NULL), BELUGA_ERROR_LIMIT_EXCEEDED);
    beluga__buf_free(&why);
    free(schema);
    free(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_tool_is_called_with_fits_its_schema),
        cmocka_unit_test(what_does_not_fit_is_named_with_its_place),
        cmocka_unit_test(no_character_of_a_long_name_is_cut_in_two),
        cmocka_unit_test(numbers_have_ranges_and_steps),
        cmocka_unit_test(lengths_count_characters_and_items),
        cmocka_unit_test(forms_can_be_combined),
        cmocka_unit_test(a_schema_may_refer_to_itself_but_not_for_ever),
        cmocka_unit_test(unknown_keywords_are_told_once_and_check_nothing),
        cmocka_unit_test(an_empty_keyword_is_unknown_as_others_are),
        cmocka_unit_test(names_are_compared_to_their_end),
        cmocka_unit_test(whatever_a_name_holds_the_reason_is_one_line),
        cmocka_unit_test(work_that_grows_with_the_square_has_an_end),
    };
    return cmocka_run_group_tests_name("json_schema", tests, NULL, NULL);
}
