/* Every allocation of a call that takes several requests fails in turn. If the call ends early, the
 * service may or may not receive the request that cancels the job; in both cases all memory must be
 * freed. */
#include "../support/script.h"
#include "bench.h"

extern const beluga_provider jobs_provider;

static void open_jobs(bench *b)
{
    beluga_error err = {0};
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(peer_url(b->peer)), beluga_with_api_key("key"),
                          beluga_with_retry_delay_ms(100), beluga_with_timeout_ms(PATIENCE_MS));
    assert_int_equal(
        beluga_registry_register(beluga_client_registry(b->client), &jobs_provider, NULL), 0);
    if (beluga_registry_open(beluga_client_registry(b->client), "jobs", config, &b->model, &err))
        fail_msg("open: %s", err.message);
    beluga_config_free(config);
}

/* Script a service that answers the first request with `created`, and each poll with the finished
 * job. */
static void script_service(bench *b, const char *created)
{
    script(b->peer, FOR_EVER, MATCHES("/jobs/7/cancel"), JSON("{}"));
    script(b->peer, FOR_EVER, MATCHES("/jobs/7"),
           JSON("{\"text\":\"Hello\",\"tool\":\"see\",\"finish\":true}"));
    script(b->peer, FOR_EVER, JSON(created));
}

static void with_jobs(bench *b, call_fn call, int expected)
{
    torture(b, call, expected);
    beluga_chat_model_unref(b->model);
    b->model = NULL;
    assert_int_equal(peer_unscripted(b->peer), 0);
}

static const char creates[] =
    "{\"id\":\"7\",\"text\":\"a\",\"tool\":\"look\",\"next\":\"/jobs/7\"}";

static void creating_and_polling(void **state)
{
    bench *b = *state;
    open_jobs(b);
    script_service(b, creates);
    with_jobs(b, invoke_text, 0);
}

static void creating_and_streaming(void **state)
{
    bench *b = *state;
    open_jobs(b);
    script(b->peer, FOR_EVER, MATCHES("/jobs/7/cancel"), JSON("{}"));
    script(b->peer, FOR_EVER, MATCHES("/jobs/7"), EVENT_STREAM, EVENT("{\"text\":\"Hello\"}"),
           EVENT("{\"finish\":true}"), ENDS);
    script_service(b, creates);
    with_jobs(b, pull, 0);
}

static void telling_the_service_of_a_call_that_failed(void **state)
{
    bench *b = *state;
    open_jobs(b);
    script(b->peer, FOR_EVER, MATCHES("/jobs/7/cancel"), JSON("{}"));
    script(b->peer, FOR_EVER, MATCHES("/jobs/7"), FAILS(404, NULL));
    script_service(b, creates);
    with_jobs(b, invoke_text, BELUGA_ERROR_NOT_FOUND);
}

static void resuming_at_a_poll_that_failed(void **state)
{
    bench *b = *state;
    open_jobs(b);
    peer_reply *busy =
        script(b->peer, FOR_EVER, MATCHES("/jobs/7"), FAILS(503, "Retry-After: 0\r\n"));
    peer_reply_turn(busy, 0, 2);
    script_service(b, creates);
    with_jobs(b, invoke_text, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BENCH(creating_and_polling),
        IN_BENCH(creating_and_streaming),
        IN_BENCH(telling_the_service_of_a_call_that_failed),
        IN_BENCH(resuming_at_a_poll_that_failed),
    };
    return cmocka_run_group_tests_name("tortured requests", tests, NULL, NULL);
}
