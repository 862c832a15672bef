/* Batches: their order, how many calls run at once, an error for each failed item, and any number
 * of items in constant memory. */
#include "../models.h"

#include <stdatomic.h>
#include <stdio.h>

/* ---- a provider that counts its calls -------------------------------------------------------- */

static atomic_int running, most_running, started;

static void enter(void)
{
    int now = atomic_fetch_add(&running, 1) + 1, most = atomic_load(&most_running);
    while (now > most && !atomic_compare_exchange_weak(&most_running, &most, now)) continue;
    atomic_fetch_add(&started, 1);
}

static int answer(beluga_emit *emit, void *argument)
{
    const beluga_message *message = argument;
    size_t length = 0;
    const char *text = beluga_message_text(message, &length);
    atomic_fetch_sub(&running, 1);
    if (strncmp(text, "fail", 4) == 0)
        return beluga_emit_failure(emit, BELUGA_ERROR_INVALID_REQUEST, "gauge_fail",
                                   "told to fail: %s", text);
    int status = beluga_emit_text(emit, text, length);
    return status ? status : beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

static int gauge_start(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    (void)self;
    (void)err;
    enter();
    const beluga_message *message = beluga_call_message(call, 0);
    /* Later inputs are answered sooner, so that results come out of order. */
    int64_t delay = beluga_message_text(message, NULL)[0] == 'a' ? 3 : 1;
    return beluga_emit_after(emit, delay, answer, (void *)(uintptr_t)message);
}

static void gauge_cancel(void *self, beluga_emit *emit)
{
    (void)self;
    (void)emit;
    atomic_fetch_sub(&running, 1);
}

static const beluga_provider gauge = {
    BELUGA_PROVIDER_INIT("gauge"), .default_model = "g", .start = gauge_start,
    .cancel = gauge_cancel, .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_LOCAL};

static int on_gauge(void **state)
{
    beluga_chat_model *model = NULL;
    atomic_store(&running, 0);
    atomic_store(&most_running, 0);
    atomic_store(&started, 0);
    if (beluga_registry_register(beluga_registry_default(), &gauge, NULL)) return -1;
    if (beluga_registry_open(beluga_registry_default(), "gauge", NULL, &model, NULL)) return -1;
    *state = model;
    return 0;
}

static int close_gauge(void **state)
{
    beluga_chat_model_unref(*state);
    return 0;
}

/* ---- arrays ---------------------------------------------------------------------------------- */

#define N 20

static char texts[N][24];

static void number_inputs(beluga_input *inputs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        snprintf(texts[i], sizeof texts[i], "%c%zu", i % 2 ? 'z' : 'a', i);
        inputs[i] = beluga_input_text(texts[i]);
    }
}

static void results_are_in_the_order_of_the_inputs(void **state)
{
    beluga_input inputs[N];
    beluga_batch_result results[N];
    number_inputs(inputs, N);
    assert_int_equal(beluga_batch(*state, NULL, inputs, N, results, NULL), 0);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(results[i].error.code, 0);
        assert_string_equal(beluga_response_text(results[i].response, NULL), texts[i]);
    }
    beluga_batch_results_clear(results, N);
}

static void as_many_run_at_once_as_the_limit_says_and_no_more(void **state)
{
    static const int limits[] = {1, 3, N, 1000};
    beluga_input inputs[N];
    beluga_batch_result results[N];
    number_inputs(inputs, N);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        atomic_store(&most_running, 0);
        assert_int_equal(beluga_batch(*state, NULL, inputs, N, results, NULL,
                                      beluga_with_max_concurrent_batches(limits[i])),
                         0);
        assert_int_equal(atomic_load(&most_running), limits[i] < N ? limits[i] : N);
        beluga_batch_results_clear(results, N);
    }
}

static void five_run_at_once_when_nothing_is_said(void **state)
{
    beluga_input inputs[N];
    beluga_batch_result results[N];
    number_inputs(inputs, N);
    assert_int_equal(beluga_batch(*state, NULL, inputs, N, results, NULL), 0);
    assert_int_equal(atomic_load(&most_running), 5);
    beluga_batch_results_clear(results, N);
}

static void one_that_fails_leaves_the_others_alone(void **state)
{
    const beluga_input inputs[4] = {beluga_input_text("one"), beluga_input_text("fail two"),
                                    beluga_input_text("three"), beluga_input_text("fail four")};
    beluga_batch_result results[4];
    beluga_error err = {0};
    assert_int_equal(
        beluga_batch(*state, NULL, inputs, 4, results, &err, beluga_with_max_retries(0)),
        BELUGA_ERROR_INVALID_REQUEST);
    assert_string_equal(beluga_response_text(results[0].response, NULL), "one");
    assert_string_equal(beluga_response_text(results[2].response, NULL), "three");
    assert_int_equal(results[0].error.code, 0);
    for (size_t i = 1; i < 4; i += 2) {
        assert_null(results[i].response);
        assert_int_equal(results[i].error.code, BELUGA_ERROR_INVALID_REQUEST);
        assert_string_equal(results[i].error.provider_code, "gauge_fail");
    }
    assert_non_null(strstr(results[3].error.message, "fail four"));
    assert_int_equal(err.code, BELUGA_ERROR_INVALID_REQUEST);
    assert_non_null(strstr(err.message, "2")); /* the message has the number of failed items */
    beluga_batch_results_clear(results, 4);
}

static void an_input_that_is_not_valid_is_an_error_of_its_own(void **state)
{
    const beluga_input inputs[3] = {
        beluga_input_text("one"), beluga_input_text("\xff"), {7, 0, NULL, 0}};
    beluga_batch_result results[3];
    assert_int_equal(beluga_batch(*state, NULL, inputs, 3, results, NULL),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_non_null(results[0].response);
    assert_int_equal(results[1].error.code, BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(results[2].error.code, BELUGA_ERROR_INVALID_INPUT);
    beluga_batch_results_clear(results, 3);
}

static void a_batch_of_nothing_is_done_at_once(void **state)
{
    assert_int_equal(beluga_batch(*state, NULL, NULL, 0, NULL, NULL), 0);
}

static void a_bad_option_fails_every_input_without_a_call(void **state)
{
    beluga_input inputs[N];
    beluga_batch_result results[N];
    number_inputs(inputs, N);
    assert_int_equal(
        beluga_batch(*state, NULL, inputs, N, results, NULL, beluga_with_temperature(9)),
        BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(atomic_load(&started), 0);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(results[i].error.code, BELUGA_ERROR_INVALID_INPUT);
    beluga_batch_results_clear(results, N);
}

static void a_cancelled_batch_tells_each_input_so(void **state)
{
    beluga_input inputs[N];
    beluga_batch_result results[N];
    beluga_context *context = beluga_context_new_cancellable(NULL);
    beluga_context_cancel(context);
    number_inputs(inputs, N);
    assert_int_equal(beluga_batch(*state, context, inputs, N, results, NULL),
                     BELUGA_ERROR_CONTEXT_CANCELED);
    for (size_t i = 0; i < N; i++) {
        assert_null(results[i].response);
        assert_int_equal(results[i].error.code, BELUGA_ERROR_CONTEXT_CANCELED);
    }
    beluga_batch_results_clear(results, N);
    beluga_context_unref(context);
}

static void turns_are_dealt_out_one_to_each_input(void **state)
{
    const subject *s = *state;
    const beluga_option lines = answers(s, "a\nb\nc\nd");
    beluga_chat_model *model = open_with(s, &lines, 1);
    beluga_input inputs[4];
    beluga_batch_result results[4];
    char seen[8] = "";
    for (size_t i = 0; i < 4; i++) inputs[i] = beluga_input_text("Hi");
    assert_int_equal(beluga_batch(model, NULL, inputs, 4, results, NULL), 0);
    for (size_t i = 0; i < 4; i++) strcat(seen, beluga_response_text(results[i].response, NULL));
    for (const char *letter = "abcd"; *letter; letter++) assert_non_null(strchr(seen, *letter));
    beluga_batch_results_clear(results, 4);
    beluga_chat_model_unref(model);
}

/* ---- any number ------------------------------------------------------------------------------ */

#define MANY 10000

static char many_texts[MANY][16];

typedef struct tally {
    uint64_t given, limit, delivered, failed, sum;
    uint64_t fail_at; /* index at which the source fails; 0: never */
    int done, status;
    uint64_t succeeded_at_end, failed_at_end;
    beluga_response *kept;
} tally;

static int give(void *payload, uint64_t index, beluga_input *input)
{
    tally *t = payload;
    assert_int_equal(index, t->given);
    if (t->fail_at && index == t->fail_at) return BELUGA_ERROR_INTERNAL;
    if (index == t->limit) return 0;
    char *text = many_texts[index];
    snprintf(text, sizeof many_texts[0], "%s%llu", index % 1000 == 999 ? "fail " : "",
             (unsigned long long)index);
    *input = beluga_input_text(text);
    t->given++;
    return 1;
}

static void take(void *payload, uint64_t index, beluga_batch_result *result)
{
    tally *t = payload;
    t->delivered++;
    t->failed += result->error.code != 0;
    t->sum += index;
    if (index == 7) {
        t->kept = result->response;
        result->response = NULL;
    }
}

static void end(void *payload, int status, uint64_t succeeded, uint64_t failed)
{
    tally *t = payload;
    t->done++;
    t->status = status;
    t->succeeded_at_end = succeeded;
    t->failed_at_end = failed;
}

static void run_until_done(beluga_loop *loop, const tally *t)
{
    while (!t->done) assert_int_equal(beluga_loop_wait(loop, 10000), 0);
}

static beluga_batch_op *start_batch(beluga_chat_model *model, beluga_loop *loop,
                                    beluga_context *context, tally *t, int64_t at_once)
{
    beluga_batch_op *batch = NULL;
    const beluga_option opts[] = {beluga_with_max_concurrent_batches(at_once),
                                  beluga_with_max_retries(0)};
    assert_int_equal(
        beluga_batch_start_n(model, loop, context, give, take, end, t, &batch, NULL, opts, 2), 0);
    assert_int_equal(t->delivered, 0);
    return batch;
}

static void ten_thousand_inputs_come_from_a_source_a_few_at_a_time(void **state)
{
    beluga_loop *loop = NULL;
    tally t = {.limit = MANY};
    assert_int_equal(beluga_loop_new(NULL, &loop), 0);
    beluga_batch_op *batch = start_batch(*state, loop, NULL, &t, 16);
    run_until_done(loop, &t);
    assert_int_equal(t.done, 1);
    assert_int_equal(t.status, 0);
    assert_int_equal(t.delivered, MANY);
    assert_int_equal(t.failed, MANY / 1000);
    assert_int_equal(t.succeeded_at_end, MANY - MANY / 1000);
    assert_int_equal(t.failed_at_end, MANY / 1000);
    assert_int_equal(t.sum, (uint64_t)MANY * (MANY - 1) / 2); /* each index occurred once */
    assert_int_equal(atomic_load(&most_running), 16);
    assert_int_equal(beluga_loop_active(loop), 0);
    assert_string_equal(beluga_response_text(t.kept, NULL), "7");
    beluga_response_free(t.kept);
    beluga_batch_op_free(batch);
    beluga_loop_free(loop);
}

static void a_source_that_fails_stops_the_batch_with_its_code(void **state)
{
    beluga_loop *loop = NULL;
    tally t = {.limit = MANY, .fail_at = 5};
    assert_int_equal(beluga_loop_new(NULL, &loop), 0);
    beluga_batch_op *batch = start_batch(*state, loop, NULL, &t, 3);
    run_until_done(loop, &t);
    assert_int_equal(t.done, 1);
    assert_int_equal(t.status, BELUGA_ERROR_INTERNAL);
    assert_int_equal(t.given, 5);
    assert_int_equal(t.delivered, 5); /* items that had begun are still delivered */
    beluga_batch_op_free(batch);
    beluga_loop_free(loop);
}

static void a_source_without_any_input_is_done_with_nothing(void **state)
{
    beluga_loop *loop = NULL;
    tally t = {.limit = 0};
    assert_int_equal(beluga_loop_new(NULL, &loop), 0);
    beluga_batch_op *batch = start_batch(*state, loop, NULL, &t, 3);
    run_until_done(loop, &t);
    assert_int_equal(t.status, 0);
    assert_int_equal(t.delivered, 0);
    beluga_batch_op_free(batch);
    beluga_loop_free(loop);
}

static void a_batch_that_is_freed_ends_silently(void **state)
{
    beluga_loop *loop = NULL;
    tally t = {.limit = MANY};
    assert_int_equal(beluga_loop_new(NULL, &loop), 0);
    beluga_batch_op *batch = start_batch(*state, loop, NULL, &t, 4);
    while (!t.delivered) assert_int_equal(beluga_loop_wait(loop, 10000), 0);
    beluga_batch_op_free(batch);
    uint64_t delivered = t.delivered;
    while (beluga_loop_active(loop) > 0) assert_int_equal(beluga_loop_wait(loop, 10000), 0);
    assert_int_equal(t.delivered, delivered);
    assert_int_equal(t.done, 0);
    assert_int_equal(atomic_load(&running), 0);
    beluga_response_free(t.kept);
    beluga_loop_free(loop);
}

static void a_source_is_needed(void **state)
{
    beluga_loop *loop = NULL;
    beluga_batch_op *batch = NULL;
    tally t = {0};
    assert_int_equal(beluga_loop_new(NULL, &loop), 0);
    assert_int_equal(
        beluga_batch_start_n(*state, loop, NULL, NULL, take, end, &t, &batch, NULL, NULL, 0),
        BELUGA_ERROR_INVALID_INPUT);
    assert_null(batch);
    assert_int_equal(t.done, 0);
    beluga_loop_free(loop);
}

/* ---- items with their own model or options --------------------------------------------------- */

typedef struct items {
    beluga_chat_model *other;
    beluga_option option;
    bool ready; /* the source may now return its last item */
    int asked, done;
    char answers[3][32];
    int codes[3];
} items;

static int give_item(void *payload, uint64_t index, beluga_batch_item *item)
{
    items *t = payload;
    t->asked++;
    if (index == 3) return BELUGA_BATCH_END;
    if (index == 2 && !t->ready) return BELUGA_BATCH_LATER;
    item->input = beluga_input_text("aha");
    if (index == 0) item->model = t->other;
    if (index == 1) {
        item->options = &t->option;
        item->n_options = 1;
    }
    return BELUGA_BATCH_ITEM;
}

static void take_item(void *payload, uint64_t index, beluga_batch_result *result)
{
    items *t = payload;
    t->codes[index] = result->error.code;
    if (result->response)
        snprintf(t->answers[index], sizeof t->answers[index], "%s",
                 beluga_response_text(result->response, NULL));
}

static void end_items(void *payload, int status, uint64_t succeeded, uint64_t failed)
{
    items *t = payload;
    assert_int_equal(status, 0);
    assert_int_equal(succeeded, 2);
    assert_int_equal(failed, 1);
    t->done++;
}

static void an_item_has_its_own_model_and_options_and_may_come_later(void **state)
{
    beluga_loop *loop = NULL;
    beluga_batch_op *batch = NULL;
    /* This temperature is out of range, which fails only its own item. */
    items t = {.option = beluga_with_temperature(9)};
    assert_int_equal(beluga_model_open("mock/echo", &t.other, NULL), 0);
    assert_int_equal(beluga_loop_new(NULL, &loop), 0);
    assert_int_equal(beluga_batch_start_items_n(*state, loop, NULL, give_item, take_item, end_items,
                                                &t, &batch, NULL, NULL, 0),
                     0);
    while (!t.codes[1] || !*t.answers[0]) assert_int_equal(beluga_loop_wait(loop, 10000), 0);
    for (int i = 0; i < 3; i++) assert_int_equal(beluga_loop_wait(loop, 0), 0);
    int asked = t.asked;
    assert_int_equal(beluga_loop_wait(loop, 0), 0);
    assert_int_equal(t.asked, asked); /* the source is not called again until the batch is woken */
    assert_int_equal(t.done, 0);
    assert_int_equal(atomic_load(&started), 0);
    t.ready = true;
    beluga_batch_wake(batch);
    while (!t.done) assert_int_equal(beluga_loop_wait(loop, 10000), 0);
    assert_string_equal(t.answers[0], "aha");
    assert_int_equal(t.codes[1], BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(t.answers[2], "aha");
    /* Only the last item used the batch's own model. */
    assert_int_equal(atomic_load(&started), 1);
    beluga_batch_op_free(batch);
    beluga_loop_free(loop);
    beluga_chat_model_unref(t.other);
}

#define ON_GAUGE(test) cmocka_unit_test_setup_teardown(test, on_gauge, close_gauge)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_GAUGE(results_are_in_the_order_of_the_inputs),
        ON_GAUGE(as_many_run_at_once_as_the_limit_says_and_no_more),
        ON_GAUGE(five_run_at_once_when_nothing_is_said),
        ON_GAUGE(one_that_fails_leaves_the_others_alone),
        ON_GAUGE(an_input_that_is_not_valid_is_an_error_of_its_own),
        ON_GAUGE(a_batch_of_nothing_is_done_at_once),
        ON_GAUGE(a_bad_option_fails_every_input_without_a_call),
        ON_GAUGE(a_cancelled_batch_tells_each_input_so),
        ON_EACH(turns_are_dealt_out_one_to_each_input),
        ON_GAUGE(ten_thousand_inputs_come_from_a_source_a_few_at_a_time),
        ON_GAUGE(a_source_that_fails_stops_the_batch_with_its_code),
        ON_GAUGE(a_source_without_any_input_is_done_with_nothing),
        ON_GAUGE(a_batch_that_is_freed_ends_silently),
        ON_GAUGE(a_source_is_needed),
        ON_GAUGE(an_item_has_its_own_model_and_options_and_may_come_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
