/* Tools from the command line and the configuration: programs that a model may call. */
#include "answers.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The longest wait, in seconds, for something that must happen. A passing test never waits that
 * long. */
#define GENEROUS_S 60

/* ---- a configuration, and a model that calls tools ------------------------------------------- */

static char config[128];

static void configure(cli_process *cli, const char *yaml)
{
    snprintf(config, sizeof config, "%s", cli_write_file(cli, "c.yaml", yaml, strlen(yaml)));
    assert_int_equal(chmod(config, 0600), 0);
}

#define ONE_TOOL(name, rest) "tools:\n  " name ": {description: A test, " rest "}\n"

/* Options that make the mock call a tool in its first answer only. */
#define CALLS(name, arguments) \
    "mock.tool_calls=[{\"id\":\"c1\",\"name\":\"" name "\",\"arguments\":" arguments "}]"
#define ASK(name, arguments) \
    "--config", config, "-m", "mock/any", "-T", name, "-o", CALLS(name, arguments)
#define ANSWER "This is a mock response.\n"

/* Return a member of the result of the only tool call, from the output of --json. Borrowed until
 * the next call. */
static const char *result_of(const cli_process *cli, const char *key)
{
    static char text[8192];
    beluga_json_doc *doc = cli_parse_out(cli);
    const beluga_json *runs = beluga_json_get(beluga_json_doc_root(doc), "tool_runs");
    assert_int_equal(beluga_json_count(runs), 1);
    const char *found = beluga_json_get_string(beluga_json_at(runs, 0), key, NULL);
    snprintf(text, sizeof text, "%s", found ? found : "(nothing)");
    beluga_json_doc_free(doc);
    return text;
}

/* Run a tool once with these arguments, and compare the result that the model receives. */
static void expect_result(cli_process *cli, const char *yaml, const char *arguments,
                          const char *result)
{
    char calls[4096];
    configure(cli, yaml);
    snprintf(calls, sizeof calls,
             "mock.tool_calls=[{\"id\":\"c1\",\"name\":\"t\",\"arguments\":%s}]", arguments);
    expect_exit(cli, 0, "--config", config, "-m", "mock/any", "-T", "t", "-o", calls, "-y",
                "--json", "hi");
    assert_string_equal(result_of(cli, "result"), result);
}

static void expect_failure(cli_process *cli, const char *yaml, const char *result)
{
    expect_result(cli, yaml, "{}", result);
    assert_string_equal(result_of(cli, "error"), "tool_execution_error");
}

/* ---- a call ---------------------------------------------------------------------------------- */

static void a_tool_runs_and_its_call_and_result_are_drawn_on_stderr(void **state)
{
    cli_process *cli = *state;
    configure(cli, ONE_TOOL("weather", "command: [echo, sunny], allow: always"));
    expect_out(cli, ANSWER, ASK("weather", "{\"city\":\"Paris\"}"), "hi");
    assert_contains(cli->err, "beluga: weather({\"city\":\"Paris\"})\nbeluga: weather -> sunny (");
    cli_set(cli, "LC_ALL", "C.UTF-8");
    expect_out(cli, ANSWER, ASK("weather", "{}"), "hi");
    assert_contains(cli->err, "weather \xe2\x86\x92 sunny (");
    expect_out(cli, ANSWER, ASK("weather", "{}"), "-q", "hi");
    assert_string_equal(cli->err, "");
}

static void the_result_goes_back_to_the_model(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_reply *r = peer_reply_new(p);
    peer_openai_begin(r);
    peer_openai_tool(r, 0, "call_1", "weather", "{\"city\":\"Paris\"}");
    peer_openai_finish(r, "tool_calls");
    peer_openai_done(r);
    reply_with(p, "It is sunny.", "stop");
    configure(cli, ONE_TOOL("weather", "command: [echo, sunny], parameters: city, allow: always"));
    expect_out(cli, "It is sunny.\n", "--config", config, "-m", "openai/x", "-T", "weather", "hi");
    assert_int_equal(peer_requests(p), 2);
    const char *first = peer_request_body(p, 0, NULL), *second = peer_request_body(p, 1, NULL);
    assert_contains(first, "\"required\":[\"city\"]");
    assert_contains(second, "\"role\":\"tool\"");
    assert_contains(second, "sunny\\n");
    assert_contains(second, "call_1");
}

static void arguments_come_on_stdin_and_never_in_a_command_line(void **state)
{
    cli_process *cli = *state;
    expect_result(cli, ONE_TOOL("t", "command: cat"),
                  "{\"a\":\"$(touch no) `touch no`; touch no\\n' \\\"\"}",
                  "{\"a\":\"$(touch no) `touch no`; touch no\\n' \\\"\"}");
    assert_int_equal(access("no", F_OK), -1);
    /* a program may end without reading its arguments */
    expect_result(cli, ONE_TOOL("t", "command: [echo, done]"), "{\"a\":1}", "done\n");
}

static void arguments_that_do_not_fit_never_reach_the_program(void **state)
{
    cli_process *cli = *state;
    expect_result(cli, ONE_TOOL("t", "command: cat, parameters: n int"), "{\"n\":\"x\"}",
                  "tool t: arguments: n: must be of type integer");
    assert_string_equal(result_of(cli, "error"), "tool_call_error");
    assert_contains(cli->err, "t failed: tool t: arguments");
}

static void a_tool_that_fails_tells_the_model_why(void **state)
{
    cli_process *cli = *state;
    expect_failure(cli, ONE_TOOL("t", "command: 'echo no such city >&2; exit 3'"),
                   "the program failed with exit status 3: no such city");
    assert_contains(cli->err,
                    "beluga: t failed: the program failed with exit status 3: no such city (");
    expect_failure(cli, ONE_TOOL("t", "command: 'echo only this; exit 1'"),
                   "the program failed with exit status 1: only this");
    expect_failure(cli, ONE_TOOL("t", "command: 'kill -s KILL $$'"),
                   "the program was ended by signal 9");
    expect_failure(cli, ONE_TOOL("t", "command: [/nonexistent/x]"),
                   "/nonexistent/x can't be started: No such file or directory");
    expect_failure(cli, ONE_TOOL("t", "command: [sleep, '1000'], timeout: 100ms"),
                   "the program gave no result within 100ms, and was ended");
    expect_failure(
        cli, ONE_TOOL("t", "command: 'trap \"\" TERM; sleep 1000 & sleep 1000', timeout: 0.1"),
        "the program gave no result within 100ms, and was ended");
    expect_failure(cli, ONE_TOOL("t", "command: 'printf \"\\377\"'"),
                   "the program's output is not UTF-8 text");
}

static void a_result_that_is_too_long_is_cut_and_says_so(void **state)
{
    cli_process *cli = *state;
    expect_result(cli, ONE_TOOL("t", "command: [yes], max_output: 5"), "{}",
                  "y\ny\ny\n[The output was cut here: it is longer than 5 bytes.]");
    expect_result(cli, ONE_TOOL("t", "command: 'printf aaaa\xc3\xa4', max_output: 5"), "{}",
                  "aaaa\n[The output was cut here: it is longer than 5 bytes.]");
    expect_result(cli, ONE_TOOL("t", "command: 'printf 12345', max_output: 5"), "{}", "12345");
}

static void a_k_is_1024_bytes_as_in_max_context(void **state)
{
    cli_process *cli = *state;
    char whole[1024 + 1];
    snprintf(whole, sizeof whole, "%1024s", "x");
    expect_result(cli, ONE_TOOL("t", "command: 'printf %1024s x', max_output: 1k"), "{}", whole);
    expect_result(cli, ONE_TOOL("t", "command: 'printf %1024s x', max_output: 1KiB"), "{}", whole);
    expect_result(cli, ONE_TOOL("t", "command: 'printf %5s x', max_output: 0.005 kB"), "{}",
                  "    x");
}

static void a_program_has_its_own_group_no_descriptors_and_default_signals(void **state)
{
    cli_process *cli = *state;
    expect_result(cli,
                  ONE_TOOL("t", "command: 'cd /proc/$$/fd; for i in 0 1 2 3 4 5 6 7 8 9; do [ ! -e "
                                "$i ] || echo $i; done'"),
                  "{}", "0\n1\n2\n");
    /* signals 32 and 33 belong to the C library, so they may be ignored */
    expect_result(cli,
                  ONE_TOOL("t", "command: 'grep -Eq \"SigIgn:.{9}[08]0{7}$\" /proc/self/status && "
                                "grep -q \"SigBlk:.0*$\" /proc/self/status && echo reset'"),
                  "{}", "reset\n");
}

static void a_program_runs_where_and_with_what_its_definition_says(void **state)
{
    cli_process *cli = *state;
    char yaml[512], path[128], expected[160];
    static const char script[] = "#!/bin/sh\npwd -P\necho \"$NAME $OTHER\"\n";
    snprintf(path, sizeof path, "%s", cli_write_file(cli, "it.sh", script, sizeof script - 1));
    assert_int_equal(chmod(path, 0700), 0);
    cli_set(cli, "NAME", "replaced");
    cli_set(cli, "OTHER", "kept");
    snprintf(expected, sizeof expected, "%s\nmine kept\n", cli->home);
    snprintf(yaml, sizeof yaml, ONE_TOOL("t", "command: [./it.sh], cwd: %s, env: {NAME: mine}"),
             ".");
    expect_result(cli, yaml, "{}", expected);
}

/* ---- the end of a call ----------------------------------------------------------------------- */

/* Wait until a tool has written its process id into a file, and return the id. */
static int read_number(const cli_process *cli, const char *name)
{
    char path[128];
    int number = 0;
    snprintf(path, sizeof path, "%s/%s", cli->home, name);
    for (int i = 0; i < GENEROUS_S * 100; i++) {
        FILE *file = fopen(path, "r");
        int got = file ? fscanf(file, "%d\n", &number) : 0;
        if (file) fclose(file);
        if (got == 1) return number;
        usleep(10000);
    }
    fail_msg("no tool has begun");
    return 0;
}

static void wait_until_gone(int pid)
{
    for (int i = 0; i < GENEROUS_S * 100; i++) {
        if (kill(pid, 0) != 0 && errno == ESRCH) return;
        usleep(10000);
    }
    fail_msg("%d still runs", pid);
}

static int start_slow_tool(cli_process *cli, const char *yaml)
{
    configure(cli, yaml);
    cli_start(cli, ASK("slow", "{}"), "hi", NULL);
    return read_number(cli, "child");
}

#define SLOW(begin) \
    ONE_TOOL("slow", "command: '" begin "sleep 1000 & echo $! >$HOME/child; wait', allow: always")

static void ctrl_c_ends_the_call_and_the_children_of_the_tool(void **state)
{
    cli_process *cli = *state;
    int child = start_slow_tool(cli, SLOW(""));
    cli_signal(cli, SIGINT);
    assert_int_equal(cli_finish(cli), 130);
    wait_until_gone(child);
    assert_contains(cli->err, "interrupted");
}

static void a_tool_that_does_not_obey_is_killed(void **state)
{
    cli_process *cli = *state;
    int child = start_slow_tool(cli, SLOW("trap \"\" TERM; "));
    cli_signal(cli, SIGINT);
    assert_int_equal(cli_finish(cli), 130);
    wait_until_gone(child);
}

static void tools_do_not_outlive_a_command_that_is_killed(void **state)
{
    cli_process *cli = *state;
    int child = start_slow_tool(cli, SLOW("trap \"\" TERM; "));
    cli_signal(cli, SIGKILL);
    cli_finish(cli);
    wait_until_gone(child);
}

/* ---- asking ---------------------------------------------------------------------------------- */

#define TOUCH ONE_TOOL("touch", "command: 'echo x >>$HOME/ran; echo done'")

static size_t times_run(const cli_process *cli)
{
    char path[128];
    struct stat info;
    snprintf(path, sizeof path, "%s/ran", cli->home);
    return stat(path, &info) == 0 ? (size_t)info.st_size / 2 : 0;
}

static void ask_on_terminal(cli_process *cli, const char *calls, const char *typed)
{
    cli->terminal = true;
    cli_set(cli, "TERM", "dumb");
    configure(cli, TOUCH);
    cli_start(cli, "--config", config, "-m", "mock/any", "-T", "touch", "-o", calls, "hi", NULL);
    cli_wait_for(cli, "[a]lways: ");
    cli_type(cli, typed);
    assert_int_equal(cli_finish(cli), 0);
    assert_contains(cli->out, "This is a mock response.");
}

static void a_tool_is_asked_for_at_the_terminal_with_its_arguments(void **state)
{
    cli_process *cli = *state;
    ask_on_terminal(cli, CALLS("touch", "{\"a\":\"\\u001b]0;x\\u202e\"}"), "y\r");
    assert_int_equal(times_run(cli), 1);
    assert_contains(
        cli->out,
        "beluga: the model asks to run touch with these arguments:\r\n{\"a\":\"\\u001B]0;x");
    assert_lacks(cli->out, "\xe2\x80\xae");
    assert_contains(cli->out, "Run touch? [y]es, [N]o, [a]lways: ");
    assert_contains(cli->out, "touch -> done (");
}

static void a_tool_that_is_not_allowed_does_not_run_and_the_model_is_told(void **state)
{
    cli_process *cli = *state;
    ask_on_terminal(cli, CALLS("touch", "{}"), "\r");
    assert_contains(cli->out, "touch failed: not allowed");
    ask_on_terminal(cli, CALLS("touch", "{}"), "no\r");
    assert_int_equal(times_run(cli), 0);
}

static void always_is_for_the_calls_that_follow(void **state)
{
    cli_process *cli = *state;
    static const char calls[] =
        "mock.tool_calls=[{\"id\":\"1\",\"name\":\"touch\",\"arguments\":{}},"
        "{\"id\":\"2\",\"name\":\"touch\",\"arguments\":{}},"
        "{\"id\":\"3\",\"name\":\"touch\",\"arguments\":{}}]";
    ask_on_terminal(cli, calls, "always\r");
    assert_int_equal(times_run(cli), 3);
}

static void ctrl_c_at_the_question_ends_the_call(void **state)
{
    cli_process *cli = *state;
    cli->terminal = true;
    cli_set(cli, "TERM", "dumb");
    configure(cli, TOUCH);
    cli_start(cli, ASK("touch", "{}"), "hi", NULL);
    cli_wait_for(cli, "[a]lways: ");
    cli_type(cli, "\003");
    assert_int_equal(cli_finish(cli), 130);
    assert_int_equal(times_run(cli), 0);
}

static void
without_a_terminal_a_tool_that_needs_asking_is_refused_before_anything_is_sent(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    configure(cli, TOUCH);
    expect_error(cli, 3,
                 "beluga can't ask whether the tool touch may run, without a terminal: allow it "
                 "with --allow-tools, or with allow: always at ",
                 "--config", config, "-m", "openai/x", "-T", "touch", "hi");
    assert_contains(cli->err, "c.yaml:2:3");
    assert_int_equal(peer_requests(p), 0);
    expect_out(cli, ANSWER, ASK("touch", "{}"), "--allow-tools", "hi");
    assert_int_equal(times_run(cli), 1);
}

static void a_tool_that_is_never_allowed_is_refused_and_left_out_of_all(void **state)
{
    cli_process *cli = *state;
    configure(cli, "tools:\n  no: {command: ls, allow: never}\n  yes: {command: 'echo ran'}\n");
    expect_error(cli, 3, "the tool no may not run, because ", ASK("no", "{}"), "-y", "hi");
    expect_exit(cli, 0, "--config", config, "-m", "mock/any", "-T", "all", "-y", "-o",
                CALLS("no", "{}"), "hi");
    assert_contains(cli->err, "no failed: there is no tool no; the tools are: yes");
}

/* ---- names and models ------------------------------------------------------------------------ */

static void a_name_that_no_tool_has_gets_the_near_one(void **state)
{
    cli_process *cli = *state;
    configure(cli, "tools:\n  weather: {command: ls}\n  clock: {command: date}\n");
    expect_error(cli, 3, "there is no tool \"wether\"; did you mean weather?", "--config", config,
                 "-m", "mock/any", "-T", "wether", "hi");
    expect_error(cli, 3, "there is no tool \"calendar\"; the tools are: weather, clock", "--config",
                 config, "-m", "mock/any", "-T", "calendar", "hi");
    expect_error(cli, 3, "the configuration defines no tools", "-m", "mock/any", "-T", "x", "hi");
    expect_error(cli, 3, "-T all: the configuration defines no tools", "-m", "mock/any", "-T",
                 "all", "hi");
}

static void a_provider_that_calls_no_tools_is_told_before_anything_is_sent(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve(cli, "PERPLEXITY_BASE_URL", "PERPLEXITY_API_KEY");
    configure(cli, TOUCH);
    expect_exit(cli, 1, "--config", config, "-m", "perplexity/sonar", "-T", "touch", "-y", "hi");
    assert_contains(cli->err,
                    "perplexity does not support tools: leave out -T, or use another model");
    expect_error(cli, 2, "can't be combined with tools, whose answers are always streamed",
                 ASK("touch", "{}"), "-y", "--no-stream", "hi");
    assert_int_equal(peer_requests(p), 0);
}

static void a_model_that_goes_on_calling_is_stopped(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_reply *r = peer_reply_new(p);
    peer_reply_repeat(r, PEER_FOR_EVER);
    peer_openai_begin(r);
    peer_openai_tool(r, 0, "call_1", "touch", "{}");
    peer_openai_finish(r, "tool_calls");
    peer_openai_done(r);
    configure(cli, TOUCH);
    expect_error(cli, 1, "the model still calls tools after 3 answers: raise max_tool_steps",
                 "--config", config, "-m", "openai/x", "-T", "touch", "-y", "-o",
                 "max_tool_steps=3", "hi");
    assert_int_equal(peer_requests(p), 3);
    assert_int_equal(times_run(cli), 2);
}

/* ---- lists and checks ------------------------------------------------------------------------ */

static void tools_are_listed_and_shown(void **state)
{
    cli_process *cli = *state;
    char line[256];
    configure(cli, "tools:\n  weather:\n    description: The weather of a city\n"
                   "    command: [ls]\n    parameters: city\n");
    snprintf(line, sizeof line, "weather\task\t%s:2:3\tThe weather of a city\n", config);
    expect_out(cli, line, "tools", "--config", config);
    expect_in_out(cli, "allow       ask\n", "tools", "weather", "--config", config);
    assert_contains(cli->out, "  \"required\": [\n    \"city\"\n  ]");
    expect_in_out(cli, "\"allow\":\"ask\",\"parameters\":{\"type\":\"object\"", "tools", "weather",
                  "--json", "--config", config);
    expect_error(cli, 3, "did you mean weather?", "tools", "wheather", "--config", config);
    expect_out(cli, "", "tools");
    assert_contains(cli->err, "there are no tools");
    expect_out(cli, "weather\nall\n", "completion", "tools", "--config", config);
}

static void a_mistake_in_a_tool_has_its_place(void **state)
{
    cli_process *cli = *state;
    configure(cli, "tools:\n"
                   "  one: {comand: ls}\n"
                   "  two words: {command: [ls]}\n"
                   "  three:\n"
                   "    command: [ls, 5]\n"
                   "    timeout: never\n"
                   "    parameters: {city: string}\n"
                   "  four: {command: ls}\n");
    expect_exit(cli, 3, "config", "check", config);
    assert_contains(cli->out, "c.yaml:2:3: one needs a command: [PROGRAM, ARGUMENT...]\n");
    assert_contains(cli->out, "c.yaml:2:9: \"comand\" is not known here; did you mean command?\n");
    assert_contains(cli->out, "c.yaml:3:3: \"two words\" is not a valid tool name");
    assert_contains(
        cli->out,
        "c.yaml:5:19: command must be a string (put a value that reads as a number in quotes)");
    assert_contains(cli->out, "c.yaml:6:14: timeout must be a time up to 24h");
    assert_contains(cli->out, "c.yaml:7:5: parameters must be a JSON Schema of an object");
    assert_contains(cli->out, "c.yaml:8:3: warning: without a description");
    expect_error(cli, 3, "c.yaml:5:19: command must be a string", "--config", config, "-m",
                 "mock/any", "-T", "three", "hi");
}

/* ---- conversations, the log, batches --------------------------------------------------------- */

static void the_log_has_calls_and_results_and_a_conversation_goes_on_with_them(void **state)
{
    cli_process *cli = *state;
    configure(cli, ONE_TOOL("weather", "command: [echo, sunny], allow: always"));
    expect_exit(cli, 0, "logs", "on");
    expect_exit(cli, 0, ASK("weather", "{\"city\":\"Paris\"}"), "hi");
    expect_in_out(cli, "Tools\n[calls weather {\"city\":\"Paris\"}]\n[result: sunny]\n", "logs",
                  "show", "1");
    expect_in_out(cli, "\"steps\":[{\"role\":\"ai\",\"parts\":[{\"type\":\"tool_call\"", "logs",
                  "--json");
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, "Yes.", "stop");
    expect_out(cli, "Yes.\n", "-m", "openai/x", "-c", "sure?");
    const char *body = peer_request_body(p, 0, NULL);
    assert_contains(body, "\"role\":\"tool\"");
    assert_contains(body, "sunny");
    assert_contains(body, "sure?");
}

static void turns_of_a_chat_keep_calls_and_results(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_reply *r = peer_reply_new(p);
    peer_openai_begin(r);
    peer_openai_tool(r, 0, "call_1", "weather", "{}");
    peer_openai_finish(r, "tool_calls");
    peer_openai_done(r);
    reply_with(p, "Sunny.", "stop");
    reply_with(p, "Really.", "stop");
    configure(cli, ONE_TOOL("weather", "command: [echo, sunny], allow: always"));
    give(cli, "how is it?\nsure?\n/usage\n");
    expect_out(cli, "Sunny.\nReally.\n", "chat", "--config", config, "-m", "openai/x", "-T",
               "weather");
    assert_int_equal(peer_requests(p), 3);
    assert_contains(peer_request_body(p, 2, NULL), "\"role\":\"tool\"");
    assert_contains(cli->err, "turns: 2,");
}

static void a_batch_runs_tools_that_are_allowed_beforehand(void **state)
{
    cli_process *cli = *state;
    char in[128], out[128];
    snprintf(in, sizeof in, "%s", cli_write_file(cli, "in.txt", "one\ntwo\n", 8));
    snprintf(out, sizeof out, "%s/out.jsonl", cli->home);
    configure(cli, TOUCH);
    expect_error(cli, 3, "beluga can't ask whether the tool touch may run in a batch", "batch", in,
                 "--out", out, ASK("touch", "{}"));
    assert_int_equal(access(out, F_OK), -1);
    expect_exit(cli, 0, "batch", in, "--out", out, ASK("touch", "{}"), "-y");
    assert_int_equal(times_run(cli), 2);
    FILE *file = fopen(out, "r");
    char line[2048] = "";
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    fclose(file);
    assert_contains(line, "\"tool_runs\":[{\"id\":\"c1\",\"name\":\"touch\",\"arguments\":{},"
                          "\"result\":\"done\\n\"");
    expect_error(cli, 2, "was begun with other tools", "batch", in, "--out", out, "--config",
                 config, "-m", "mock/any", "-o", CALLS("touch", "{}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)
        TEST(a_tool_runs_and_its_call_and_result_are_drawn_on_stderr),
        TEST(the_result_goes_back_to_the_model),
        TEST(arguments_come_on_stdin_and_never_in_a_command_line),
        TEST(arguments_that_do_not_fit_never_reach_the_program),
        TEST(a_tool_that_fails_tells_the_model_why),
        TEST(a_result_that_is_too_long_is_cut_and_says_so),
        TEST(a_k_is_1024_bytes_as_in_max_context),
        TEST(a_program_has_its_own_group_no_descriptors_and_default_signals),
        TEST(a_program_runs_where_and_with_what_its_definition_says),
        TEST(ctrl_c_ends_the_call_and_the_children_of_the_tool),
        TEST(a_tool_that_does_not_obey_is_killed),
        TEST(tools_do_not_outlive_a_command_that_is_killed),
        TEST(a_tool_is_asked_for_at_the_terminal_with_its_arguments),
        TEST(a_tool_that_is_not_allowed_does_not_run_and_the_model_is_told),
        TEST(always_is_for_the_calls_that_follow),
        TEST(ctrl_c_at_the_question_ends_the_call),
        TEST(without_a_terminal_a_tool_that_needs_asking_is_refused_before_anything_is_sent),
        TEST(a_tool_that_is_never_allowed_is_refused_and_left_out_of_all),
        TEST(a_name_that_no_tool_has_gets_the_near_one),
        TEST(a_provider_that_calls_no_tools_is_told_before_anything_is_sent),
        TEST(a_model_that_goes_on_calling_is_stopped),
        TEST(tools_are_listed_and_shown),
        TEST(a_mistake_in_a_tool_has_its_place),
        TEST(the_log_has_calls_and_results_and_a_conversation_goes_on_with_them),
        TEST(turns_of_a_chat_keep_calls_and_results),
        TEST(a_batch_runs_tools_that_are_allowed_beforehand),
    };
    return cmocka_run_group_tests_name("tools", tests, NULL, NULL);
}
