/* The plug-in for Replicate's predictions, at a scripted service.
 *
 * The answers have the shape of the exchanges that Replicate recorded for the tests of its client
 * for Python (tests/cassettes: predictions-stream, models-predictions-create, run__invalid-token);
 * the events have the shape that its page on streaming shows. Only the URLs are different. */
#include "../support/calls.h"
#include "../support/scoped_peer.h"
#include "../support/script.h"
#include "loading.h"

#include <stdio.h>

typedef struct service {
    loading *l;
    peer *api, *stream;
    beluga_chat_model *model;
    char text[2048];
} service;

static void open_service(service *s, void **state)
{
    *s = (service){.l = *state, .api = peer_start(), .stream = peer_start()};
    assert_true(s->api && s->stream);
    beluga_config *config = beluga_config_new(
        beluga_with_base_url(peer_url(s->api)), beluga_with_api_key("r8_key"),
        beluga_with_model_name("meta/llama-2-70b-chat"), beluga_with_max_retries(1),
        beluga_with_retry_delay_ms(100), beluga_with_timeout_ms(PATIENCE_MS));
    s->model = open_plugged(s->l, example_plugin(s->l, "replicate"), "replicate", config);
    beluga_config_free(config);
}

static void close_service(service *s)
{
    beluga_chat_model_unref(s->model);
    peer_stop(s->api);
    peer_stop(s->stream);
}

static const char *prediction(service *s, const char *status, const char *more)
{
    const char *api = peer_url(s->api), *id = "4awn473bsrztjzlx2b6ufoxkkm";
    int n = snprintf(
        s->text, sizeof s->text,
        "{\"id\":\"%s\",\"model\":\"meta/llama-2-70b-chat\",\"version\":\"hidden\",\"input\":{"
        "\"prompt\":\"Hi\"},\"logs\":\"\",\"error\":null,\"status\":\"%s\",\"created_at\":"
        "\"2023-10-29T11:19:59.558752983Z\"%s,\"urls\":{\"cancel\":\"%s/predictions/%s/cancel\","
        "\"get\":\"%s/predictions/%s\",\"stream\":\"%s/files/bcwr-h7bu76ujft\"}}\n",
        id, status, more, api, id, api, id, peer_url(s->stream));
    assert_true(n > 0 && (size_t)n < sizeof s->text);
    return s->text;
}

static const char succeeded[] =
    ",\"output\":[\"Silken\",\" "
    "fur\"],\"metrics\":{\"input_token_count\":14,\"output_token_count\":2,"
    "\"predict_time\":1.5}";

static void script_created(service *s)
{
    peer_step_json(peer_reply_new(s->api), 201, prediction(s, "starting", ""));
}

static void expect(const peer *p, size_t i, const char *method, const char *path)
{
    assert_string_equal(peer_request_method(p, i), method);
    assert_string_equal(peer_request_path(p, i), path);
}

static void a_prediction_is_created_and_polled(void **state)
{
    service s;
    beluga_response *response;
    open_service(&s, state);
    script_created(&s);
    script(s.api, JSON(prediction(&s, "processing", "")));
    script(s.api, JSON(prediction(&s, "succeeded", succeeded)));
    assert_int_equal(beluga_invoke(s.model, NULL, beluga_input_text("Hi"), &response, NULL), 0);
    assert_string_equal(beluga_response_text(response, NULL), "Silken fur");
    assert_int_equal(beluga_response_usage(response)->output_total, 2);
    assert_string_equal(beluga_response_id(response), "4awn473bsrztjzlx2b6ufoxkkm");
    beluga_response_free(response);
    expect(s.api, 0, "POST", "/v1/models/meta/llama-2-70b-chat/predictions");
    assert_string_equal(peer_request_body(s.api, 0, NULL), "{\"input\":{\"prompt\":\"Hi\"}}");
    for (size_t i = 1; i < 3; i++) {
        expect(s.api, i, "GET", "/v1/predictions/4awn473bsrztjzlx2b6ufoxkkm");
        assert_string_equal(peer_request_header(s.api, i, "authorization"), "Bearer r8_key");
    }
    close_service(&s);
}

static void a_prediction_is_streamed_from_a_server_that_gets_no_key(void **state)
{
    service s;
    record r;
    open_service(&s, state);
    script_created(&s);
    script(s.stream, EVENT_STREAM,
           BODY("event: output\nid: 1690212292:0\ndata: Silken\n\nevent: logs\nid: 1690212292:1\n"
                "data: 2 tokens\n\nevent: output\nid: 1690212292:2\ndata:  fur\n\n"
                "event: done\nid: 1690212292:3\ndata: {}\n\n"));
    script(s.api, JSON(prediction(&s, "succeeded", succeeded)));
    assert_int_equal(stream_whole(s.model, &r), 0);
    assert_story(&r, "start metadata [Silken] [ fur] usage(14,2) finish(stop)");
    assert_non_null(strstr(peer_request_body(s.api, 0, NULL), "\"stream\":true"));
    expect(s.stream, 0, "GET", "/v1/files/bcwr-h7bu76ujft");
    assert_null(peer_request_header(s.stream, 0, "authorization"));
    close_service(&s);
}

static void a_poll_that_fails_creates_no_second_prediction(void **state)
{
    service s;
    beluga_error err;
    open_service(&s, state);
    script_created(&s);
    script(s.api, FAILS(503, "retry-after-ms: 1\r\n"));
    script(s.api, JSON(prediction(&s, "succeeded", succeeded)));
    assert_int_equal(generate(s.model, "Silken fur", &err), 0);
    assert_int_equal(peer_requests(s.api), 3);
    expect(s.api, 2, "GET", "/v1/predictions/4awn473bsrztjzlx2b6ufoxkkm");
    close_service(&s);
}

static bool is_cancelled_after(service *s, int64_t timeout_ms)
{
    beluga_error err;
    beluga_context *late = beluga_context_new_timeout(NULL, timeout_ms);
    assert_int_equal(generate_under(s->model, late, NULL, &err), BELUGA_ERROR_CONTEXT_TIMEOUT);
    beluga_context_unref(late);
    const char *last = peer_request_path(s->api, peer_requests(s->api) - 1);
    return last && strstr(last, "/cancel");
}

/* On a slow machine the first answer may arrive too late for the shorter timeouts, so longer ones
 * are tried, too. */
static void a_prediction_whose_caller_gives_up_is_cancelled(void **state)
{
    service s;
    open_service(&s, state);
    script(s.api, FOR_EVER, MATCHES("/cancel"), JSON(prediction(&s, "canceled", "")));
    script(s.api, FOR_EVER, JSON(prediction(&s, "processing", "")));
    int64_t timeout_ms = 200;
    while (!is_cancelled_after(&s, timeout_ms) && timeout_ms < PATIENCE_MS) timeout_ms *= 2;
    size_t last = peer_requests(s.api) - 1;
    expect(s.api, last, "POST", "/v1/predictions/4awn473bsrztjzlx2b6ufoxkkm/cancel");
    assert_string_equal(peer_request_header(s.api, last, "authorization"), "Bearer r8_key");
    close_service(&s);
}

static void a_prediction_that_failed_is_not_paid_for_twice(void **state)
{
    service s;
    beluga_error err;
    open_service(&s, state);
    script_created(&s);
    script(s.api, JSON("{\"id\":\"4a\",\"status\":\"failed\",\"error\":\"CUDA out of memory\"}"));
    assert_int_equal(generate(s.model, NULL, &err), BELUGA_ERROR_INTERNAL);
    assert_string_equal(err.provider_code, "failed");
    assert_string_equal(err.cause, "CUDA out of memory");
    assert_int_equal(peer_requests(s.api), 2);
    close_service(&s);
}

static void a_refused_key_is_told_with_the_services_words(void **state)
{
    service s;
    beluga_error err;
    open_service(&s, state);
    peer_step_json(peer_reply_new(s.api), 401,
                   "{\"title\":\"Unauthenticated\",\"detail\":\"You did not pass a valid "
                   "authentication token\",\"status\":401}\n");
    assert_int_equal(generate(s.model, NULL, &err), BELUGA_ERROR_AUTHENTICATION);
    assert_string_equal(err.provider_code, "Unauthenticated");
    assert_string_equal(err.cause, "You did not pass a valid authentication token");
    close_service(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOADING(a_prediction_is_created_and_polled),
        LOADING(a_prediction_is_streamed_from_a_server_that_gets_no_key),
        LOADING(a_poll_that_fails_creates_no_second_prediction),
        LOADING(a_prediction_whose_caller_gives_up_is_cancelled),
        LOADING(a_prediction_that_failed_is_not_paid_for_twice),
        LOADING(a_refused_key_is_told_with_the_services_words),
    };
    return cmocka_run_group_tests_name("replicate", tests, NULL, NULL);
}
