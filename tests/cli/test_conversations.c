/* Conversations in the log: their names, and the settings that they keep. */
#include "../support/scoped.h"
#include "../support/words.h"
#include "expect.h"
#include "served.h"

#include <string.h>

static int setup(void **state)
{
    if (cli_setup(state) != 0) return -1;
    expect_exit((cli_process *)*state, 0, "logs", "on");
    return 0;
}

static void say(peer *p, int times)
{
    for (int i = 0; i < times; i++) peer_openai_stream(peer_reply_new(p), "Hello");
}

/* ---- names ----------------------------------------------------------------------------------- */

static void a_conversation_of_a_name_is_begun_and_gone_on_with(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    say(p, 4);
    expect_exit(cli, 0, "-m", "openai/any", "--name", "trip", "I am Ada");
    assert_string_equal(cli->err, "beluga: this begins the conversation trip\n");
    expect_exit(cli, 0, "-m", "openai/any", "Something else");
    expect_exit(cli, 0, "--name", "trip", "Who am I?");
    assert_string_equal(cli->err, "");
    assert_has_all(peer_request_body(p, 2, NULL), "I am Ada", "Who am I?");
    assert_lacks(peer_request_body(p, 2, NULL), "Something else");
    expect_exit(cli, 0, "--cid", "trip", "And now?");
    assert_has_all(peer_request_body(p, 3, NULL), "I am Ada", "Who am I?", "And now?");
    expect_out(cli, "trip\t4\t3\n", "logs", "names");
    expect_out(cli, "{\"names\":[{\"name\":\"trip\",\"last\":4,\"entries\":3}]}\n", "logs", "names",
               "--json");
}

static void a_chat_has_a_name_too(void **state)
{
    cli_process *cli = *state;
    give(cli, "One\nTwo\n");
    expect_exit(cli, 0, "chat", "-m", "mock/echo", "--name", "talk");
    give(cli, "");
    expect_out(cli, "talk\t2\t2\n", "logs", "names");
    expect_in_out(cli, "\nTwo\n", "logs", "show", "talk");
    assert_contains(cli->out, "name     talk\n");
}

static void a_new_conversation_in_a_chat_has_no_name(void **state)
{
    cli_process *cli = *state;
    give(cli, "One\n/clear\nTwo\n");
    expect_exit(cli, 0, "chat", "-m", "mock/echo", "--name", "talk");
    give(cli, "");
    expect_out(cli, "talk\t1\t1\n", "logs", "names");
}

static void a_whole_conversation_is_renamed(void **state)
{
    cli_process *cli = *state;
    expect_exit(cli, 0, "-m", "mock/echo", "One");
    expect_exit(cli, 0, "-c", "Two");
    expect_exit(cli, 0, "--cid", "1", "Three");
    expect_exit(cli, 0, "-m", "mock/echo", "Other");
    expect_error(cli, 0, "the conversation is now called trip", "logs", "rename", "2", "trip");
    expect_out(cli, "trip\t3\t3\n", "logs", "names");
    expect_exit(cli, 0, "logs", "rename", "trip", "a journey");
    expect_exit(cli, 0, "--name", "a journey", "Four");
    expect_out(cli, "a journey\t5\t4\n", "logs", "names");
    expect_error(cli, 2, "there is already a conversation called a journey", "logs", "rename", "4",
                 "a journey");
    expect_error(cli, 0, "the conversation now has no name", "logs", "rename", "a journey", "");
    expect_out(cli, "", "logs", "names");
}

static void a_name_that_is_none_is_told(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 2, "can't be empty or a number: 12", "-m", "mock/echo", "--name", "12", "Hi");
    expect_error(cli, 2, "can't be empty or a number", "-m", "mock/echo", "--name", "", "Hi");
    expect_error(cli, 2, "--continue, --cid and --name exclude each other", "-c", "--name", "x",
                 "Hi");
    expect_error(cli, 2, "there is no conversation trip in the log", "logs", "show", "trip");
    expect_error(cli, 2, "there is no entry trip in the log", "--cid", "trip", "Hi");
    expect_error(cli, 2, "there is no entry 7 in the log", "logs", "rename", "7", "trip");
    expect_error(cli, 2, "name the conversation and its new name", "logs", "rename", "7");
    expect_exit(cli, 0, "logs", "off");
    expect_error(cli, 2, "the log is off (turn it on with: beluga logs on)", "-m", "mock/echo",
                 "--name", "x", "Hi");
    assert_string_equal(cli->out, "");
}

/* ---- kept settings --------------------------------------------------------------------------- */

static void options_and_schema_are_kept(void **state)
{
    static const char *const kept[] = {"\"temperature\":0.5", "\"seed\":7", "\"stop\":[\"END\"]",
                                       "\"json_schema\"", NULL};
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    for (int i = 0; i < 3; i++) peer_openai_stream(peer_reply_new(p), "{\"name\":\"Ada\"}");
    expect_exit(cli, 0, "-m", "openai/any", "-o", "temperature=0.5", "-o", "seed=7", "-o",
                "stop_sequences=END", "--schema", "name,", "Who?");
    expect_exit(cli, 0, "-c", "Again");
    assert_words(peer_request_body(p, 1, NULL), kept, 1);
    expect_exit(cli, 0, "-c", "-o", "temperature=1", "Again");
    assert_has_all(peer_request_body(p, 2, NULL), "\"temperature\":1", "\"seed\":7",
                   "\"json_schema\"");
    expect_in_out(cli, "\"options\":[\"seed=7\",\"stop_sequences=END\",\"temperature=1\"]", "logs",
                  "--json", "-n", "1");
    assert_contains(cli->out, "\"schema\":{");
}

static void a_text_that_may_be_a_secret_is_not_kept(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    say(p, 1);
    expect_exit(cli, 0, "-m", "openai/any", "-o", "api_key=" SERVED_KEY, "-o",
                "extra_headers=X-Key: " SERVED_KEY, "-o", "openai.organization=" SERVED_KEY, "-o",
                "max_retries=0", "Hi");
    expect_in_out(cli, "\"options\":[\"max_retries=0\"]", "logs", "--json");
    assert_lacks(cli->out, SERVED_KEY);
}

static void an_answer_is_printed_alone(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 2, "the log is empty", "logs", "answer");
    expect_exit(cli, 0, "-m", "mock/echo", "--name", "talk", "One");
    expect_exit(cli, 0, "-m", "mock/echo", "Two");
    expect_out(cli, "Two\n", "logs", "answer");
    expect_out(cli, "One\n", "logs", "answer", "1");
    expect_out(cli, "One\n", "logs", "answer", "talk");
    expect_error(cli, 2, "there is no entry 7", "logs", "answer", "7");
}

/* ---- the list -------------------------------------------------------------------------------- */

static void a_list_shows_names_and_fits_narrow_terminals(void **state)
{
    static const unsigned short widths[] = {80, 20};
    cli_process *cli = *state;
    expect_exit(
        cli, 0, "-m", "mock/echo", "--name", "trip",
        "A prompt that is much longer than any line of a terminal, so that it has to be cut "
        "somewhere before its end");
    cli_set(cli, "LANG", "C");
    cli->terminal = true;
    for (size_t i = 0; i < 2; i++) {
        cli->width = widths[i];
        expect_exit(cli, 0, "logs");
        for (const char *line = cli->out; *line; line += strcspn(line, "\n") + 1)
            assert_true(strcspn(line, "\r\n") <= widths[i]);
        assert_contains(cli->out, "[trip] A pro");
    }
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, cli_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_conversation_of_a_name_is_begun_and_gone_on_with),
        test(a_chat_has_a_name_too),
        test(a_new_conversation_in_a_chat_has_no_name),
        test(a_whole_conversation_is_renamed),
        test(a_name_that_is_none_is_told),
        test(options_and_schema_are_kept),
        test(a_text_that_may_be_a_secret_is_not_kept),
        test(an_answer_is_printed_alone),
        test(a_list_shows_names_and_fits_narrow_terminals),
    };
    return cmocka_run_group_tests_name("conversations", tests, NULL, NULL);
}
