/* The command's log of calls: which calls it records, and how to search it. */
#include "../support/scoped.h"
#include "expect.h"
#include "served.h"

#include <beluga/error.h>
#include <beluga/provider/json.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WRITERS 12

/* ---- a log ----------------------------------------------------------------------------------- */

static int setup(void **state)
{
    if (cli_setup(state) != 0) return -1;
    cli_process *cli = *state;
    cli_set(cli, "TZ", "UTC");
    return 0;
}

/* Turn the log on. If the build lacks SQLite, the test is skipped. */
static void turn_on(cli_process *cli)
{
    int code = cli_run(cli, "-q", "logs", "on", NULL);
    if (code && strstr(cli->err, "built without SQLite")) {
        print_message("# needs a build with SQLite\n");
        skip();
    }
    assert_int_equal(code, 0);
}

/* Start a peer whose answers are logged. Owned. */
static peer *serve_logged(cli_process *cli)
{
    turn_on(cli);
    return serve_openai(cli);
}

static const char *log_file(const cli_process *cli)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/.local/share/beluga/logs.db", cli->home);
    return path;
}

static void ask_mock(cli_process *cli, const char *prompt)
{
    expect_exit(cli, 0, "-m", "mock/echo", prompt);
}

/* Read the newest entries, the newest first. */
static beluga_json_doc *entries(cli_process *cli, const beluga_json **list, size_t expected)
{
    expect_exit(cli, 0, "logs", "--json", "-n", "0");
    beluga_json_doc *doc = cli_parse_out(cli);
    *list = beluga_json_get(beluga_json_doc_root(doc), "entries");
    assert_int_equal(beluga_json_count(*list), expected);
    return doc;
}

static const char *text_at(const beluga_json *list, size_t index, const char *key)
{
    const char *text = beluga_json_get_string(beluga_json_at(list, index), key, NULL);
    if (!text) fail_msg("no text \"%s\" in entry %zu", key, index);
    return text;
}

static int64_t number_at(const beluga_json *list, size_t index, const char *key)
{
    return beluga_json_get_int(beluga_json_at(list, index), key, -1);
}

static void reply_with(peer *p, const char *text)
{
    serve_answer(p, text, "stop", 1000, 200);
}

/* ---- on and off ------------------------------------------------------------------------------ */

static void the_log_is_off_until_it_is_turned_on(void **state)
{
    cli_process *cli = *state;
    struct stat info;
    ask_mock(cli, "private");
    assert_int_equal(stat(log_file(cli), &info), -1);
    turn_on(cli);
    ask_mock(cli, "first");
    expect_exit(cli, 0, "logs", "off");
    ask_mock(cli, "private again");
    const beluga_json *list;
    SCOPED(beluga_json_doc) *doc = entries(cli, &list, 1);
    assert_string_equal(text_at(list, 0, "prompt"), "first");
}

static void only_its_owner_can_read_it(void **state)
{
    cli_process *cli = *state;
    struct stat info;
    char folder[256];
    umask(0);
    turn_on(cli);
    umask(022);
    assert_int_equal(stat(log_file(cli), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    snprintf(folder, sizeof folder, "%s/.local/share/beluga", cli->home);
    assert_int_equal(stat(folder, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
}

static void status_and_path_tell_where_it_is(void **state)
{
    cli_process *cli = *state;
    cli_set(cli, "XDG_DATA_HOME", cli->home);
    char expected[128];
    snprintf(expected, sizeof expected, "%s/beluga/logs.db\n", cli->home);
    expect_out(cli, expected, "logs", "path");
    turn_on(cli);
    ask_mock(cli, "one");
    expect_exit(cli, 0, "logs", "status", "--json");
    SCOPED(beluga_json_doc) *doc = cli_parse_out(cli);
    const beluga_json *root = beluga_json_doc_root(doc);
    assert_true(beluga_json_bool(beluga_json_get(root, "on"), false));
    assert_int_equal(beluga_json_get_int(root, "entries", -1), 1);
    assert_true(beluga_json_get_int(root, "bytes", -1) > 0);
}

static void status_tells_a_reader_that_nothing_is_kept_yet(void **state)
{
    cli_process *cli = *state;
    expect_in_out(cli, "log      off\nentries  0\nbytes    0\nfile     /", "logs", "status");
}

static void one_call_can_be_left_out(void **state)
{
    cli_process *cli = *state;
    turn_on(cli);
    expect_exit(cli, 0, "-n", "-m", "mock/echo", "secret");
    expect_exit(cli, 0, "--no-log", "-m", "mock/echo", "secret");
    const beluga_json *list;
    beluga_json_doc_free(entries(cli, &list, 0));
}

/* ---- the content of the log ------------------------------------------------------------------ */

static void an_entry_has_all_of_a_call_but_the_key(void **state)
{
    static const char prices[] =
        "date: 2026-01-01\nprices:\n  openai/any: {input: 1, output: 10}\n";
    cli_process *cli = *state;
    char option[256];
    turn_on(cli);
    snprintf(option, sizeof option, "prices=%s",
             cli_write_file(cli, "prices.yaml", prices, sizeof prices - 1));
    cli_set(cli, "TRACEPARENT", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, "Hi there");
    expect_exit(cli, 0, "-m", "openai/any", "-o", option, "-s", "Be brief", "Hello");
    const beluga_json *list;
    beluga_json_doc *doc = entries(cli, &list, 1);
    assert_lacks(cli->out, SERVED_KEY);
    assert_string_equal(text_at(list, 0, "prompt"), "Hello");
    assert_string_equal(text_at(list, 0, "system"), "Be brief");
    assert_string_equal(text_at(list, 0, "answer"), "Hi there");
    assert_string_equal(text_at(list, 0, "provider"), "openai");
    assert_string_equal(text_at(list, 0, "reference"), "openai/any");
    assert_string_equal(text_at(list, 0, "finish_reason"), "stop");
    assert_string_equal(text_at(list, 0, "trace_id"), "0af7651916cd43dd8448eb211c80319c");
    assert_int_equal(number_at(list, 0, "input_tokens"), 1000);
    assert_int_equal(number_at(list, 0, "output_tokens"), 200);
    double cost = beluga_json_double(beluga_json_get(beluga_json_at(list, 0), "cost"), -1);
    assert_true(cost > 0.00299 && cost < 0.00301);
    assert_true(beluga_json_is_number(beluga_json_get(beluga_json_at(list, 0), "duration_ms")));
    beluga_json_doc_free(doc);
}

static void a_price_that_is_not_known_is_not_zero(void **state)
{
    static const char prices[] = "prices:\n  mock/another: {input: 1, output: 10}\n";
    cli_process *cli = *state;
    const beluga_json *list;
    char option[256];
    turn_on(cli);
    snprintf(option, sizeof option, "prices=%s",
             cli_write_file(cli, "prices.yaml", prices, sizeof prices - 1));
    expect_exit(cli, 0, "-m", "mock/echo", "-o", option, "Hello");
    beluga_json_doc *doc = entries(cli, &list, 1);
    assert_null(beluga_json_get(beluga_json_at(list, 0), "cost"));
    beluga_json_doc_free(doc);
    expect_in_out(cli, "cost     unknown", "logs", "show");
}

static void a_failure_is_in_it_with_what_had_arrived_and_without_the_key(void **state)
{
    cli_process *cli = *state;
    const beluga_json *list;
    SCOPED(peer) *p = serve_logged(cli);
    peer_reply *r = peer_reply_new(p);
    peer_openai_begin(r);
    peer_openai_text(r, "Half");
    peer_step_close(r);
    r = peer_reply_new(p);
    peer_step_json(r, 401,
                   "{\"error\":{\"message\":\"Incorrect API key provided: " SERVED_KEY "\"}}");
    expect_exit(cli, 8, "-m", "openai/any", "-o", "max_retries=0", "Hello");
    expect_exit(cli, 4, "-m", "openai/any", "-o", "max_retries=0", "Hello");
    beluga_json_doc *doc = entries(cli, &list, 2);
    assert_lacks(cli->out, SERVED_KEY);
    assert_string_equal(text_at(list, 0, "error"), "authentication_error");
    assert_string_equal(text_at(list, 1, "error"), "stream_closed");
    assert_string_equal(text_at(list, 1, "answer"), "Half");
    beluga_json_doc_free(doc);
}

static void every_turn_of_a_chat_goes_on_from_the_one_before(void **state)
{
    cli_process *cli = *state;
    const beluga_json *list;
    turn_on(cli);
    give(cli, "one\ntwo\n/clear\nthree\n");
    expect_exit(cli, 0, "chat", "-m", "mock/echo");
    cli->input = NULL;
    beluga_json_doc *doc = entries(cli, &list, 3);
    assert_int_equal(number_at(list, 2, "parent"), -1);
    assert_int_equal(number_at(list, 1, "parent"), number_at(list, 2, "id"));
    assert_int_equal(number_at(list, 0, "parent"), -1);
    beluga_json_doc_free(doc);
    expect_in_out(cli, "one", "logs", "show", "2");
    assert_contains(cli->out, "two");
    assert_lacks(cli->out, "three");
}

/* ---- going on -------------------------------------------------------------------------------- */

static void continue_sends_the_whole_conversation_to_the_same_model(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_logged(cli);
    reply_with(p, "Hello Ada");
    reply_with(p, "Ada");
    reply_with(p, "Yes");
    expect_exit(cli, 0, "-m", "openai/any", "-s", "Be brief", "I am Ada");
    expect_exit(cli, 0, "-c", "Who am I?");
    expect_exit(cli, 0, "--cid", "2", "Sure?");
    const char *body = peer_request_body(p, 2, NULL);
    static const char *const said[] = {"Be brief", "I am Ada", "Hello Ada", "Who am I?", "Sure?"};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        body = strstr(body, said[i]);
        if (!body) fail_msg("%s is not in its place", said[i]);
    }
}

static void an_older_entry_can_be_gone_on_from(void **state)
{
    cli_process *cli = *state;
    const beluga_json *list;
    turn_on(cli);
    ask_mock(cli, "one");
    ask_mock(cli, "two");
    expect_exit(cli, 0, "--cid", "1", "three");
    SCOPED(beluga_json_doc) *doc = entries(cli, &list, 3);
    assert_int_equal(number_at(list, 0, "parent"), 1);
}

static void what_was_attached_is_sent_again(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_logged(cli);
    reply_with(p, "A picture");
    reply_with(p, "Of a whale");
    const char *path = cli_write_file(cli, "a.png", "\x89PNG\r\n\x1a\n1234", 12);
    expect_exit(cli, 0, "-m", "openai/any", "-a", path, "What is it?");
    expect_exit(cli, 0, "-c", "Of what?");
    assert_contains(peer_request_body(p, 1, NULL), "data:image/png;base64,iVBORw0KGgoxMjM0");
    expect_in_out(cli, "[image/png]", "logs", "show");
}

static void show_gives_the_whole_conversation_as_json_oldest_first(void **state)
{
    cli_process *cli = *state;
    turn_on(cli);
    ask_mock(cli, "one");
    expect_exit(cli, 0, "-c", "two");
    ask_mock(cli, "of another");
    expect_exit(cli, 0, "logs", "show", "2", "--json");
    SCOPED(beluga_json_doc) *doc = cli_parse_out(cli);
    const beluga_json *list = beluga_json_get(beluga_json_doc_root(doc), "entries");
    assert_int_equal(beluga_json_count(list), 2);
    assert_string_equal(text_at(list, 0, "prompt"), "one");
    assert_string_equal(text_at(list, 1, "prompt"), "two");
}

static void a_tool_that_was_called_is_shown_and_its_call_is_sent_again(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_logged(cli);
    peer_reply *r = peer_reply_new(p);
    peer_openai_begin(r);
    peer_openai_tool(r, 0, "call_1", "get_weather", "{\"place\":\"Oslo\"}");
    peer_openai_finish(r, "tool_calls");
    peer_openai_usage(r, 1, 1);
    peer_openai_done(r);
    reply_with(p, "Cold");
    expect_exit(cli, 0, "-m", "openai/any", "Weather?");
    expect_in_out(cli, "[calls get_weather {\"place\":\"Oslo\"}]", "logs", "show");
    expect_exit(cli, 0, "-c", "Well?");
    assert_contains(peer_request_body(p, 1, NULL), "\"id\":\"call_1\"");
    assert_contains(peer_request_body(p, 1, NULL), "\"name\":\"get_weather\"");
}

static void a_chat_can_go_on_with_what_a_prompt_began(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_logged(cli);
    reply_with(p, "Hello Ada");
    reply_with(p, "Ada");
    expect_exit(cli, 0, "-m", "openai/any", "I am Ada");
    give(cli, "Who am I?\n");
    expect_exit(cli, 0, "chat", "-c");
    assert_contains(peer_request_body(p, 1, NULL), "I am Ada");
}

static void there_is_nothing_to_go_on_with_without_a_log(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 2, "beluga logs on", "-c", "-m", "mock/echo", "Hello");
    turn_on(cli);
    expect_out(cli, "Hello\n", "-c", "-m", "mock/echo", "Hello");
    assert_contains(cli->err, "this begins a new one");
    /* Now there is a conversation to continue, so the command reports nothing. */
    assert_int_equal(cli_run(cli, "-c", "Again", NULL), 0);
    assert_string_equal(cli->err, "");
    expect_error(cli, 2, "no entry 7", "--cid", "7", "-m", "mock/echo", "Hello");
    expect_exit(cli, 2, "--cid", "x", "-m", "mock/echo", "Hello");
}

/* ---- finding --------------------------------------------------------------------------------- */

static void search_finds_entries_with_every_word(void **state)
{
    cli_process *cli = *state;
    turn_on(cli);
    ask_mock(cli, "the blue whale");
    ask_mock(cli, "the white whale");
    ask_mock(cli, "a \"quoted\" 100% \xe9\xaf\xa8 fish");
    expect_in_out(cli, "blue whale", "logs", "search", "WHALE", "blue");
    assert_lacks(cli->out, "white");
    expect_in_out(cli, "fish", "logs", "search", "\xe9\xaf\xa8");
    assert_lacks(cli->out, "whale");
    expect_in_out(cli, "fish", "logs", "search", "\"quoted\"", "100%");
    expect_out(cli, "", "logs", "search", "dolphin");
    ask_mock(cli, "the last whale");
    expect_in_out(cli, "last", "logs", "search", "-n", "1", "whale");
    assert_lacks(cli->out, "white");
}

static void the_newest_come_first_and_as_many_as_asked_for(void **state)
{
    cli_process *cli = *state;
    turn_on(cli);
    ask_mock(cli, "one");
    ask_mock(cli, "two\nlines");
    expect_exit(cli, 0, "logs");
    assert_true(strncmp(cli->out, "2\t", 2) == 0);
    assert_contains(cli->out, "\ttwo lines\n1\t");
    expect_exit(cli, 0, "logs", "-n", "1");
    assert_lacks(cli->out, "one");
    expect_exit(cli, 2, "logs", "-n", "x");
}

static void a_table_fits_the_terminal(void **state)
{
    cli_process *cli = *state;
    static const unsigned short widths[] = {30, 60, 120};
    turn_on(cli);
    ask_mock(
        cli,
        "A prompt that goes on and on, well beyond what any of these terminals can show at once, "
        "for it does not end before the next line, and even then it takes a while");
    cli->terminal = true;
    cli_set(cli, "TERM", "dumb");
    for (size_t i = 0; i < 3; i++) {
        cli->width = widths[i];
        expect_exit(cli, 0, "logs");
        for (char *line = strtok(cli->out, "\r\n"); line; line = strtok(NULL, "\r\n"))
            if (strlen(line) > widths[i]) fail_msg("wider than %d: %s", widths[i], line);
    }
}

static void show_of_what_is_not_there_is_2(void **state)
{
    cli_process *cli = *state;
    turn_on(cli);
    expect_exit(cli, 2, "logs", "show");
    expect_exit(cli, 2, "logs", "show", "3");
    expect_exit(cli, 2, "logs", "show", "three");
    expect_exit(cli, 2, "logs", "dance");
    expect_exit(cli, 2, "logs", "list", "--before", "now");
}

/* ---- deleting -------------------------------------------------------------------------------- */

/* Returns whether the file contains these bytes. */
static bool file_has(const char *path, const char *bytes)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    static char content[1 << 20];
    size_t n = fread(content, 1, sizeof content, file);
    fclose(file);
    return memmem(content, n, bytes, strlen(bytes)) != NULL;
}

static void what_is_deleted_is_gone_from_the_file(void **state)
{
    cli_process *cli = *state;
    const beluga_json *list;
    turn_on(cli);
    ask_mock(cli, "rhinoceros");
    expect_exit(cli, 0, "logs", "search", "rhinoceros");
    assert_true(file_has(log_file(cli), "rhinoceros"));
    expect_exit(cli, 2, "logs", "clear");
    expect_exit(cli, 2, "logs", "clear", "--before", "someday");
    expect_exit(cli, 0, "logs", "clear", "--before", "2001-02-03");
    expect_exit(cli, 0, "logs", "clear", "--before", "1d");
    beluga_json_doc_free(entries(cli, &list, 1));
    expect_error(cli, 0, "deleted entries: 1", "logs", "clear", "--before", "now");
    beluga_json_doc_free(entries(cli, &list, 0));
    assert_false(file_has(log_file(cli), "rhinoceros"));
    ask_mock(cli, "hippopotamus");
    beluga_json_doc *doc = entries(cli, &list, 1);
    /* The number of the removed entry is not used again. */
    assert_int_equal(number_at(list, 0, "id"), 2);
    beluga_json_doc_free(doc);
    expect_in_out(cli, "hippopotamus", "logs", "search", "hippo");
}

/* ---- faults of the log ----------------------------------------------------------------------- */

static void a_damaged_file_is_told_and_the_call_still_works(void **state)
{
    static const char garbage[] =
        "this is no database, but it is as long as the header of one would be: "
        "a hundred bytes, or a few more than that.";
    cli_process *cli = *state;
    turn_on(cli);
    cli_write_file(cli, ".local/share/beluga/logs.db", garbage, sizeof garbage);
    expect_out(cli, "Hello\n", "-m", "mock/echo", "Hello");
    assert_contains(cli->err, "not written into the log");
    assert_contains(cli->err, "damaged");
    expect_error(cli, 1, "move it away", "logs");
}

static void a_log_that_cant_be_written_is_a_note(void **state)
{
    cli_process *cli = *state;
    turn_on(cli);
    assert_int_equal(unlink(log_file(cli)), 0);
    assert_int_equal(mkdir(log_file(cli), 0700), 0);
    ask_mock(cli, "Hello");
    assert_string_equal(cli->out, "Hello\n");
    assert_contains(cli->err, "not written into the log");
}

static void a_place_that_cant_be_made_is_told(void **state)
{
    cli_process *cli = *state;
    turn_on(cli);
    cli_write_file(cli, "file", "", 0);
    char path[128];
    snprintf(path, sizeof path, "%s/file", cli->home);
    cli_set(cli, "XDG_DATA_HOME", path);
    expect_error(cli, 1, "Not a directory", "logs", "on");
    ask_mock(cli, "Hello");
    assert_string_equal(cli->err, "");
}

static void a_folder_that_another_has_linked_is_refused(void **state)
{
    cli_process *cli = *state;
    char shared[96], mine[112], link[112];
    snprintf(shared, sizeof shared, "%s/shared", cli->home);
    snprintf(mine, sizeof mine, "%s/mine", shared);
    snprintf(link, sizeof link, "%s/beluga", shared);
    assert_int_equal(mkdir(shared, 0700), 0);
    assert_int_equal(chmod(shared, 01777), 0);
    assert_int_equal(mkdir(mine, 0700), 0);
    assert_int_equal(symlink("mine", link), 0);
    if (lchown(link, 12345, (gid_t)-1)) {
        print_message("# needs root to give a link away\n");
        skip();
    }
    cli_set(cli, "XDG_DATA_HOME", shared);
    expect_error(cli, 1, "another user created it", "logs", "on");
    /* the command has written nothing into the other user's folder */
    assert_int_equal(rmdir(mine), 0);
}

/* Change a byte of the header of a SQLite file: the user version is at offset 60, the application
 * id at offset 68. */
static void patch(const cli_process *cli, long at, unsigned char byte)
{
    FILE *file = fopen(log_file(cli), "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_int_equal(fputc(byte, file), byte);
    assert_int_equal(fclose(file), 0);
}

/* Assert that the command does not write to a log that has this byte at this place, and that it
 * reports why. */
static void leaves_alone(cli_process *cli, long at, unsigned char byte, const char *why)
{
    turn_on(cli);
    patch(cli, at, byte);
    ask_mock(cli, "Hello");
    assert_contains(cli->err, why);
}

static void a_log_of_a_newer_version_is_left_alone(void **state)
{
    cli_process *cli = *state;
    leaves_alone(cli, 63, 99, "newer beluga (format 99");
    expect_exit(cli, 1, "logs");
}

static void a_database_of_somebody_else_is_left_alone(void **state)
{
    cli_process *cli = *state;
    leaves_alone(cli, 68, 0, "not a log of beluga");
}

static void many_may_write_at_once(void **state)
{
    cli_process *cli = *state;
    const beluga_json *list;
    pid_t pids[WRITERS];
    turn_on(cli);
    /* The file is missing, so all processes try to make it at the same time. */
    assert_int_equal(unlink(log_file(cli)), 0);
    for (int i = 0; i < WRITERS; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) {
            char *arguments[] = {"beluga", "-q", "-m", "mock/echo", "Hello", NULL};
            cli->variables[cli->n_variables] = NULL;
            if (!freopen("/dev/null", "r", stdin) || !freopen("/dev/null", "w", stdout)) _exit(126);
            execve(cli_program(), arguments, cli->variables);
            _exit(127);
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        int status = -1;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    beluga_json_doc_free(entries(cli, &list, WRITERS));
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, cli_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(the_log_is_off_until_it_is_turned_on),
        test(only_its_owner_can_read_it),
        test(status_and_path_tell_where_it_is),
        test(status_tells_a_reader_that_nothing_is_kept_yet),
        test(one_call_can_be_left_out),
        test(an_entry_has_all_of_a_call_but_the_key),
        test(a_price_that_is_not_known_is_not_zero),
        test(a_failure_is_in_it_with_what_had_arrived_and_without_the_key),
        test(every_turn_of_a_chat_goes_on_from_the_one_before),
        test(continue_sends_the_whole_conversation_to_the_same_model),
        test(an_older_entry_can_be_gone_on_from),
        test(what_was_attached_is_sent_again),
        test(show_gives_the_whole_conversation_as_json_oldest_first),
        test(a_tool_that_was_called_is_shown_and_its_call_is_sent_again),
        test(a_chat_can_go_on_with_what_a_prompt_began),
        test(there_is_nothing_to_go_on_with_without_a_log),
        test(search_finds_entries_with_every_word),
        test(the_newest_come_first_and_as_many_as_asked_for),
        test(a_table_fits_the_terminal),
        test(show_of_what_is_not_there_is_2),
        test(what_is_deleted_is_gone_from_the_file),
        test(a_damaged_file_is_told_and_the_call_still_works),
        test(a_log_that_cant_be_written_is_a_note),
        test(a_place_that_cant_be_made_is_told),
        test(a_folder_that_another_has_linked_is_refused),
        test(a_log_of_a_newer_version_is_left_alone),
        test(a_database_of_somebody_else_is_left_alone),
        test(many_may_write_at_once),
    };
    return cmocka_run_group_tests_name("logs", tests, NULL, NULL);
}
