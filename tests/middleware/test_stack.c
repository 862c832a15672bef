/* The order of the layers, which docs/architecture.md describes: operation, hooks, cache, budget,
 * fallback, limits, breaker, retry, attempt, adapter. Each test is about two layers that are next
 * to each other, and would fail if these were exchanged. */
#include "../support/files.h"
#include "../support/parts.h"
#include "../support/scene.h"

#include <beluga/hooks.h>
#include <beluga/providers/mock.h>
#include <beluga/telemetry.h>

#include <stdio.h>
#include <unistd.h>

enum { HOUR_MS = 3600000 };

/* ---- the order of events --------------------------------------------------------------------- */

typedef struct diary {
    char text[512];
} diary;

static void note(diary *d, const char *what)
{
    size_t n = strlen(d->text);
    snprintf(d->text + n, sizeof d->text - n, "%s%s", n ? " " : "", what);
}

static int on_before(void *payload, const beluga_call *call, beluga_error *err)
{
    (void)call;
    (void)err;
    note(payload, "before");
    return 0;
}

static void on_after(void *payload, const beluga_call *call, beluga_finish_reason reason,
                     const beluga_usage *usage)
{
    (void)call;
    (void)reason;
    (void)usage;
    note(payload, "after");
}

static void on_failed(void *payload, const beluga_call *call, const beluga_error *err,
                      const beluga_usage *usage)
{
    (void)call;
    (void)err;
    (void)usage;
    note(payload, "failed");
}

static beluga_hooks hooks_of(diary *d)
{
    return (beluga_hooks){.size = sizeof(beluga_hooks),
                          .payload = d,
                          .before = on_before,
                          .after = on_after,
                          .failed = on_failed};
}

static void *begin_span(void *payload, void *parent, const beluga_span_start *start)
{
    note(payload, parent ? "attempt" : "operation");
    (void)start;
    return parent ? (char *)payload + 1 : payload;
}

static void end_span(void *payload, void *span, const beluga_span_end *end)
{
    (void)end;
    note(payload, span == payload ? "/operation" : "/attempt");
}

static beluga_chat_model *open_watched(beluga_client **client, diary *d, const beluga_option *opts,
                                       size_t n)
{
    beluga_chat_model *model = NULL;
    const beluga_telemetry_sink sink = {
        .size = sizeof sink, .payload = d, .begin = begin_span, .end = end_span};
    const beluga_client_settings settings = {.size = sizeof settings, .telemetry = &sink};
    assert_int_equal(beluga_client_new(&settings, client), 0);
    beluga_config *config = beluga_config_new_n(opts, n);
    assert_int_equal(
        beluga_registry_open(beluga_client_registry(*client), "mock", config, &model, NULL), 0);
    beluga_config_free(config);
    return model;
}

/* ---- pairs of neighbours --------------------------------------------------------------------- */

static void operation_is_around_hooks_and_retry_around_attempts(scene *s)
{
    diary d = {.text = ""};
    beluga_client *client;
    beluga_hooks hooks = hooks_of(&d);
    const beluga_option options[] = {
        beluga_with_model_name("any"),        beluga_with_hooks(&hooks),
        beluga_mock_with_error("overloaded"), beluga_mock_with_error_count(1),
        beluga_with_retry_delay_ms(100),      beluga_with_max_retries(1)};
    use_model(s, open_watched(&client, &d, options, sizeof options / sizeof *options));
    expect_text(s, NULL);
    assert_string_equal(d.text,
                        "operation before attempt /attempt attempt /attempt after /operation");
    let_go(s);
    beluga_client_unref(client);
}

static void hooks_are_around_the_cache(scene *s)
{
    needs_part("cache");
    diary d = {.text = ""};
    beluga_hooks hooks = hooks_of(&d);
    open_mock_with(s, beluga_with_hooks(&hooks), beluga_with_cache_ttl_ms(HOUR_MS));
    expect_text(s, NULL);
    expect_text(s, NULL); /* the hook also sees an answer from the cache */
    assert_string_equal(d.text, "before after before after");
}

/* An input word costs a dollar, and a word of the fallback model ten dollars. */
static const char *prices_file(void)
{
    static char path[] = "/tmp/beluga-stack-prices.XXXXXX";
    if (strcmp(path + sizeof path - 7, "XXXXXX") == 0)
        make_file(path, "prices:\n  mock/*: {input: 1000000, output: 1000000}\n"
                        "  mock/echo: {input: 10000000, output: 10000000}\n");
    return path;
}

static void the_cache_is_around_the_budget(scene *s)
{
    needs_part("cache");
    needs_part("yaml");
    open_mock_with(s, beluga_with_prices(prices_file()), beluga_with_budget(6),
                   beluga_with_cache_ttl_ms(HOUR_MS));
    beluga_response *response;
    expect_text(s, NULL);
    /* The budget is spent: a new question is refused, and a cached one is answered. */
    assert_int_equal(
        beluga_invoke(s->model, NULL, beluga_input_text("Another"), &response, &s->err),
        BELUGA_ERROR_BUDGET_EXCEEDED);
    expect_text(s, NULL);
}

static void the_budget_is_around_the_fallback(scene *s)
{
    needs_part("yaml");
    open_mock_with(s, beluga_with_model_name("error-quota_exceeded"),
                   beluga_with_fallback("mock/echo"), beluga_with_prices(prices_file()),
                   beluga_with_budget(55));
    expect_text(s, "Hi"); /* this cost $20, at the price of the fallback model */
    /* If the budget is spent, the fallback is not tried, although the same error from the provider
     * would lead to it. */
    expect_failure(s, BELUGA_ERROR_BUDGET_EXCEEDED);
}

static void the_fallback_is_around_the_limits(scene *s)
{
    open_mock_with(s, beluga_with_fallback("mock/echo"), beluga_with_limit_wait_ms(0),
                   beluga_with_requests_per_minute(1));
    expect_text(s, "This is a mock response.");
    expect_text(s, "Hi");
}

static void the_limits_are_around_the_breaker(scene *s)
{
    open_mock_with(s, beluga_with_model_name("error-internal_error"), beluga_with_max_retries(0),
                   beluga_with_breaker_failures(1), beluga_with_requests_per_minute(1),
                   beluga_with_limit_wait_ms(0));
    expect_failure(s, BELUGA_ERROR_INTERNAL);
    /* If the breaker surrounded the limits, this error would be circuit_open. */
    expect_failure(s, BELUGA_ERROR_RATE_LIMIT);
}

static void the_breaker_is_around_the_retries(scene *s)
{
    open_with(s, beluga_with_breaker_failures(2), beluga_with_max_retries(2));
    for (int i = 0; i < 3; i++) script(s->peer, FAILS(503, NULL));
    expect_failure(s, BELUGA_ERROR_OVERLOADED);
    expect_requests(s, 3); /* three failed attempts count as one failed call */
    script(s->peer, ANSWERS("well"));
    expect_text(s, "well");
}

static void a_configuration_names_its_layers_from_the_outermost(void **state)
{
    static const char *const names[] = {"hooks",  "cache",   "budget", "fallback",
                                        "limits", "breaker", "retry"};
    static const char *const details[] = {"", "1h", "$6", "mock/echo", "9/min", "2 failures, 15s",
                                          "3"};
    static const beluga_hooks hooks = {.size = sizeof hooks};
    (void)state;
    beluga_config *config =
        beluga_config_new(beluga_with_breaker_failures(2), beluga_with_budget(6),
                          beluga_with_cache_ttl_ms(HOUR_MS), beluga_with_fallback("mock/echo"),
                          beluga_with_hooks(&hooks), beluga_with_requests_per_minute(9));
    const char *name;
    char detail[32];
    size_t n = 0;
    for (; beluga_config_layer(config, n, &name, detail, sizeof detail); n++) {
        assert_true(n < sizeof names / sizeof *names);
        assert_string_equal(name, names[n]);
        assert_string_equal(detail, details[n]);
    }
    assert_int_equal(n, sizeof names / sizeof *names);
    assert_true(beluga_config_layer(config, 3, &name, detail, 5));
    assert_string_equal(detail, "mock");
    assert_true(beluga_config_layer(config, 3, &name, NULL, 0));
    beluga_config_free(config);
    assert_false(beluga_config_layer(NULL, 0, &name, detail, sizeof detail));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(operation_is_around_hooks_and_retry_around_attempts),
        SCENE(hooks_are_around_the_cache),
        SCENE(the_cache_is_around_the_budget),
        SCENE(the_budget_is_around_the_fallback),
        SCENE(the_fallback_is_around_the_limits),
        SCENE(the_limits_are_around_the_breaker),
        SCENE(the_breaker_is_around_the_retries),
        cmocka_unit_test(a_configuration_names_its_layers_from_the_outermost),
    };
    int failed = cmocka_run_group_tests_name("stack", tests, NULL, NULL);
    unlink(prices_file());
    return failed;
}
