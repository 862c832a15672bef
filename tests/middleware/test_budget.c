/* Prices, the cost of calls, and a budget that refuses calls when it is spent. */
#include "../support/files.h"
#include "../support/scene.h"

#include <beluga/providers/mock.h>

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static char path[] = "/tmp/beluga-prices-XXXXXX";

/* An input word costs a dollar, and an output word ten dollars. */
static const char word_prices[] = "date: 2026-01-02\nprices:\n"
                                  "  mock/*: {input: 1000000, output: 10000000}\n"
                                  "  openai/peer-chat: {input: 1000000, output: 1000000}\n";

static int set_prices(void **state)
{
    make_file(path, word_prices);
    return set_scene(state);
}

static int remove_prices(void **state)
{
    unlink(path);
    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    return strike_scene(state);
}

/* --- prices ----------------------------------------------------------------------------------- */

static void the_longest_entry_that_fits_counts(scene *s)
{
    (void)s;
    beluga_prices *prices = NULL;
    beluga_price price;
    write_file(path,
               "date: 2026-11-05\nprices:\n  a/m*: {input: 1, output: 2}\n  a/mini*: {input: 3, "
               "output: 4}\n"
               "  a/mini: {input: 5, cache_read: 0.5, output: 6}\n");
    assert_int_equal(beluga_prices_load(path, &prices, NULL), 0);
    assert_string_equal(beluga_prices_date(prices), "2026-11-05");
    assert_true(beluga_prices_find(prices, "a", "m", &price) && price.input == 1);
    assert_true(beluga_prices_find(prices, "a", "mini-2026", &price) && price.input == 3);
    assert_true(beluga_prices_find(prices, "a", "mini", &price) && price.input == 5);
    assert_true(price.cache_read == 0.5 && price.cache_write == 5);
    assert_false(beluga_prices_find(prices, "a", "other", &price));
    assert_false(beluga_prices_find(prices, "ab", "m", &price));
    assert_false(beluga_prices_find(prices, "a", NULL, &price));
    beluga_prices_free(prices);
}

static void each_kind_of_token_has_its_price(scene *s)
{
    (void)s;
    const beluga_price price = {.input = 2, .cache_read = 0.2, .cache_write = 2.5, .output = 10};
    beluga_usage usage = BELUGA_USAGE_INIT;
    assert_true(beluga_price_cost(&price, &usage) == -1);
    usage.input_total = 1000000;
    usage.input_cache_read = 500000;
    usage.input_cache_write = 250000;
    usage.output_total = 100000;
    usage.output_reasoning = 90000; /* these tokens are part of output_total */
    double cost = beluga_price_cost(&price, &usage);
    assert_true(cost > 2.2249 && cost < 2.2251); /* 0.5 + 0.1 + 0.625 + 1 */
}

static void a_bad_file_is_told_with_its_place(scene *s)
{
    (void)s;
    static const struct {
        const char *text, *expected;
    } files[] = {
        {"prices:\n  a/m: {input: x, output: 1}\n", ":2:9: input must be US dollars"},
        {"prices:\n  a/m: {input: 1}\n", ":2:3: a/m needs input and output"},
        {"prices:\n  m: {input: 1, output: 1}\n", ":2:3: m must have the form PROVIDER/MODEL"},
        {"prices:\n  a/m: {inptu: 1, output: 1}\n", ":2:9: inptu must be input"},
        {"prices:\n  a/m: {input: -1, output: 1}\n", ":2:9: input must be US dollars"},
        {"price: {}\n", ":1:1: price must be date or prices"},
        {"prices: [\n", ": "},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        beluga_error err = {0};
        beluga_prices *prices = NULL;
        write_file(path, files[i].text);
        assert_int_equal(beluga_prices_load(path, &prices, &err), BELUGA_ERROR_INVALID_CONFIG);
        assert_null(prices);
        if (!strstr(err.message, files[i].expected)) fail_msg("%s", err.message);
    }
    beluga_prices *prices = NULL;
    assert_int_equal(beluga_prices_load("/nowhere/prices.yaml", &prices, NULL),
                     BELUGA_ERROR_NOT_FOUND);
}

static void the_list_that_is_shipped_can_be_read(scene *s)
{
    (void)s;
    char shipped[512];
    beluga_price price;
    beluga_prices *prices = NULL;
    beluga_error err = {0};
    snprintf(shipped, sizeof shipped, "%s/data/prices.yaml", getenv("BELUGA_SOURCE_ROOT"));
    if (beluga_prices_load(shipped, &prices, &err)) fail_msg("%s", err.message);
    assert_int_equal(strlen(beluga_prices_date(prices)), strlen("2026-11-05"));
    assert_true(beluga_prices_find(prices, "openai", "gpt-5-mini-2025-08-07", &price));
    assert_true(beluga_prices_find(prices, "mock", "any", &price) && price.output == 0);
    assert_false(beluga_prices_find(prices, "openai", "gpt-5.5-pro", &price)); /* another model */
    beluga_prices_free(prices);
}

static void the_list_is_found_beside_the_library(scene *s)
{
    (void)s;
    beluga_error err = {0};
    beluga_prices *prices = NULL;
    if (beluga_prices_load(NULL, &prices, &err)) fail_msg("%s", err.message);
    assert_true(*beluga_prices_date(prices));
    beluga_prices_free(prices);
}

/* --- the budget ------------------------------------------------------------------------------- */

static void open_with_budget(scene *s, double dollars, beluga_option more)
{
    open_mock_with(s, beluga_mock_with_responses("one two"), beluga_with_prices(path),
                   beluga_with_budget(dollars), more);
}

static const beluga_option nothing = {.type = 0};

static void when_it_is_spent_nothing_is_sent(scene *s)
{
    /* Each call has one word of input and two words of output, and costs $21. Before a call is
     * sent, its input is estimated as 5 words. */
    open_with_budget(s, 50, nothing);
    expect_text(s, "one two");
    expect_text(s, "one two");
    expect_text(s, "one two");
    expect_failure(s, BELUGA_ERROR_BUDGET_EXCEEDED);
    assert_non_null(strstr(s->err.message, "the budget of $50 is spent: $63"));
    assert_false(beluga_error_is_retryable(&s->err));
}

static void what_may_be_answered_is_reserved_where_it_is_known(scene *s)
{
    open_with_budget(s, 50, beluga_with_max_tokens(4)); /* up to $45 */
    expect_text(s, "one two");
    expect_failure(s, BELUGA_ERROR_BUDGET_EXCEEDED);
}

static void a_dearer_fallback_is_reserved_for(scene *s)
{
    write_file(
        path,
        "prices:\n  mock/any: {input: 1, output: 1}\n  mock/echo: {input: 1, output: 10000000}\n");
    const beluga_option options[] = {beluga_with_prices(path), beluga_with_budget(50),
                                     beluga_with_max_tokens(6), beluga_with_fallback("mock/echo"),
                                     BELUGA_OPTIONS_END};
    use_model(s, open_mock_n(options, BELUGA_OPTIONS_TERMINATED));
    expect_failure(s, BELUGA_ERROR_BUDGET_EXCEEDED);
    assert_non_null(strstr(s->err.message, "may cost another $60"));
}

static void tries_that_failed_are_paid_for(scene *s)
{
    open_with(s, beluga_with_prices(path), beluga_with_budget(30), beluga_with_max_retries(1),
              beluga_with_restart_delivery(true));
    script(s->peer, BEGINS, SAYS("half"),
           EVENT("{\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":8,"
                 "\"total_tokens\":20}}"),
           CLOSES);
    script(s->peer, STREAMS("whole")); /* 13 more */
    expect_end(s, 0);
    expect_end(s, BELUGA_ERROR_BUDGET_EXCEEDED);
    assert_non_null(strstr(s->r.error.message, "$33 are used"));
}

/* The provider reports no usage, so the cost is estimated from the text. */
static void what_was_answered_is_paid_for_though_nobody_told_the_usage(scene *s)
{
    open_with(s, beluga_with_prices(path), beluga_with_budget(10));
    script(s->peer, BEGINS, SAYS("forty bytes of text are about ten tokens"), STOPS, DONE);
    expect_end(s, 0);
    expect_end(s, BELUGA_ERROR_BUDGET_EXCEEDED);
    open_with(s, beluga_with_prices(path), beluga_with_budget(10));
    script(s->peer, BEGINS, SAYS("forty bytes of text are about ten tokens"), HANGS);
    begin_until(s, BELUGA_EVENT_TEXT);
    RELEASE(beluga_stream_free, s->stream);
    expect_end(s, BELUGA_ERROR_BUDGET_EXCEEDED);
}

static void what_was_cancelled_before_an_answer_costs_nothing(scene *s)
{
    open_with_budget(s, 22, beluga_mock_with_latency_ms(3600000));
    for (int i = 0; i < 5; i++) {
        beluga_context *ctx = beluga_context_new_timeout(NULL, 1);
        assert_int_equal(generate_under(s->model, ctx, NULL, NULL), BELUGA_ERROR_CONTEXT_TIMEOUT);
        beluga_context_unref(ctx);
    }
}

static void a_cached_answer_costs_nothing(scene *s)
{
    open_with_budget(s, 22, beluga_with_cache_ttl_ms(3600000));
    for (int i = 0; i < 5; i++) expect_text(s, "one two");
}

static void an_unknown_price_is_not_zero(scene *s)
{
    (void)s;
    beluga_error err;
    beluga_chat_model *model = NULL;
    write_file(path, "prices:\n  mock/other: {input: 1, output: 1}\n");
    beluga_config *config = beluga_config_new(beluga_with_model_name("any"), beluga_with_budget(1),
                                              beluga_with_prices(path));
    assert_int_equal(beluga_registry_open(beluga_registry_default(), "mock", config, &model, &err),
                     BELUGA_ERROR_INVALID_CONFIG);
    assert_non_null(strstr(err.message, "the price of mock/any is not known"));
    beluga_config_free(config);
}

enum { THREADS = 8 };

static void *spend(void *argument)
{
    size_t answered = 0;
    for (int i = 0; i < 50; i++) {
        int status = generate(argument, NULL, NULL);
        assert_true(status == 0 || status == BELUGA_ERROR_BUDGET_EXCEEDED);
        answered += status == 0;
    }
    return (void *)answered;
}

static void threads_do_not_spend_more_together(scene *s)
{
    pthread_t threads[THREADS];
    size_t answered = 0;
    /* $25 are reserved for each call, and $21 are spent. */
    open_with_budget(s, 210, beluga_with_max_tokens(2));
    for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, spend, s->model);
    for (int i = 0; i < THREADS; i++) {
        void *n;
        pthread_join(threads[i], &n);
        answered += (size_t)n;
    }
    assert_in_range(answered, 8, 10);
}

#define PRICED(test) SCENE_WITH(test, set_prices, remove_prices)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PRICED(the_longest_entry_that_fits_counts),
        PRICED(each_kind_of_token_has_its_price),
        PRICED(a_bad_file_is_told_with_its_place),
        PRICED(the_list_that_is_shipped_can_be_read),
        PRICED(the_list_is_found_beside_the_library),
        PRICED(when_it_is_spent_nothing_is_sent),
        PRICED(what_may_be_answered_is_reserved_where_it_is_known),
        PRICED(tries_that_failed_are_paid_for),
        PRICED(what_was_answered_is_paid_for_though_nobody_told_the_usage),
        PRICED(a_dearer_fallback_is_reserved_for),
        PRICED(what_was_cancelled_before_an_answer_costs_nothing),
        PRICED(a_cached_answer_costs_nothing),
        PRICED(an_unknown_price_is_not_zero),
        PRICED(threads_do_not_spend_more_together),
    };
    return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
