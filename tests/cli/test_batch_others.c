/* beluga batch with files, schemas, and the forms that others have for requests and results. */
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
    expect_error(cli, 2, "no column \"photo\", which --attach-column names; it has \"prompt\"",
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
        "\"line\":3,\"text\":\"c\"", "it is neither a text nor a list: files");
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
    assert_contains(read_path(out), "is not sent: the provider is not known to take pictures");
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
                   "\"misfit\":\"age: ", "\"misfit\":\"it is no JSON: ");
    assert_int_equal(count_lines(text), 3);
    /* They are finished, and asked again on request. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_brings_the_file_that_its_column_names),
        TEST(a_member_names_a_file_or_several),
        TEST(a_file_that_the_provider_does_not_take_is_not_left_out),
        TEST(an_answer_that_does_not_fit_its_schema_is_kept_and_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
