/* --record and --replay on the command line. */
#include "expect.h"
#include "served.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY "sk-this-must-never-be-written"

/* ---- a server and a directory ---------------------------------------------------------------- */

static char directory[128];

static peer *start_peer(cli_process *cli)
{
    peer *p = peer_start();
    assert_non_null(p);
    snprintf(directory, sizeof directory, "%s/tape", cli->home);
    cli_set(cli, "OPENAI_BASE_URL", peer_url(p));
    cli_set(cli, "OPENAI_API_KEY", KEY);
    return p;
}

/* Stop the server, remove the key, and set an address where nothing listens. */
static void go_offline(cli_process *cli, peer *p)
{
    peer_stop(p);
    cli_set(cli, "OPENAI_BASE_URL", "http://127.0.0.1:1/v1");
    cli_set(cli, "OPENAI_API_KEY", "");
}

static int count_files(void)
{
    int n = 0;
    DIR *files = opendir(directory);
    if (!files) return -1;
    for (struct dirent *entry; (entry = readdir(files));)
        /* The folder also has a file with the model's name, which is not counted. */
        n += strstr(entry->d_name, ".json") != NULL;
    closedir(files);
    return n;
}

static void assert_no_key(void)
{
    char path[512];
    DIR *files = opendir(directory);
    assert_non_null(files);
    for (struct dirent *entry; (entry = readdir(files));) {
        char text[65536] = "";
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (!file) continue;
        assert_true(fread(text, 1, sizeof text - 1, file) > 0);
        fclose(file);
        assert_lacks(text, KEY);
    }
    closedir(files);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void what_was_recorded_is_printed_again_without_a_server_and_a_key(void **state)
{
    cli_process *cli = *state;
    peer *p = start_peer(cli);
    peer_openai_stream(peer_reply_new(p), "Hello there, friend.");
    expect_out(cli, "Hello there, friend.\n", "--record", directory, "-m", "openai/x", "hi " KEY);
    assert_int_equal(count_files(), 1);
    assert_no_key();
    peer_openai_stream(peer_reply_new(p), "And more");
    expect_exit(cli, 0, "--record", directory, "-m", "openai/x", "hi");
    assert_int_equal(count_files(), 2);
    go_offline(cli, p);
    for (int i = 0; i < 2; i++) {
        expect_exit(cli, 0, "--replay", directory, "-m", "openai/x", "hi");
        assert_string_equal(cli->out, "And more\n");
        assert_string_equal(cli->err, "");
    }
    expect_exit(cli, 0, "--replay", directory, "--realtime", "-m", "openai/x", "hi");
}

static void a_replay_without_a_key_asks_the_model_that_was_recorded(void **state)
{
    cli_process *cli = *state;
    peer *p = start_peer(cli);
    peer_openai_stream(peer_reply_new(p), "It scatters light.");
    expect_error(cli, 0, "using openai/", "--record", directory, "Why is the sky blue?");
    go_offline(cli, p);
    expect_out(cli, "It scatters light.\n", "--replay", directory, "Why is the sky blue?");
    assert_string_equal(cli->err, "");
    /* With --replay the recorded model is used, whatever the environment says; only -m overrides
     * it. */
    cli_set(cli, "BELUGA_MODEL", "anthropic/any");
    expect_exit(cli, 0, "--replay", directory, "Why is the sky blue?");
    expect_exit(cli, 1, "--replay", directory, "-m", "anthropic/any", "Why is the sky blue?");
}

static void a_server_that_did_not_run_is_replayed_with_as_many_attempts(void **state)
{
    cli_process *cli = *state;
    peer *p = start_peer(cli);
    go_offline(cli, p);
    cli_set(cli, "OPENAI_API_KEY", KEY);
    assert_int_equal(cli_run(cli, "--record", directory, "-m", "openai/x", "-o",
                             "retry_delay=100ms", "hi", NULL),
                     7);
    assert_int_equal(count_files(), 2);
    expect_error(cli, 7, "is it running?", "--replay", directory, "-m", "openai/x", "hi");
}

static void every_command_that_talks_to_a_provider_takes_them(void **state)
{
    cli_process *cli = *state;
    peer *p = start_peer(cli);
    peer_reply *r = peer_reply_new(p);
    peer_reply_match(r, "/models");
    peer_reply_repeat(r, 2);
    peer_step_json(r, 200, "{\"object\":\"list\",\"data\":[{\"id\":\"x\"}]}");
    peer_openai_stream(peer_reply_new(p), "one");
    peer_openai_stream(peer_reply_new(p), "two");
    const char *option = "--record";
    for (int i = 0; i < 2; i++) {
        expect_exit(cli, 0, "models", "openai", option, directory);
        assert_string_equal(cli->out, "openai/x\n");
        expect_exit(cli, 0, "health", "--probe", "-m", "openai/x", option, directory);
        assert_contains(cli->out, "openai/x: healthy");
        cli->input = "first\nsecond\n";
        cli->input_length = strlen(cli->input);
        expect_exit(cli, 0, "chat", "-m", "openai/x", option, directory);
        assert_string_equal(cli->out, "one\ntwo\n");
        cli->input = NULL;
        if (i == 0) go_offline(cli, p);
        option = "--replay";
    }
    assert_int_equal(count_files(), 4);
}

static void a_request_that_was_not_recorded_is_told_with_the_difference(void **state)
{
    cli_process *cli = *state;
    peer *p = start_peer(cli);
    peer_openai_stream(peer_reply_new(p), "Hello");
    expect_exit(cli, 0, "--record", directory, "-m", "openai/x", "hi");
    go_offline(cli, p);
    expect_exit(cli, 1, "--replay", directory, "-m", "openai/x", "ho");
    assert_string_equal(cli->out, "");
    assert_contains(cli->err,
                    "00001-post-chat-completions.json: /messages/0/content: recorded \"hi\", "
                    "sent \"ho\"");
}

static void both_at_once_and_other_nonsense_are_refused(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 2, "not both", "--record", "a", "--replay", "b", "-m", "mock/any", "hi");
    expect_error(cli, 2, "--replay", "--realtime", "-m", "mock/any", "hi");
    expect_exit(cli, 2, "--record=", "-m", "mock/any", "hi");
    expect_error(cli, 2, "/nowhere", "--replay", "/nowhere", "-m", "mock/any", "hi");
    expect_exit(cli, 2, "config", "--record", "a");
}

static void a_damaged_file_is_named(void **state)
{
    cli_process *cli = *state;
    cli_write_file(cli, "broken.json", "{\n\n\"beluga_cassette\": 1,,\n}", 26);
    expect_error(cli, 2, "broken.json, line 3", "--replay", cli->home, "-m", "openai/x", "hi");
}

static void the_file_that_the_guide_shows_can_be_replayed(void **state)
{
    cli_process *cli = *state;
    char path[512], text[16384] = "";
    const char *root = getenv("BELUGA_SOURCE_ROOT");
    snprintf(path, sizeof path, "%s/docs/guides/record-replay.md", root ? root : ".");
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    char *json = strstr(text, "```json\n"), *end = json ? strstr(json, "\n```\n") : NULL;
    assert_non_null(end);
    json += strlen("```json\n");
    cli_write_file(cli, "1.json", json, (size_t)(end - json));
    expect_out(cli, "Hello\n", "--replay", cli->home, "-m", "openai/gpt-5-mini", "Hi");
}

static void a_replay_that_does_not_know_the_model_says_so(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 3, "do not say which model was asked", "--replay", cli->home, "Hi");
    assert_contains(cli->err, "-m PROVIDER/MODEL");
    assert_lacks(cli->err, "OPENAI_API_KEY");
}

static void what_could_not_be_recorded_is_told_after_the_answer(void **state)
{
    enum { BYTES = 33 << 20 };
    cli_process *cli = *state;
    char *text = malloc(BYTES);
    assert_non_null(text);
    memset(text, 'x', BYTES);
    SCOPED(peer) *p = start_peer(cli);
    peer_openai_stream(peer_reply_new(p), "That is long");
    cli->input = text;
    cli->input_length = BYTES;
    expect_exit(cli, 1, "--record", directory, "-m", "openai/x");
    assert_string_equal(cli->out, "That is long\n");
    assert_contains(cli->err, "1 exchange was not recorded");
    assert_int_equal(count_files(), 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)
        TEST(what_was_recorded_is_printed_again_without_a_server_and_a_key),
        TEST(a_replay_without_a_key_asks_the_model_that_was_recorded),
        TEST(a_server_that_did_not_run_is_replayed_with_as_many_attempts),
        TEST(every_command_that_talks_to_a_provider_takes_them),
        TEST(a_request_that_was_not_recorded_is_told_with_the_difference),
        TEST(both_at_once_and_other_nonsense_are_refused),
        TEST(a_damaged_file_is_named),
        TEST(the_file_that_the_guide_shows_can_be_replayed),
        TEST(a_replay_that_does_not_know_the_model_says_so),
        TEST(what_could_not_be_recorded_is_told_after_the_answer),
    };
    return cmocka_run_group_tests_name("cassette", tests, NULL, NULL);
}
