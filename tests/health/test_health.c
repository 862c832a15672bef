/* Health: what is known without a call, and the result of a real call as a probe. */
#include "../models.h"
#include "../support/threads.h"

#include <time.h>

static void the_state_of_a_model_is_told_in_full(void **state)
{
    const subject *s = *state;
    beluga_health health;
    int64_t before = (int64_t)time(NULL);
    assert_int_equal(beluga_check_health(s->model, NULL, false, &health, NULL), 0);
    int64_t after = (int64_t)time(NULL);
    assert_string_equal(health.state, "healthy");
    assert_string_equal(health.provider, s->provider);
    assert_string_equal(health.model, s->model_name);
    assert_false(health.api_key_set);
    assert_false(health.probed);
    assert_int_equal(health.status, 0);
    assert_int_equal(health.tools_count, 0);
    assert_int_equal(health.latency_ms, -1);
    assert_true(health.timestamp >= before && health.timestamp <= after);
}

static void a_key_that_is_set_is_told_and_not_shown(void **state)
{
    const subject *s = *state;
    const beluga_option key = beluga_with_api_key("a-secret-key");
    beluga_health health;
    beluga_chat_model *model = open_with(s, &key, 1);
    assert_int_equal(beluga_check_health(model, NULL, false, &health, NULL), 0);
    assert_true(health.api_key_set);
    beluga_chat_model_unref(model);
}

static void bound_tools_are_counted(void **state)
{
    const subject *s = *state;
    beluga_tool *tools[2] = {NULL, NULL};
    beluga_chat_model *bound = NULL;
    beluga_health health;
    const beluga_tool_definition clock = {.size = sizeof clock, .name = "clock"};
    const beluga_tool_definition calendar = {.size = sizeof calendar, .name = "calendar"};
    assert_int_equal(beluga_tool_new(&clock, &tools[0], NULL), 0);
    assert_int_equal(beluga_tool_new(&calendar, &tools[1], NULL), 0);
    assert_int_equal(beluga_bind_tools(s->model, tools, 2, &bound, NULL), 0);
    assert_int_equal(beluga_check_health(bound, NULL, false, &health, NULL), 0);
    assert_int_equal(health.tools_count, 2);
    assert_int_equal(beluga_check_health(s->model, NULL, false, &health, NULL), 0);
    assert_int_equal(health.tools_count, 0);
    beluga_chat_model_unref(bound);
    beluga_tool_unref(tools[0]);
    beluga_tool_unref(tools[1]);
}

static void a_probe_calls_the_model(void **state)
{
    const subject *s = *state;
    beluga_health health;
    assert_int_equal(beluga_check_health(s->model, NULL, true, &health, NULL), 0);
    assert_string_equal(health.state, "healthy");
    assert_true(health.probed);
    assert_int_equal(health.status, 0);
    assert_true(health.latency_ms >= 0);
}

static void a_probe_that_fails_makes_the_model_unhealthy(void **state)
{
    const subject *s = *state;
    const beluga_option opts[] = {rate_limited(s), beluga_with_max_retries(0)};
    beluga_health health;
    beluga_error err = {0};
    beluga_chat_model *model = open_with(s, opts, 2);
    assert_int_equal(beluga_check_health(model, NULL, true, &health, &err),
                     BELUGA_ERROR_RATE_LIMIT);
    assert_string_equal(health.state, "unhealthy");
    assert_true(health.probed);
    assert_int_equal(health.status, BELUGA_ERROR_RATE_LIMIT);
    assert_string_equal(err.provider_code, s->rate_limit_code);
    assert_int_equal(beluga_check_health(model, NULL, false, &health, NULL), 0);
    /* Without a probe, a provider that needs no network counts as healthy. */
    assert_string_equal(health.state, "healthy");
    beluga_chat_model_unref(model);
}

static void a_cancelled_probe_is_told_as_such(void **state)
{
    const subject *s = *state;
    beluga_health health;
    beluga_context *context = beluga_context_new_cancellable(NULL);
    beluga_context_cancel(context);
    assert_int_equal(beluga_check_health(s->model, context, true, &health, NULL),
                     BELUGA_ERROR_CONTEXT_CANCELED);
    assert_int_equal(health.status, BELUGA_ERROR_CONTEXT_CANCELED);
    beluga_context_unref(context);
}

static void a_model_behind_a_network_is_unknown_until_probed(void **state)
{
    (void)state;
    beluga_health health;
    beluga_chat_model *model = NULL;
    beluga_config *config =
        beluga_config_new(beluga_with_model_name("any"), beluga_with_api_key("k"),
                          beluga_with_base_url("http://127.0.0.1:9/v1"));
    assert_int_equal(
        beluga_registry_open(beluga_registry_default(), "openai", config, &model, NULL), 0);
    assert_int_equal(beluga_check_health(model, NULL, false, &health, NULL), 0);
    assert_string_equal(health.state, "unknown");
    assert_true(health.api_key_set);
    assert_false(health.probed);
    beluga_chat_model_unref(model);
    beluga_config_free(config);
}

static void *check_often(void *argument)
{
    beluga_health health;
    for (int i = 0; i < 100; i++) {
        if (beluga_check_health(argument, NULL, i % 10 == 0, &health, NULL)) return argument;
        if (strcmp(health.state, "healthy") != 0) return argument;
    }
    return NULL;
}

static void many_threads_may_check_one_model(void **state)
{
    const subject *s = *state;
    threads_run(16, check_often, s->model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_EACH(the_state_of_a_model_is_told_in_full),
        ON_EACH(a_key_that_is_set_is_told_and_not_shown),
        ON_EACH(bound_tools_are_counted),
        ON_EACH(a_probe_calls_the_model),
        ON_EACH(a_probe_that_fails_makes_the_model_unhealthy),
        ON_EACH(a_cancelled_probe_is_told_as_such),
        cmocka_unit_test(a_model_behind_a_network_is_unknown_until_probed),
        ON_EACH(many_threads_may_check_one_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
