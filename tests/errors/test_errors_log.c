/* The log hook: which records it gets at which level, and texts that no record may contain. */
#include "../support/openai.h"
#include "../support/scoped.h"

#include <beluga/providers/mock.h>

#include <stdio.h>

enum { LOG_BYTES = 1 << 18 };

#define PROMPT       "the words of the prompt"
#define ANSWER       "the words of the answer"
#define OTHER_SECRET "hunter2-is-a-password"

/* All records that the hook has received, as text. */
typedef struct journal {
    char text[LOG_BYTES];
    size_t length, records;
    beluga_log_level noisiest;
} journal;

static journal told;

static void add(const char *bytes, size_t n)
{
    assert_true(told.length + n < LOG_BYTES);
    memcpy(told.text + told.length, bytes, n);
    told.length += n;
    told.text[told.length] = '\0';
}

static void hear(void *payload, beluga_log_level level, const char *event,
                 const beluga_log_field *fields, size_t n_fields)
{
    char number[32];
    assert_ptr_equal(payload, &told);
    told.records++;
    if (level > told.noisiest) told.noisiest = level;
    add(beluga_log_level_name(level), strlen(beluga_log_level_name(level)));
    add(" ", 1);
    add(event, strlen(event));
    for (size_t i = 0; i < n_fields; i++) {
        add(" ", 1);
        add(fields[i].name, strlen(fields[i].name));
        add("=", 1);
        if (!fields[i].text) snprintf(number, sizeof number, "%lld", (long long)fields[i].number);
        add(fields[i].text ? fields[i].text : number,
            fields[i].text ? fields[i].length : strlen(number));
    }
    add("\n", 1);
}

typedef struct scene {
    peer *peer;
    beluga_client *client;
    beluga_chat_model *model;
} scene;

static beluga_chat_model *open_in(scene *s, const char *provider, const char *url,
                                  const beluga_option *opts, size_t n)
{
    beluga_error err = {0};
    beluga_chat_model *model = NULL;
    beluga_config *config = beluga_config_new(
        beluga_with_model_name("any"), beluga_with_base_url(url), beluga_with_api_key(SECRET_KEY),
        beluga_with_retry_delay_ms(100), beluga_with_timeout_ms(PATIENCE_MS));
    assert_int_equal(beluga_config_set_n(config, opts, n), 0);
    if (beluga_registry_open(beluga_client_registry(s->client), provider, config, &model, &err))
        fail_msg("open: %s", err.message);
    beluga_config_free(config);
    return model;
}

static void listen_at(scene *s, beluga_log_level level, bool capture)
{
    beluga_client_set_log(s->client, hear, &told, level, capture);
    told.length = told.records = 0;
    told.text[0] = '\0';
    told.noisiest = 0;
}

static int set_up(void **state)
{
    static scene s;
    s = (scene){.peer = peer_start()};
    if (!s.peer || beluga_client_new(NULL, &s.client)) return -1;
    const beluga_option headers[] = {beluga_with_extra_header("X-Api-Key: " OTHER_SECRET),
                                     beluga_with_extra_header("Cookie: " OTHER_SECRET)};
    s.model = open_in(&s, "openai", peer_url(s.peer), headers, 2);
    listen_at(&s, BELUGA_LOG_TRACE, false);
    *state = &s;
    return 0;
}

static int tear_down(void **state)
{
    scene *s = *state;
    beluga_chat_model_unref(s->model);
    beluga_client_unref(s->client);
    peer_stop(s->peer);
    return 0;
}

static int say(beluga_chat_model *model, const char *text)
{
    beluga_response *response;
    int status = beluga_invoke(model, NULL, beluga_input_text(text), &response, NULL);
    beluga_response_free(response);
    return status;
}

static void assert_told(const char *what)
{
    if (!strstr(told.text, what)) fail_msg("'%s' is not in:\n%s", what, told.text);
}

static void assert_untold(const char *what)
{
    if (strstr(told.text, what)) fail_msg("'%s' is in:\n%s", what, told.text);
}

/* ---- texts that the log never contains ------------------------------------------------------- */

/* Make several calls: one has an answer, one is a stream, one is refused with an error that repeats
 * the key, and one loses its connection. */
static void call_in_every_way(scene *s)
{
    pulled got;
    const beluga_option no_retry = beluga_with_max_retries(0);
    peer_openai_answer(peer_reply_new(s->peer), ANSWER);
    assert_int_equal(say(s->model, PROMPT), 0);
    peer_openai_stream(peer_reply_new(s->peer), ANSWER);
    stream_with(s->model, &got, &no_retry, 1);
    peer_openai_error(peer_reply_new(s->peer), 401, "Set-Cookie: " OTHER_SECRET "\r\n",
                      "invalid_api_key", "Incorrect API key provided: " SECRET_KEY);
    assert_int_equal(say(s->model, PROMPT), BELUGA_ERROR_AUTHENTICATION);
    peer_step_reset(peer_reply_new(s->peer));
    stream_with(s->model, &got, &no_retry, 1);
}

static void no_key_is_in_any_record_at_any_level(void **state)
{
    scene *s = *state;
    for (beluga_log_level level = BELUGA_LOG_ERROR; level <= BELUGA_LOG_TRACE; level++) {
        for (int capture = 0; capture < 2; capture++) {
            listen_at(s, level, capture);
            call_in_every_way(s);
            assert_true(told.noisiest <= level);
            assert_untold(SECRET_KEY);
            assert_untold(OTHER_SECRET);
        }
    }
    assert_told("http.request");
    assert_told("[redacted]");
    assert_string_equal(peer_request_header(s->peer, 0, "authorization"), "Bearer " SECRET_KEY);
    assert_string_equal(peer_request_header(s->peer, 0, "x-api-key"), OTHER_SECRET);
}

static void prompts_and_answers_are_told_only_with_capture(void **state)
{
    scene *s = *state;
    call_in_every_way(s);
    assert_told("http.body");
    assert_untold(PROMPT);
    assert_untold(ANSWER);
    listen_at(s, BELUGA_LOG_TRACE, true);
    call_in_every_way(s);
    assert_told(PROMPT);
    assert_told(ANSWER);
}

static void a_password_in_an_address_is_not_told(void **state)
{
    scene *s = *state;
    char url[128];
    beluga_error err = {0};
    beluga_response *response = NULL;
    snprintf(url, sizeof url, "http://user:" OTHER_SECRET "@127.0.0.1:%d/v1", peer_port(s->peer));
    SCOPED(beluga_chat_model) *model = open_in(s, "openai", url, NULL, 0);
    peer_openai_error(peer_reply_new(s->peer), 400, NULL, NULL, "no");
    int status = beluga_invoke(model, NULL, beluga_input_text(PROMPT), &response, &err);
    assert_int_equal(status, BELUGA_ERROR_INVALID_REQUEST);
    assert_told("/v1/chat/completions");
    assert_untold(OTHER_SECRET);
    assert_null(strstr(err.message, OTHER_SECRET));
    assert_null(strstr(err.cause, OTHER_SECRET));
}

/* ---- levels ---------------------------------------------------------------------------------- */

static void a_call_that_succeeds_is_one_line_of_information(void **state)
{
    scene *s = *state;
    listen_at(s, BELUGA_LOG_INFO, false);
    peer_openai_answer(peer_reply_new(s->peer), ANSWER);
    assert_int_equal(say(s->model, PROMPT), 0);
    assert_int_equal(told.records, 1);
    assert_told(
        "info call.finished operation=generate provider=openai model=any reason=stop duration_us=");
    listen_at(s, BELUGA_LOG_WARN, false);
    peer_openai_answer(peer_reply_new(s->peer), ANSWER);
    assert_int_equal(say(s->model, PROMPT), 0);
    assert_int_equal(told.records, 0);
}

static void a_call_that_fails_is_one_warning(void **state)
{
    scene *s = *state;
    listen_at(s, BELUGA_LOG_WARN, false);
    peer_openai_error(peer_reply_new(s->peer), 400, NULL, NULL, "no");
    assert_int_equal(say(s->model, PROMPT), BELUGA_ERROR_INVALID_REQUEST);
    assert_int_equal(told.records, 1);
    assert_told(
        "warn call.failed operation=generate provider=openai model=any error=invalid_request");
}

static void a_retry_is_told_with_its_reason_and_its_wait(void **state)
{
    scene *s = *state;
    listen_at(s, BELUGA_LOG_INFO, false);
    peer_openai_error(peer_reply_new(s->peer), 503, "Retry-After: 0\r\n", "overloaded", "later");
    peer_openai_answer(peer_reply_new(s->peer), ANSWER);
    assert_int_equal(say(s->model, PROMPT), 0);
    assert_told("info retry provider=openai model=any error=overloaded attempt=1 wait_ms=");
    assert_told("call.finished");
}

static void a_model_may_keep_its_calls_out_of_the_log(void **state)
{
    scene *s = *state;
    const beluga_option quiet = beluga_with_enable_structured_logging(false);
    SCOPED(beluga_chat_model) *model = open_in(s, "mock", NULL, &quiet, 1);
    assert_int_equal(say(model, PROMPT), 0);
    assert_int_equal(told.records, 0);
}

static void the_hook_can_be_taken_away(void **state)
{
    scene *s = *state;
    beluga_client_set_log(s->client, NULL, NULL, BELUGA_LOG_TRACE, true);
    call_in_every_way(s);
    assert_int_equal(told.records, 0);
}

static void levels_have_names(void **state)
{
    (void)state;
    static const char *const names[] = {"error", "warn", "info", "debug", "trace"};
    for (int i = 0; i < 5; i++)
        assert_string_equal(beluga_log_level_name((beluga_log_level)(i + 1)), names[i]);
    assert_string_equal(beluga_log_level_name(0), "none");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_key_is_in_any_record_at_any_level),
        TEST(prompts_and_answers_are_told_only_with_capture),
        TEST(a_password_in_an_address_is_not_told),
        TEST(a_call_that_succeeds_is_one_line_of_information),
        TEST(a_call_that_fails_is_one_warning),
        TEST(a_retry_is_told_with_its_reason_and_its_wait),
        TEST(a_model_may_keep_its_calls_out_of_the_log),
        TEST(the_hook_can_be_taken_away),
        cmocka_unit_test(levels_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
