/* Keys that can't be exchanged: the error of the call, whether there is another attempt, and that
 * no error, log or recording contains the key or the token. */
#include "../support/parts.h"
#include "../support/tape.h"
#include "exchange.h"

#include <beluga/log.h>

#include <stdio.h>
#include <unistd.h>

#define OTHER_TOKEN "token-4f1dC0ffee5ecret"

static void fails(scene *s, int code, const char *message)
{
    char line[2048];
    expect_failure(s, code);
    if (strncmp(s->err.message, message, strlen(message)) != 0)
        fail_msg("want \"%s\", got \"%s\"", message, s->err.message);
    beluga_error_format(&s->err, line, sizeof line);
    assert_null(strstr(line, BROKER_KEY));
    assert_null(strstr(line, OTHER_TOKEN));
}

#define CAN_T "the key can't be exchanged for a token"

/* --- refusals --------------------------------------------------------------------------------- */

static void a_key_that_is_refused_is_told_in_the_services_words_and_not_tried_again(scene *s)
{
    GIVES(s, HEAD(400, "x-request-id: abc\r\n"),
          BODY("{\"error\":\"invalid_client\",\"error_description\":\"No " BROKER_KEY " here\"}"));
    fails(s, BELUGA_ERROR_AUTHENTICATION, CAN_T " (HTTP 400)");
    assert_int_equal(s->err.http_status, 400);
    assert_string_equal(s->err.provider_code, "invalid_client");
    assert_string_equal(s->err.request_id, "abc");
    assert_string_equal(s->err.cause, "No ********************* here");
    assert_string_equal(s->err.provider, "broker");
    assert_false(beluga_error_is_retryable(&s->err));
    expect_requests(s, 1);
}

static void a_refusal_in_other_words_is_quoted(scene *s)
{
    GIVES(s, HEAD(401, NULL), BODY("Who are you?"));
    fails(s, BELUGA_ERROR_AUTHENTICATION, CAN_T " (HTTP 401)");
    assert_string_equal(s->err.cause, "Who are you?");
    GIVES(s, HEAD(400, NULL),
          BODY("{\"errorCode\":\"BXNIM0415E\",\"errorMessage\":\"No such key\"}"));
    fails(s, BELUGA_ERROR_AUTHENTICATION, CAN_T " (HTTP 400)");
    assert_string_equal(s->err.provider_code, "BXNIM0415E");
    assert_string_equal(s->err.cause, "No such key");
    expect_requests(s, 2);
}

static void words_of_oauth_say_what_to_do(scene *s)
{
    static const char *const words[][2] = {
        {"invalid_client", CAN_T " (HTTP 400): the service does not know the client"},
        {"invalid_grant", CAN_T " (HTTP 400): the key has expired"},
        {"unauthorized_client",
         CAN_T " (HTTP 400): the client is not allowed to use this kind of grant"},
        {"invalid_scope",
         CAN_T " (HTTP 400): the client is not allowed to use this scope: allow it at the service"},
    };
    char body[64];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        snprintf(body, sizeof body, "{\"error\":\"%s\"}", words[i][0]);
        GIVES(s, HEAD(400, NULL), BODY(body));
        fails(s, BELUGA_ERROR_AUTHENTICATION, words[i][1]);
        assert_string_equal(s->err.provider_code, words[i][0]);
    }
}

static void a_refusal_of_status_200_is_one(scene *s)
{
    GIVES(s,
          JSON("{\"error\":\"invalid_client\",\"error_description\":\"No " BROKER_KEY " here\"}"));
    fails(s, BELUGA_ERROR_AUTHENTICATION,
          CAN_T ": the service refused the key: the service does not know the client");
    assert_string_equal(s->err.provider_code, "invalid_client");
    assert_string_equal(s->err.cause, "No ********************* here");
    expect_requests(s, 1);
}

static void a_service_that_fails_is_asked_again(scene *s)
{
    GIVES(s, HEAD(503, "retry-after-ms: 1\r\n"), BODY("later"));
    GIVES(s, RESETS);
    GIVES(s, JSON(TOKEN("token-1")));
    ANSWERS_ALL(s);
    open_broker(s, beluga_with_max_retries(2));
    expect_text(s, "Hello");
    expect_requests(s, 4);
}

static void a_limit_of_the_service_is_told_with_its_wait(scene *s)
{
    open_broker(s, beluga_with_max_retries(0));
    GIVES(s, HEAD(429, "retry-after: 7\r\n"), BODY("too many"));
    fails(s, BELUGA_ERROR_RATE_LIMIT, CAN_T " (HTTP 429)");
    assert_int_equal(s->err.retry_after_ms, 7000);
    assert_true(beluga_error_is_retryable(&s->err));
}

static void a_redirect_is_not_followed(scene *s)
{
    GIVES(s, HEAD(302, "location: http://127.0.0.1:1/\r\n"), BODY(""));
    fails(s, BELUGA_ERROR_AUTHENTICATION, CAN_T ": the token service redirects");
    expect_requests(s, 1);
}

/* --- no answer -------------------------------------------------------------------------------- */

static void a_service_that_does_not_run_is_a_failure_of_the_network(scene *s)
{
    open_broker(s, beluga_with_provider_specific("broker.url", "http://127.0.0.1:1/token"),
                beluga_with_max_retries(0));
    fails(s, BELUGA_ERROR_NETWORK, CAN_T ": ");
    expect_requests(s, 0);
}

static void an_answer_that_is_cut_short_is_a_failure_of_the_network(scene *s)
{
    peer_reply *reply = peer_reply_new(s->peer);
    open_broker(s, beluga_with_max_retries(0));
    peer_step_status(reply, 200, NULL);
    peer_step_body_claiming(reply, "{\"access_", 9, 100);
    peer_step_close(reply);
    fails(s, BELUGA_ERROR_NETWORK, CAN_T ": ");
}

/* ---- answers without a token ----------------------------------------------------------------- */

static void an_answer_without_a_token_is_an_error(scene *s)
{
    static const char *const bodies[] = {"",
                                         "<html>",
                                         "[]",
                                         "{}",
                                         "{\"access_token\":\"\"}",
                                         "{\"access_token\":7}",
                                         "{\"access_token\":null,\"expires_in\":3600}"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        GIVES(s, HEAD(200, NULL), BODY(bodies[i]));
        fails(s, BELUGA_ERROR_AUTHENTICATION, CAN_T ": the answer has no access_token");
        assert_string_equal(s->err.cause, "");
    }
}

static void a_token_that_no_header_can_carry_is_an_error(scene *s)
{
    GIVES(s, JSON("{\"access_token\":\"" OTHER_TOKEN "\\nX: y\"}"));
    fails(s, BELUGA_ERROR_AUTHENTICATION, "the key in the token's answer has a control character");
    expect_requests(s, 1);
}

static void a_token_of_many_kilobytes_is_refused(scene *s)
{
    peer_reply *reply = peer_reply_new(s->peer);
    enum { N = 70000 };
    char *body = malloc(N);
    memset(body, 'x', N);
    memcpy(body, "{\"access_token\":\"", 17);
    memcpy(body + N - 2, "\"}", 2);
    peer_step_json(reply, 200, "");
    reply = peer_reply_new(s->peer);
    fails(s, BELUGA_ERROR_AUTHENTICATION, CAN_T ": the answer has no access_token");
    peer_step_status(reply, 200, NULL);
    peer_step_body(reply, body, N);
    free(body);
    fails(s, BELUGA_ERROR_LIMIT_EXCEEDED, CAN_T ": the answer is longer than 64 KiB");
}

static void a_token_with_a_nul_is_refused_and_not_cut(scene *s)
{
    GIVES(s, JSON(TOKEN("half\\u0000rest")));
    fails(s, BELUGA_ERROR_AUTHENTICATION, CAN_T ": the token has a NUL byte");
}

static void a_providers_own_answer_without_a_token_is_an_error(scene *s)
{
    const beluga_option none[] = {BELUGA_OPTIONS_END};
    use_model(s, broker_open_n(beluga_registry_default(), "own_broker", peer_url(s->peer), none));
    GIVES(s, JSON("{}"));
    fails(s, BELUGA_ERROR_AUTHENTICATION, CAN_T ": the answer has no token");
    GIVES(s, JSON("no JSON"));
    fails(s, BELUGA_ERROR_MALFORMED_RESPONSE, CAN_T ": ");
}

/* ---- opening a model, and its health --------------------------------------------------------- */

static void a_key_that_can_never_be_exchanged_is_told_when_the_model_opens(scene *s)
{
    beluga_chat_model *model = NULL;
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(peer_url(s->peer)), beluga_with_api_key("bad"),
                          beluga_with_model_name("any"));
    assert_int_equal(
        beluga_registry_open(beluga_registry_default(), "broker", config, &model, &s->err),
        BELUGA_ERROR_AUTHENTICATION);
    assert_null(model);
    assert_string_equal(s->err.message, CAN_T ": bad is no key");
    beluga_config_free(config);
    open_broker(s, beluga_with_api_key("command:echo bad"));
    fails(s, BELUGA_ERROR_AUTHENTICATION, CAN_T ": bad is no key");
    expect_requests(s, 0);
}

static void health_knows_that_the_last_exchange_failed(scene *s)
{
    beluga_health health;
    GIVES(s, HEAD(401, NULL), BODY("no"));
    assert_int_equal(beluga_check_health(s->model, NULL, false, &health, &s->err), 0);
    expect_failure(s, BELUGA_ERROR_AUTHENTICATION);
    assert_int_equal(beluga_check_health(s->model, NULL, false, &health, &s->err),
                     BELUGA_ERROR_AUTHENTICATION);
    assert_string_equal(s->err.message, "the last attempt to exchange the key for a token failed");
    GIVES(s, JSON(TOKEN("token-1")));
    ANSWERS_ALL(s);
    expect_text(s, "Hello");
    assert_int_equal(beluga_check_health(s->model, NULL, false, &health, &s->err), 0);
}

/* ---- what errors, logs and recordings contain ------------------------------------------------ */

static char said[65536];

static void hear(void *payload, beluga_log_level level, const char *event,
                 const beluga_log_field *fields, size_t n)
{
    (void)payload;
    (void)level;
    size_t at = strlen(said);
    at += (size_t)snprintf(said + at, sizeof said - at, "%s ", event);
    for (size_t i = 0; i < n && at < sizeof said; i++)
        at += (size_t)snprintf(said + at, sizeof said - at, "%s=%.*s ", fields[i].name,
                               (int)fields[i].length, fields[i].text ? fields[i].text : "");
}

static void the_log_has_the_exchange_and_neither_key_nor_token(scene *s)
{
    const beluga_client_settings settings = {.size = sizeof settings,
                                             .log = hear,
                                             .log_level = BELUGA_LOG_TRACE,
                                             .capture_content = true};
    const beluga_option none[] = {BELUGA_OPTIONS_END};
    beluga_client *client;
    *said = '\0';
    assert_int_equal(beluga_client_new(&settings, &client), 0);
    broker_register(beluga_client_registry(client));
    use_model(s, broker_open_n(beluga_client_registry(client), "broker", peer_url(s->peer), none));
    GIVES(s, JSON(TOKEN(OTHER_TOKEN)));
    script(s->peer, HEAD(200, NULL), BODY("you sent " OTHER_TOKEN));
    expect_failure(s, BELUGA_ERROR_MALFORMED_RESPONSE);
    assert_null(strstr(s->err.cause, OTHER_TOKEN));
    let_go(s);
    assert_int_equal(beluga_client_close(client, PATIENCE_MS, NULL), 0);
    assert_non_null(strstr(said, "key.exchanged provider=broker url=http://127.0.0.1:"));
    assert_non_null(strstr(said, "http.body"));
    assert_null(strstr(said, BROKER_KEY));
    assert_null(strstr(said, OTHER_TOKEN));
}

static void a_recording_has_no_token_and_a_replay_needs_none(void **state)
{
    needs_part("cassettes");
    tape *t = *state;
    const beluga_option none[] = {BELUGA_OPTIONS_END};
    beluga_registry *registry = beluga_registry_default();
    if (!beluga_registry_contains(registry, "broker")) broker_register(registry);
    beluga_chat_model *model = broker_open_n(registry, "broker", t->url, none);
    script(t->peer, MATCHES("/token"), JSON(TOKEN(OTHER_TOKEN)));
    script(t->peer, ANSWERS("Hello " OTHER_TOKEN));
    tape_record(t);
    assert_int_equal(generate(model, NULL, NULL), 0);
    beluga_chat_model_unref(model);
    assert_int_equal(tape_count(t), 1);
    assert_false(tape_has(t, OTHER_TOKEN));
    assert_false(tape_has(t, BROKER_KEY));
    tape_silence(t);
    tape_replay(t);
    model = broker_open_n(registry, "broker", t->url, none);
    assert_int_equal(generate(model, NULL, NULL), 0);
    beluga_chat_model_unref(model);
}

#define EXCHANGE(test) SCENE_WITH(test, exchange_set, strike_scene)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EXCHANGE(a_key_that_is_refused_is_told_in_the_services_words_and_not_tried_again),
        EXCHANGE(a_refusal_in_other_words_is_quoted),
        EXCHANGE(words_of_oauth_say_what_to_do),
        EXCHANGE(a_refusal_of_status_200_is_one),
        EXCHANGE(a_service_that_fails_is_asked_again),
        EXCHANGE(a_limit_of_the_service_is_told_with_its_wait),
        EXCHANGE(a_redirect_is_not_followed),
        EXCHANGE(a_service_that_does_not_run_is_a_failure_of_the_network),
        EXCHANGE(an_answer_that_is_cut_short_is_a_failure_of_the_network),
        EXCHANGE(an_answer_without_a_token_is_an_error),
        EXCHANGE(a_token_that_no_header_can_carry_is_an_error),
        EXCHANGE(a_token_of_many_kilobytes_is_refused),
        EXCHANGE(a_token_with_a_nul_is_refused_and_not_cut),
        EXCHANGE(a_providers_own_answer_without_a_token_is_an_error),
        EXCHANGE(a_key_that_can_never_be_exchanged_is_told_when_the_model_opens),
        EXCHANGE(health_knows_that_the_last_exchange_failed),
        EXCHANGE(the_log_has_the_exchange_and_neither_key_nor_token),
        ON_TAPE(a_recording_has_no_token_and_a_replay_needs_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
