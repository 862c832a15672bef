/* beluga batch: lines that fail, files that it must not overwrite, and its other functions. */
#include "../support/words.h"
#include "batch.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* ---- failures -------------------------------------------------------------------------------- */

static void what_fails_is_told_collected_and_asked_again_on_request(void **state)
{
    cli_process *cli = *state;
    char errors[300];
    SCOPED(peer) *p = serve_openai(cli);
    peer_openai_error(peer_reply_new(p), 400, NULL, "context_length_exceeded", "too long");
    answer_for_ever(p, "Hello");
    write_numbers(cli, 3);
    snprintf(errors, sizeof errors, "%s/errors.jsonl", cli->home);
    assert_int_equal(RUN(cli, "-j", "1", "--errors", errors), 11);
    assert_contains(cli->err, "2 of 3 lines done, 1 failed");
    assert_each_once(3);
    assert_contains(read_path(out),
                    "{\"id\":\"1\",\"line\":1,\"error\":{\"code\":\"context_length\"");
    assert_contains(read_path(errors), "\"retryable\":false,\"attempts\":1},\"digest\":\"");
    assert_int_equal(count_lines(read_path(errors)), 1);
    assert_int_equal(RUN(cli, "-j", "1"), 11); /* the failed line is not sent again */
    assert_int_equal(peer_requests(p), 3);
    assert_int_equal(RUN(cli, "-j", "1", "--retry-failed", "--ordered", "--errors", errors), 0);
    assert_int_equal(peer_requests(p), 4);
    assert_each_once(3);
    /* The new result of the line replaces the old one. */
    assert_memory_equal(read_path(out), "{\"id\":\"1\"", 9);
    assert_string_equal(read_path(errors), "");
}

/* Run a line whose model stops at its token limit. */
static int run_cut(cli_process *cli, const char *more, const char *again)
{
    return cli_run(cli, "batch", in, "--out", out, "-m", "mock/any", "-o",
                   "mock.finish_reason=length", "--json", more, again, NULL);
}

static void a_cut_answer_is_done_and_counted_and_told_with_quiet_too(void **state)
{
    cli_process *cli = *state;
    write_numbers(cli, 2);
    assert_int_equal(run_cut(cli, "-q", NULL), 0);
    assert_contains(cli->out, "\"done\":2,\"failed\":0,\"left\":0,\"unfinished\":2");
    assert_string_equal(cli->err, "");
    assert_int_equal(cli_run(cli, "batch", in, "--out", out, "-m", "mock/any", "-o",
                             "mock.finish_reason=length", "-q", NULL),
                     0);
    assert_contains(cli->err, "2 answers are incomplete");
    assert_contains(read_path(out), "\"finish_reason\":\"length\"");
}

static void a_cut_answer_fails_its_line_when_strict_and_is_asked_again_on_request(void **state)
{
    cli_process *cli = *state;
    write_numbers(cli, 2);
    assert_int_equal(run_cut(cli, "--strict", NULL), 11);
    assert_contains(cli->out, "\"done\":0,\"failed\":2,\"left\":0,\"unfinished\":0");
    assert_contains(cli->out, "\"output_tokens\":10");
    const char *text = read_path(out);
    assert_contains(text, "\"code\":\"incomplete\",\"exit_code\":8");
    assert_contains(text, "\"complete\":false,\"text\":\"This is a mock response.\"");
    assert_int_equal(count_lines(text), 2);
    /* Without --strict the incomplete answers count as done. Later --strict and --retry-failed
     * together send those lines again. */
    assert_int_equal(run_cut(cli, "--retry-failed", NULL), 0);
    assert_contains(cli->out, "\"done\":2,\"failed\":0,\"left\":0,\"unfinished\":2");
    /* This run makes no call, and its exit code reports the failed lines. */
    assert_int_equal(run_cut(cli, "--strict", NULL), 11);
    assert_contains(cli->out, "\"done\":2,\"failed\":0,\"left\":0,\"unfinished\":2");
    assert_int_equal(run_cut(cli, "--retry-failed", "--strict"), 11);
    assert_contains(cli->out, "\"done\":0,\"failed\":2,\"left\":0,\"unfinished\":0");
    assert_each_once(2);
}

static void a_key_that_is_refused_stops_it_and_fails_no_line(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_openai_answer(peer_reply_new(p), "Hello");
    peer_openai_error(peer_reply_new(p), 401, NULL, "invalid_api_key", "who are you");
    answer_for_ever(p, "Hello");
    write_numbers(cli, 10);
    assert_int_equal(RUN(cli, "-j", "1"), 4);
    assert_int_equal(peer_requests(p), 2);
    assert_contains(cli->err, "authentication_error");
    assert_contains(cli->err, "9 lines are left");
    assert_int_equal(RUN(cli, "-j", "1"), 0);
    assert_each_once(10);
}

static void a_budget_counts_what_earlier_runs_spent(void **state)
{
    static const char prices[] =
        "date: 2026-11-22\nprices:\n  openai/peer-chat: {input: 0, output: 1000000}\n";
    cli_process *cli = *state;
    char option[300];
    SCOPED(peer) *p = serve_openai(cli);
    answer_for_ever(p, "Hello");
    write_numbers(cli, 10);
    assert_int_equal(RUN(cli, "--budget", "much"), 2);
    snprintf(option, sizeof option, "prices=%s",
             cli_write_file(cli, "prices.yaml", prices, sizeof prices - 1));
    /* An answer has 60 tokens at a dollar each, so the third answer exceeds the budget of 150. */
    assert_int_equal(RUN(cli, "-j", "1", "--budget", "150", "-o", option, "--json"), 5);
    assert_int_equal(peer_requests(p), 3);
    assert_has_all(cli->out, "\"state\":\"stopped\"", "\"done\":3,\"failed\":0,\"left\":7",
                   "\"cost\":180");
    assert_contains(read_path(out), "\"cost\":60");
    assert_int_equal(RUN(cli, "-j", "1", "--budget", "150", "-o", option), 5);
    assert_contains(cli->err, "the budget of $150 is spent: earlier runs have used $180");
    assert_int_equal(RUN(cli, "-j", "1", "--budget", "250", "-o", option), 5);
    assert_int_equal(peer_requests(p), 5);
    assert_int_equal(RUN(cli, "-j", "1", "-o", option), 0);
    assert_each_once(10);
    assert_int_equal(peer_requests(p), 10);
}

static void a_full_disk_stops_it_with_what_is_done_safe(void **state)
{
    cli_process *cli = *state;
    struct rlimit before, small;
    struct stat status;
    SCOPED(peer) *p = serve_openai(cli);
    answer_for_ever(p, "Hello");
    write_numbers(cli, 40);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 3000; /* the limit is inside a line */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int code = RUN(cli, "-j", "4");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(code, 10);
    assert_contains(cli->err, "can't be written: File too large");
    assert_contains(cli->err, "finished answers are safe");
    assert_int_equal(stat(out, &status), 0);
    const char *text = read_path(out);
    size_t done = count_lines(text);
    assert_true(done > 5 && done < 40 && status.st_size <= 3000);
    assert_int_equal(text[status.st_size - 1], '\n');
    assert_int_equal(RUN(cli, "-j", "4"), 0);
    assert_each_once(40);
}

/* Root could replace a device by a file, which would break the device for all programs of the
 * machine. */
static void what_is_no_file_is_not_replaced_by_one(void **state)
{
    cli_process *cli = *state;
    struct stat status;
    char pipe[300], file[320];
    SCOPED(peer) *p = serve_openai(cli);
    write_numbers(cli, 1);
    snprintf(pipe, sizeof pipe, "%s/pipe", cli->home);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(RUN(cli, "--errors", pipe), 2);
    assert_contains(cli->err, "is not a regular file");
    assert_int_equal(RUN(cli, "--errors", cli->home), 2);
    assert_int_equal(stat(pipe, &status), 0);
    assert_true(S_ISFIFO(status.st_mode));
    snprintf(file, sizeof file, "%s.tmp", pipe);
    assert_int_equal(access(file, F_OK), -1);
    assert_int_equal(peer_requests(p), 0);
}

/* Another user can guess the names of the temporary files, and put links there in a shared
 * folder. */
static void links_at_names_that_were_not_given_are_not_followed(void **state)
{
    cli_process *cli = *state;
    static const char *const names[] = {"out.jsonl.tmp", "out.jsonl.batch.tmp", "errors.jsonl.tmp",
                                        "out.jsonl.batch"};
    char target[300], link[300], errors[300];
    SCOPED(peer) *p = serve_openai(cli);
    answer_for_ever(p, "Hello");
    write_numbers(cli, 2);
    cli_write_file(cli, "target", "precious\n", 9);
    snprintf(target, sizeof target, "%s/target", cli->home);
    snprintf(errors, sizeof errors, "%s/errors.jsonl", cli->home);
    for (size_t i = 0; i < 4; i++) {
        snprintf(link, sizeof link, "%s/%s", cli->home, names[i]);
        assert_int_equal(symlink(target, link), 0);
    }
    assert_int_equal(RUN(cli, "-q"), 10);
    assert_contains(cli->err, "out.jsonl.batch can't be used: it is a link: remove it");
    assert_int_equal(unlink(link), 0);
    assert_int_equal(RUN(cli, "-q", "--ordered", "--errors", errors), 0);
    assert_string_equal(read_path(target), "precious\n");
}

static mode_t mode_of(const cli_process *cli, const char *name)
{
    struct stat info;
    char path[300];
    snprintf(path, sizeof path, "%s/%s", cli->home, name);
    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 0777;
}

static void answers_are_for_their_owner_unless_the_owner_said_otherwise(void **state)
{
    cli_process *cli = *state;
    char errors[300];
    SCOPED(peer) *p = serve_openai(cli);
    answer_for_ever(p, "Hello");
    write_numbers(cli, 2);
    snprintf(errors, sizeof errors, "%s/errors.jsonl", cli->home);
    assert_int_equal(RUN(cli, "-q", "--errors", errors), 0);
    assert_int_equal(mode_of(cli, "out.jsonl"), 0600);
    assert_int_equal(mode_of(cli, "out.jsonl.batch"), 0600);
    assert_int_equal(mode_of(cli, "errors.jsonl"), 0600);
    assert_int_equal(chmod(errors, 0640), 0);
    assert_int_equal(RUN(cli, "-q", "--errors", errors), 0);
    assert_int_equal(mode_of(cli, "errors.jsonl"), 0640);
}

static void links_stay_and_what_they_lead_to_is_written(void **state)
{
    cli_process *cli = *state;
    struct stat status;
    char link[300], file[300];
    SCOPED(peer) *p = serve_openai(cli);
    answer_for_ever(p, "Hello");
    write_numbers(cli, 1);
    snprintf(link, sizeof link, "%s/link", cli->home);
    snprintf(file, sizeof file, "%s/errors.jsonl", cli->home);
    cli_write_file(cli, "errors.jsonl", "of the last run\n", 16);
    assert_int_equal(symlink(file, link), 0);
    assert_int_equal(RUN(cli, "--errors", link), 0);
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_string_equal(read_path(file), "");
}

static void an_output_that_can_not_be_written_is_told_before_anything_is_asked(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    write_numbers(cli, 2);
    snprintf(out, sizeof out, "%s/none/out.jsonl", cli->home);
    assert_int_equal(RUN(cli, "-q"), 10);
    assert_contains(cli->err, "can't be written: No such file or directory");
    snprintf(out, sizeof out, "/dev/full");
    assert_int_equal(RUN(cli, "-q"), 2);
    assert_int_equal(peer_requests(p), 0);
}

static void nothing_but_results_is_written_into_them_where_descriptors_are_closed(void **state)
{
    static const char *const closed[] = {"12", "02", "012", "2"};
    cli_process *cli = *state;
    write_numbers(cli, 40);
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++) {
        cli->closed = closed[i];
        unlink(out);
        assert_int_equal(cli_run(cli, "batch", in, "--out", out, "-m", "mock/echo", NULL), 0);
        assert_each_once(40);
    }
    cli->closed = "1"; /* the error that stdout can't be written is reported on stderr */
    assert_int_equal(
        cli_run(cli, "batch", in, "--out", out, "-m", "mock/echo", "--json", "-q", NULL), 1);
    assert_contains(cli->err, "stdout can't be written");
}

static void what_makes_no_sense_is_refused(void **state)
{
    cli_process *cli = *state;
    write_numbers(cli, 1);
    expect_exit(cli, 2, "batch");
    expect_error(cli, 2, "--out FILE", "batch", in);
    assert_int_equal(RUN(cli, "-j", "0"), 2);
    assert_int_equal(RUN(cli, "--errors", in), 2);
    assert_contains(read_path(in), "number 1\n");
    assert_int_equal(RUN(cli, "--errors", out), 2);
    assert_int_equal(RUN(cli, "-j", "many"), 2);
    assert_int_equal(RUN(cli, "--format", "xml"), 2);
    assert_int_equal(RUN(cli, "--template", "{{"), 2);
    expect_error(cli, 2, "/nowhere can't be read", "batch", "/nowhere", "--out", out, "-m",
                 "mock/any");
    expect_exit(cli, 3, "batch", in, "--out", out);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void a_dry_run_sends_and_writes_nothing(void **state)
{
    cli_process *cli = *state;
    struct stat status;
    SCOPED(peer) *p = serve_openai(cli);
    write_input(cli, "in.jsonl", "{\"prompt\":\"12345678\"}\n{bad\n");
    assert_int_equal(RUN(cli, "--dry-run", "-o", "max_tokens=100"), 0);
    assert_has_all(cli->out, "Lines      2: 1 to ask, 0 finished, 1 bad\n",
                   "Input      about 6 tokens (a quarter of each text's bytes",
                   "Output     about 100 tokens (upper limit: max_tokens of each line)",
                   "Cost       unknown");
    assert_contains(cli->err, "line 2: it is not valid JSON");
    assert_int_equal(RUN(cli, "--dry-run", "--json"), 0);
    assert_contains(cli->out, "\"output_tokens\":null");
    assert_int_equal(peer_requests(p), 0);
    assert_int_equal(stat(out, &status), -1);
}

static void a_dry_run_judges_the_budget(void **state)
{
    cli_process *cli = *state;
    static const char prices[] =
        "date: 2026-11-22\nprices:\n  mock/echo: {input: 1000000, output: 1000000}\n";
    char option[300];
    const struct {
        const char *budget, *option, *cost, *judgement;
    } rows[] = {
        {"5", "max_retries=0", "$6.0000 of the input alone", "Budget     $5: not enough"},
        {"7", "max_retries=0", "of the input alone", "Budget     $7: enough for the input alone"},
        {"15", "max_tokens=10", "$16.0000 of input and output", "Budget     $15: not enough"},
        {"16", "max_tokens=10", "of input and output", "Budget     $16: enough, by this estimate"},
    };
    write_input(cli, "in.jsonl", "{\"prompt\":\"12345678\"}\n");
    snprintf(option, sizeof option, "prices=%s",
             cli_write_file(cli, "prices.yaml", prices, sizeof prices - 1));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(cli_run(cli, "batch", in, "--out", out, "-m", "mock/echo", "--dry-run",
                                 "-o", option, "--budget", rows[i].budget, "-o", rows[i].option,
                                 NULL),
                         0);
        assert_has_all(cli->out, rows[i].cost, rows[i].judgement);
    }
}

static void an_input_that_changes_meanwhile_is_told(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    answer_behind_gate(p);
    char *lines = malloc(400000);
    assert_non_null(lines);
    memset(lines, 'x', 399999); /* longer than what one read returns */
    for (size_t i = 999; i < 399999; i += 1000) lines[i] = '\n';
    lines[399999] = '\0';
    write_input(cli, "in.txt", lines);
    cli_start(cli, "batch", in, "--out", out, "-m", MODEL, "-j", "2", NULL);
    assert_int_equal(peer_wait_requests(p, 2, GENEROUS), 0);
    lines[399000] = 'y';
    cli_write_file(cli, "in.txt", lines, 399999);
    peer_open_gate(p, 0);
    assert_int_equal(cli_finish(cli), 2);
    assert_contains(cli->err, "changed while its lines were asked");
    free(lines);
}

static void what_was_recorded_is_answered_again(void **state)
{
    cli_process *cli = *state;
    char tape[300];
    peer *p = serve_openai(cli);
    answer_for_ever(p, "Hello");
    write_numbers(cli, 3);
    snprintf(tape, sizeof tape, "%s/tape", cli->home);
    assert_int_equal(RUN(cli, "--record", tape), 0);
    peer_stop(p);
    cli_set(cli, "OPENAI_API_KEY", "");
    snprintf(out, sizeof out, "%s/again.jsonl", cli->home);
    assert_int_equal(RUN(cli, "--replay", tape), 0);
    assert_each_once(3);
    assert_contains(read_path(out), "Hello");
}

static void a_schema_is_asked_for(void **state)
{
    static const char schema[] = "{\"type\":\"object\",\"title\":\"unmistakable\"}";
    cli_process *cli = *state;
    char path[300];
    SCOPED(peer) *p = serve_openai(cli);
    answer_for_ever(p, "{}");
    write_numbers(cli, 1);
    snprintf(path, sizeof path, "%s",
             cli_write_file(cli, "schema.json", schema, sizeof schema - 1));
    assert_int_equal(RUN(cli, "--schema", path), 0);
    assert_contains(peer_request_body(p, 0, NULL), "unmistakable");
}

static void a_terminal_has_a_bar(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_reply *r = peer_reply_new(p);
    peer_openai_answer(r, "Hello");
    r = peer_reply_new(p);
    peer_step_gate(r, 0);
    peer_openai_answer(r, "Hello");
    write_numbers(cli, 2);
    cli->terminal = true;
    cli->width = 50;
    cli_set(cli, "TERM", "xterm");
    cli_start(cli, "batch", in, "--out", out, "-m", MODEL, "-j", "1", NULL);
    cli_wait_for(cli, "\r 50%  ");
    cli_wait_for(cli, "1/2");
    peer_open_gate(p, 0);
    assert_int_equal(cli_finish(cli), 0);
    assert_contains(cli->out, "\r\033[K");
    assert_contains(cli->out, "2 of 2 lines done");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_fails_is_told_collected_and_asked_again_on_request),
        TEST(a_cut_answer_is_done_and_counted_and_told_with_quiet_too),
        TEST(a_cut_answer_fails_its_line_when_strict_and_is_asked_again_on_request),
        TEST(a_key_that_is_refused_stops_it_and_fails_no_line),
        TEST(a_budget_counts_what_earlier_runs_spent),
        TEST(a_full_disk_stops_it_with_what_is_done_safe),
        TEST(what_is_no_file_is_not_replaced_by_one),
        TEST(links_stay_and_what_they_lead_to_is_written),
        TEST(links_at_names_that_were_not_given_are_not_followed),
        TEST(answers_are_for_their_owner_unless_the_owner_said_otherwise),
        TEST(an_output_that_can_not_be_written_is_told_before_anything_is_asked),
        TEST(nothing_but_results_is_written_into_them_where_descriptors_are_closed),
        TEST(what_makes_no_sense_is_refused),
        TEST(a_dry_run_sends_and_writes_nothing),
        TEST(a_dry_run_judges_the_budget),
        TEST(an_input_that_changes_meanwhile_is_told),
        TEST(what_was_recorded_is_answered_again),
        TEST(a_schema_is_asked_for),
        TEST(a_terminal_has_a_bar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
