/* Fallback and routing: which errors lead to another model, what the caller sees of this, and which
 * model is called first. */
#include "../support/files.h"
#include "../support/parts.h"
#include "../support/scene.h"

#include <beluga/providers/mock.h>

#include <stdio.h>
#include <unistd.h>

static void open_falling_back(scene *s, beluga_option more)
{
    open_with(s, beluga_with_fallback("mock/echo"), more);
}

static const beluga_option nothing = {.type = 0};

/* ---- falling back to another model ----------------------------------------------------------- */

static void another_model_answers_when_the_first_fails(scene *s)
{
    beluga_response *r = NULL;
    open_falling_back(s, nothing);
    script(s->peer, FAILS(503, NULL));
    assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_text("Hi"), &r, NULL), 0);
    assert_string_equal(beluga_response_text(r, NULL), "Hi");
    /* The response must have the provider and the usage of the model that answered. */
    assert_string_equal(beluga_response_provider(r), "mock");
    assert_int_equal(beluga_response_usage(r)->output_total, 1);
    expect_requests(s, 1);
    beluga_response_free(r);
}

static void a_stream_falls_back_before_its_first_content(scene *s)
{
    open_falling_back(s, nothing);
    script(s->peer, FAILS(500, NULL));
    expect_stream(s, 0, "start metadata [Hi] usage(1,1) finish(stop)");
}

static void cut_after_the_second_word(peer *p)
{
    script(p, BEGINS, SAYS("one "), SAYS("two"), CLOSES);
}

static void what_was_delivered_is_not_taken_back_unasked(scene *s)
{
    open_falling_back(s, nothing);
    cut_after_the_second_word(s->peer);
    expect_stream(s, BELUGA_ERROR_STREAM_CLOSED, "start metadata [one ] [two]");
    assert_int_equal(s->r.restarts, 0);
}

static void with_restart_delivery_the_whole_answer_comes_anew(scene *s)
{
    open_falling_back(s, beluga_with_restart_delivery(true));
    cut_after_the_second_word(s->peer); /* S08 */
    expect_stream(
        s, 0, "start metadata [one ] [two] restart start metadata [Hi] usage(1,1) finish(stop)");
}

static void generate_never_shows_the_half_that_failed(scene *s)
{
    open_falling_back(s, beluga_with_wire_streaming(true));
    cut_after_the_second_word(s->peer);
    expect_text(s, "Hi");
}

static void the_retries_of_a_model_come_before_its_fallback(scene *s)
{
    open_falling_back(s, beluga_with_max_retries(2));
    for (int i = 0; i < 3; i++) script(s->peer, FAILS(503, NULL));
    expect_text(s, "Hi");
    expect_requests(s, 3);
}

static void tools_and_options_of_the_call_go_along(void **state)
{
    needs_part("yaml");
    peer *p = *state;
    peer *second = peer_start();
    char path[] = "/tmp/beluga-fallback-XXXXXX", yaml[512];
    snprintf(yaml, sizeof yaml,
             "models:\n  backup:\n    model: openai/second\n    base_url: %s\n    api_key: k2\n",
             peer_url(second));
    make_file(path, yaml);
    beluga_config *config =
        beluga_config_new(beluga_with_provider("openai"), beluga_with_model_name("first"),
                          beluga_with_base_url(peer_url(p)), beluga_with_api_key("k1"),
                          beluga_with_max_retries(0), beluga_with_fallback("backup"));
    beluga_error err = {0};
    beluga_chat_model *model = NULL;
    assert_int_equal(beluga_config_load_file(config, path, &err), 0);
    assert_int_equal(beluga_registry_open(beluga_registry_default(), NULL, config, &model, &err),
                     0);
    script(p, FAILS(500, NULL));
    script(second, ANSWERS("from the second"));
    beluga_response *r = NULL;
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text("Hi"), &r, &err,
                                   beluga_with_temperature(0.25), beluga_with_model_name("chosen")),
                     0);
    assert_string_equal(beluga_response_text(r, NULL), "from the second");
    assert_non_null(strstr(peer_request_body(p, 0, NULL), "\"chosen\""));
    assert_non_null(strstr(peer_request_body(second, 0, NULL), "\"second\""));
    assert_non_null(strstr(peer_request_body(second, 0, NULL), "0.25"));
    assert_string_equal(peer_request_header(second, 0, "authorization"), "Bearer k2");
    beluga_response_free(r);
    beluga_chat_model_unref(model);
    beluga_config_free(config);
    unlink(path);
    peer_stop(second);
}

/* --- which errors ----------------------------------------------------------------------------- */

static void what_is_wrong_with_the_question_is_told_at_once(scene *s)
{
    static const struct {
        int status;
        const char *code;
    } faults[] = {{400, NULL}, {400, "content_policy_violation"}, {401, NULL}, {403, NULL}};
    /* S13 */
    open_falling_back(s, nothing);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        beluga_error err;
        script(s->peer, FAILS_AS(faults[i].status, faults[i].code));
        assert_int_not_equal(generate(s->model, NULL, &err), 0);
        assert_string_equal(err.provider, "openai");
    }
    expect_requests(s, 4);
}

static void a_model_that_takes_more_may_answer(scene *s)
{
    open_falling_back(s, beluga_with_max_retries(3));
    script(s->peer, FAILS_AS(400, "context_length_exceeded")); /* S12 */
    expect_text(s, "Hi");
    expect_requests(s, 1);
}

static void the_list_of_errors_can_be_chosen(scene *s)
{
    open_falling_back(s, beluga_with_fallback_on("authentication_error"));
    script(s->peer, FAILS(401, NULL));
    expect_text(s, "Hi");
    script(s->peer, FAILS(503, NULL));
    expect_failure(s, BELUGA_ERROR_OVERLOADED);
}

static void when_all_fail_the_first_error_is_told_with_the_last(scene *s)
{
    open_with(s, beluga_with_fallback("mock/error-invalid_request"));
    script(s->peer,
           /* if the fallback fails, too, the error is that of the first model */
           FAILS(503, NULL));
    expect_failure(s, BELUGA_ERROR_OVERLOADED);
    assert_string_equal(s->err.provider, "openai");
    assert_int_equal(s->err.http_status, 503);
    assert_non_null(strstr(s->err.cause, "mock/error-invalid_request failed, too"));
}

static void a_cancelled_call_asks_nobody_else(scene *s)
{
    open_falling_back(s, nothing);
    script(s->peer, HANGS);
    push(s);
    step_to_requests(s, 1);
    beluga_op_cancel(s->op);
    step_to_the_end(s);
    assert_story(&s->r, "error(context_canceled)");
}

/* --- routing ---------------------------------------------------------------------------------- */

static void round_robin_asks_each_in_turn(scene *s)
{
    open_falling_back(s, beluga_with_routing(BELUGA_ROUTING_ROUND_ROBIN));
    for (int i = 0; i < 3; i++) script(s->peer, ANSWERS("peer"));
    for (int i = 0; i < 6; i++)
        assert_int_equal(generate(s->model, i % 2 ? "Hi" : "peer", NULL), 0);
    expect_requests(s, 3);
}

static void the_others_follow_when_who_is_asked_first_fails(scene *s)
{
    open_with(s, beluga_with_fallback("mock/error-overloaded"),
              beluga_with_routing(BELUGA_ROUTING_ROUND_ROBIN));
    for (int i = 0; i < 4; i++) script(s->peer, ANSWERS("peer"));
    for (int i = 0; i < 4; i++) expect_text(s, "peer");
}

static void weights_share_the_calls(scene *s)
{
    enum { CALLS = 300 };
    size_t own = 0;
    open_mock_with(s, beluga_mock_with_responses("own"), beluga_with_fallback("mock/echo"),
                   beluga_with_routing(BELUGA_ROUTING_WEIGHTED), beluga_with_weight(3));
    for (int i = 0; i < CALLS; i++) {
        beluga_response *r = NULL;
        assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_text("Hi"), &r, NULL), 0);
        own += strcmp(beluga_response_text(r, NULL), "own") == 0;
        beluga_response_free(r);
    }
    /* 3 of 4 are expected; chance alone does not reach these limits */
    assert_in_range(own, CALLS / 2, CALLS - CALLS / 10);
}

/* Returns whether the answer is "own", which is the answer of the model itself and not of another
 * model. */
static bool is_own(scene *s, const char *key)
{
    beluga_response *r = NULL;
    assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_text("Hi"), &r, NULL,
                                   beluga_with_routing_key(key)),
                     0);
    bool own = strcmp(beluga_response_text(r, NULL), "own") == 0;
    beluga_response_free(r);
    return own;
}

static size_t count_own(scene *s)
{
    enum { KEYS = 400 };
    size_t own = 0;
    for (int i = 0; i < KEYS; i++) {
        char key[32];
        snprintf(key, sizeof key, "session-%d", i);
        bool first = is_own(s, key);
        assert_int_equal(is_own(s, key), first);
        own += first;
    }
    return own;
}

static void one_routing_key_asks_one_model_first(scene *s)
{
    open_mock_with(s, beluga_mock_with_responses("own"), beluga_with_fallback("mock/echo"),
                   beluga_with_routing(BELUGA_ROUTING_ROUND_ROBIN));
    assert_in_range(count_own(s), 150, 250);
}

static void routing_keys_are_shared_out_by_weight(scene *s)
{
    open_mock_with(s, beluga_mock_with_responses("own"), beluga_with_fallback("mock/echo"),
                   beluga_with_routing(BELUGA_ROUTING_WEIGHTED), beluga_with_weight(3));
    assert_in_range(count_own(s), 250, 350);
}

static void a_routing_key_goes_on_to_another_model_when_its_own_fails(scene *s)
{
    open_with(s, beluga_with_fallback("mock/error-overloaded"),
              beluga_with_routing(BELUGA_ROUTING_ROUND_ROBIN));
    for (int i = 0; i < 8; i++) {
        beluga_response *r = NULL;
        char key[32];
        snprintf(key, sizeof key, "%d", i);
        script(s->peer, ANSWERS("peer"));
        assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_text("Hi"), &r, NULL,
                                       beluga_with_routing_key(key)),
                         0);
        beluga_response_free(r);
    }
    expect_requests(s, 8);
}

/* --- attempts --------------------------------------------------------------------------------- */

static void an_answer_tells_how_many_attempts_it_took(scene *s)
{
    beluga_response *r = NULL;
    open_falling_back(s, beluga_with_max_retries(2));
    for (int i = 0; i < 3; i++) script(s->peer, FAILS(503, NULL));
    assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_text("Hi"), &r, NULL), 0);
    assert_int_equal(beluga_response_attempts(r), 4);
    beluga_response_free(r);
    script(s->peer, FAILS(503, NULL));
    script(s->peer, ANSWERS("peer"));
    assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_text("Hi"), &r, NULL), 0);
    assert_int_equal(beluga_response_attempts(r), 2);
    beluga_response_free(r);
}

/* --- opening ---------------------------------------------------------------------------------- */

/* Open a model of mock with options, and free it. Returns the status. */
static int try_mock_n(beluga_error *err, const beluga_option *opts)
{
    beluga_chat_model *model = NULL;
    beluga_config *config = beluga_config_new_n(opts, BELUGA_OPTIONS_TERMINATED);
    int status = beluga_registry_open(beluga_registry_default(), "mock", config, &model, err);
    assert_true(status ? !model : model != NULL);
    beluga_config_free(config);
    beluga_chat_model_unref(model);
    return status;
}

#define try_mock(err, ...)                                                              \
    try_mock_n(err, (const beluga_option[]){beluga_with_model_name("any"), __VA_ARGS__, \
                                            BELUGA_OPTIONS_END})

static void a_fallback_that_cant_be_opened_is_named(void **state)
{
    (void)state;
    needs_provider("anthropic");
    beluga_error err;
    assert_int_equal(try_mock(&err, beluga_with_fallback("nobody/x")),
                     BELUGA_ERROR_UNSUPPORTED_PROVIDER);
    assert_non_null(strstr(err.message, "fallback: "));
    assert_int_equal(try_mock(&err, beluga_with_fallback("anthropic/claude")),
                     BELUGA_ERROR_AUTHENTICATION);
    assert_non_null(strstr(err.message, "ANTHROPIC_API_KEY"));
}

static void two_models_may_name_each_other(void **state)
{
    (void)state;
    needs_part("yaml");
    char path[] = "/tmp/beluga-fallback-XXXXXX";
    static const char yaml[] = "models:\n  a: {model: mock/error-overloaded, fallback: [b]}\n"
                               "  b: {model: mock/echo, fallback: [a]}\n";
    make_file(path, yaml);
    beluga_config *base = beluga_config_new_n(NULL, 0), *config = NULL;
    beluga_chat_model *model = NULL;
    assert_int_equal(beluga_config_load_file(base, path, NULL), 0);
    assert_int_equal(beluga_config_resolve(base, beluga_registry_default(), "a", &config, NULL), 0);
    assert_int_equal(beluga_registry_open(beluga_registry_default(), NULL, config, &model, NULL),
                     0);
    assert_int_equal(generate(model, "Hi", NULL), 0);
    beluga_chat_model_unref(model);
    beluga_config_free(config);
    beluga_config_free(base);
    unlink(path);
}

static void what_does_nothing_alone_is_refused(void **state)
{
    (void)state;
    beluga_error err;
    assert_int_equal(try_mock(&err, beluga_with_fallback_on("sick"), beluga_with_limit_wait_ms(5),
                              beluga_with_breaker_probes(2), beluga_with_retry_on("-nothing")),
                     BELUGA_ERROR_INVALID_CONFIG);
    assert_non_null(strstr(err.message, "\"sick\" is not the name of an error"));
    assert_non_null(strstr(err.message, "\"nothing\" is not the name of an error"));
    assert_non_null(strstr(err.message, "breaker_probes has no effect without breaker_failures"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(another_model_answers_when_the_first_fails),
        SCENE(a_stream_falls_back_before_its_first_content),
        SCENE(what_was_delivered_is_not_taken_back_unasked),
        SCENE(with_restart_delivery_the_whole_answer_comes_anew),
        SCENE(generate_never_shows_the_half_that_failed),
        SCENE(the_retries_of_a_model_come_before_its_fallback),
        ON_PEER(tools_and_options_of_the_call_go_along),
        SCENE(what_is_wrong_with_the_question_is_told_at_once),
        SCENE(a_model_that_takes_more_may_answer),
        SCENE(the_list_of_errors_can_be_chosen),
        SCENE(when_all_fail_the_first_error_is_told_with_the_last),
        SCENE(a_cancelled_call_asks_nobody_else),
        SCENE(round_robin_asks_each_in_turn),
        SCENE(the_others_follow_when_who_is_asked_first_fails),
        SCENE(weights_share_the_calls),
        SCENE(one_routing_key_asks_one_model_first),
        SCENE(routing_keys_are_shared_out_by_weight),
        SCENE(a_routing_key_goes_on_to_another_model_when_its_own_fails),
        SCENE(an_answer_tells_how_many_attempts_it_took),
        cmocka_unit_test(a_fallback_that_cant_be_opened_is_named),
        cmocka_unit_test(two_models_may_name_each_other),
        cmocka_unit_test(what_does_nothing_alone_is_refused),
    };
    return cmocka_run_group_tests_name("fallback", tests, NULL, NULL);
}
