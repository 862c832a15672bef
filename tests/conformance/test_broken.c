/* The kit must find faults: each plug-in breaks one rule, and exactly the checks of that rule must
 * fail, with the right report. The tests run the command as a user would. */
#include "../cli/run.h"

#include <beluga/provider/json.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *path_of(const char *variable, const char *below)
{
    static char paths[2][512];
    static int next;
    const char *root = getenv(variable);
    char *path = paths[next++ % 2];
    snprintf(path, sizeof paths[0], "%s/%s", root ? root : ".", below);
    return path;
}

static void check(cli_process *cli, const char *plugin, const char *provider, const char *patience)
{
    char file[128];
    snprintf(file, sizeof file, "tests/conformance/%s.so", plugin);
    cli_run(cli, "check", provider, "--plugin", path_of("BELUGA_BUILD_ROOT", file), "--fixtures",
            path_of("BELUGA_SOURCE_ROOT", "tests/conformance/broken/fixtures"), "--timeout",
            patience, "--json", NULL);
}

typedef struct verdict {
    char failed[512]; /* names of checks, each followed by a space */
    char details[16384];
    int64_t passed;
} verdict;

static void add(char *text, size_t size, const char *more, const char *end)
{
    size_t n = strlen(text);
    snprintf(text + n, size - n, "%s%s", more, end);
}

static void read_verdict(const cli_process *cli, verdict *v)
{
    beluga_json_doc *doc = NULL;
    *v = (verdict){.passed = 0};
    if (beluga_json_parse(cli->out, cli->out_length, &doc, NULL))
        fail_msg("no report:\n%s%s", cli->out, cli->err);
    const beluga_json *root = beluga_json_doc_root(doc), *list = beluga_json_get(root, "checks");
    for (const beluga_json *c = beluga_json_first(list); c; c = beluga_json_next(list, c)) {
        if (strcmp(beluga_json_get_string(c, "status", NULL), "failed") != 0) continue;
        add(v->failed, sizeof v->failed, beluga_json_get_string(c, "check", NULL), " ");
        add(v->details, sizeof v->details, beluga_json_get_string(c, "difference", NULL), "\n");
    }
    v->passed = beluga_json_get_int(root, "passed", 0);
    beluga_json_doc_free(doc);
}

/* Assert that exactly these checks fail, that one of their reports contains this text, and that
 * other checks pass. */
static void assert_fails(void **state, const char *plugin, const char *provider, const char *failed,
                         const char *says)
{
    static verdict v;
    cli_process *cli = *state;
    check(cli, plugin, provider, "5");
    read_verdict(cli, &v);
    if (strcmp(v.failed, failed) != 0)
        fail_msg("want %s\ngot  %s\n%s", failed, v.failed, v.details);
    if (!strstr(v.details, says)) fail_msg("it says:\n%s", v.details);
    assert_int_equal(cli->code, *failed ? 1 : 0);
    assert_true(v.passed > 1);
    assert_string_equal(cli->err, "");
}

static void one_that_breaks_no_rule_passes(void **state)
{
    assert_fails(state, "full", "broken-sound", "", "");
}

static void a_second_end_is_found(void **state)
{
    assert_fails(state, "full", "broken-two-ends", "one-end ",
                 "want nothing after the end of an answer");
}

static void an_event_after_the_end_is_found(void **state)
{
    assert_fails(state, "full", "broken-after-end", "one-end ",
                 "emitted an event after its finish");
}

static void an_answer_without_an_end_is_found(void **state)
{
    assert_fails(state, "full", "broken-no-end", "ends ", "stopped without a finish");
}

static void text_that_is_not_utf8_is_found(void **state)
{
    assert_fails(state, "full", "broken-utf8", "utf-8 ", "not valid UTF-8");
}

static void an_error_without_a_code_is_found(void **state)
{
    assert_fails(state, "full", "broken-no-code", "error-code ", "emitted an error without a code");
}

static void another_thread_is_found(void **state)
{
#if defined(__SANITIZE_THREAD__)
    print_message("skipped: there pthread_create itself waits, which is found first\n");
    skip();
#endif
    assert_fails(state, "full", "broken-thread", "own-turn ", "on another thread");
}

static void an_emit_that_is_held_on_to_is_found(void **state)
{
    assert_fails(state, "full", "broken-late", "late-events ", "when a call is over");
}

static void a_worker_that_heeds_no_refusal_is_found(void **state)
{
    assert_fails(state, "full", "broken-deaf", "heeds-refusal ", "events more");
}

static void waiting_on_the_loop_is_found(void **state)
{
    assert_fails(state, "full", "broken-sleeper", "never-blocks ", "want no waiting on the loop");
}

static void memory_that_is_lost_is_found(void **state)
{
    assert_fails(state, "full", "broken-leak", "memory ", "each time that a model was opened");
}

static void descriptors_that_are_lost_are_found(void **state)
{
    assert_fails(state, "full", "broken-files", "descriptors ", "open descriptors as before");
}

static void an_open_without_a_configuration_that_is_no_error_is_found(void **state)
{
    assert_fails(state, "full", "broken-opener", "no-configuration ",
                 "want 0 or a negative code, got 7");
}

static void writing_into_a_message_is_found(void **state)
{
    assert_fails(state, "full", "broken-writer", "input-kept ", "want the messages as they were");
}

static void tools_that_are_kept_are_found(void **state)
{
    assert_fails(state, "full", "broken-tools", "bind-kept ", "of a model without tools");
}

static void answers_that_are_mixed_up_are_found(void **state)
{
    assert_fails(state, "full", "broken-mixer", "batch-order ",
                 "want the same answer as without other calls");
}

static void a_crash_is_a_check_that_failed(void **state)
{
    assert_fails(state, "full", "broken-crash", "conversation ", "it crashed: signal");
}

static void an_exit_is_a_check_that_failed(void **state)
{
    assert_fails(state, "full", "broken-exit", "conversation ",
                 "it ended the process, with status 7");
}

static void an_error_out_of_place_is_found(void **state)
{
    assert_fails(state, "full", "broken-moody", "conversation ", "the call did not finish");
}

static void a_probe_that_fails_is_found(void **state)
{
    assert_fails(state, "full", "broken-breath", "health-probe ", "one token is too few");
}

static void a_table_that_contradicts_itself_is_found(void **state)
{
    assert_fails(state, "full", "broken-table", "table ", "the minimum is larger than the maximum");
}

static void one_behind_http_that_breaks_no_rule_passes(void **state)
{
    assert_fails(state, "http", "http-sound", "", "");
}

static void calls_of_several_requests_pass(void **state)
{
    assert_fails(state, "jobs", "jobs", "", "");
}

static void framings_of_their_own_pass(void **state)
{
    assert_fails(state, "frames", "raw-sound", "", "");
    assert_fails(state, "frames", "own-sound", "", "");
}

static void pieces_that_are_taken_for_texts_are_found(void **state)
{
    assert_fails(state, "frames", "raw-split", "utf-8 ", "not valid UTF-8");
}

static void frames_that_are_taken_for_whole_are_found(void **state)
{
    assert_fails(state, "frames", "own-hasty", "byte-by-byte ",
                 "received a byte at a time: the call did not finish");
}

static void asking_again_at_once_is_found(void **state)
{
    assert_fails(state, "jobs", "jobs-hasty", "delays ",
                 "the same request is sent again after 0 ms");
}

static void keys_that_are_exchanged_pass(void **state)
{
    assert_fails(state, "tokens", "token-sound", "", "");
}

static void a_key_in_the_place_of_its_token_is_found(void **state)
{
    assert_fails(state, "tokens", "token-unused", "token ", "with the key instead of the token");
}

static void a_token_that_is_not_read_is_found(void **state)
{
    assert_fails(state, "tokens", "token-unread", "token ", "decode_token must give the token");
}

static void anything_for_a_token_is_found(void **state)
{
    assert_fails(state, "tokens", "token-gullible", "token ", "and the call was made all the same");
}

static void no_fixtures_are_no_proof(void **state)
{
    assert_fails(state, "http", "http-bare", "fixtures ", "nothing shows that it reads an answer");
}

static void taking_anything_for_an_answer_is_found(void **state)
{
    assert_fails(state, "http", "http-gullible", "health-sick cut-body bad-body ",
                 "the call succeeded, want an error");
}

static void taking_the_end_for_a_finish_is_found(void **state)
{
    assert_fails(state, "http", "http-careless", "cut-stream bad-body ",
                 "before its proof, the call succeeded");
}

static void state_outside_of_a_call_is_found(void **state)
{
    assert_fails(state, "http", "http-counting", "unknown-events byte-by-byte streams-20 ",
                 "the same bytes give other events");
}

static void an_event_behind_the_proof_is_found(void **state)
{
    assert_fails(state, "http", "http-chatty", "one-end ",
                 "want nothing after the end of an answer");
}

static void errors_with_the_wrong_code_are_found(void **state)
{
    assert_fails(state, "http", "http-humble", "statuses error-rate-limit ",
                 "HTTP 401 \"\": want authentication_error, got internal_error");
}

static void tools_that_are_dropped_in_silence_are_found(void **state)
{
    assert_fails(state, "http", "http-silent", "tools ", "neither fails nor warns");
}

static void a_list_of_anything_is_found(void **state)
{
    assert_fails(state, "http", "http-healthy", "health-sick ",
                 "state: want unhealthy, got healthy");
}

static void texts_that_are_not_embedded_are_found(void **state)
{
    assert_fails(state, "http", "http-vectors", "embed ", "A whale is a mammal.");
}

static void messages_that_are_not_counted_are_found(void **state)
{
    assert_fails(state, "http", "http-tokens", "count ", "What is the weather in Oslo?");
}

/* A check hangs if it takes longer than four times the kit's patience, which is short in this
 * test. */
static void a_hang_is_a_check_that_failed(void **state)
{
    static verdict v;
    cli_process *cli = *state;
    check(cli, "full", "broken-hang", "2");
    read_verdict(cli, &v);
    assert_string_equal(v.failed, "conversation ");
    assert_non_null(strstr(v.details, "it hangs"));
    assert_int_equal(cli->code, 1);
    assert_true(v.passed > 30); /* the checks after it did run */
}

#define BROKEN(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BROKEN(one_that_breaks_no_rule_passes),
        BROKEN(a_second_end_is_found),
        BROKEN(an_event_after_the_end_is_found),
        BROKEN(an_answer_without_an_end_is_found),
        BROKEN(text_that_is_not_utf8_is_found),
        BROKEN(an_error_without_a_code_is_found),
        BROKEN(another_thread_is_found),
        BROKEN(an_emit_that_is_held_on_to_is_found),
        BROKEN(a_worker_that_heeds_no_refusal_is_found),
        BROKEN(waiting_on_the_loop_is_found),
        BROKEN(memory_that_is_lost_is_found),
        BROKEN(descriptors_that_are_lost_are_found),
        BROKEN(an_open_without_a_configuration_that_is_no_error_is_found),
        BROKEN(writing_into_a_message_is_found),
        BROKEN(tools_that_are_kept_are_found),
        BROKEN(answers_that_are_mixed_up_are_found),
        BROKEN(a_crash_is_a_check_that_failed),
        BROKEN(an_exit_is_a_check_that_failed),
        BROKEN(an_error_out_of_place_is_found),
        BROKEN(a_probe_that_fails_is_found),
        BROKEN(a_table_that_contradicts_itself_is_found),
        BROKEN(one_behind_http_that_breaks_no_rule_passes),
        BROKEN(calls_of_several_requests_pass),
        BROKEN(framings_of_their_own_pass),
        BROKEN(pieces_that_are_taken_for_texts_are_found),
        BROKEN(frames_that_are_taken_for_whole_are_found),
        BROKEN(asking_again_at_once_is_found),
        BROKEN(keys_that_are_exchanged_pass),
        BROKEN(a_key_in_the_place_of_its_token_is_found),
        BROKEN(a_token_that_is_not_read_is_found),
        BROKEN(anything_for_a_token_is_found),
        BROKEN(no_fixtures_are_no_proof),
        BROKEN(taking_anything_for_an_answer_is_found),
        BROKEN(taking_the_end_for_a_finish_is_found),
        BROKEN(state_outside_of_a_call_is_found),
        BROKEN(an_event_behind_the_proof_is_found),
        BROKEN(errors_with_the_wrong_code_are_found),
        BROKEN(tools_that_are_dropped_in_silence_are_found),
        BROKEN(a_list_of_anything_is_found),
        BROKEN(texts_that_are_not_embedded_are_found),
        BROKEN(messages_that_are_not_counted_are_found),
        BROKEN(a_hang_is_a_check_that_failed),
    };
    return cmocka_run_group_tests_name("broken", tests, NULL, NULL);
}
