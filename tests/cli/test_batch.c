/* beluga batch at a shell: it reads lines, writes results, and continues after an interruption. */
#include "../support/words.h"
#include "batch.h"

#include <poll.h>
#include <signal.h>

/* ---- lines and results ----------------------------------------------------------------------- */

static void each_line_is_asked_and_its_result_written(void **state)
{
    cli_process *cli = *state;
    write_input(cli, "in.jsonl",
                "\"one\"\n\n{\"id\":\"b\",\"prompt\":\"two\"}\n[{\"role\":\"user\",\"content\":"
                "\"three\"}]\n");
    expect_out(cli, "", "batch", in, "--out", out, "-m", "mock/echo");
    assert_contains(cli->err, "3 of 3 lines done, 0 failed");
    const char *text = read_path(out);
    assert_has_all(text, "{\"id\":\"1\",\"line\":1,\"text\":\"one\",",
                   "{\"id\":\"b\",\"line\":3,\"text\":\"two\",",
                   "{\"id\":\"4\",\"line\":4,\"text\":\"three\",", "\"finish_reason\":\"stop\"",
                   "\"input_total\":");
}

static void a_csv_fills_a_template(void **state)
{
    cli_process *cli = *state;
    write_input(
        cli, "in.csv",
        "\xEF\xBB\xBFid,text,to\r\nx,\"say \"\"hi\"\",\r\nplease\",French\r\ny,only two\r\n");
    assert_int_equal(cli_run(cli, "batch", in, "--out", out, "-m", "mock/echo", "--template",
                             "To {{to}}: {{text}}", "-q", NULL),
                     11);
    const char *text = read_path(out);
    assert_contains(text,
                    "\"id\":\"x\",\"line\":2,\"text\":\"To French: say \\\"hi\\\",\\r\\nplease\"");
    assert_contains(text, "line 4: it has 2 fields, but the header has 3");
    assert_string_equal(cli->err, "");
}

static void a_field_that_is_not_there_is_told_with_its_line(void **state)
{
    cli_process *cli = *state;
    write_input(cli, "in.jsonl", "{\"text\":\"a\"}\n{\"txt\":\"b\"}\n");
    assert_int_equal(cli_run(cli, "batch", in, "--out", out, "-m", "mock/echo", "--template",
                             "<{{text}}>", NULL),
                     11);
    assert_contains(read_path(out), "\"text\":\"<a>\"");
    assert_contains(read_path(out),
                    "line 2: the line has no field \\\"text\\\", which the template uses");
    write_input(cli, "in.csv", "a,b\n1,2\n");
    expect_error(cli, 2, "the CSV has no column \"c\", which the template names", "batch", in,
                 "--out", out, "-m", "mock/echo", "--template", "{{c}}");
}

static void an_id_that_comes_twice_is_an_error_of_the_second(void **state)
{
    cli_process *cli = *state;
    write_input(cli, "in.jsonl",
                "{\"id\":\"a\",\"prompt\":\"1\"}\n{\"id\":\"b\",\"prompt\":\"2\"}\n{\"id\":\"a\","
                "\"prompt\":\"3\"}\n");
    expect_exit(cli, 11, "batch", in, "--out", out, "-m", "mock/echo");
    assert_has_all(read_path(out), "{\"id\":\"a\",\"line\":1,\"text\":\"1\"",
                   "{\"id\":null,\"line\":3,\"error\":{\"code\":\"invalid_input\"",
                   "an earlier line has the same id: a");
}

static void a_line_that_has_no_id_takes_none_of_another(void **state)
{
    cli_process *cli = *state;
    write_input(cli, "in.csv",
                "id,prompt\n1,p1\n2,p2\ntorn\n4,p4\n\xe9,p5\n6,p6\n\"torn\"too,p7\n");
    expect_exit(cli, 11, "batch", in, "--out", out, "-m", "mock/echo", "-q");
    assert_has_all(read_path(out), "{\"id\":\"4\",\"line\":5,\"text\":\"p4\"",
                   "{\"id\":\"6\",\"line\":7,\"text\":\"p6\"", "{\"id\":null,\"line\":4,\"error\"",
                   "{\"id\":null,\"line\":6,\"error\"", "{\"id\":\"8\",\"line\":8,\"error\"");
    assert_lacks(read_path(out), "the same id");
    /* A line needs no id: the first line has a prompt, and is sent. */
    write_input(
        cli, "in.jsonl",
        "{\"prompt\":\"x\"}\n{\"id\":\"1\",\"prompt\":\"y\"}\n{\"id\":1,\"prompt\":\"z\"}\n");
    unlink(out);
    expect_exit(cli, 11, "batch", in, "--out", out, "-m", "mock/echo", "-q");
    assert_has_all(read_path(out), "{\"id\":null,\"line\":1,\"text\":\"x\"",
                   "{\"id\":\"1\",\"line\":2,\"text\":\"y\"", "{\"id\":null,\"line\":3,\"error\"",
                   "an earlier line has the same id: 1");
}

static void a_request_in_openais_format_is_sent_as_it_is_meant(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    answer_for_ever(p, "Hello");
    write_input(
        cli, "in.jsonl",
        "{\"custom_id\":\"r\",\"method\":\"POST\",\"url\":\"/v1/chat/"
        "completions\",\"body\":{\"model\":\"other\","
        "\"temperature\":0.25,\"max_tokens\":7,\"logprobs\":true,\"messages\":[{\"role\":"
        "\"system\",\"content\":"
        "\"be "
        "brief\"},{\"role\":\"user\",\"content\":\"hi\"}],\"tools\":[{\"type\":\"function\","
        "\"function\":"
        "{\"name\":\"look_up\",\"description\":\"d\",\"parameters\":{\"type\":\"object\"}}}]}}\n");
    assert_int_equal(RUN(cli, "-q"), 0);
    assert_contains(read_path(out), "{\"id\":\"r\",\"line\":1,\"text\":\"Hello\"");
    const char *body = peer_request_body(p, 0, NULL);
    assert_has_all(body, "\"model\":\"peer-chat\"", "\"temperature\":0.25", "\"logprobs\":true",
                   "\"look_up\"", "be brief");
}

static void stdin_is_an_input_like_any_other(void **state)
{
    cli_process *cli = *state;
    write_numbers(cli, 0);
    give(cli, "one\ntwo\n");
    expect_exit(cli, 0, "batch", "-", "--out", out, "-m", "mock/echo");
    assert_each_once(2);
    expect_in_out(cli, "\"state\":\"complete\"", "batch", "-", "--out", out, "-m", "mock/echo",
                  "--json");
    cli->input = "one\nTWO\n";
    expect_error(cli, 2, "was begun with another input", "batch", "-", "--out", out, "-m",
                 "mock/echo");
}

static void results_come_in_order_when_that_is_wanted(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_reply *slow = peer_reply_new(p);
    peer_step_gate(slow, 0);
    peer_openai_answer(slow, "slow");
    answer_for_ever(p, "fast");
    write_numbers(cli, 40);
    cli_start(cli, "batch", in, "--out", out, "-m", MODEL, "-j", "2", "--ordered", NULL);
    /* While the first call is slow, at most four lines are started for each concurrent call. */
    assert_int_equal(peer_wait_requests(p, 8, GENEROUS), 0);
    assert_int_equal(peer_wait_requests(p, 9, 200), -1);
    peer_open_gate(p, 0);
    assert_int_equal(cli_finish(cli), 0);
    assert_each_once(40);
    const char *text = read_path(out);
    for (int i = 1; i <= 40; i++) {
        char begin[32];
        snprintf(begin, sizeof begin, "{\"id\":\"%d\",", i);
        assert_memory_equal(text, begin, strlen(begin));
        text = strchr(text, '\n') + 1;
    }
}

/* Start the command with two concurrent calls, on an input with this many numbers as its lines.
 * Wait until the peer has received this many requests. */
static void begin(cli_process *cli, int numbers, peer *p, size_t requests)
{
    write_numbers(cli, numbers);
    cli_start(cli, "batch", in, "--out", out, "-m", MODEL, "-j", "2", NULL);
    assert_int_equal(peer_wait_requests(p, requests, GENEROUS), 0);
}

/* ---- stopping a run and continuing it -------------------------------------------------------- */

static void ctrl_c_finishes_what_runs_and_the_same_command_goes_on(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    answer_behind_gate(p);
    begin(cli, 6, p, 2);
    cli_signal(cli, SIGINT);
    peer_open_gate(p, 0);
    cli_finish(cli);
    /* More calls may have ended before the signal arrived. No line may be lost or sent twice. */
    if (cli->code != 0) {
        assert_int_equal(cli->code, 130);
        assert_contains(cli->err, "the same command continues");
        assert_int_equal(count_lines(read_path(out)), peer_requests(p));
        assert_int_equal(RUN(cli, "-j", "2"), 0);
    }
    assert_each_once(6);
    assert_int_equal(peer_requests(p), 6);
}

static void a_second_ctrl_c_ends_at_once(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_reply *r = peer_reply_new(p);
    peer_reply_repeat(r, PEER_FOR_EVER);
    peer_step_hang(r);
    begin(cli, 6, p, 2);
    cli_signal(cli, SIGINT);
    /* either signal may come first; two of the same kind may be merged into one */
    cli_signal(cli, SIGTERM);
    cli_finish(cli);
    assert_true(cli->signal == SIGTERM || cli->signal == SIGINT);
}

/* Expect that the run was interrupted, has one answer, and says how to go on. */
static void expect_one_answer(cli_process *cli)
{
    cli_finish(cli);
    assert_int_equal(cli->code, 130);
    assert_contains(cli->err, "the same command continues");
    assert_int_equal(count_lines(read_path(out)), 1);
}

/* With one request a minute the last call waits 11 minutes for its turn, and not limit_wait. */
static void calls_wait_for_their_turn_as_long_as_it_takes(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    answer_for_ever(p, "Hello");
    write_numbers(cli, 12);
    cli_start(cli, "batch", in, "--out", out, "-m", MODEL, "-j", "12", "-o",
              "requests_per_minute=1", NULL);
    assert_int_equal(peer_wait_requests(p, 1, GENEROUS), 0);
    for (int ms = 0; !count_lines(read_path(out)) && ms < GENEROUS; ms += 10) poll(NULL, 0, 10);
    cli_signal(cli, SIGINT);
    expect_one_answer(cli); /* nothing of the other calls is under way */
    assert_int_equal(RUN(cli, "-j", "12"), 0);
    assert_each_once(12);
    assert_int_equal(peer_requests(p), 12);
}

/* One call is to be repeated after the time that the service named, and the other one is under way.
 */
static void ctrl_c_gives_up_a_call_that_waits_for_another_attempt(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_reply *r = peer_reply_new(p);
    peer_step_status(r, 429, "Retry-After: 40\r\n");
    peer_step_body(r, "", 0);
    answer_behind_gate(p);
    begin(cli, 2, p, 2);
    cli_signal(cli, SIGINT);
    cli_wait_for_err(cli, "stopping after the ");
    peer_open_gate(p, 0);
    expect_one_answer(cli);
    assert_int_equal(RUN(cli, "-j", "2"), 0);
    assert_each_once(2);
    assert_int_equal(peer_requests(p), 3);
}

static void a_refused_key_leaves_nobody_waiting(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_openai_error(peer_reply_new(p), 401, NULL, "invalid_api_key", "who are you");
    answer_for_ever(p, "Hello");
    write_numbers(cli, 12);
    assert_int_not_equal(RUN(cli, "-j", "12", "-o", "requests_per_minute=1"), 0);
    assert_int_equal(peer_requests(p), 1);
    assert_int_equal(count_lines(read_path(out)), 0);
}

static void a_kill_loses_only_what_was_under_way(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_reply *r = peer_reply_new(p);
    peer_reply_repeat(r, 5);
    peer_openai_answer(r, "Hello");
    r = peer_reply_new(p);
    peer_reply_repeat(r, 2);
    peer_step_hang(r);
    answer_for_ever(p, "Hello again");
    begin(cli, 20, p, 7);
    cli_signal(cli, SIGKILL);
    cli_finish(cli);
    assert_int_equal(cli->signal, SIGKILL);
    assert_int_equal(count_lines(read_path(out)), 5);
    assert_int_equal(RUN(cli, "-j", "2"), 0);
    assert_each_once(20);
    assert_int_equal(peer_requests(p), 22);
}

static void an_output_of_something_else_is_refused(void **state)
{
    cli_process *cli = *state;
    write_numbers(cli, 2);
    expect_exit(cli, 0, "batch", in, "--out", out, "-m", "mock/echo", "-q");
    expect_error(cli, 2, "was begun with another model (mock/echo)", "batch", in, "--out", out,
                 "-m", "mock/any");
    expect_error(cli, 2, "was begun with another template", "batch", in, "--out", out, "-m",
                 "mock/echo", "--template", "{{text}}");
    expect_error(cli, 2, "was begun with no temperature", "batch", in, "--out", out, "-m",
                 "mock/echo", "-o", "temperature=1");
    expect_error(cli, 2, "was begun with no parallel_tool_calls", "batch", in, "--out", out, "-m",
                 "mock/echo", "-o", "parallel_tool_calls=false");
    assert_int_equal(cli_run(cli, "batch", in, "--out", out, "-m", "mock/echo", "-o",
                             "max_retries=1", "-j", "3", NULL),
                     0);
    write_input(cli, "in.txt", "number 2\nnumber 1\n");
    expect_error(cli, 2,
                 "was begun with another input: line 2 already has an answer, and its text has "
                 "changed: choose another",
                 "batch", in, "--out", out, "-m", "mock/echo");
    cli_write_file(cli, "other.jsonl", "{}\n", 3);
    snprintf(out, sizeof out, "%s/other.jsonl", cli->home);
    expect_error(cli, 2, "was not written by beluga batch", "batch", in, "--out", out, "-m",
                 "mock/echo");
    assert_string_equal(read_path(out), "{}\n");
}

static int run_with(cli_process *cli, const char *option)
{
    return cli_run(cli, "batch", in, "--out", out, "-m", "mock/any", "-o", option, "-q", NULL);
}

static void the_option_that_is_another_is_named(void **state)
{
    cli_process *cli = *state;
    write_numbers(cli, 1);
    assert_int_equal(run_with(cli, "temperature=0.2"), 0);
    assert_int_equal(run_with(cli, "temperature=0.3"), 2);
    assert_contains(cli->err, "was begun with another temperature (0.2): choose another --out");
    assert_int_equal(run_with(cli, "top_k=3"), 2);
    assert_contains(cli->err, "was begun with another temperature (0.2): ");
    snprintf(out, sizeof out, "%s/own.jsonl", cli->home);
    assert_int_equal(run_with(cli, "mock.responses=one"), 0);
    assert_int_equal(run_with(cli, "mock.responses=two"), 2);
    assert_contains(cli->err, "was begun with other options of the provider: ");
    assert_int_equal(cli_run(cli, "batch", in, "--out", out, "-m", "mock/any", "-o",
                             "mock.responses=one", "-s", "Be brief.", NULL),
                     2);
    assert_contains(cli->err, "was begun with another system text: ");
}

static void an_output_that_is_the_input_is_not_to_be_removed(void **state)
{
    cli_process *cli = *state;
    write_numbers(cli, 2);
    for (int dry = 0; dry < 2; dry++) {
        assert_int_equal(cli_run(cli, "batch", in, "--out", in, "-m", "mock/echo",
                                 dry ? "--dry-run" : NULL, NULL),
                         2);
        assert_contains(cli->err, " is the input: choose another file\n");
        assert_lacks(cli->err, "remove");
    }
}

static void an_output_that_is_no_file_is_refused(void **state)
{
    cli_process *cli = *state;
    write_numbers(cli, 1);
    expect_error(cli, 2, "--out: choose a file", "batch", in, "--out", "-", "-m", "mock/echo");
    expect_error(cli, 2, "--out: /dev/null: choose a regular file", "batch", in, "--out",
                 "/dev/null", "-m", "mock/echo");
}

static void the_first_failure_is_told_in_the_end(void **state)
{
    cli_process *cli = *state;
    write_numbers(cli, 3);
    assert_int_equal(cli_run(cli, "batch", in, "--out", out, "-m", "mock/any", "-o",
                             "mock.error=content_filter", NULL),
                     11);
    assert_contains(cli->err, "0 of 3 lines done, 3 failed");
    assert_contains(cli->err, "\nbeluga: the first failure: content_filter: ");
    assert_int_equal(cli_run(cli, "batch", in, "--out", out, "-m", "mock/any", "-o",
                             "mock.error=content_filter", NULL),
                     11);
    assert_lacks(cli->err, "the first failure");
}

static void two_at_once_on_an_output_are_refused(void **state)
{
    cli_process *cli = *state;
    void *another = NULL;
    assert_int_equal(cli_setup(&another), 0);
    SCOPED(peer) *p = serve_openai(cli);
    answer_behind_gate(p);
    write_numbers(cli, 1);
    cli_start(cli, "batch", in, "--out", out, "-m", MODEL, NULL);
    assert_int_equal(peer_wait_requests(p, 1, GENEROUS), 0);
    assert_int_equal(cli_run(another, "batch", in, "--out", out, "-m", MODEL, NULL), 2);
    assert_contains(((cli_process *)another)->err, "another beluga batch is writing");
    peer_open_gate(p, 0);
    assert_int_equal(cli_finish(cli), 0);
    assert_each_once(1);
    cli_teardown(&another);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_line_is_asked_and_its_result_written),
        TEST(a_csv_fills_a_template),
        TEST(a_field_that_is_not_there_is_told_with_its_line),
        TEST(an_id_that_comes_twice_is_an_error_of_the_second),
        TEST(a_line_that_has_no_id_takes_none_of_another),
        TEST(a_request_in_openais_format_is_sent_as_it_is_meant),
        TEST(stdin_is_an_input_like_any_other),
        TEST(results_come_in_order_when_that_is_wanted),
        TEST(ctrl_c_finishes_what_runs_and_the_same_command_goes_on),
        TEST(a_second_ctrl_c_ends_at_once),
        TEST(calls_wait_for_their_turn_as_long_as_it_takes),
        TEST(ctrl_c_gives_up_a_call_that_waits_for_another_attempt),
        TEST(a_refused_key_leaves_nobody_waiting),
        TEST(a_kill_loses_only_what_was_under_way),
        TEST(the_option_that_is_another_is_named),
        TEST(an_output_that_is_the_input_is_not_to_be_removed),
        TEST(an_output_that_is_no_file_is_refused),
        TEST(the_first_failure_is_told_in_the_end),
        TEST(an_output_of_something_else_is_refused),
        TEST(two_at_once_on_an_output_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
