/* beluga batch with files and schemas, and with OpenAI's formats for requests and results. */
#include "../support/words.h"
#include "batch.h"

#define PICTURE "\x89PNG\r\n\x1a\n"

/* ---- files ----------------------------------------------------------------------------------- */

static void a_line_brings_the_file_that_its_column_names(void **state)
{
    cli_process *cli = *state;
    char text[1024], picture[256];
    SCOPED(peer) *p = serve_openai(cli);
    answer_for_ever(p, "Hello");
    snprintf(picture, sizeof picture, "%s", cli_write_file(cli, "a.png", PICTURE, 8));
    snprintf(text, sizeof text, "prompt,picture\nwhat,%s\nnothing,\nlost,%s.gone\n", picture,
             picture);
    write_input(cli, "in.csv", text);
    assert_int_equal(RUN(cli, "-j", "1", "--attach-column", "picture"), 11);
    assert_int_equal(peer_requests(p), 2);
    assert_contains(peer_request_body(p, 0, NULL), "data:image/png;base64,iVBORw0KGgo=");
    assert_lacks(peer_request_body(p, 1, NULL), "image");
    assert_contains(read_path(out), "a.png.gone: No such file");
    expect_error(cli, 2,
                 "no column \"photo\", which --attach-column names; its columns are \"prompt\"",
                 "batch", in, "--out", out, "-m", MODEL, "--attach-column", "photo");
}

static void a_member_names_a_file_or_several(void **state)
{
    cli_process *cli = *state;
    char text[1024], notes[256];
    snprintf(notes, sizeof notes, "%s", cli_write_file(cli, "notes", "the notes", 9));
    snprintf(text, sizeof text,
             "{\"prompt\":\"a\",\"files\":\"%s\"}\n{\"prompt\":\"b\",\"files\":[\"%s\",\"%s\"]}\n"
             "{\"prompt\":\"c\"}\n{\"prompt\":\"d\",\"files\":7}\n",
             notes, notes, notes);
    write_input(cli, "in.jsonl", text);
    assert_int_equal(cli_run(cli, "batch", in, "--out", out, "-m", "mock/echo", "--attach-column",
                             "files", "-q", NULL),
                     11);
    assert_has_all(
        read_path(out), "\"line\":1,\"text\":\"a\\n\\nFile: notes\\n```\\nthe notes\\n```",
        "\"line\":2,\"text\":\"b\\n\\nFile: notes\\n```\\nthe notes\\n```\\n\\n\\nFile: ",
        "\"line\":3,\"text\":\"c\"", "this member must be a string or a list of strings: files");
}

static void a_file_that_the_provider_does_not_take_is_not_left_out(void **state)
{
    cli_process *cli = *state;
    char text[512];
    snprintf(text, sizeof text, "prompt,picture\nwhat,%s\n",
             cli_write_file(cli, "a.png", PICTURE, 8));
    write_input(cli, "in.csv", text);
    assert_int_equal(cli_run(cli, "batch", in, "--out", out, "-m", "mock/echo", "--attach-column",
                             "picture", "-q", NULL),
                     11);
    assert_contains(read_path(out), "was not sent: the provider is not known to accept pictures");
    assert_int_equal(cli_run(cli, "batch", in, "--out", out, "-m", "mock/echo", "--attach-column",
                             "picture", "--attach-anyway", "--retry-failed", "-q", NULL),
                     0);
}

/* ---- schemas --------------------------------------------------------------------------------- */

static void an_answer_that_does_not_fit_its_schema_is_kept_and_told(void **state)
{
    cli_process *cli = *state;
    write_input(cli, "in.txt", "{\"age\": 7}\n{\"age\": \"old\"}\nold\n");
    assert_int_equal(cli_run(cli, "batch", in, "--out", out, "-m", "mock/echo", "--schema",
                             "age int,", "--format", "text", "--json", NULL),
                     8);
    assert_contains(cli->out, "\"done\":3,\"failed\":0,\"left\":0,\"unfinished\":0,\"misfits\":2");
    assert_contains(cli->err, "2 answers do not fit the schema");
    const char *text = read_path(out);
    assert_has_all(text, "\"text\":\"{\\\"age\\\": \\\"old\\\"}\"",
                   "\"misfit\":\"age: ", "\"misfit\":\"it is not valid JSON: ");
    assert_int_equal(count_lines(text), 3);
    /* Answers that do not fit the schema count as finished; only --retry-failed sends these lines
     * again. */
    assert_int_equal(cli_run(cli, "batch", in, "--out", out, "-m", "mock/echo", "--schema",
                             "age int,", "--format", "text", "--dry-run", NULL),
                     0);
    assert_contains(cli->out, "3: 0 to ask, 3 finished");
    assert_int_equal(cli_run(cli, "batch", in, "--out", out, "-m", "mock/echo", "--schema",
                             "age int,", "--format", "text", "--dry-run", "--strict",
                             "--retry-failed", NULL),
                     0);
    assert_contains(cli->out, "3: 2 to ask, 1 finished");
}

/* ---- OpenAI's formats ------------------------------------------------------------------------ */

#define OPENAI(cli, ...) RUN(cli, "--output-format", "openai", "-j", "1", __VA_ARGS__)

/* Read line `n` of the output, counted from 0. Returns owned. */
static beluga_json_doc *read_result(int n)
{
    beluga_json_doc *doc = NULL;
    const char *line = read_path(out);
    while (n--) line = strchr(line, '\n') + 1;
    assert_int_equal(beluga_json_parse(line, strcspn(line, "\n"), &doc, NULL), 0);
    return doc;
}

static void results_have_the_form_of_openais_batches_when_that_is_wanted(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_openai_answer(peer_reply_new(p), "Hello");
    peer_openai_error(peer_reply_new(p), 400, NULL, "context_length_exceeded", "too long");
    write_input(
        cli, "in.jsonl",
        "{\"custom_id\":\"a\",\"body\":{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"
        "}}\n\"long\"\n{bad\n");
    assert_int_equal(OPENAI(cli, "-q"), 11);
    beluga_json_doc *doc = read_result(0);
    const beluga_json *root = beluga_json_doc_root(doc);
    const beluga_json *response = beluga_json_get(root, "response");
    const beluga_json *body = beluga_json_get(response, "body");
    const beluga_json *choice = beluga_json_first(beluga_json_get(body, "choices"));
    assert_string_equal(string_at(root, "custom_id"), "a");
    assert_string_equal(string_at(root, "id"), "batch_req_1");
    assert_true(beluga_json_is_null(beluga_json_get(root, "error")));
    assert_int_equal(beluga_json_get_int(response, "status_code", 0), 200);
    assert_string_equal(string_at(body, "object"), "chat.completion");
    assert_string_equal(string_at(beluga_json_get(choice, "message"), "content"), "Hello");
    assert_string_equal(string_at(choice, "finish_reason"), "stop");
    assert_true(beluga_json_get_int(beluga_json_get(body, "usage"), "total_tokens", 0) > 0);
    beluga_json_doc_free(doc);
    assert_has_all(read_path(out),
                   "{\"id\":\"batch_req_2\",\"custom_id\":\"2\",\"response\":{\"status_code\":400",
                   "{\"id\":\"batch_req_3\",\"custom_id\":\"3\",\"response\":null,\"error\":{"
                   "\"message\":\"line 3: ");
    /* A second run continues from these results, and sends the failed lines again. */
    assert_int_equal(OPENAI(cli, "--json"), 11);
    assert_contains(cli->out, "\"done\":1,\"failed\":2,\"left\":0");
    assert_contains(cli->out, "\"output_tokens\":60");
    peer_openai_answer(peer_reply_new(p), "Hello again");
    assert_int_equal(OPENAI(cli, "--retry-failed", "--ordered", "-q"), 11);
    assert_int_equal(peer_requests(p), 3);
    assert_int_equal(count_lines(read_path(out)), 3);
    assert_int_equal(RUN(cli, "-q"), 2);
    assert_contains(cli->err, "was begun with another format");
    assert_int_equal(RUN(cli, "--output-format", "xml"), 2);
}

static void a_request_to_responses_is_sent_as_it_is_meant(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    answer_for_ever(p, "Hello");
    write_input(
        cli, "in.jsonl",
        "{\"custom_id\":\"r\",\"method\":\"POST\",\"url\":\"/v1/"
        "responses\",\"body\":{\"model\":\"x\","
        "\"instructions\":\"be brief\",\"max_output_tokens\":7,\"reasoning\":{\"effort\":\"low\"},"
        "\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"s\",\"schema\":{\"type\":"
        "\"string\"}}},"
        "\"tools\":[{\"type\":\"function\",\"name\":\"look_up\",\"parameters\":{\"type\":"
        "\"object\"}}],"
        "\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"hi\"},"
        "{\"type\":\"input_image\",\"image_url\":\"https://x.test/a.png\"}]},"
        "{\"type\":\"function_call\",\"call_id\":\"c1\",\"name\":\"look_up\",\"arguments\":\"{}\"},"
        "{\"type\":\"function_call\",\"call_id\":\"c2\",\"name\":\"look_up\",\"arguments\":\"{}\"},"
        "{\"type\":\"function_call_output\",\"call_id\":\"c1\",\"output\":\"one\"},"
        "{\"type\":\"function_call_output\",\"call_id\":\"c2\",\"output\":\"two\"}]}}\n"
        "{\"url\":\"/v1/responses\",\"body\":{\"input\":\"just a text\"}}\n"
        "{\"url\":\"/v1/responses\",\"body\":{\"input\":[]}}\n"
        "{\"url\":\"/v1/images\",\"body\":{}}\n");
    assert_int_equal(OPENAI(cli, "-q"), 11);
    assert_int_equal(peer_requests(p), 2);
    const char *body = peer_request_body(p, 0, NULL);
    assert_has_all(body, "be brief", "\"hi\"", "https://x.test/a.png",
                   "\"reasoning_effort\":\"low\"", "look_up", "\"tool_call_id\":\"c2\"");
    assert_contains(body, "\"id\":\"c1\"");
    const char *first = strstr(body, "\"tool_calls\":");
    assert_non_null(first);
    assert_null(strstr(first + 1, "\"tool_calls\":")); /* both tool calls are in a single message */
    assert_contains(peer_request_body(p, 1, NULL), "just a text");
    beluga_json_doc *doc = read_result(0);
    const beluga_json *answer =
        beluga_json_get(beluga_json_get(beluga_json_doc_root(doc), "response"), "body");
    const beluga_json *item = beluga_json_first(beluga_json_get(answer, "output"));
    assert_string_equal(string_at(answer, "object"), "response");
    assert_string_equal(string_at(answer, "status"), "completed");
    assert_string_equal(string_at(beluga_json_first(beluga_json_get(item, "content")), "text"),
                        "Hello");
    assert_true(beluga_json_get_int(beluga_json_get(answer, "usage"), "output_tokens", 0) > 0);
    beluga_json_doc_free(doc);
    assert_has_all(read_path(out), "line 3: input: it is missing, empty",
                   "line 4: its url must be /v1/chat/completions, /v1/responses or /v1/embeddings, "
                   "not /v1/images");
}

static void a_request_to_embeddings_has_vectors_for_an_answer(void **state)
{
    cli_process *cli = *state;
    char text[8192] =
        "{\"custom_id\":\"e\",\"url\":\"/v1/embeddings\",\"body\":{\"model\":\"x\",\"input\":"
        "[\"a\",\"b\"],\"dimensions\":2}}\n{\"url\":\"/v1/"
        "embeddings\",\"body\":{\"input\":[[1]]}}\n";
    for (int i = 0; i < 30; i++)
        strcat(text, "\"a text\"\n{\"url\":\"/v1/embeddings\",\"body\":{\"input\":\"c\"}}\n");
    write_input(cli, "in.jsonl", text);
    assert_int_equal(
        cli_run(cli, "batch", in, "--out", out, "-m", "mock/echo", "-j", "3", "-q", NULL), 11);
    assert_each_once(62);
    assert_contains(read_path(out), "{\"id\":\"e\",\"line\":1,\"embeddings\":[[");
    assert_contains(read_path(out), "line 2: input: it must be a string or a list of strings");
    unlink(out);
    assert_int_equal(cli_run(cli, "batch", in, "--out", out, "-m", "mock/echo", "--ordered", "-q",
                             "--output-format", "openai", NULL),
                     11);
    beluga_json_doc *doc = read_result(0);
    const beluga_json *body =
        beluga_json_get(beluga_json_get(beluga_json_doc_root(doc), "response"), "body");
    const beluga_json *data = beluga_json_get(body, "data");
    assert_int_equal(beluga_json_count(data), 2);
    assert_int_equal(beluga_json_count(beluga_json_get(beluga_json_first(data), "embedding")), 2);
    assert_int_equal(beluga_json_get_int(beluga_json_get(body, "usage"), "prompt_tokens", 0), 2);
    beluga_json_doc_free(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_brings_the_file_that_its_column_names),
        TEST(a_member_names_a_file_or_several),
        TEST(a_file_that_the_provider_does_not_take_is_not_left_out),
        TEST(an_answer_that_does_not_fit_its_schema_is_kept_and_told),
        TEST(results_have_the_form_of_openais_batches_when_that_is_wanted),
        TEST(a_request_to_responses_is_sent_as_it_is_meant),
        TEST(a_request_to_embeddings_has_vectors_for_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
