/* The commands that a user can type in a chat: they repeat a message, open an editor or write to a
 * file. Also messages that look almost like commands. */
#include "expect.h"
#include "served.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int chat(cli_process *cli, const char *input)
{
    give(cli, input);
    return cli_run(cli, "chat", "-m", "openai/any", NULL);
}

static void serve_numbered(peer *p, int n)
{
    char text[32];
    for (int i = 1; i <= n; i++) {
        snprintf(text, sizeof text, "answer-%d", i);
        serve_answer(p, text, "stop", 1, 1);
    }
}

static void assert_body_lacks(peer *p, size_t request, const char *part)
{
    assert_lacks(peer_request_body(p, request, NULL), part);
}

static void assert_body_has(peer *p, size_t request, const char *part)
{
    assert_contains(peer_request_body(p, request, NULL), part);
}

/* ---- /retry ---------------------------------------------------------------------------------- */

static void a_message_is_asked_again_and_its_answer_dropped(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    serve_numbered(p, 4);
    assert_int_equal(chat(cli, "one\ntwo\n/retry\nthree\n"), 0);
    assert_string_equal(cli->out, "answer-1\nanswer-2\nanswer-3\nanswer-4\n");
    assert_body_has(p, 2, "answer-1");
    assert_body_has(p, 2, "two");
    assert_body_lacks(p, 2, "answer-2");
    assert_body_has(p, 3, "answer-3");
    assert_body_lacks(p, 3, "answer-2");
}

static void begin(cli_process *cli, const char *model)
{
    cli->terminal = true;
    cli_set(cli, "TERM", "xterm");
    cli_start(cli, "chat", "-m", model, "--no-render", "-o", "max_retries=0", NULL);
    cli_wait_for(cli, "> \033[?2004h");
}

/* Type a line, and wait for this text in the output and then for the next prompt. */
static void type(cli_process *cli, const char *line, const char *comes)
{
    cli->out[cli->out_length = 0] = '\0';
    cli_type(cli, line);
    cli_wait_for(cli, comes);
    cli_wait_for(cli, "\033[?2004h");
}

static void leave(cli_process *cli)
{
    cli_type(cli, "\003\004");
    assert_int_equal(cli_finish(cli), 0);
}

static void
a_message_that_failed_is_asked_again_and_one_that_fails_again_keeps_its_answer(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_openai_error(peer_reply_new(p), 500, NULL, "x", "not now");
    serve_answer(p, "answer-1", "stop", 1, 1);
    peer_openai_error(peer_reply_new(p), 500, NULL, "x", "not now");
    serve_answer(p, "answer-2", "stop", 1, 1);
    begin(cli, "openai/any");
    type(cli, "one\r", "does not keep this turn");
    type(cli, "/retry\r", "answer-1");
    type(cli, "/retry\r", "keeps the previous answer");
    type(cli, "two\r", "answer-2");
    leave(cli);
    assert_body_has(p, 1, "one");
    assert_body_lacks(p, 2, "answer-1");
    assert_body_has(p, 3, "answer-1");
}

static void there_is_something_to_ask_again_only_behind_a_message(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    serve_numbered(p, 1);
    assert_int_equal(chat(cli, "/retry\none\n/clear\n/retry\n"), 0);
    assert_int_equal(peer_requests(p), 1);
    assert_contains(cli->err, "there is no message yet");
}

static void what_was_asked_again_goes_on_in_the_log(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    serve_numbered(p, 5);
    expect_exit(cli, 0, "logs", "on");
    assert_int_equal(chat(cli, "one\ntwo\n/retry\n"), 0);
    give(cli, "/retry\n");
    expect_exit(cli, 0, "chat", "-c");
    cli->input = NULL;
    expect_exit(cli, 0, "-c", "three");
    assert_body_has(p, 3, "answer-1");
    assert_body_lacks(p, 3, "answer-3");
    assert_body_has(p, 4, "answer-1");
    assert_body_has(p, 4, "answer-4");
    assert_body_lacks(p, 4, "answer-2");
    assert_body_lacks(p, 4, "answer-3");
}

/* ---- /edit ----------------------------------------------------------------------------------- */

static void set_editor(cli_process *cli, const char *script)
{
    char command[320];
    snprintf(command, sizeof command, "sh '%s'",
             cli_write_file(cli, "my editor.sh", script, strlen(script)));
    cli_set(cli, "EDITOR", "false");
    cli_set(cli, "VISUAL", command);
    cli_set(cli, "PATH", "/usr/bin:/bin");
}

static void the_last_message_is_changed_in_the_users_editor(void **state)
{
    cli_process *cli = *state;
    set_editor(cli, "sed -i 's/hello/HELLO/; $a second line' \"$1\"");
    begin(cli, "mock/echo");
    type(cli, "hello you\r", "hello you");
    type(cli, "/edit\r", ". second line");
    type(cli, "\r", "HELLO you\r\nsecond line");
    type(cli, "/edit say hello\r", ". second line");
    type(cli, "\r", "say HELLO\r\nsecond line");
    type(cli, "oh hello\030\005", ". second line");
    type(cli, "\r", "oh HELLO\r\nsecond line");
    leave(cli);
}

static void an_editor_that_fails_changes_and_sends_nothing(void **state)
{
    cli_process *cli = *state;
    set_editor(cli, "echo changed >\"$1\"; exit 3");
    begin(cli, "mock/echo");
    type(cli, "hello\r", "hello");
    type(cli, "/edit\r", "failed, so the text is unchanged");
    type(cli, "you\r", "you");
    assert_lacks(cli->out, "changed");
    leave(cli);
}

static void the_file_of_the_editor_is_private_and_goes(void **state)
{
    cli_process *cli = *state;
    char script[256], path[128], line[256] = "";
    snprintf(path, sizeof path, "%s/seen", cli->home);
    snprintf(script, sizeof script, "stat -c '%%a %%n' \"$1\" >'%s'; echo x >>\"$1\"", path);
    set_editor(cli, script);
    cli_set(cli, "TMPDIR", cli->home);
    begin(cli, "mock/echo");
    type(cli, "/edit\r", "> x");
    leave(cli);
    FILE *seen = fopen(path, "r");
    assert_non_null(seen);
    assert_non_null(fgets(line, sizeof line, seen));
    fclose(seen);
    line[strcspn(line, "\n")] = '\0';
    assert_int_equal(strncmp(line, "600 ", 4), 0);
    assert_int_equal(strcmp(line + strlen(line) - 3, ".md"), 0);
    assert_null(fopen(line + 4, "r"));
}

/* ---- /save ----------------------------------------------------------------------------------- */

static void assert_holds(const char *path, const char *expected)
{
    char text[512] = "";
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(text, expected);
}

static void a_conversation_is_saved_as_json_where_the_name_says_so(void **state)
{
    cli_process *cli = *state;
    char path[128], input[256];
    snprintf(path, sizeof path, "%s/talk.json", cli->home);
    snprintf(input, sizeof input, "/system be \"brief\"\nhello\n/save %s\n", path);
    give(cli, input);
    expect_exit(cli, 0, "chat", "-m", "mock/echo");
    assert_holds(path, "{\"messages\":[{\"role\":\"system\",\"content\":\"be \\\"brief\\\"\"},"
                       "{\"role\":\"user\",\"content\":\"hello\"},"
                       "{\"role\":\"assistant\",\"content\":\"hello\"}]}\n");
}

static void a_file_is_replaced_only_where_the_user_says_yes(void **state)
{
    cli_process *cli = *state;
    char path[128], line[160];
    snprintf(path, sizeof path, "%s", cli_write_file(cli, "mine.md", "mine\n", 5));
    snprintf(line, sizeof line, "/save %s\r", path);
    begin(cli, "mock/echo");
    type(cli, "hello\r", "hello");
    type(cli, line, "already exists. Replace it? [y/N] ");
    type(cli, "\r", "nothing was saved");
    assert_holds(path, "mine\n");
    type(cli, line, "Replace it? [y/N] ");
    type(cli, "y\r", "saved as ");
    assert_holds(path, "## You\n\nhello\n\n## Model\n\nhello\n\n");
    leave(cli);
}

/* ---- names ----------------------------------------------------------------------------------- */

static void a_name_that_is_no_command_is_told_and_not_sent(void **state)
{
    static const struct {
        const char *typed, *told;
    } rows[] = {
        {"/retyr\n", "/retyr; did you mean /retry?"},
        {"/sav x.md\n", "did you mean /save?"},
        {"/modle openai/x\n", "did you mean /model?"},
        {"/save/x.md\n", "no command /save/x.md"},
        {"/nonsense\n", "/nonsense; /help lists them"},
        {"!multi\n", "!multi is called \"\"\" here. Nothing was sent"},
        {".model openai/x\n", ".model is called /model here. Nothing was sent"},
    };
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(chat(cli, rows[i].typed), 2);
        assert_contains(cli->err, rows[i].told);
    }
    assert_int_equal(peer_requests(p), 0);
}

static void texts_that_begin_like_a_command_can_be_sent(void **state)
{
    static const struct {
        const char *typed, *sent;
    } rows[] = {
        {"//retry\n", "/retry\n"},
        {" .model\n", " .model\n"},
        {".models\n", ".models\n"},
        {" /exit\n", " /exit\n"},
        {"/usr/bin/env: no such file\n", "/usr/bin/env: no such file\n"},
        {"/* why? */\n", "/* why? */\n"},
        {"// why?\n", "// why?\n"},
        {"/\n", "/\n"},
        {"exit\n", "exit\n"}, /* in a pipe */
    };
    cli_process *cli = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        give(cli, rows[i].typed);
        expect_out(cli, rows[i].sent, "chat", "-m", "mock/echo");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)
        TEST(a_message_is_asked_again_and_its_answer_dropped),
        TEST(a_message_that_failed_is_asked_again_and_one_that_fails_again_keeps_its_answer),
        TEST(there_is_something_to_ask_again_only_behind_a_message),
        TEST(what_was_asked_again_goes_on_in_the_log),
        TEST(the_last_message_is_changed_in_the_users_editor),
        TEST(an_editor_that_fails_changes_and_sends_nothing),
        TEST(the_file_of_the_editor_is_private_and_goes),
        TEST(a_conversation_is_saved_as_json_where_the_name_says_so),
        TEST(a_file_is_replaced_only_where_the_user_says_yes),
        TEST(a_name_that_is_no_command_is_told_and_not_sent),
        TEST(texts_that_begin_like_a_command_can_be_sent),
    };
    return cmocka_run_group_tests_name("chat_commands", tests, NULL, NULL);
}
