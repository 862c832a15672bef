/* Keys that are exchanged for tokens: all waiting calls share one exchange. A token is kept until
 * shortly before it expires, and replaced when the server refuses it. */
#include "../support/files.h"
#include "../support/folder.h"
#include "../support/own_time.h"
#include "../support/threads.h"
#include "exchange.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- one exchange ----------------------------------------------------------------------------- */

static void the_key_gets_a_token_and_calls_are_sent_with_that(scene *s)
{
    GIVES(s, JSON(TOKEN("token-1")));
    ANSWERS_ALL(s);
    expect_text(s, "Hello");
    expect_stream(s, 0, "start metadata [Hello] usage(12,60) finish(stop)");
    expect_requests(s, 3);
    assert_string_equal(peer_request_path(s->peer, 0), "/v1/token");
    assert_string_equal(peer_request_method(s->peer, 0), "POST");
    assert_non_null(strstr(peer_request_body(s->peer, 0, NULL), BROKER_KEY));
    assert_null(peer_request_header(s->peer, 0, "Authorization"));
    for (size_t i = 1; i < 3; i++) {
        assert_sent(s, i, "Bearer token-1");
        assert_string_equal(peer_request_header(s->peer, i, "X-Token"), "yes");
    }
}

static void a_provider_reads_an_answer_of_its_own(scene *s)
{
    const beluga_option none[] = {BELUGA_OPTIONS_END};
    use_model(s, broker_open_n(beluga_registry_default(), "own_broker", peer_url(s->peer), none));
    GIVES(s, JSON("{\"token\":\"mine\",\"until\":4102444800}"));
    ANSWERS_ALL(s);
    expect_text(s, "Hello");
    expect_text(s, "Hello");
    assert_sent(s, 1, "Bearer mine");
    expect_requests(s, 3);
}

static void an_end_that_lies_in_no_time_is_one_that_has_come(scene *s)
{
    const beluga_option none[] = {BELUGA_OPTIONS_END};
    use_model(s, broker_open_n(beluga_registry_default(), "own_broker", peer_url(s->peer), none));
    GIVES(s, JSON("{\"token\":\"one\",\"until\":-9223372036854775808}"));
    GIVES(s, JSON("{\"token\":\"two\",\"until\":9223372036854775807}"));
    ANSWERS_ALL(s);
    expect_text(s, "Hello");
    ahead_s = 11;
    expect_text(s, "Hello");
    expect_text(s, "Hello");
    expect_requests(s, 5);
    assert_sent(s, 1, "Bearer one");
    assert_sent(s, 3, "Bearer two");
    assert_sent(s, 4, "Bearer two");
}

static void a_key_that_is_used_as_it_is_asks_for_nothing(scene *s)
{
    open_broker(s, beluga_with_api_key("as-is-1"));
    ANSWERS_ALL(s);
    expect_text(s, "Hello");
    open_broker(s, beluga_with_api_key("command:echo as-is-2"));
    expect_text(s, "Hello");
    expect_requests(s, 2);
    assert_sent(s, 0, "Bearer as-is-1");
    assert_sent(s, 1, "Bearer as-is-2");
    assert_string_equal(peer_request_header(s->peer, 1, "X-Token"), "no");
}

static void a_key_that_is_a_token_is_not_exchanged(scene *s)
{
    open_broker(s, beluga_with_exchange_key(false));
    ANSWERS_ALL(s);
    expect_text(s, "Hello");
    assert_sent(s, 0, "Bearer " BROKER_KEY);
}

static int tell_key(void *payload, char *out, size_t n, int64_t *expires, beluga_error *err)
{
    (void)expires;
    (void)err;
    snprintf(out, n, "%s", (const char *)payload);
    return 0;
}

static void a_key_of_each_source_is_exchanged(scene *s)
{
    char folder[FOLDER_BYTES], reference[80];
    const beluga_key_source source = {
        .size = sizeof source, .get = tell_key, .payload = "function"};
    assert_true(folder_make(folder, "exchange"));
    write_file(path_below(folder, "key"), "file\n");
    snprintf(reference, sizeof reference, "file:%s/key", folder);
    setenv("BELUGA_TEST_KEY", "variable", 1);
    const beluga_option keys[] = {
        beluga_with_api_key("env:BELUGA_TEST_KEY"), beluga_with_api_key(reference),
        beluga_with_api_key("command:echo command"), beluga_with_key_source(&source)};
    GIVES(s, FOR_EVER, JSON(TOKEN("token-1")));
    ANSWERS_ALL(s);
    static const char *const sent[] = {"variable", "file", "command", "function"};
    for (size_t i = 0; i < 4; i++) {
        open_broker(s, keys[i]);
        expect_text(s, "Hello");
        assert_non_null(strstr(peer_request_body(s->peer, 2 * i, NULL), sent[i]));
        assert_sent(s, 2 * i + 1, "Bearer token-1");
    }
    let_go(s);
    unsetenv("BELUGA_TEST_KEY");
    assert_true(folder_remove(folder));
}

static void the_models_proxy_is_asked_for_tokens_too(scene *s)
{
    char proxy[64];
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", peer_port(s->peer));
    open_broker(s, beluga_with_proxy(proxy),
                beluga_with_provider_specific("broker.url", "http://tokens.invalid/token"));
    GIVES(s, JSON(TOKEN("token-1")));
    ANSWERS_ALL(s);
    expect_text(s, "Hello");
    assert_string_equal(peer_request_path(s->peer, 0), "http://tokens.invalid/token");
    assert_sent(s, 1, "Bearer token-1");
}

/* ---- how long a token is kept ---------------------------------------------------------------- */

static void a_token_is_replaced_shortly_before_it_ends(scene *s)
{
    GIVES(s, JSON(TOKEN("token-1")));
    GIVES(s, JSON(TOKEN("token-2")));
    ANSWERS_ALL(s);
    expect_text(s, "Hello");
    ahead_s = 3600 - 300 - 10;
    expect_text(s, "Hello");
    ahead_s = 3600 - 300 + 1;
    expect_text(s, "Hello");
    assert_int_equal(tokens_asked(s), 2);
    assert_sent(s, 2, "Bearer token-1");
    assert_sent(s, 4, "Bearer token-2");
}

static void a_token_that_ends_at_once_does_for_a_few_calls(scene *s)
{
    GIVES(s, FOR_EVER, JSON("{\"access_token\":\"brief\",\"expires_in\":\"1\"}"));
    ANSWERS_ALL(s);
    for (int i = 0; i < 3; i++) expect_text(s, "Hello");
    assert_int_equal(tokens_asked(s), 1);
    ahead_s = 11;
    expect_text(s, "Hello");
    assert_int_equal(tokens_asked(s), 2);
}

static void a_token_without_an_end_is_kept_for_a_while(scene *s)
{
    GIVES(s, FOR_EVER, JSON("{\"access_token\":\"lasting\"}"));
    ANSWERS_ALL(s);
    for (int i = 0; i < 3; i++) expect_text(s, "Hello");
    assert_int_equal(tokens_asked(s), 1);
}

/* ---- a refused token ------------------------------------------------------------------------- */

static void a_token_that_is_refused_is_replaced_and_the_call_made_again(scene *s)
{
    GIVES(s, JSON(TOKEN("token-1")));
    GIVES(s, JSON(TOKEN("token-2")));
    script(s->peer, ANSWERS("Hello"));
    script(s->peer, FAILS(401, NULL));
    ANSWERS_ALL(s);
    expect_text(s, "Hello");
    expect_text(s, "Hello");
    expect_requests(s, 5);
    assert_sent(s, 2, "Bearer token-1");
    assert_sent(s, 4, "Bearer token-2");
}

static void a_fresh_token_that_is_refused_is_the_calls_error(scene *s)
{
    GIVES(s, FOR_EVER, JSON(TOKEN("token-1")));
    script(s->peer, FAILS(401, NULL));
    expect_failure(s, BELUGA_ERROR_AUTHENTICATION);
    expect_requests(s, 2);
    assert_int_equal(s->err.attempts, 1);
}

/* Both calls are sent with the old token. When the second refusal arrives, there is already a new
 * token. */
static void a_token_is_replaced_once_however_many_calls_it_was_refused(scene *s)
{
    record first = {0}, second = {0};
    GIVES(s, JSON(TOKEN("token-1")));
    GIVES(s, JSON(TOKEN("token-2")));
    script(s->peer, ANSWERS("Hello"));
    script(s->peer, WAITS_AT(0), FAILS(401, NULL));
    script(s->peer, FAILS(401, NULL));
    script(s->peer, FOR_EVER, STREAMS("Hello"));
    expect_text(s, "Hello");
    beluga_op_free(push_stream(s->model, s->loop, NULL, &first));
    step_to_requests(s, 3);
    beluga_op_free(push_stream(s->model, s->loop, NULL, &second));
    step_until_end(s->loop, &second);
    peer_open_gate(s->peer, 0);
    step_until_end(s->loop, &first);
    assert_int_equal(first.finishes + second.finishes, 2);
    assert_int_equal(tokens_asked(s), 2);
}

/* ---- waiting calls --------------------------------------------------------------------------- */

static void twenty_calls_at_once_share_one_exchange(scene *s)
{
    enum { N = 20 };
    record r[N] = {0};
    GIVES(s, WAITS_AT(0), JSON(TOKEN("token-1")));
    script(s->peer, FOR_EVER, STREAMS("Hello"));
    for (int i = 0; i < N; i++) beluga_op_free(push_stream(s->model, s->loop, NULL, &r[i]));
    wait_for_requests(s, 1);
    peer_open_gate(s->peer, 0);
    for (int i = 0; i < N; i++) step_until_end(s->loop, &r[i]);
    for (int i = 0; i < N; i++) assert_int_equal(r[i].finishes, 1);
    expect_requests(s, N + 1);
}

static void twenty_calls_at_once_share_one_refusal(scene *s)
{
    enum { N = 20 };
    record r[N] = {0};
    GIVES(s, WAITS_AT(0), HEAD(400, NULL), BODY("{\"error\":\"invalid_client\"}"));
    for (int i = 0; i < N; i++) beluga_op_free(push_stream(s->model, s->loop, NULL, &r[i]));
    wait_for_requests(s, 1);
    peer_open_gate(s->peer, 0);
    for (int i = 0; i < N; i++) step_until_end(s->loop, &r[i]);
    for (int i = 0; i < N; i++) {
        assert_int_equal(r[i].error.code, BELUGA_ERROR_AUTHENTICATION);
        assert_string_equal(r[i].error.provider_code, "invalid_client");
    }
    expect_requests(s, 1);
    GIVES(s, JSON(TOKEN("token-2")));
    ANSWERS_ALL(s);
    expect_text(s, "Hello");
}

static void *generate_once(void *argument)
{
    return generate(argument, "Hello", NULL) ? argument : NULL;
}

static void calls_on_many_threads_share_one_exchange(scene *s)
{
    GIVES(s, PAUSES(100), JSON(TOKEN("token-1")));
    ANSWERS_ALL(s);
    threads_run(8, generate_once, s->model);
    assert_int_equal(tokens_asked(s), 1);
}

static void the_loop_of_the_first_call_may_go_while_another_waits(scene *s)
{
    record other = {0};
    beluga_loop *loop = new_loop();
    GIVES(s, WAITS_AT(0), JSON(TOKEN("token-1")));
    script(s->peer, FOR_EVER, STREAMS("Hello"));
    push(s);
    wait_for_requests(s, 1);
    beluga_op_free(push_stream(s->model, loop, NULL, &other));
    RELEASE(beluga_op_free, s->op);
    RELEASE(beluga_loop_free, s->loop);
    peer_open_gate(s->peer, 0);
    step_until_end(loop, &other);
    beluga_loop_free(loop);
    assert_int_equal(other.finishes, 1);
    assert_int_equal(tokens_asked(s), 1);
}

static void an_exchange_ends_when_no_call_waits_for_it(scene *s)
{
    GIVES(s, HANGS);
    push(s);
    wait_for_requests(s, 1);
    beluga_op_cancel(s->op);
    wait_cancelled(s, 0);
    step_to_the_end(s);
    assert_story(&s->r, "error(context_canceled)");
    GIVES(s, JSON(TOKEN("token-2")));
    ANSWERS_ALL(s);
    expect_text(s, "Hello");
}

static void loop_and_model_may_go_while_a_key_is_exchanged(scene *s)
{
    GIVES(s, HANGS);
    push(s);
    wait_for_requests(s, 1);
    RELEASE(beluga_op_free, s->op);
    RELEASE(beluga_loop_free, s->loop);
    RELEASE(beluga_chat_model_unref, s->model);
    wait_cancelled(s, 0);
    assert_int_equal(s->r.events, 0);
}

static void each_call_waits_as_long_as_its_own_timeouts_say(scene *s)
{
    record patient = {0};
    GIVES(s, WAITS_AT(0), JSON(TOKEN("token-1")));
    script(s->peer, FOR_EVER, STREAMS("Hello"));
    beluga_op_free(push_stream(s->model, s->loop, NULL, &patient));
    wait_for_requests(s, 1);
    expect_stream_with(s, BELUGA_ERROR_AUTHENTICATION, beluga_with_timeout_ms(100));
    assert_string_equal(s->r.error.message, "exchanging the key for a token took too long");
    peer_open_gate(s->peer, 0);
    step_until_end(s->loop, &patient);
    assert_int_equal(patient.finishes, 1);
}

/* A child process may use a token that it inherits. If the exchange was still running in its
 * parent, the child makes its own. */
static void a_forked_child_makes_its_own_exchange(scene *s)
{
    int status;
    if (UNDER_TSAN) {
        print_message("# the thread sanitizer lets no child of many threads begin one\n");
        skip();
    }
    GIVES(s, WAITS_AT(0), JSON(TOKEN("of-the-parent")));
    GIVES(s, JSON(TOKEN("of-the-child")));
    ANSWERS_ALL(s);
    push(s);
    wait_for_requests(s, 1);
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        _exit(generate(s->model, "Hello", NULL) ? 1 : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_sent(s, 2, "Bearer of-the-child");
    peer_open_gate(s->peer, 0);
    step_to_the_end(s);
    assert_int_equal(s->r.finishes, 1);
}

static int set(void **state)
{
    ahead_s = 0;
    return exchange_set(state);
}

#define EXCHANGE(test) SCENE_WITH(test, set, strike_scene)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EXCHANGE(the_key_gets_a_token_and_calls_are_sent_with_that),
        EXCHANGE(a_provider_reads_an_answer_of_its_own),
        EXCHANGE(an_end_that_lies_in_no_time_is_one_that_has_come),
        EXCHANGE(a_key_that_is_used_as_it_is_asks_for_nothing),
        EXCHANGE(a_key_that_is_a_token_is_not_exchanged),
        EXCHANGE(a_key_of_each_source_is_exchanged),
        EXCHANGE(the_models_proxy_is_asked_for_tokens_too),
        EXCHANGE(a_token_is_replaced_shortly_before_it_ends),
        EXCHANGE(a_token_that_ends_at_once_does_for_a_few_calls),
        EXCHANGE(a_token_without_an_end_is_kept_for_a_while),
        EXCHANGE(a_token_that_is_refused_is_replaced_and_the_call_made_again),
        EXCHANGE(a_fresh_token_that_is_refused_is_the_calls_error),
        EXCHANGE(a_token_is_replaced_once_however_many_calls_it_was_refused),
        EXCHANGE(twenty_calls_at_once_share_one_exchange),
        EXCHANGE(twenty_calls_at_once_share_one_refusal),
        EXCHANGE(calls_on_many_threads_share_one_exchange),
        EXCHANGE(the_loop_of_the_first_call_may_go_while_another_waits),
        EXCHANGE(an_exchange_ends_when_no_call_waits_for_it),
        EXCHANGE(loop_and_model_may_go_while_a_key_is_exchanged),
        EXCHANGE(each_call_waits_as_long_as_its_own_timeouts_say),
        EXCHANGE(a_forked_child_makes_its_own_exchange),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
