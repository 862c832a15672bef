/* Runs of beluga batch that continue after a fault of the input, the model or the server was
 * repaired. */
#include "../support/words.h"
#include "batch.h"

#define ECHO(cli, ...) cli_run(cli, "batch", in, "--out", out, "-m", "mock/echo", __VA_ARGS__, NULL)

/* ---- a corrected input ----------------------------------------------------------------------- */

static void a_line_that_was_mended_is_asked_and_no_other_again(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    answer_for_ever(p, "Hello");
    write_input(cli, "in.jsonl", "{\"prompt\":\"a\"}\n{\"prompt\":\"b\"\n{\"prompt\":\"c\"}\n");
    assert_int_equal(RUN(cli, "-j", "1"), 11);
    assert_int_equal(peer_requests(p), 2);
    write_input(cli, "in.jsonl", "{\"prompt\":\"a\"}\n{\"prompt\":\"b\"}\n{\"prompt\":\"c\"}\n");
    assert_int_equal(RUN(cli, "--dry-run"), 0);
    assert_contains(cli->out, "Lines      3: 1 to ask, 2 finished, 0 bad");
    assert_int_equal(RUN(cli, "-j", "1", "--ordered"), 0);
    assert_contains(cli->err, "the input has changed: asking 1 failed line again");
    assert_int_equal(peer_requests(p), 3);
    assert_each_once(3);
    /* From now on the output belongs to the corrected input, so no change is reported. */
    assert_int_equal(RUN(cli, "-j", "1"), 0);
    assert_lacks(cli->err, "has changed");
    assert_int_equal(peer_requests(p), 3);
}

static void lines_behind_the_last_one_are_asked(void **state)
{
    cli_process *cli = *state;
    write_numbers(cli, 3);
    assert_int_equal(ECHO(cli, "-q"), 0);
    write_numbers(cli, 5);
    assert_int_equal(ECHO(cli, "--json"), 0);
    assert_contains(cli->err, "the input has changed, but not in lines that are finished");
    assert_contains(cli->out, "\"done\":5,\"failed\":0,\"left\":0");
    assert_each_once(5);
}

static void an_answer_whose_line_is_another_is_never_dropped(void **state)
{
    cli_process *cli = *state;
    write_input(cli, "in.csv", "id,prompt\n1,a\ntorn\n3,c\n");
    assert_int_equal(ECHO(cli, "-q"), 11);
    /* These inputs are not corrections of the first one: a line was added at the beginning, a line
     * is missing, a line is different, or the header is different. */
    static const char *const others[] = {"id,prompt\n0,z\n1,a\ntorn\n3,c\n", "id,prompt\n1,a\n",
                                         "id,prompt\n1,a\ntorn\n3,d\n",
                                         "id,text\n1,a\ntorn\n3,c\n"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        write_input(cli, "in.csv", others[i]);
        assert_int_equal(ECHO(cli, "-q"), 2);
        assert_contains(cli->err, "was begun with another input: line ");
        assert_int_equal(count_lines(read_path(out)), 3);
    }
    write_input(cli, "in.csv", "id,prompt\n1,a\n2,b\n3,c\n");
    assert_int_equal(ECHO(cli, "-q"), 0);
    assert_contains(read_path(out), "{\"id\":\"2\",\"line\":3,\"text\":\"b\"");
}

/* ---- outputs without an answer --------------------------------------------------------------- */

static void what_holds_no_answer_begins_anew(void **state)
{
    cli_process *cli = *state;
    write_input(cli, "in.jsonl", "{\"prompt\":\"a\"}\n{bad\n");
    assert_int_equal(cli_run(cli, "batch", in, "--out", out, "-m", "mock/any", "-o",
                             "mock.error=content_filter", NULL),
                     11);
    assert_int_equal(count_lines(read_path(out)), 2);
    assert_int_equal(ECHO(cli, "-j", "1"), 11);
    assert_contains(
        cli->err,
        "was begun with another model (mock/any), but it has no answers yet, so it begins again");
    assert_each_once(2);
    assert_contains(read_path(out), "\"text\":\"a\"");
    assert_int_equal(cli_run(cli, "batch", in, "--out", out, "-m", "mock/any", NULL), 2);
    assert_contains(cli->err, "was begun with another model (mock/echo): choose another --out");
}

/* ---- lines that all fail for the same reason ------------------------------------------------- */

static void fail_for_ever(peer *p, int status, const char *code)
{
    peer_reply *r = peer_reply_new(p);
    peer_reply_repeat(r, PEER_FOR_EVER);
    peer_openai_error(r, status, NULL, code, "it is not there");
}

static void a_wrong_model_ends_it_and_the_right_one_goes_on(void **state)
{
    static const char *const ways[][3] = {{"-j", "1", NULL}, {"-j", "1", "--ordered"}};
    cli_process *cli = *state;
    for (size_t i = 0; i < 2; i++) {
        SCOPED(peer) *p = serve_openai(cli);
        fail_for_ever(p, 404, "model_not_found");
        write_input(cli, "in.jsonl", "{bad\n");
        char text[4096] = "{bad\n";
        for (int line = 2; line <= 40; line++) sprintf(text + strlen(text), "\"%d\"\n", line);
        write_input(cli, "in.jsonl", text);
        unlink(out);
        assert_int_equal(RUN(cli, ways[i][0], ways[i][1], ways[i][2]), 3);
        assert_true(peer_requests(p) <= 10);
        assert_contains(cli->err, "lines in a row failed for the same reason; these lines are left "
                                  "unanswered: invalid_model: ");
        assert_contains(cli->err, "0 of 40 lines done, 1 failed");
        assert_contains(cli->err, "39 lines are left");
        assert_lacks(cli->err, "the first failure: invalid_model");
        /* The output has only the result of the line that can't be read. */
        assert_int_equal(count_lines(read_path(out)), 1);
        assert_int_equal(ECHO(cli, "-q"), 11);
        assert_each_once(40);
    }
}

static void a_server_that_is_down_ends_it_and_its_lines_are_asked_again(void **state)
{
    cli_process *cli = *state;
    peer *p = serve_openai(cli);
    answer_for_ever(p, "Hello");
    write_numbers(cli, 30);
    assert_int_equal(RUN(cli, "--limit", "5"), 0);
    peer_stop(p);
    /* another program may get the peer's port, but not this one */
    cli_set(cli, "OPENAI_BASE_URL", "http://127.0.0.1:1/v1");
    assert_int_equal(RUN(cli, "-j", "1", "-o", "max_retries=0", "--json"), 7);
    assert_has_all(cli->out, "\"state\":\"stopped\"", "\"done\":5,\"failed\":0,\"left\":25",
                   "\"code\":\"network_error\"");
    assert_contains(cli->err, "10 lines in a row failed for the same reason");
    p = serve_openai(cli);
    answer_for_ever(p, "Hello");
    assert_int_equal(RUN(cli, "-j", "1", "--json"), 0);
    assert_int_equal(peer_requests(p), 25);
    assert_each_once(30);
    peer_stop(p);
}

static void few_lines_that_fail_alike_are_left_where_nothing_is_answered(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    fail_for_ever(p, 500, NULL);
    write_numbers(cli, 3);
    assert_int_equal(RUN(cli, "-j", "2", "-o", "max_retries=0", "--json"), 1);
    assert_contains(cli->out, "\"done\":0,\"failed\":0,\"left\":3");
    assert_string_equal(read_path(out), "");
}

static void failures_between_answers_are_final(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    for (int i = 0; i < 12; i++) {
        peer_openai_error(peer_reply_new(p), 500, NULL, NULL, "again");
        peer_openai_answer(peer_reply_new(p), "Hello");
    }
    write_numbers(cli, 24);
    assert_int_equal(RUN(cli, "-j", "1", "-o", "max_retries=0", "--ordered"), 11);
    assert_contains(cli->err, "12 of 24 lines done, 12 failed");
    assert_contains(cli->err, "the first failure: internal_error: ");
    assert_each_once(24);
}

/* Each request is refused because of its content. The model and the server work, so the run
 * continues. */
static void requests_that_are_refused_one_by_one_end_nothing(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    fail_for_ever(p, 400, NULL);
    write_numbers(cli, 15);
    assert_int_equal(RUN(cli, "-j", "1", "-q"), 11);
    assert_each_once(15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_that_was_mended_is_asked_and_no_other_again),
        TEST(lines_behind_the_last_one_are_asked),
        TEST(an_answer_whose_line_is_another_is_never_dropped),
        TEST(what_holds_no_answer_begins_anew),
        TEST(a_wrong_model_ends_it_and_the_right_one_goes_on),
        TEST(a_server_that_is_down_ends_it_and_its_lines_are_asked_again),
        TEST(few_lines_that_fail_alike_are_left_where_nothing_is_answered),
        TEST(failures_between_answers_are_final),
        TEST(requests_that_are_refused_one_by_one_end_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
