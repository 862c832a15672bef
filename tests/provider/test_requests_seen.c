/* How traces and recordings show a call that takes several requests. */
#include "../support/parts.h"
#include "../support/tape.h"
#include "jobs.h"

#include <beluga/telemetry.h>

#include <stdio.h>

static const char created[] = "{\"id\":\"7\",\"next\":\"/jobs/7\"}";
static const char done[] = "{\"text\":\"Hello\",\"finish\":true}";

/* ---- spans ----------------------------------------------------------------------------------- */

static char story[2048];

static void tell(const char *what, int number)
{
    size_t n = strlen(story);
    snprintf(story + n, sizeof story - n, "%s%s", n ? " " : "", what);
    n = strlen(story);
    if (number >= 0) snprintf(story + n, sizeof story - n, "(%d)", number);
}

static void *begin(void *payload, void *parent, const beluga_span_start *start)
{
    (void)payload;
    (void)parent;
    bool attempt = start->kind == BELUGA_SPAN_ATTEMPT;
    tell(attempt ? "attempt" : "operation", attempt ? (int)start->attempt : -1);
    return attempt ? "attempt" : "operation";
}

static void end(void *payload, void *span, const beluga_span_end *ended)
{
    (void)payload;
    tell(strcmp(span, "attempt") == 0 ? "answered" : "ended",
         ended->status ? -ended->status : ended->http_status);
}

static void attribute(void *payload, void *span, const beluga_span_attribute *a)
{
    (void)payload;
    (void)span;
    if (strcmp(a->name, "http.request.method") == 0) tell(a->value.string, -1);
    if (strcmp(a->name, "url.full") == 0) tell(strrchr(a->value.string, '/'), -1);
}

/* The library must not ask for the context of a span that has ended. */
static bool context(void *payload, void *span, beluga_trace_context *trace)
{
    (void)payload;
    (void)span;
    (void)trace;
    assert_null(strstr(story, "ended"));
    return false;
}

static const beluga_telemetry_sink sink = {
    .size = sizeof sink, .begin = begin, .end = end, .attribute = attribute, .context = context};

static int begin_traced(void **state)
{
    *story = '\0';
    return jobs_begin_with(state, &(beluga_client_settings){.size = sizeof(beluga_client_settings),
                                                            .telemetry = &sink});
}

static void each_request_has_a_span_of_its_own(void **state)
{
    jobs *j = *state;
    script(j->peer, JSON(created));
    script(j->peer, JSON("{\"next\":\"/jobs/7\",\"wait_ms\":1}"));
    script(j->peer, JSON(done));
    assert_int_equal(generate(j->model, "Hello", NULL), 0);
    assert_string_equal(story, "operation attempt(1) /jobs answered(200) attempt(1) /7 GET "
                               "answered(200) attempt(1) /7 GET answered(200) ended(0)");
}

static void a_retry_counts_from_the_request_that_failed(void **state)
{
    jobs *j = *state;
    jobs_open(j, beluga_with_max_retries(1));
    script(j->peer, JSON(created));
    script(j->peer, FAILS(503, "retry-after-ms: 1\r\n"));
    script(j->peer, JSON(done));
    assert_int_equal(generate(j->model, "Hello", NULL), 0);
    assert_string_equal(story, "operation attempt(1) /jobs answered(200) attempt(1) /7 GET "
                               "answered(31) attempt(2) /7 GET answered(200) ended(0)");
}

static void a_wait_that_is_cancelled_has_no_span_open(void **state)
{
    jobs *j = *state;
    record r = {0};
    script(j->peer, MATCHES("/cancel"), JSON("{}"));
    script(j->peer, JSON("{\"id\":\"7\",\"next\":\"/jobs/7\",\"wait_ms\":60000}"));
    beluga_loop *loop;
    assert_int_equal(beluga_loop_new(j->client, &loop), 0);
    beluga_op *op = push_stream(j->model, loop, NULL, &r);
    while (peer_requests(j->peer) < 1) poll_and_step(loop);
    assert_int_equal(peer_wait_outcome(j->peer, 0, PEER_ANSWERED, PATIENCE_MS), 0);
    step_until_quiet(loop);
    beluga_op_cancel(op);
    while (beluga_loop_active(loop)) poll_and_step(loop);
    assert_string_equal(story, "operation attempt(1) /jobs answered(200) ended(24)");
    beluga_op_free(op);
    beluga_loop_free(loop);
}

static void what_a_service_is_told_is_no_part_of_the_trace(void **state)
{
    jobs *j = *state;
    setenv("JOBS_BASE_URL", peer_url(j->peer), 1);
    jobs_open(j, beluga_with_env(), beluga_with_fallback("jobs/other"));
    unsetenv("JOBS_BASE_URL");
    script(j->peer, FOR_EVER, MATCHES("/jobs/7/cancel"), JSON("{}"));
    script(j->peer, FAILS(503, NULL));
    script(j->peer, JSON(created));
    script(j->peer, FAILS(404, NULL));
    assert_int_equal(generate(j->model, NULL, NULL), BELUGA_ERROR_OVERLOADED);
    jobs_sent(j, 3, "POST", "/v1/jobs/7/cancel");
}

/* ---- recordings ------------------------------------------------------------------------------ */

static beluga_chat_model *open_recorded(const tape *t)
{
    beluga_chat_model *model = NULL;
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(t->url), beluga_with_api_key(TAPE_KEY),
                          beluga_with_timeout_ms(PATIENCE_MS));
    beluga_registry_register(beluga_registry_default(), &jobs_provider, NULL);
    assert_int_equal(beluga_registry_open(beluga_registry_default(), "jobs", config, &model, NULL),
                     0);
    beluga_config_free(config);
    return model;
}

static void a_replay_plays_each_request_and_does_not_wait(void **state)
{
    needs_part("cassettes");
    tape *t = *state;
    script(t->peer, JSON("{\"id\":\"7\",\"next\":\"/jobs/7\"}"));
    script(t->peer, JSON("{\"text\":\"Hel\",\"next\":\"/jobs/7\",\"wait_ms\":1}"));
    script(t->peer, JSON("{\"text\":\"lo\",\"finish\":true}"));
    tape_record(t);
    SCOPED(beluga_chat_model) *model = open_recorded(t);
    assert_int_equal(generate(model, "Hello", NULL), 0);
    assert_int_equal(tape_count(t), 3);
    tape_stop();
    tape_edit(t, 1, "\"wait_ms\": 1", "\"wait_ms\": 60000");
    tape_replay(t);
    tape_silence(t);
    SCOPED(beluga_context) *soon = beluga_context_new_timeout(NULL, PATIENCE_MS / 2);
    beluga_error err;
    if (generate_under(model, soon, "Hello", &err)) fail_msg("%s", err.message);
}

static void what_a_service_was_told_is_recorded_too(void **state)
{
    needs_part("cassettes");
    tape *t = *state;
    beluga_error err;
    script(t->peer, MATCHES("/jobs/7/cancel"), JSON("{}"));
    script(t->peer, JSON("{\"id\":\"7\",\"next\":\"/jobs/7\"}"));
    script(t->peer, FAILS(404, NULL));
    tape_record(t);
    SCOPED(beluga_chat_model) *model = open_recorded(t);
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_NOT_FOUND);
    assert_int_equal(tape_count(t), 3);
    tape_stop();
    tape_replay(t);
    tape_silence(t);
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_NOT_FOUND);
}

int main(void)
{
#define TRACED(test) cmocka_unit_test_setup_teardown(test, begin_traced, jobs_end)
    const struct CMUnitTest tests[] = {
        TRACED(each_request_has_a_span_of_its_own),
        TRACED(a_retry_counts_from_the_request_that_failed),
        TRACED(a_wait_that_is_cancelled_has_no_span_open),
        TRACED(what_a_service_is_told_is_no_part_of_the_trace),
        ON_TAPE(a_replay_plays_each_request_and_does_not_wait),
        ON_TAPE(what_a_service_was_told_is_recorded_too),
    };
    return cmocka_run_group_tests_name("requests that are seen", tests, NULL, NULL);
}
