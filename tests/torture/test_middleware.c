/* Every allocation of a call fails in turn, as in test_torture.c, here through each kind of
 * middleware. */
#include "bench.h"

#include <beluga/hooks.h>

#include <stdio.h>
#include <stdlib.h>

static int hook_before(void *payload, const beluga_call *call, beluga_error *err)
{
    (void)payload;
    (void)call;
    (void)err;
    return 0;
}

static const beluga_hooks hooks = {.size = sizeof hooks, .before = hook_before};

static const char *prices(void)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/examples/prices.yaml", getenv("BELUGA_SOURCE_ROOT"));
    return path;
}

/* With these limits only one call may run, so if a failed call still counted, the next one would be
 * refused. */
#define LIMITS                                                         \
    beluga_with_max_concurrent_calls(1), beluga_with_limit_wait_ms(0), \
        beluga_with_requests_per_minute(1000000000), beluga_with_tokens_per_minute(1000000000)
#define BUDGET   beluga_with_prices(prices()), beluga_with_budget(1e6), beluga_with_max_tokens(10)
#define BREAKER  beluga_with_breaker_failures(1)
#define CACHE    beluga_with_cache_ttl_ms(3600000)
#define FALLBACK beluga_with_fallback("mock/error-not_found"), beluga_with_fallback("mock/spare")

static int open_through(bench *b, const beluga_option *options, size_t n, beluga_chat_model **model)
{
    beluga_error err = {0};
    beluga_config *config = beluga_config_new_n(options, n);
    *model = NULL;
    if (!config) return BELUGA_ERROR_NO_MEMORY;
    int status =
        beluga_registry_open(beluga_client_registry(b->client), "mock", config, model, &err);
    if (status) assert_int_equal(err.code, status);
    if (status) assert_null(*model);
    beluga_config_free(config);
    return status;
}

/* Ask another question in each run, so that no cache has the answer. */
static int ask_anew(bench *b)
{
    static unsigned n;
    char text[32];
    beluga_response *response;
    beluga_error err = {0};
    snprintf(text, sizeof text, "Question %u", n++);
    int status = beluga_invoke(b->model, b->context, beluga_input_text(text), &response, &err);
    if (status) assert_int_equal(err.code, status);
    beluga_response_free(response);
    return status;
}

static const beluga_option *opened_with;
static size_t n_opened_with;

static int open_and_ask(bench *b)
{
    beluga_chat_model *before = b->model;
    int status = open_through(b, opened_with, n_opened_with, &b->model);
    if (!status) status = ask_anew(b);
    beluga_chat_model_unref(b->model);
    b->model = before;
    return status;
}

/* Torture calls of one model, and then calls of a model that is opened and closed in each run. */
static void torture_through(bench *b, const beluga_option *options, size_t n)
{
    int status = open_through(b, options, n, &b->model);
    if (status == BELUGA_ERROR_NOT_SUPPORTED) {
        print_message("# needs a part of the library that was left out\n");
        skip();
    }
    assert_int_equal(status, 0);
    torture(b, ask_anew, 0);
    torture(b, invoke_text, 0); /* with a cache, the answer comes from it */
    torture(b, pull, 0);
    torture(b, push_whole, 0);
    beluga_chat_model_unref(b->model);
    b->model = NULL;
    opened_with = options;
    n_opened_with = n;
    torture(b, open_and_ask, 0);
}

#define THROUGH(name, model, ...)                                                  \
    static void through_##name(void **state)                                       \
    {                                                                              \
        const beluga_option options[] = {beluga_with_model_name(model),            \
                                         beluga_with_max_retries(0), __VA_ARGS__}; \
        torture_through(*state, options, sizeof options / sizeof *options);        \
    }

THROUGH(hooks, "any", beluga_with_hooks(&hooks))
THROUGH(cache, "any", CACHE)
THROUGH(budget, "any", BUDGET)
THROUGH(fallback, "error-quota_exceeded", FALLBACK)
THROUGH(limits, "any", LIMITS)
THROUGH(breaker, "any", BREAKER)
THROUGH(all_of_them, "error-quota_exceeded", beluga_with_hooks(&hooks), CACHE, BUDGET, FALLBACK,
        LIMITS, BREAKER)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BENCH(through_hooks),       IN_BENCH(through_cache),  IN_BENCH(through_budget),
        IN_BENCH(through_fallback),    IN_BENCH(through_limits), IN_BENCH(through_breaker),
        IN_BENCH(through_all_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
