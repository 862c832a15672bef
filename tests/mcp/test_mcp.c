/* MCP servers as child processes: how they start, what their tools answer, and how they end. */
#include "../support/folder.h"
#include "../support/threads.h"
#include "servers.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the beginning ---------------------------------------------------------------------------- */

static void a_server_of_each_revision_is_asked_in_its_own_way(void **state)
{
    (void)state;
    static const struct {
        const char *way, *protocol;
    } cases[] = {
        {"old", "2025-11-25"},    {"older", "2024-11-05"},  {"new", "2026-07-28"},
        {"silent", "2025-11-25"}, {"strict", "2025-11-25"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        beluga_mcp_info info = {.size = sizeof info};
        SCOPED(beluga_mcp) *mcp = open_server(cases[i].way);
        assert_int_equal(beluga_mcp_get_info(mcp, &info), 0);
        assert_string_equal(info.protocol, cases[i].protocol);
        assert_string_equal(info.name, "srv");
        assert_string_equal(info.server_name, "tests");
        expect_text_of(mcp, "answer", "{}", "42");
        expect_alive(mcp);
    }
}

static void what_is_no_message_is_skipped(void **state)
{
    (void)state;
    SCOPED(beluga_mcp) *mcp = open_server("junk");
    expect_alive(mcp);
}

static void a_server_that_writes_much_to_stderr_is_read(void **state)
{
    (void)state;
    SCOPED(beluga_mcp) *mcp = open_server("loud");
    expect_alive(mcp);
}

/* Expect that opening fails with this code, and that the error contains this text. */
static void expect_refusal(const beluga_mcp_settings *settings, int code, const char *words)
{
    beluga_error err = {.message = ""};
    char all[sizeof err.message + sizeof err.cause];
    beluga_mcp *mcp = (beluga_mcp *)&err;
    int status = beluga_mcp_open(NULL, settings, NULL, &mcp, &err);
    snprintf(all, sizeof all, "%s %s", err.message, err.cause);
    if (status != code)
        fail_msg("%s instead of %s: %s", beluga_error_name(status), beluga_error_name(code), all);
    assert_null(mcp);
    assert_has_all(all, words);
}

static void a_server_that_cannot_be_started_says_why(void **state)
{
    (void)state;
    server s;
    server_init(&s, "old", NULL);
    s.settings.command = "no-such-command";
    expect_refusal(&s.settings, BELUGA_ERROR_NOT_FOUND, "no command \"no-such-command\" in PATH");
    s.settings.command = "/no/such/command";
    expect_refusal(&s.settings, BELUGA_ERROR_NOT_FOUND, "\"/no/such/command\" can't be run");
    s.settings.command = s.script;
    s.settings.cwd = "/no/such/folder";
    expect_refusal(&s.settings, BELUGA_ERROR_NOT_FOUND, "cwd: the folder \"/no/such/folder\"");
    s.settings.cwd = NULL;
    s.settings.command = "/dev/null";
    expect_refusal(&s.settings, BELUGA_ERROR_INVALID_INPUT, "\"/dev/null\" can't be run");
}

static void a_server_that_does_not_become_ready_says_why(void **state)
{
    (void)state;
    server s;
    server_init(&s, "crashes", NULL);
    expect_refusal(&s.settings, BELUGA_ERROR_STREAM_CLOSED,
                   "ended (exit status 3) no configuration");
    server_init(&s, "future", NULL);
    expect_refusal(&s.settings, BELUGA_ERROR_NOT_SUPPORTED, "speaks protocol revision 2999-01-01");
    server_init(&s, "closed", NULL);
    expect_refusal(&s.settings, BELUGA_ERROR_STREAM_CLOSED, "ended");
    server_init(&s, "hangs", NULL);
    s.settings.connect_timeout_ms = 400;
    expect_refusal(&s.settings, BELUGA_ERROR_TIMEOUT, "did not answer initialize in time");
}

static void settings_that_cannot_be_meant_are_refused(void **state)
{
    (void)state;
    server s;
    static const char *const no_variable[] = {"NAME", NULL}, *const no_header[] = {"Name", NULL},
                             *const bad_header[] = {"Name: a\nb", NULL},
                             *const our_header[] = {"Content-Length: 3", NULL};
    server_init(&s, "old", NULL);
    s.settings.name = "two words";
    expect_refusal(&s.settings, BELUGA_ERROR_INVALID_INPUT, "two words");
    s.settings.name = NULL;
    expect_refusal(&s.settings, BELUGA_ERROR_INVALID_INPUT, "name of an MCP server");
    s.settings.name = "srv";
    s.settings.url = "http://127.0.0.1:1/";
    expect_refusal(&s.settings, BELUGA_ERROR_INVALID_INPUT, "a command and a url");
    s.settings.command = NULL;
    s.settings.url = "ftp://127.0.0.1/";
    expect_refusal(&s.settings, BELUGA_ERROR_INVALID_INPUT, "must begin with http://");
    s.settings.url = NULL;
    expect_refusal(&s.settings, BELUGA_ERROR_INVALID_INPUT, "needs a command or a url");
    s.settings.url = "http://127.0.0.1:1/";
    s.settings.headers = no_header;
    expect_refusal(&s.settings, BELUGA_ERROR_INVALID_INPUT, "Name: value");
    s.settings.headers = bad_header;
    expect_refusal(&s.settings, BELUGA_ERROR_INVALID_INPUT, "can't be sent");
    s.settings.headers = our_header;
    expect_refusal(&s.settings, BELUGA_ERROR_INVALID_INPUT, "only the library may set");
    server_init(&s, "old", NULL);
    s.settings.env = no_variable;
    expect_refusal(&s.settings, BELUGA_ERROR_INVALID_INPUT, "NAME=value");
    s.settings.env = NULL;
    s.settings.timeout_ms = -1;
    expect_refusal(&s.settings, BELUGA_ERROR_INVALID_INPUT, "negative");
    s.settings.size = 3;
    expect_refusal(&s.settings, BELUGA_ERROR_INVALID_INPUT, "size");
}

static void a_server_gets_its_variables_and_none_that_may_be_secret(void **state)
{
    (void)state;
    static const char *const env[] = {"GIVEN=this one", "HOME=/elsewhere", NULL};
    server s;
    server_init(&s, "old", "with \"an\" argument");
    s.settings.env = env;
    s.settings.cwd = "/";
    setenv("TESTS_API_KEY", "secret", 1);
    SCOPED(beluga_mcp) *mcp = open_with(&s.settings);
    outcome o = call_under(mcp, NULL, "environment", "{}");
    assert_int_equal(o.status, 0);
    assert_has_all(o.text, "\"GIVEN\": \"this one\"", "\"HOME\": \"/elsewhere\"", "\"PATH\": \"",
                   "\"cwd\": \"/\"", "with \\\"an\\\" argument");
    assert_has_none(o.text, "TESTS_API_KEY", "secret");
    beluga_free(o.text);
    unsetenv("TESTS_API_KEY");
}

/* --- the list --------------------------------------------------------------------------------- */

static void a_list_of_pages_is_read_whole(void **state)
{
    (void)state;
    beluga_mcp_info whole = {.size = sizeof whole}, pages = {.size = sizeof pages};
    SCOPED(beluga_mcp) *a = open_server("old"), *b = open_server("pages");
    beluga_mcp_get_info(a, &whole);
    beluga_mcp_get_info(b, &pages);
    assert_int_equal(whole.tools, 24);
    assert_int_equal(pages.tools, whole.tools);
}

static void a_list_without_an_end_ends(void **state)
{
    (void)state;
    beluga_mcp_info circle = {.size = sizeof circle}, many = {.size = sizeof many};
    SCOPED(beluga_mcp) *a = open_server("circle"), *b = open_server("many");
    beluga_mcp_get_info(a, &circle);
    beluga_mcp_get_info(b, &many);
    assert_int_equal(circle.tools, 24);
    assert_int_equal(many.tools, 1024);
}

static void names_are_made_to_fit_and_what_is_no_tool_is_left_out(void **state)
{
    (void)state;
    size_t n;
    beluga_tool **tools;
    beluga_error err;
    SCOPED(beluga_mcp) *mcp = open_server("odd");
    assert_int_equal(beluga_mcp_tools(mcp, &tools, &n, &err), 0);
    assert_int_equal(n, 6);
    assert_string_equal(beluga_tool_name(tools[0]), "srv__two_words");
    assert_int_equal(strncmp(beluga_tool_name(tools[1]), "srv__two_words_", 15), 0);
    assert_int_equal(strlen(beluga_tool_name(tools[2])), 64);
    assert_string_equal(beluga_tool_name(tools[3]), "srv__bell___31m");
    assert_string_equal(beluga_tool_name(tools[4]), "srv__answer");
    assert_string_equal(beluga_tool_name(tools[5]), "srv__bare");
    beluga_mcp_tools_free(tools, n);
}

static void tools_are_chosen_by_their_names(void **state)
{
    (void)state;
    static const char *const some[] = {"answer", "echo", "no such tool", NULL}, *const others[] = {
                                                                                    "answer", NULL};
    server s;
    server_init(&s, "old", NULL);
    s.settings.tools = some;
    s.settings.disabled_tools = others;
    beluga_mcp_info info = {.size = sizeof info};
    SCOPED(beluga_mcp) *mcp = open_with(&s.settings);
    beluga_mcp_get_info(mcp, &info);
    assert_int_equal(info.tools, 1);
    expect_alive(mcp);
}

/* Wait until a condition holds. Returns false if it does not hold in time. */
static bool soon(bool (*is_so)(void *), void *argument)
{
    for (int i = 0; i < 6000; i++) {
        if (is_so(argument)) return true;
        usleep(10000);
    }
    return false;
}

static bool has_grown(void *argument)
{
    beluga_mcp_info info = {.size = sizeof info};
    beluga_mcp_get_info(argument, &info);
    return info.changes >= 2 && info.tools == 25;
}

static void a_list_that_changes_is_read_again(void **state)
{
    (void)state;
    SCOPED(beluga_mcp) *mcp = open_server("old");
    assert_null(find_tool(mcp, "srv__grown24"));
    expect_text_of(mcp, "grow", "{}", "grown");
    assert_true(soon(has_grown, mcp));
    SCOPED(beluga_tool) *grown = find_tool(mcp, "srv__grown24");
    assert_non_null(grown);
}

/* --- results ---------------------------------------------------------------------------------- */

static void results_become_text(void **state)
{
    (void)state;
    SCOPED(beluga_mcp) *mcp = open_server("old");
    expect_text_of(mcp, "content", "{}",
                   "first\n"
                   "[audio audio/wav, 3 bytes: not shown]\n"
                   "[resource file:///a: a (the first)]\n"
                   "[resource file:///b]\n"
                   "b's text\n"
                   "[resource file:///c, application/zip, 4 bytes: not shown]\n"
                   "[content of an unknown kind: not shown]\n"
                   "[content of an unknown kind: not shown]");
    expect_text_of(mcp, "image", "{}", "[image image/png, 5 bytes: not shown]");
    expect_text_of(mcp, "structured", "{}", "{\"n\":1}");
    expect_text_of(mcp, "utf8", "{}",
                   "a\xef\xbf\xbd"
                   "b\xef\xbf\xbd"
                   "c");
    expect_text_of(mcp, "progress", "{}", "done");
}

static void a_tool_that_fails_tells_the_model(void **state)
{
    (void)state;
    SCOPED(beluga_mcp) *mcp = open_server("old");
    expect_failure_of(mcp, "fail", BELUGA_ERROR_TOOL_EXECUTION, "it failed");
    expect_failure_of(mcp, "refuse", BELUGA_ERROR_TOOL_EXECUTION,
                      "MCP server srv refused refuse: not \\x1b[31mtoday (-32000)");
    expect_failure_of(mcp, "person", BELUGA_ERROR_TOOL_EXECUTION, "needs an answer from a person");
    outcome o = call_under(mcp, NULL, "echo", "{}");
    assert_int_equal(o.status, BELUGA_ERROR_TOOL_CALL);
    assert_null(o.text);
    expect_alive(mcp);
}

static void what_a_server_asks_is_answered(void **state)
{
    (void)state;
    SCOPED(beluga_mcp) *mcp = open_server("old");
    outcome o = call_under(mcp, NULL, "ask", "{}");
    assert_int_equal(o.status, 0);
    assert_has_all(o.text, "\"id\": \"one\", \"result\": {}",
                   "\"id\": 2, \"error\": {\"code\": -32601");
    beluga_free(o.text);
}

/* ---- servers that misbehave ------------------------------------------------------------------ */

static void answers_that_nobody_asked_for_are_left_out(void **state)
{
    (void)state;
    SCOPED(beluga_mcp) *mcp = open_server("old");
    expect_text_of(mcp, "strays", "{}", "the right one");
    expect_text_of(mcp, "duplicates", "{}", "one");
    expect_alive(mcp);
}

static void an_answer_that_cannot_be_read_fails_its_call_alone(void **state)
{
    (void)state;
    SCOPED(beluga_mcp) *mcp = open_server("old");
    expect_failure_of(mcp, "deep", BELUGA_ERROR_TOOL_EXECUTION, "can't be read");
    expect_alive(mcp);
    expect_failure_of(mcp, "long", BELUGA_ERROR_TOOL_EXECUTION, "more than 33554432 bytes");
    expect_alive(mcp);
}

static beluga_mcp *open_hasty(const char *way, int64_t timeout_ms)
{
    server s;
    server_init(&s, way, NULL);
    s.settings.timeout_ms = timeout_ms;
    return open_with(&s.settings);
}

static void a_server_that_floods_ends_its_call_alone(void **state)
{
    (void)state;
    SCOPED(beluga_mcp) *mcp = open_hasty("old", 500);
    expect_failure_of(mcp, "flood", BELUGA_ERROR_TOOL_EXECUTION, "did not end in time");
}

static void a_line_without_an_end_ends_the_server_and_the_next_call_starts_it(void **state)
{
    (void)state;
    SCOPED(beluga_mcp) *mcp = open_server("old");
    expect_failure_of(mcp, "endless", BELUGA_ERROR_TOOL_EXECUTION,
                      "wrote a line that does not end");
    expect_alive(mcp);
}

static void a_server_that_dies_fails_its_call_and_the_next_one_starts_it(void **state)
{
    (void)state;
    SCOPED(beluga_mcp) *mcp = open_server("old");
    for (int i = 0; i < 3; i++) {
        outcome o = call_under(mcp, NULL, "crash", "{}");
        assert_int_equal(o.status, BELUGA_ERROR_TOOL_EXECUTION);
        assert_string_equal(o.text, "MCP server srv ended (exit status 7)");
        beluga_free(o.text);
        expect_alive(mcp);
    }
}

static void *silence(void *mcp)
{
    outcome o = call_under(mcp, NULL, "hang", "{\"mute\":true}");
    bool is_told = o.status && strcmp(o.text, "MCP server srv ended") == 0;
    beluga_free(o.text);
    return is_told ? NULL : mcp;
}

/* The library waits for the exit status before it tells of the end. A call that is made in this
 * moment must be told the same. On a slow machine the call may come before it or after it. */
static void a_call_in_the_moment_of_a_servers_end_is_told_of_it(void **state)
{
    (void)state;
    threads t;
    SCOPED(beluga_mcp) *mcp = open_server("old");
    for (useconds_t ms = 50; ms <= 150; ms += 50) {
        threads_start(&t, 1, silence, mcp);
        usleep(1000 * ms);
        outcome o = call_under(mcp, NULL, "echo", "{\"text\":\"still here\"}");
        if (o.status) assert_string_equal(o.text, "MCP server srv ended");
        beluga_free(o.text);
        threads_join(&t);
    }
}

static void a_server_that_always_dies_stays_down_in_the_end(void **state)
{
    (void)state;
    bool down = false;
    SCOPED(beluga_mcp) *mcp = open_server("old");
    for (int i = 0; i < 10 && !down; i++) {
        outcome o = call_under(mcp, NULL, "crash", "{}");
        assert_int_equal(o.status, BELUGA_ERROR_TOOL_EXECUTION);
        down = strstr(o.text, "is not started again");
        beluga_free(o.text);
    }
    assert_true(down);
}

static bool was_cancelled(void *argument)
{
    int cancelled = 0, hanging = 0;
    outcome o = call_under(argument, NULL, "cancelled", "{}");
    /* On a slow machine this call may take too long and be cancelled, too, so only the first of the
     * cancelled calls is looked at. */
    bool both = sscanf(o.text, "[[%d%*[0-9, ]], [%d]]", &cancelled, &hanging) == 2 ||
                sscanf(o.text, "[[%d], [%d]]", &cancelled, &hanging) == 2;
    beluga_free(o.text);
    return both && cancelled == hanging;
}

static void a_call_that_takes_too_long_is_cancelled_at_the_server(void **state)
{
    (void)state;
    SCOPED(beluga_mcp) *mcp = open_hasty("old", 300);
    expect_failure_of(mcp, "hang", BELUGA_ERROR_TOOL_EXECUTION, "did not end in time");
    assert_true(soon(was_cancelled, mcp));
}

/* A call that gets no answer, on its own thread. */
typedef struct hanging {
    beluga_mcp *mcp;
    beluga_context *ctx;
    outcome end;
} hanging;

static void *hang(void *argument)
{
    hanging *h = argument;
    h->end = call_under(h->mcp, h->ctx, "hang", "{}");
    return NULL;
}

static bool hangs(void *argument)
{
    outcome o = call_under(argument, NULL, "cancelled", "{}");
    bool is = strcmp(o.text, "[[], []]") != 0;
    beluga_free(o.text);
    return is;
}

static void a_call_ends_when_its_context_is_cancelled(void **state)
{
    (void)state;
    threads t;
    SCOPED(beluga_mcp) *mcp = open_server("old");
    SCOPED(beluga_context) *ctx = beluga_context_new_cancellable(NULL);
    hanging h = {mcp, ctx, {.status = 0}};
    threads_start(&t, 1, hang, &h);
    assert_true(soon(hangs, mcp));
    beluga_context_cancel(ctx);
    threads_join(&t);
    assert_int_equal(h.end.status, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_true(soon(was_cancelled, mcp));
    beluga_free(h.end.text);
}

static void a_call_ends_with_its_contexts_deadline(void **state)
{
    (void)state;
    SCOPED(beluga_mcp) *mcp = open_server("old");
    SCOPED(beluga_context) *ctx = beluga_context_new_timeout(NULL, 200);
    outcome o = call_under(mcp, ctx, "hang", "{}");
    assert_int_equal(o.status, BELUGA_ERROR_CONTEXT_TIMEOUT);
    beluga_free(o.text);
}

/* ---- many at once ---------------------------------------------------------------------------- */

static void calls_of_many_threads_get_their_own_answers(void **state)
{
    (void)state;
    SCOPED(beluga_mcp) *mcp = open_server("old");
    threads_run(8, echo_often, mcp);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void closing_ends_calls_and_later_ones_fail(void **state)
{
    (void)state;
    threads t;
    beluga_mcp *mcp = open_server("old");
    hanging h = {mcp, NULL, {.status = 0}};
    SCOPED(beluga_tool) *tool = find_tool(mcp, "srv__answer");
    char *text;
    threads_start(&t, 1, hang, &h);
    assert_true(soon(hangs, mcp));
    beluga_mcp_close(mcp);
    threads_join(&t);
    assert_int_equal(h.end.status, BELUGA_ERROR_TOOL_EXECUTION);
    assert_string_equal(h.end.text, "MCP server srv is closed");
    beluga_free(h.end.text);
    assert_int_equal(beluga_tool_execute(tool, NULL, NULL, 0, &text, NULL, NULL),
                     BELUGA_ERROR_TOOL_EXECUTION);
    assert_string_equal(text, "MCP server srv is closed");
    beluga_free(text);
}

static void a_tool_keeps_its_server(void **state)
{
    (void)state;
    char *text;
    beluga_mcp *mcp = open_server("old");
    SCOPED(beluga_tool) *tool = find_tool(mcp, "srv__answer");
    beluga_mcp_unref(mcp);
    assert_int_equal(beluga_tool_execute(tool, NULL, NULL, 0, &text, NULL, NULL), 0);
    assert_string_equal(text, "42");
    beluga_free(text);
}

static void nothing_is_left_of_a_server_that_nobody_holds(void **state)
{
    (void)state;
    server s;
    beluga_mcp *mcp;
    beluga_client *client;
    beluga_error err;
    const beluga_client_settings settings = {.size = sizeof settings};
    assert_int_equal(beluga_client_new(&settings, &client), 0);
    server_init(&s, "old", NULL);
    assert_int_equal(beluga_mcp_open(client, &s.settings, NULL, &mcp, &err), 0);
    assert_int_equal(beluga_client_close(client, 0, &err), BELUGA_ERROR_TIMEOUT);
    beluga_mcp_unref(mcp);
    assert_int_equal(beluga_client_close(client, 60000, &err), 0);
}

/* Read the process id that a server has written into this file. */
static pid_t read_pid(const char *path)
{
    int pid = 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    fclose(file);
    return pid;
}

static void a_server_that_does_not_heed_is_killed(void **state)
{
    (void)state;
    server s;
    char folder[FOLDER_BYTES], path[FOLDER_BYTES + 8];
    assert_true(folder_make(folder, "mcp"));
    snprintf(path, sizeof path, "%s/pid", folder);
    server_init(&s, "stubborn", path);
    beluga_mcp *mcp = open_with(&s.settings);
    pid_t pid = read_pid(path);
    assert_int_equal(kill(pid, 0), 0);
    beluga_mcp_close(mcp);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
    assert_true(folder_remove(folder));
}

/* --- fork ------------------------------------------------------------------------------------- */

static int use_in_child(beluga_mcp *mcp)
{
    outcome o = call_under(mcp, NULL, "answer", "{}");
    int wrong = o.status != BELUGA_ERROR_TOOL_EXECUTION;
    beluga_mcp_close(beluga_mcp_ref(mcp));
    return wrong;
}

static void a_forked_child_leaves_its_parents_server_alone(void **state)
{
    (void)state;
    int status = -1;
    SCOPED(beluga_mcp) *mcp = open_server("old");
    fflush(NULL);
    pid_t pid = fork();
    if (!pid) {
        alarm(60);
        _exit(use_in_child(mcp));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    expect_alive(mcp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_of_each_revision_is_asked_in_its_own_way),
        cmocka_unit_test(what_is_no_message_is_skipped),
        cmocka_unit_test(a_server_that_writes_much_to_stderr_is_read),
        cmocka_unit_test(a_server_that_cannot_be_started_says_why),
        cmocka_unit_test(a_server_that_does_not_become_ready_says_why),
        cmocka_unit_test(settings_that_cannot_be_meant_are_refused),
        cmocka_unit_test(a_server_gets_its_variables_and_none_that_may_be_secret),
        cmocka_unit_test(a_list_of_pages_is_read_whole),
        cmocka_unit_test(a_list_without_an_end_ends),
        cmocka_unit_test(names_are_made_to_fit_and_what_is_no_tool_is_left_out),
        cmocka_unit_test(tools_are_chosen_by_their_names),
        cmocka_unit_test(a_list_that_changes_is_read_again),
        cmocka_unit_test(results_become_text),
        cmocka_unit_test(a_tool_that_fails_tells_the_model),
        cmocka_unit_test(what_a_server_asks_is_answered),
        cmocka_unit_test(answers_that_nobody_asked_for_are_left_out),
        cmocka_unit_test(an_answer_that_cannot_be_read_fails_its_call_alone),
        cmocka_unit_test(a_server_that_floods_ends_its_call_alone),
        cmocka_unit_test(a_line_without_an_end_ends_the_server_and_the_next_call_starts_it),
        cmocka_unit_test(a_server_that_dies_fails_its_call_and_the_next_one_starts_it),
        cmocka_unit_test(a_call_in_the_moment_of_a_servers_end_is_told_of_it),
        cmocka_unit_test(a_server_that_always_dies_stays_down_in_the_end),
        cmocka_unit_test(a_call_that_takes_too_long_is_cancelled_at_the_server),
        cmocka_unit_test(a_call_ends_when_its_context_is_cancelled),
        cmocka_unit_test(a_call_ends_with_its_contexts_deadline),
        cmocka_unit_test(calls_of_many_threads_get_their_own_answers),
        cmocka_unit_test(closing_ends_calls_and_later_ones_fail),
        cmocka_unit_test(a_tool_keeps_its_server),
        cmocka_unit_test(nothing_is_left_of_a_server_that_nobody_holds),
        cmocka_unit_test(a_server_that_does_not_heed_is_killed),
        cmocka_unit_test(a_forked_child_leaves_its_parents_server_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
