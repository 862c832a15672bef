/* Schemas: where they come from, their short form, and answers that do not fit a schema. */
#include "../support/scoped.h"
#include "../support/words.h"
#include "answers.h"

#include <string.h>

/* Make a call with a schema; the peer answers with `text`. Returns the exit code. */
static int ask(cli_process *cli, const char *schema, const char *text)
{
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, text, "stop");
    return cli_run(cli, "-m", "openai/any", "--schema", schema, "One", NULL);
}

/* Assert that the schema in the request contains this part. */
static void sends(cli_process *cli, const char *schema, const char *part)
{
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, "{}", "stop");
    cli_run(cli, "-m", "openai/any", "--schema", schema, "One", NULL);
    assert_int_equal(peer_requests(p), 1);
    assert_contains(peer_request_body(p, 0, NULL), part);
}

/* ---- the short form -------------------------------------------------------------------------- */

#define OBJECT(properties, required)                                                    \
    "{\"type\":\"object\",\"properties\":{" properties "},\"required\":[" required "]," \
    "\"additionalProperties\":false}"

static void fields_are_an_object_of_them_all(void **state)
{
    sends(*state, "name, age int, tags []",
          OBJECT("\"name\":{\"type\":\"string\"},\"age\":{\"type\":\"integer\"},"
                 "\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}",
                 "\"name\",\"age\",\"tags\""));
}

static void a_field_has_one_of_four_types_or_a_list_of_one(void **state)
{
    sends(*state, "a str, b int, c float, d bool, e float[], f bool [], g[]",
          "\"a\":{\"type\":\"string\"},\"b\":{\"type\":\"integer\"},\"c\":{\"type\":\"number\"},"
          "\"d\":{\"type\":\"boolean\"},"
          "\"e\":{\"type\":\"array\",\"items\":{\"type\":\"number\"}},"
          "\"f\":{\"type\":\"array\",\"items\":{\"type\":\"boolean\"}},"
          "\"g\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}");
}

static void fields_on_lines_may_have_commas_in_their_descriptions(void **state)
{
    sends(*state, "\n name: first, then last\n\n age int: in years \n",
          "\"name\":{\"type\":\"string\",\"description\":\"first, then last\"},"
          "\"age\":{\"type\":\"integer\",\"description\":\"in years\"}");
}

static void brackets_around_fields_ask_for_a_list(void **state)
{
    sends(*state, "[name, age int]",
          "\"items\":{\"type\":\"array\",\"items\":" //
          OBJECT("\"name\":{\"type\":\"string\"},\"age\":{\"type\":\"integer\"}",
                 "\"name\",\"age\"") "}");
}

static void a_field_that_is_wrong_is_named_and_nothing_is_sent(void **state)
{
    static const char *const wrong[][2] = {{"name, age itn", "\"itn\" is not a type"},
                                           {"name, age int, name", "\"name\" occurs twice"},
                                           {"na/me, b", "field \"na/me\""},
                                           {"[name, age", "does not end with \"]\""},
                                           {" , ", "there are no fields"},
                                           {"a int int, b", "\"int int\" is not a type"}};
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_error(cli, 2, wrong[i][1], "-m", "openai/any", "--schema", wrong[i][0], "One");
    assert_int_equal(peer_requests(p), 0);
}

/* ---- sources of a schema --------------------------------------------------------------------- */

static void json_is_taken_as_it_is(void **state)
{
    sends(*state, " {\"type\":\"object\",\"title\":\"unmistakable\"}", "unmistakable");
}

static void a_file_may_have_the_short_form(void **state)
{
    cli_process *cli = *state;
    sends(cli, cli_write_file(cli, "fields", "name\nage int\n", 13),
          "\"age\":{\"type\":\"integer\"}");
}

static void a_single_word_is_a_file_and_no_field(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 2, "there is no file name; if this is a field, add its type: 'name str'",
                 "-m", "mock/any", "--schema", "name", "One");
}

static void json_that_is_no_schema_is_2(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 2, "--schema: not valid JSON: malformed JSON at byte", "-m", "mock/any",
                 "--schema", "{\"type\":", "One");
    expect_error(cli, 2, "a JSON Schema must be an object", "-m", "mock/any", "--schema",
                 cli_write_file(cli, "list", "17", 2), "One");
}

static void a_folder_and_a_missing_file_are_2(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 2, "/nonexistent/s.json can't be read", "-m", "mock/any", "--schema",
                 "/nonexistent/s.json", "One");
    expect_error(cli, 2, "Is a directory", "-m", "mock/any", "--schema", "/", "One");
}

/* ---- answers --------------------------------------------------------------------------------- */

static void an_answer_that_fits_is_0_and_says_nothing(void **state)
{
    cli_process *cli = *state;
    assert_int_equal(ask(cli, "name, age int", "{\"name\":\"Ada\",\"age\":36}"), 0);
    assert_string_equal(cli->err, "");
}

static void an_answer_that_does_not_fit_is_printed_and_8(void **state)
{
    cli_process *cli = *state;
    assert_int_equal(ask(cli, "[name, age int]", "{\"items\":[{\"name\":\"Ada\",\"age\":\"36\"}]}"),
                     8);
    assert_string_equal(cli->out, "{\"items\":[{\"name\":\"Ada\",\"age\":\"36\"}]}\n");
    assert_contains(cli->err, "does not fit --schema: items[0].age: must be of type integer");
}

static void an_answer_that_is_no_json_is_8(void **state)
{
    cli_process *cli = *state;
    assert_int_equal(ask(cli, "name, age int", "Sorry, I can't."), 8);
    assert_string_equal(cli->out, "Sorry, I can't.\n");
    assert_contains(
        cli->err, "does not fit --schema, because it is not valid JSON: malformed JSON at byte 0");
}

static void a_json_report_of_an_answer_that_does_not_fit_is_whole_and_8(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, "{}", "stop");
    expect_error(cli, 8, "name is missing", "-m", "openai/any", "--json", "--schema", "name,",
                 "One");
    beluga_json_doc *doc = cli_parse_out(cli);
    assert_string_equal(string_at(beluga_json_doc_root(doc), "text"), "{}");
    beluga_json_doc_free(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)
        TEST(fields_are_an_object_of_them_all),
        TEST(a_field_has_one_of_four_types_or_a_list_of_one),
        TEST(fields_on_lines_may_have_commas_in_their_descriptions),
        TEST(brackets_around_fields_ask_for_a_list),
        TEST(a_field_that_is_wrong_is_named_and_nothing_is_sent),
        TEST(json_is_taken_as_it_is),
        TEST(a_file_may_have_the_short_form),
        TEST(a_single_word_is_a_file_and_no_field),
        TEST(json_that_is_no_schema_is_2),
        TEST(a_folder_and_a_missing_file_are_2),
        TEST(an_answer_that_fits_is_0_and_says_nothing),
        TEST(an_answer_that_does_not_fit_is_printed_and_8),
        TEST(an_answer_that_is_no_json_is_8),
        TEST(a_json_report_of_an_answer_that_does_not_fit_is_whole_and_8),
    };
    return cmocka_run_group_tests_name("cli-schema", tests, NULL, NULL);
}
