/* Embeddings, searches in their vectors, and counts of tokens, all with the provider mock. */
#include "../support/scoped.h"
#include "expect.h"
#include "served.h"

#include <beluga/provider/json.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char animals[] = "{\"id\":\"w\",\"text\":\"a whale in the sea\"}\n"
                              "{\"id\":7,\"text\":\"a dolphin in the sea\"}\n"
                              "\n"
                              "\"a red bicycle\"\n";

static size_t lines_of(const char *text)
{
    size_t n = 0;
    for (; (text = strchr(text, '\n')); text++) n++;
    return n;
}

static const beluga_json *first_of(const beluga_json *root, const char *key)
{
    return beluga_json_at(beluga_json_get(root, key), 0);
}

/* Embed the animals, and write the vectors to a file. Returns its path; borrowed. */
static const char *embed_animals(cli_process *cli, const char *dimensions)
{
    give(cli, animals);
    expect_exit(cli, 0, "embed", "-m", "mock/any", "-o", dimensions);
    assert_int_equal(lines_of(cli->out), 3);
    give(cli, "");
    return cli_write_file(cli, "v.jsonl", cli->out, cli->out_length);
}

/* ---- embed ----------------------------------------------------------------------------------- */

static void each_operand_has_a_vector_on_a_line(void **state)
{
    cli_process *cli = *state;
    expect_in_out(cli, "{\"index\":0,\"model\":\"mock/any\",\"text\":\"a b\",\"embedding\":[",
                  "embed", "-m", "mock/any", "a b", "c");
    assert_contains(cli->out, "\n{\"index\":1,");
    assert_int_equal(lines_of(cli->out), 2);
    assert_string_equal(cli->err, "");
}

static void lines_of_stdin_are_texts_and_keep_their_ids(void **state)
{
    cli_process *cli = *state;
    give(cli, animals);
    expect_in_out(cli, "{\"index\":0,\"id\":\"w\",", "embed", "-m", "mock/any", "-u");
    assert_contains(cli->out, "{\"index\":1,\"id\":\"7\",");
    assert_contains(cli->out, "{\"index\":2,\"model\":\"mock/any\",\"text\":\"a red bicycle\",");
    assert_contains(cli->err, "tokens: input 13, ");
    assert_contains(cli->err, "vectors: 3 of 64 numbers");
}

static void a_file_is_lines_of_text_json_or_a_csv(void **state)
{
    static const char csv[] = "id,text\n5,\"x, y\"\n", text[] = "one\r\n\r\n{two\n";
    cli_process *cli = *state;
    expect_in_out(cli, "\"id\":\"5\",\"model\":\"mock/any\",\"text\":\"x, y\"", "embed", "-m",
                  "mock/any", "-f", cli_write_file(cli, "t.csv", csv, sizeof csv - 1));
    expect_in_out(cli, "\"text\":\"{two\"", "embed", "-m", "mock/any", "-f",
                  cli_write_file(cli, "t", text, sizeof text - 1));
    expect_error(cli, 2, "t:1: ", "embed", "-m", "mock/any", "--format", "jsonl", "-f",
                 cli_write_file(cli, "t", text, sizeof text - 1));
}

static void a_csv_is_read_with_its_own_delimiter_and_keeps_its_first_text(void **state)
{
    static const char csv[] = "id;text\n5;x, y\n", texts[] = "The sea\nThe sky\n";
    cli_process *cli = *state;
    expect_in_out(cli, "\"id\":\"5\",\"model\":\"mock/any\",\"text\":\"x, y\"", "embed", "-m",
                  "mock/any", "-f", cli_write_file(cli, "t.csv", csv, sizeof csv - 1));
    expect_error(cli, 2,
                 "no column \"text\"; give this name to the column with the texts (the columns are "
                 "\"The sea\"",
                 "embed", "-m", "mock/any", "-f",
                 cli_write_file(cli, "t.csv", texts, sizeof texts - 1));
}

static void more_lines_than_are_embedded_at_a_time_keep_their_order(void **state)
{
    enum { LINES = 9000, LINE_BYTES = 6 };
    static char text[LINES * LINE_BYTES + 1];
    cli_process *cli = *state;
    for (size_t i = 0; i < LINES; i++)
        snprintf(text + i * LINE_BYTES, LINE_BYTES + 1, "%05zu\n", i);
    give(cli, text);
    expect_exit(cli, 0, "embed", "-m", "mock/any", "-o", "dimensions=1");
    assert_int_equal(lines_of(cli->out), LINES);
    assert_contains(cli->out, "{\"index\":8999,\"model\":\"mock/any\",\"text\":\"08999\",");
    assert_contains(cli->out, "\"text\":\"08191\",");
    assert_contains(cli->out, "\"text\":\"08192\",");
}

static void json_is_one_object_with_all_vectors(void **state)
{
    cli_process *cli = *state;
    expect_exit(cli, 0, "embed", "-m", "mock/any", "-o", "dimensions=3", "--json", "a", "b");
    SCOPED(beluga_json_doc) *doc = cli_parse_out(cli);
    const beluga_json *root = beluga_json_doc_root(doc);
    assert_string_equal(string_at(root, "model"), "mock/any");
    assert_int_equal(beluga_json_get_int(root, "dimensions", 0), 3);
    assert_int_equal(beluga_json_get_int(root, "input_tokens", 0), 2);
    assert_int_equal(beluga_json_count(beluga_json_get(root, "embeddings")), 2);
    const beluga_json *row = first_of(root, "embeddings");
    assert_int_equal(beluga_json_count(beluga_json_get(row, "embedding")), 3);
}

static void json_of_a_failure_is_an_error(void **state)
{
    cli_process *cli = *state;
    expect_exit(cli, 5, "embed", "-m", "mock/any", "-o", "mock.error=rate_limit", "-o",
                "max_retries=0", "--json", "a");
    SCOPED(beluga_json_doc) *doc = cli_parse_out(cli);
    const beluga_json *error = beluga_json_get(beluga_json_doc_root(doc), "error");
    assert_string_equal(string_at(error, "code"), "rate_limit");
}

static void float32_is_the_numbers_of_the_lines(void **state)
{
    cli_process *cli = *state;
    expect_exit(cli, 0, "embed", "-m", "mock/any", "-o", "dimensions=2", "a");
    SCOPED(beluga_json_doc) *doc = cli_parse_out(cli);
    const beluga_json *numbers = beluga_json_get(beluga_json_doc_root(doc), "embedding");
    expect_exit(cli, 0, "embed", "-m", "mock/any", "-o", "dimensions=2", "--float32", "a");
    assert_int_equal(cli->out_length, 2 * sizeof(float));
    for (size_t i = 0; i < 2; i++) {
        const unsigned char *b = (const unsigned char *)cli->out + 4 * i;
        uint32_t bits = b[0] | b[1] << 8 | b[2] << 16 | (uint32_t)b[3] << 24;
        float number;
        memcpy(&number, &bits, sizeof number);
        assert_true(number == (float)beluga_json_double(beluga_json_at(numbers, i), 0));
    }
}

static void a_terminal_gets_no_floats(void **state)
{
    cli_process *cli = *state;
    cli->terminal = true;
    assert_int_equal(cli_run(cli, "embed", "-m", "mock/any", "--float32", "a", NULL), 2);
    assert_contains(cli->out, "--float32 does not print to a terminal");
}

static void texts_that_have_no_vector_are_named(void **state)
{
    cli_process *cli = *state;
    give(cli, "");
    expect_error(cli, 2, "there are no texts", "embed", "-m", "mock/any");
    expect_error(cli, 2, "text 2 is empty", "embed", "-m", "mock/any", "a", "");
    give(cli, "{\"text\":\"a\"}\n{\"text\":\"\"}\n");
    expect_error(cli, 2, "stdin:2: its text is empty", "embed", "-m", "mock/any");
    give(cli, "{\"prompt\":\"a\"}\n");
    expect_error(cli, 2, "stdin:1: it has no \"text\"", "embed", "-m", "mock/any");
    give(cli, "{\"text\":\"a\",\"id\":[]}\n");
    expect_error(cli, 2, "stdin:1: its id must be a string or a number", "embed", "-m", "mock/any");
    expect_error(cli, 2, "can't be read", "embed", "-m", "mock/any", "-f", "/no/such/file");
    expect_error(cli, 2, "not both", "embed", "-m", "mock/any", "-f", "x", "a");
    expect_error(cli, 2, "exclude each other", "embed", "--json", "--float32", "a");
}

static void a_provider_that_can_not_names_those_that_can(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 1, "this provider does not embed texts", "embed", "-m", "anthropic/x", "-o",
                 "api_key=" SERVED_KEY, "a");
    assert_contains(cli->err, "Providers that can do this: azure, bedrock, ");
    assert_contains(cli->err, ", mock, ");
    assert_lacks(cli->err, ", anthropic,");
    expect_error(cli, 1, "this provider does not count tokens", "count", "-m", "openai/x", "-o",
                 "api_key=" SERVED_KEY, "a");
    assert_contains(cli->err, "Providers that can do this: anthropic, bedrock, ");
}

static void a_provider_that_can_not_is_not_asked_for_its_key_first(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 1, "with or without a key", "embed", "-m", "anthropic/x", "a");
    assert_contains(cli->err, "Providers that can do this: azure, ");
    expect_error(cli, 1, "with or without a key", "count", "-m", "openai/x", "a");
    expect_error(cli, 4, "set OPENAI_API_KEY", "embed", "-m", "openai/x", "a");
}

static void the_model_that_a_provider_answers_with_is_not_asked_to_embed(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = peer_start();
    cli_set(cli, "OPENAI_BASE_URL", peer_url(p));
    cli_set(cli, "OPENAI_API_KEY", SERVED_KEY);
    expect_error(cli, 3, "name an embedding model, with -m openai/MODEL", "embed", "-m", "openai",
                 "a");
    expect_error(cli, 3, "gpt-5-mini is a chat model", "embed", "a");
    assert_int_equal(peer_requests(p), 0);
    peer_openai_error(peer_reply_new(p), 400, NULL, NULL, "no");
    expect_error(cli, 1, "no", "embed", "-m", "openai/gpt-5-mini", "a");
    peer_openai_error(peer_reply_new(p), 400, NULL, NULL, "no");
    expect_error(cli, 1, "no", "embed", "-m", "openai", "-o", "model_name=x", "a");
    assert_int_equal(peer_requests(p), 2);
}

static void a_list_of_models_is_a_providers(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 2, "name only the provider: beluga models mock", "models", "mock/any");
    expect_error(cli, 3, "did you mean mock?", "models", "MOCK");
}

static void a_server_that_wants_a_key_is_told_where_it_comes_from(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = peer_start();
    cli_set(cli, "OPENAI_BASE_URL", peer_url(p));
    peer_openai_error(peer_reply_new(p), 401, NULL, NULL, "no");
    expect_error(cli, 4, "no key was sent: set OPENAI_API_KEY, or give api_key", "embed", "-m",
                 "openai/x", "a");
    peer_openai_error(peer_reply_new(p), 401, NULL, NULL, "no");
    expect_exit(cli, 4, "embed", "-m", "openai/x", "-o", "api_key=" SERVED_KEY, "a");
    assert_lacks(cli->err, "no key was sent");
}

/* ---- similar --------------------------------------------------------------------------------- */

static void the_nearest_lines_come_first(void **state)
{
    cli_process *cli = *state;
    const char *path = embed_animals(cli, "dimensions=64");
    expect_exit(cli, 0, "similar", path, "a dolphin in the sea");
    assert_true(strncmp(cli->out, "1.0000\t7\ta dolphin in the sea\n", 30) == 0);
    assert_contains(cli->out, "\tw\ta whale in the sea\n");
    assert_contains(cli->out, "\t3\ta red bicycle\n");
    expect_exit(cli, 0, "similar", path, "-n", "1", "a", "dolphin");
    assert_int_equal(lines_of(cli->out), 1);
    expect_exit(cli, 0, "similar", path, "-n", "0", "a", "dolphin");
    assert_int_equal(lines_of(cli->out), 3);
}

static void similar_prints_json(void **state)
{
    cli_process *cli = *state;
    const char *path = embed_animals(cli, "dimensions=64");
    give(cli, "a red bicycle\n");
    expect_exit(cli, 0, "similar", path, "--json");
    SCOPED(beluga_json_doc) *doc = cli_parse_out(cli);
    const beluga_json *root = beluga_json_doc_root(doc), *match = first_of(root, "matches");
    assert_string_equal(string_at(root, "model"), "mock/any");
    assert_string_equal(string_at(match, "text"), "a red bicycle");
    assert_int_equal(beluga_json_get_int(match, "line", 0), 3);
    assert_true(beluga_json_double(beluga_json_get(match, "score"), 0) > 0.999);
}

static void vectors_that_can_not_be_compared_are_refused(void **state)
{
    cli_process *cli = *state;
    const char *path = embed_animals(cli, "dimensions=8");
    expect_error(cli, 2,
                 "v.jsonl:1: its vector has 8 numbers, but the vector of the text has 64: try -o "
                 "dimensions=8",
                 "similar", path, "a");
    expect_exit(cli, 0, "similar", path, "-o", "dimensions=8", "a");
    expect_error(
        cli, 2,
        "its vector was made by mock/any, and can't be compared with a vector of mock/other",
        "similar", path, "-m", "mock/other", "a");
}

static void lines_that_are_no_vectors_are_named(void **state)
{
    static const char mixed[] = "{\"model\":\"mock/any\",\"embedding\":[1,0]}\n"
                                "{\"embedding\":[1,\"x\"]}\n";
    cli_process *cli = *state;
    give(cli, "");
    expect_error(cli, 2, "v:2: its \"embedding\" contains something that is not a number",
                 "similar", cli_write_file(cli, "v", mixed, sizeof mixed - 1), "-o", "dimensions=2",
                 "a");
    expect_error(cli, 2, "v:1: it is not valid JSON", "similar",
                 cli_write_file(cli, "v", "hi\n", 3), "a");
    expect_error(cli, 2, "v:1: it has no \"embedding\"", "similar",
                 cli_write_file(cli, "v", "{}\n", 3), "a");
    expect_error(cli, 2, "v is empty", "similar", cli_write_file(cli, "v", "\n", 1), "a");
    expect_error(cli, 2, "name the file of vectors", "similar");
    expect_error(cli, 2, "the prompt is empty", "similar", "v");
}

/* ---- count ----------------------------------------------------------------------------------- */

static void count_prints_a_number(void **state)
{
    cli_process *cli = *state;
    expect_out(cli, "5\n", "count", "-m", "mock/any", "How many words are these?");
    give(cli, "four more words here\n");
    expect_out(cli, "7\n", "count", "-m", "mock/any", "-s", "Be brief.", "Now:");
    assert_string_equal(cli->err, "");
}

static void what_is_not_counted_is_told(void **state)
{
    cli_process *cli = *state;
    give(cli, "");
    expect_out(cli, "1\n", "count", "-m", "mock/any", "-a", "https://a.example/x.png", "Look");
    assert_contains(cli->err, "not everything was counted: ");
    expect_exit(cli, 0, "count", "-m", "mock/any", "--json", "-a", "https://a.example/x.png",
                "Look");
    SCOPED(beluga_json_doc) *doc = cli_parse_out(cli);
    const beluga_json *root = beluga_json_doc_root(doc);
    assert_int_equal(beluga_json_get_int(root, "tokens", 0), 1);
    assert_contains(string_at(root, "left_out"), "mock counts the words of texts only");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, cli_setup, cli_teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_operand_has_a_vector_on_a_line),
        TEST(lines_of_stdin_are_texts_and_keep_their_ids),
        TEST(a_file_is_lines_of_text_json_or_a_csv),
        TEST(a_csv_is_read_with_its_own_delimiter_and_keeps_its_first_text),
        TEST(more_lines_than_are_embedded_at_a_time_keep_their_order),
        TEST(json_is_one_object_with_all_vectors),
        TEST(json_of_a_failure_is_an_error),
        TEST(float32_is_the_numbers_of_the_lines),
        TEST(a_terminal_gets_no_floats),
        TEST(texts_that_have_no_vector_are_named),
        TEST(a_provider_that_can_not_names_those_that_can),
        TEST(a_provider_that_can_not_is_not_asked_for_its_key_first),
        TEST(the_model_that_a_provider_answers_with_is_not_asked_to_embed),
        TEST(a_server_that_wants_a_key_is_told_where_it_comes_from),
        TEST(a_list_of_models_is_a_providers),
        TEST(the_nearest_lines_come_first),
        TEST(similar_prints_json),
        TEST(vectors_that_can_not_be_compared_are_refused),
        TEST(lines_that_are_no_vectors_are_named),
        TEST(count_prints_a_number),
        TEST(what_is_not_counted_is_told),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
