/*
 * What a telemetry sink hears: one operation a call, one attempt under it for each request, with
 * what came of them; and each span ends exactly once, in every way a call can end.
 */
#include "../support/openai.h"
#include "../support/scoped.h"
#include "../support/threads.h"

#include <beluga/provider/provider.h>
#include <beluga/providers/mock.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { MAX_SPANS = 256, THREADS = 8, CALLS = 10 };

#define TRACEPARENT "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

/* ---- a sink that records --------------------------------------------------------------------- */

typedef struct span {
    struct recorder *recorder;
    struct span *parent;
    beluga_span_start start;
    beluga_span_end end;
    beluga_error error; /* of the end */
    char model[64], traceparent[64], base_url[64], response_id[64], response_model[64];
    char tool[64], content[256], result[256], attributes[256], measured[128];
    size_t messages;
    unsigned ends, first, contents, retries;
    int retry_code;
} span;

typedef struct recorder {
    pthread_mutex_t lock;
    span spans[MAX_SPANS];
    size_t count;
    atomic_size_t late; /* what was told of a span that had ended */
    bool deaf;          /* wants to hear no more of operations */
} recorder;

static void keep(char *field, size_t n, const char *text)
{
    snprintf(field, n, "%s", text ? text : "");
}

static void *begin(void *payload, void *parent, const beluga_span_start *start)
{
    recorder *r = payload;
    span *s = NULL;
    pthread_mutex_lock(&r->lock);
    if (r->count < MAX_SPANS) s = &r->spans[r->count++];
    pthread_mutex_unlock(&r->lock);
    if (!s || r->deaf) return NULL;
    *s = (span){.recorder = r, .parent = parent, .start = *start};
    keep(s->model, sizeof s->model, start->model);
    keep(s->traceparent, sizeof s->traceparent, start->traceparent);
    keep(s->base_url, sizeof s->base_url, start->base_url);
    keep(s->tool, sizeof s->tool, start->tool_name);
    keep(s->content, sizeof s->content, start->content);
    if (start->call) s->messages = beluga_call_message_count(start->call);
    return s;
}

static void told(void *payload, void *handle, beluga_span_event_kind kind,
                 const beluga_error *error)
{
    recorder *r = payload;
    span *s = handle;
    r->late += s->ends;
    s->first += kind == BELUGA_SPAN_FIRST_CONTENT;
    s->contents += kind == BELUGA_SPAN_CONTENT;
    s->retries += kind == BELUGA_SPAN_RETRY;
    if (error) s->retry_code = error->code;
}

static void end(void *payload, void *handle, const beluga_span_end *how)
{
    recorder *r = payload;
    span *s = handle;
    r->late += s->ends;
    s->ends++;
    s->end = *how;
    if (how->error) s->error = *how->error;
    keep(s->response_id, sizeof s->response_id, how->response_id);
    keep(s->response_model, sizeof s->response_model, how->response_model);
    keep(s->result, sizeof s->result, how->content);
}

static void attribute(void *payload, void *handle, const beluga_span_attribute *a)
{
    span *s = handle;
    size_t at = strlen(s->attributes);
    (void)payload;
    if (a->type == BELUGA_ATTRIBUTE_STRING)
        snprintf(s->attributes + at, sizeof s->attributes - at, "%s=%.*s;", a->name, (int)a->length,
                 a->value.string);
    if (a->type == BELUGA_ATTRIBUTE_INT)
        snprintf(s->attributes + at, sizeof s->attributes - at, "%s=%d;", a->name,
                 (int)a->value.integer);
    if (a->type == BELUGA_ATTRIBUTE_DOUBLE)
        snprintf(s->attributes + at, sizeof s->attributes - at, "%s=%g;", a->name, a->value.number);
    if (a->type == BELUGA_ATTRIBUTE_BOOL)
        snprintf(s->attributes + at, sizeof s->attributes - at, "%s=%s;", a->name,
                 a->value.boolean ? "true" : "false");
}

static void measure(void *payload, void *handle, const beluga_measurement *m)
{
    span *s = handle;
    size_t at = strlen(s->measured);
    (void)payload;
    snprintf(s->measured + at, sizeof s->measured - at, "%u %s %s %g;", (unsigned)m->kind, m->name,
             m->unit, m->value);
}

static bool context(void *payload, void *handle, beluga_trace_context *c)
{
    (void)payload;
    snprintf(c->traceparent, sizeof c->traceparent, "00-%032x-%016x-01", 7u,
             ((span *)handle)->start.kind);
    snprintf(c->tracestate, sizeof c->tracestate, "vendor=1");
    return true;
}

static void content(void *payload, void *handle, const beluga_event *event)
{
    span *s = handle;
    size_t at = strlen(s->content);
    (void)payload;
    if (event->kind == BELUGA_EVENT_TEXT)
        snprintf(s->content + at, sizeof s->content - at, "%.*s", (int)event->u.text.length,
                 event->u.text.text);
}

/* ---- what every test has --------------------------------------------------------------------- */

typedef struct scene {
    recorder recorder;
    peer *peer;
    beluga_client *client;
    beluga_chat_model *mock, *openai;
    beluga_loop *loop;
    unsigned terminal, usages;
} scene;

static beluga_chat_model *open_in(beluga_client *client, const char *provider, const char *url)
{
    beluga_chat_model *model = NULL;
    beluga_error err = {0};
    beluga_config *config = beluga_config_new(
        beluga_with_model_name("any"), beluga_with_base_url(url), beluga_with_api_key(SECRET_KEY),
        beluga_with_retry_delay_ms(100), beluga_with_timeout_ms(PATIENCE_MS));
    if (beluga_registry_open(beluga_client_registry(client), provider, config, &model, &err))
        fail_msg("open: %s", err.message);
    beluga_config_free(config);
    return model;
}

static void open_client(scene *s, const beluga_telemetry_sink *sink)
{
    const beluga_client_settings settings = {.size = sizeof settings, .telemetry = sink};
    assert_int_equal(beluga_client_new(&settings, &s->client), 0);
    s->mock = open_in(s->client, "mock", NULL);
    s->openai = open_in(s->client, "openai", peer_url(s->peer));
    assert_int_equal(beluga_loop_new(s->client, &s->loop), 0);
}

static void close_client(scene *s)
{
    beluga_chat_model_unref(s->mock);
    beluga_chat_model_unref(s->openai);
    beluga_loop_free(s->loop);
    beluga_client_unref(s->client);
}

static beluga_telemetry_sink sink_of(recorder *r)
{
    return (beluga_telemetry_sink){.size = sizeof(beluga_telemetry_sink),
                                   .payload = r,
                                   .begin = begin,
                                   .event = told,
                                   .end = end,
                                   .attribute = attribute,
                                   .measure = measure,
                                   .context = context,
                                   .content = content};
}

static int set_up(void **state)
{
    scene *s = calloc(1, sizeof *s);
    if (!s || !(s->peer = peer_start())) return -1;
    pthread_mutex_init(&s->recorder.lock, NULL);
    const beluga_telemetry_sink sink = sink_of(&s->recorder);
    open_client(s, &sink);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    scene *s = *state;
    close_client(s);
    peer_stop(s->peer);
    pthread_mutex_destroy(&s->recorder.lock);
    free(s);
    return 0;
}

/* All that began have ended, once, and nothing was told afterwards. Returns the i-th. */
static const span *the(const scene *s, size_t i, size_t of)
{
    assert_int_equal(s->recorder.count, of);
    assert_int_equal(s->recorder.late, 0);
    for (size_t k = 0; k < of; k++) assert_int_equal(s->recorder.spans[k].ends, 1);
    return &s->recorder.spans[i];
}

/* One operation and one attempt ended with this code. */
static void assert_both(const scene *s, int code)
{
    const span *operation = the(s, 0, 2), *attempt = the(s, 1, 2);
    assert_int_equal(operation->start.kind, BELUGA_SPAN_OPERATION);
    assert_int_equal(attempt->start.kind, BELUGA_SPAN_ATTEMPT);
    assert_ptr_equal(attempt->parent, operation);
    assert_int_equal(operation->end.status, code);
    assert_int_equal(attempt->end.status, code);
    assert_int_equal(operation->error.code, code);
}

static int invoke_on(beluga_chat_model *model, beluga_context *context, const beluga_option *opts,
                     size_t n)
{
    beluga_response *response;
    int status = beluga_invoke_n(model, context, beluga_input_text("Hi"), &response, NULL, opts, n);
    beluga_response_free(response);
    return status;
}

/* ---- what is told ---------------------------------------------------------------------------- */

static void a_call_is_an_operation_and_one_attempt(void **state)
{
    scene *s = *state;
    peer_openai_answer(peer_reply_new(s->peer), "Hello there.");
    beluga_context *context = beluga_context_new_traced(NULL, TRACEPARENT);
    const beluga_option name = beluga_with_model_name("peer-chat");
    assert_int_equal(invoke_on(s->openai, context, &name, 1), 0);
    beluga_context_unref(context);
    assert_both(s, 0);
    const span *operation = the(s, 0, 2), *attempt = the(s, 1, 2);
    assert_null(operation->parent);
    assert_int_equal(operation->start.attempt, 0);
    assert_int_equal(attempt->start.attempt, 1);
    assert_string_equal(operation->traceparent, TRACEPARENT);
    for (const span *x = operation; x <= attempt; x++) {
        assert_int_equal(x->start.size, sizeof x->start);
        assert_string_equal(x->start.operation, "chat");
        assert_string_equal(x->start.provider, "openai");
        assert_string_equal(x->start.metric_prefix, "beluga.openai");
        assert_string_equal(x->model, "peer-chat");
        assert_string_equal(x->base_url, peer_url(s->peer));
        assert_false(x->start.streaming);
        assert_int_equal(x->messages, 1);
        assert_int_equal(x->end.size, sizeof x->end);
        assert_null(x->end.error);
        assert_true(x->end.usage.input_total > 0 && x->end.usage.output_total > 0);
        assert_int_equal(x->end.finish_reason, BELUGA_FINISH_STOP);
        assert_true(*x->response_id);
        assert_string_equal(x->response_model, "peer-chat");
        assert_true(x->end.duration_ns > 0);
        assert_int_equal(x->retries, 0);
    }
    assert_true(operation->end.duration_ns >= attempt->end.duration_ns);
}

static void a_provider_without_http_is_told_of_alike(void **state)
{
    scene *s = *state;
    assert_int_equal(invoke_on(s->mock, NULL, NULL, 0), 0);
    assert_both(s, 0);
    assert_string_equal(the(s, 0, 2)->start.provider, "mock");
    assert_string_equal(the(s, 0, 2)->start.metric_prefix, "beluga.mock");
    assert_string_equal(the(s, 0, 2)->base_url, "");
    assert_true(the(s, 1, 2)->end.usage.output_total > 0);
}

static void a_stream_tells_its_first_content_and_the_others(void **state)
{
    scene *s = *state;
    pulled got;
    peer_openai_stream(peer_reply_new(s->peer), "one two three");
    stream_all(s->openai, &got);
    assert_int_equal(got.status, 0);
    assert_both(s, 0);
    const span *operation = the(s, 0, 2);
    assert_true(operation->start.streaming);
    assert_int_equal(operation->first, 1);
    assert_int_equal(operation->contents, got.texts - 1);
    assert_int_equal(operation->end.usage.output_total, got.usage.output_total);
    assert_true(got.usage.output_total > 0);
}

static void tool_calls_are_counted(void **state)
{
    scene *s = *state;
    pulled got;
    peer_reply *r = peer_reply_new(s->peer);
    peer_openai_begin(r);
    peer_openai_tool(r, 0, "call_1", "weather", "{}");
    peer_openai_tool(r, 1, "call_2", "weather", "{}");
    peer_openai_finish(r, "tool_calls");
    peer_openai_usage(r, 3, 4);
    peer_openai_done(r);
    stream_all(s->openai, &got);
    assert_both(s, 0);
    assert_int_equal(the(s, 0, 2)->end.tool_calls, 2);
    assert_int_equal(the(s, 1, 2)->end.tool_calls, 2);
    assert_int_equal(the(s, 0, 2)->end.finish_reason, BELUGA_FINISH_TOOL_CALLS);
}

static void every_attempt_has_a_span_and_every_retry_its_reason(void **state)
{
    scene *s = *state;
    peer_openai_error(peer_reply_new(s->peer), 429, "Retry-After: 0\r\n", NULL, "slow down");
    peer_openai_error(peer_reply_new(s->peer), 500, "Retry-After: 0\r\n", NULL, "broken");
    peer_openai_answer(peer_reply_new(s->peer), "Hello.");
    assert_int_equal(invoke_on(s->openai, NULL, NULL, 0), 0);
    const span *operation = the(s, 0, 4);
    assert_int_equal(operation->end.status, 0);
    assert_int_equal(operation->retries, 2);
    assert_int_equal(operation->retry_code, BELUGA_ERROR_INTERNAL);
    static const int codes[] = {BELUGA_ERROR_RATE_LIMIT, BELUGA_ERROR_INTERNAL, 0};
    for (unsigned i = 0; i < 3; i++) {
        const span *attempt = the(s, i + 1, 4);
        assert_ptr_equal(attempt->parent, operation);
        assert_int_equal(attempt->start.attempt, i + 1);
        assert_int_equal(attempt->end.status, codes[i]);
    }
    assert_int_equal(the(s, 1, 4)->end.http_status, 429);
}

static void the_last_failure_is_the_operations(void **state)
{
    scene *s = *state;
    peer_reply *r = peer_reply_new(s->peer);
    peer_reply_repeat(r, 2);
    peer_openai_error(r, 503, "Retry-After: 0\r\n", "overloaded", "later");
    const beluga_option once = beluga_with_max_retries(1);
    assert_int_equal(invoke_on(s->openai, NULL, &once, 1), BELUGA_ERROR_OVERLOADED);
    const span *operation = the(s, 0, 3);
    assert_int_equal(operation->end.status, BELUGA_ERROR_OVERLOADED);
    assert_int_equal(operation->end.http_status, 503);
    assert_string_equal(operation->error.provider_code, "overloaded");
    assert_int_equal(operation->error.attempts, 2);
    assert_int_equal(operation->retries, 1);
    assert_int_equal(the(s, 2, 3)->end.status, BELUGA_ERROR_OVERLOADED);
}

static void usage_is_told_of_a_stream_that_breaks(void **state)
{
    scene *s = *state;
    pulled got;
    peer_reply *r = peer_reply_new(s->peer);
    peer_openai_begin(r);
    peer_openai_text(r, "Half");
    peer_openai_usage(r, 11, 7);
    peer_step_close(r);
    stream_all(s->openai, &got);
    assert_int_equal(got.status, BELUGA_ERROR_STREAM_CLOSED);
    assert_both(s, BELUGA_ERROR_STREAM_CLOSED);
    assert_int_equal(the(s, 0, 2)->end.usage.input_total, 11);
    assert_int_equal(the(s, 0, 2)->end.usage.output_total, 7);
    assert_int_equal(the(s, 1, 2)->end.usage.output_total, 7);
    assert_int_equal(the(s, 0, 2)->first, 1);
}

/* ---- every way to end ------------------------------------------------------------------------ */

/* A stream that says a word and its usage, and then nothing more. */
static void say_a_word_and_hang(peer *p)
{
    peer_reply *r = peer_reply_new(p);
    peer_openai_begin(r);
    peer_openai_text(r, "Half");
    peer_openai_usage(r, 11, 7);
    peer_step_hang(r);
}

static void on_event(void *payload, const beluga_event *event)
{
    scene *s = payload;
    s->usages += event->kind == BELUGA_EVENT_USAGE;
    if (event->kind == BELUGA_EVENT_FINISH || event->kind == BELUGA_EVENT_ERROR) s->terminal++;
}

/* A pushed stream that has got its usage and waits. */
static beluga_op *waiting_stream(scene *s, beluga_context *context)
{
    beluga_op *op = NULL;
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Hi"));
    say_a_word_and_hang(s->peer);
    assert_int_equal(
        beluga_stream_start(s->openai, s->loop, context, messages, on_event, s, &op, NULL), 0);
    beluga_messages_free(messages);
    while (!s->usages) assert_int_equal(beluga_loop_wait(s->loop, PATIENCE_MS), 0);
    return op;
}

static void step_to_the_end(scene *s)
{
    while (!s->terminal) assert_int_equal(beluga_loop_wait(s->loop, PATIENCE_MS), 0);
    assert_int_equal(s->terminal, 1);
}

static void an_op_that_is_cancelled_ends_its_spans_with_its_usage(void **state)
{
    scene *s = *state;
    beluga_op *op = waiting_stream(s, NULL);
    beluga_op_cancel(op);
    beluga_op_cancel(op);
    step_to_the_end(s);
    beluga_op_cancel(op);
    beluga_op_free(op);
    assert_both(s, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_int_equal(the(s, 0, 2)->end.usage.output_total, 7);
    assert_int_equal(the(s, 1, 2)->end.usage.output_total, 7);
}

static void a_context_that_is_cancelled_ends_its_spans(void **state)
{
    scene *s = *state;
    beluga_context *context = beluga_context_new_cancellable(NULL);
    beluga_op *op = waiting_stream(s, context);
    beluga_context_cancel(context);
    step_to_the_end(s);
    beluga_op_free(op);
    beluga_context_unref(context);
    assert_both(s, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_int_equal(the(s, 0, 2)->end.usage.input_total, 11);
}

static void a_deadline_ends_both_spans_as_what_it_is(void **state)
{
    scene *s = *state;
    beluga_context *context = beluga_context_new_timeout(NULL, 50);
    peer_step_hang(peer_reply_new(s->peer));
    assert_int_equal(invoke_on(s->openai, context, NULL, 0), BELUGA_ERROR_CONTEXT_TIMEOUT);
    beluga_context_unref(context);
    assert_both(s, BELUGA_ERROR_CONTEXT_TIMEOUT);
}

static void a_timeout_ends_both_spans(void **state)
{
    scene *s = *state;
    const beluga_option soon[] = {beluga_with_timeout_ms(50), beluga_with_max_retries(0)};
    peer_step_hang(peer_reply_new(s->peer));
    assert_int_equal(invoke_on(s->openai, NULL, soon, 2), BELUGA_ERROR_TIMEOUT);
    assert_both(s, BELUGA_ERROR_TIMEOUT);
}

static void a_loop_that_is_freed_ends_its_spans(void **state)
{
    scene *s = *state;
    beluga_op *op = waiting_stream(s, NULL);
    beluga_loop_free(s->loop);
    s->loop = NULL;
    beluga_op_free(op);
    assert_int_equal(s->terminal, 0);
    assert_both(s, BELUGA_ERROR_CONTEXT_CANCELED);
}

static void a_stream_that_is_freed_ends_its_spans(void **state)
{
    scene *s = *state;
    beluga_stream *stream = NULL;
    const beluga_event *event = NULL;
    say_a_word_and_hang(s->peer);
    assert_int_equal(beluga_stream_input(s->openai, NULL, beluga_input_text("Hi"), &stream, NULL),
                     0);
    do assert_int_equal(beluga_stream_next(stream, &event, NULL), 0);
    while (event->kind != BELUGA_EVENT_TEXT);
    beluga_stream_free(stream);
    assert_both(s, BELUGA_ERROR_CONTEXT_CANCELED);
}

static void a_stream_that_is_freed_before_its_first_event_ends_its_spans(void **state)
{
    scene *s = *state;
    beluga_stream *stream = NULL;
    assert_int_equal(beluga_stream_input(s->openai, NULL, beluga_input_text("Hi"), &stream, NULL),
                     0);
    beluga_stream_free(stream);
    assert_both(s, BELUGA_ERROR_CONTEXT_CANCELED);
}

static void a_cancel_while_a_retry_waits_begins_no_attempt(void **state)
{
    scene *s = *state;
    beluga_op *op = NULL;
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Hi"));
    peer_openai_error(peer_reply_new(s->peer), 429, "Retry-After: 50\r\n", NULL, "slow down");
    assert_int_equal(
        beluga_stream_start(s->openai, s->loop, NULL, messages, on_event, s, &op, NULL), 0);
    beluga_messages_free(messages);
    while (!s->recorder.spans[0].retries)
        assert_int_equal(beluga_loop_wait(s->loop, PATIENCE_MS), 0);
    beluga_op_cancel(op);
    step_to_the_end(s);
    beluga_op_free(op);
    assert_int_equal(the(s, 0, 2)->end.status, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_int_equal(the(s, 1, 2)->end.status, BELUGA_ERROR_RATE_LIMIT);
}

static int one_input(void *payload, uint64_t index, beluga_input *input)
{
    (void)payload;
    *input = beluga_input_text("Hi");
    return index == 0;
}

static void no_result(void *payload, uint64_t index, beluga_batch_result *result)
{
    (void)index;
    (void)result;
    ((scene *)payload)->terminal++;
}

static void a_batch_that_is_freed_ends_its_spans(void **state)
{
    scene *s = *state;
    beluga_batch_op *batch = NULL;
    peer_step_hang(peer_reply_new(s->peer));
    assert_int_equal(beluga_batch_start_n(s->openai, s->loop, NULL, one_input, no_result, NULL, s,
                                          &batch, NULL, NULL, 0),
                     0);
    while (!beluga_loop_active(s->loop)) assert_int_equal(beluga_loop_step(s->loop), 0);
    beluga_batch_op_free(batch);
    assert_int_equal(s->terminal, 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(the(s, i, 3)->end.status, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_int_equal(the(s, 0, 3)->start.kind, BELUGA_SPAN_BATCH);
    assert_ptr_equal(the(s, 1, 3)->parent, the(s, 0, 3));
}

static void a_batch_is_the_parent_of_its_inputs(void **state)
{
    scene *s = *state;
    const beluga_input inputs[] = {beluga_input_text("1"), beluga_input_text("2"), {0}};
    beluga_batch_result results[3];
    assert_int_not_equal(beluga_batch(s->mock, NULL, inputs, 3, results, NULL), 0);
    beluga_batch_results_clear(results, 3);
    const span *batch = the(s, 0, 5);
    assert_int_equal(batch->start.kind, BELUGA_SPAN_BATCH);
    assert_string_equal(batch->start.operation, "batch");
    assert_int_equal(batch->end.succeeded, 2);
    assert_int_equal(batch->end.failed, 1);
    size_t below = 0;
    for (size_t i = 1; i < 5; i++) below += the(s, i, 5)->parent == batch;
    assert_int_equal(below, 2);
}

static void a_batch_outlives_its_loop(void **state)
{
    scene *s = *state;
    beluga_batch_op *batch = NULL;
    assert_int_equal(beluga_batch_start_n(s->openai, s->loop, NULL, one_input, no_result, NULL, s,
                                          &batch, NULL, NULL, 0),
                     0);
    beluga_loop_free(s->loop);
    s->loop = NULL;
    beluga_batch_op_free(batch);
    assert_int_equal(s->terminal, 0);
    assert_int_equal(the(s, 0, 1)->end.status, BELUGA_ERROR_CONTEXT_CANCELED);
}

/* ---- tools ----------------------------------------------------------------------------------- */

static char traced_as[64]; /* what a tool found in its context */

static int tell_weather(void *payload, beluga_context *ctx, const char *arguments, size_t length,
                        beluga_tool_result *result)
{
    (void)payload;
    (void)arguments;
    (void)length;
    keep(traced_as, sizeof traced_as, beluga_context_traceparent(ctx));
    return beluga_tool_result_set(result, "sunny", 5);
}

/* A mock that calls these tools, then answers. */
static beluga_chat_model *mock_with_tools(scene *s, const char *calls)
{
    const beluga_tool_definition definition = {.size = sizeof definition,
                                               .name = "weather",
                                               .description = "How it is",
                                               .execute = tell_weather};
    beluga_chat_model *mock = NULL, *bound = NULL;
    beluga_tool *tool = NULL;
    beluga_error err = {0};
    beluga_config *config =
        beluga_config_new(beluga_with_model_name("any"), beluga_mock_with_tool_calls(calls));
    if (beluga_registry_open(beluga_client_registry(s->client), "mock", config, &mock, &err))
        fail_msg("%s", err.message);
    beluga_config_free(config);
    assert_int_equal(beluga_tool_new(&definition, &tool, NULL), 0);
    assert_int_equal(beluga_bind_tools(mock, &tool, 1, &bound, NULL), 0);
    beluga_tool_unref(tool);
    beluga_chat_model_unref(mock);
    return bound;
}

static void run_tools(beluga_chat_model *model)
{
    SCOPED(beluga_messages) *messages = beluga_messages_new();
    SCOPED(beluga_response) *response = NULL;
    beluga_error err = {0};
    beluga_messages_add(messages, beluga_human_message("go"));
    if (beluga_run_tools(model, NULL, messages, NULL, NULL, &response, &err))
        fail_msg("%s", err.message);
    beluga_chat_model_unref(model);
}

static const span *tool_span(const scene *s, size_t nth)
{
    for (size_t i = 0; i < s->recorder.count; i++)
        if (s->recorder.spans[i].start.kind == BELUGA_SPAN_TOOL && nth-- == 0)
            return &s->recorder.spans[i];
    fail_msg("no tool was told of");
    return NULL;
}

static void a_tool_loop_is_the_parent_of_its_steps_and_tools(void **state)
{
    scene *s = *state;
    run_tools(mock_with_tools(
        s, "[{\"name\":\"weather\",\"arguments\":{}},{\"name\":\"none\",\"arguments\":{}}]"));
    const span *loop = the(s, 0, s->recorder.count);
    assert_int_equal(loop->start.kind, BELUGA_SPAN_TOOL_LOOP);
    assert_int_equal(loop->end.status, 0);
    size_t steps = 0;
    for (size_t i = 1; i < s->recorder.count; i++) {
        const span *x = &s->recorder.spans[i];
        steps += x->start.kind == BELUGA_SPAN_OPERATION;
        if (x->start.kind != BELUGA_SPAN_ATTEMPT) assert_ptr_equal(x->parent, loop);
    }
    assert_int_equal(steps, 2);
    const span *weather = tool_span(s, 0), *none = tool_span(s, 1);
    assert_string_equal(weather->tool, "weather");
    assert_int_equal(weather->end.status, 0);
    assert_string_equal(weather->content, ""); /* content is not captured */
    assert_string_equal(weather->result, "");
    assert_string_equal(none->tool, "none");
    assert_int_equal(none->end.status, BELUGA_ERROR_TOOL_NOT_FOUND);
    assert_string_equal(traced_as, "00-00000000000000000000000000000007-0000000000000003-01");
}

static void content_is_told_only_where_it_is_captured(void **state)
{
    scene *s = *state;
    invoke_on(s->mock, NULL, NULL, 0);
    assert_string_equal(the(s, 0, 2)->content, "");
    beluga_client_set_log(s->client, NULL, NULL, 0, true);
    invoke_on(s->mock, NULL, NULL, 0);
    assert_string_equal(the(s, 2, 4)->content, "This is a mock response.");
    run_tools(mock_with_tools(s, "[{\"name\":\"weather\",\"arguments\":{\"at\":\"here\"}}]"));
    assert_string_equal(tool_span(s, 0)->content, "{\"at\":\"here\"}");
    assert_string_equal(tool_span(s, 0)->result, "sunny");
}

/* ---- what goes upstream, and what a provider adds ------------------------------------------- */

static const char *header_sent(scene *s, size_t index, const char *name)
{
    assert_true(index < peer_requests(s->peer));
    return peer_request_header(s->peer, index, name);
}

static void every_attempt_sends_its_own_context(void **state)
{
    scene *s = *state;
    peer_openai_error(peer_reply_new(s->peer), 429, "Retry-After: 0\r\n", NULL, "slow down");
    peer_openai_answer(peer_reply_new(s->peer), "Hello.");
    assert_int_equal(invoke_on(s->openai, NULL, NULL, 0), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(header_sent(s, i, "traceparent"),
                            "00-00000000000000000000000000000007-0000000000000002-01");
        assert_string_equal(header_sent(s, i, "tracestate"), "vendor=1");
    }
    assert_non_null(strstr(the(s, 1, 3)->attributes, "url.full=http://127.0.0.1:"));
    assert_int_equal(the(s, 2, 3)->end.http_status, 200);
}

static void a_model_may_keep_its_trace_to_itself(void **state)
{
    scene *s = *state;
    const beluga_option off = beluga_with_propagate_trace(false);
    peer_openai_answer(peer_reply_new(s->peer), "Hello.");
    assert_int_equal(invoke_on(s->openai, NULL, &off, 1), 0);
    assert_null(header_sent(s, 0, "traceparent"));
}

static void without_a_sink_the_callers_context_goes_on(void **state)
{
    scene *s = *state;
    close_client(s);
    open_client(s, NULL);
    beluga_context *traced = beluga_context_new_trace(NULL, TRACEPARENT, "vendor=2");
    peer_openai_answer(peer_reply_new(s->peer), "Hello.");
    peer_openai_answer(peer_reply_new(s->peer), "Hello.");
    assert_int_equal(invoke_on(s->openai, traced, NULL, 0), 0);
    assert_int_equal(invoke_on(s->openai, NULL, NULL, 0), 0);
    beluga_context_unref(traced);
    assert_string_equal(header_sent(s, 0, "traceparent"), TRACEPARENT);
    assert_string_equal(header_sent(s, 0, "tracestate"), "vendor=2");
    assert_null(header_sent(s, 1, "traceparent"));
}

static int add_all(beluga_emit *emit, void *argument)
{
    (void)argument;
    beluga_span_set_string(emit, "acme.region", "north");
    beluga_span_set_int(emit, "acme.shard", -3);
    beluga_span_set_double(emit, "acme.load", 0.5);
    beluga_span_set_bool(emit, "acme.warm", true);
    beluga_counter_add(emit, "acme.credits", "{credit}", 2);
    beluga_histogram_record(emit, "acme.queue", "s", 0.25);
    return beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

static int start_here(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    (void)self;
    (void)call;
    (void)err;
    assert_int_equal(beluga_span_set_string(emit, "x", NULL), BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(beluga_counter_add(emit, "x", NULL, -1), BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(beluga_span_set_int(emit, "", 1), BELUGA_ERROR_INVALID_INPUT);
    return beluga_emit_text(emit, "x", 1) || add_all(emit, NULL);
}

static int start_there(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    (void)self;
    (void)call;
    (void)err;
    int status = beluga_emit_text(emit, "x", 1);
    return status ? status : beluga_emit_run_blocking(emit, add_all, NULL, NULL);
}

static void cancel_nothing(void *self, beluga_emit *emit)
{
    (void)self;
    (void)emit;
}

static void a_provider_adds_what_only_it_knows(void **state)
{
    scene *s = *state;
    static const beluga_provider here = {BELUGA_PROVIDER_INIT("here"), .default_model = "m",
                                         .start = start_here, .cancel = cancel_nothing};
    static const beluga_provider there = {BELUGA_PROVIDER_INIT("there"), .default_model = "m",
                                          .start = start_there, .cancel = cancel_nothing};
    beluga_registry *registry = beluga_client_registry(s->client);
    assert_int_equal(beluga_registry_register(registry, &here, NULL), 0);
    assert_int_equal(beluga_registry_register(registry, &there, NULL), 0);
    for (size_t i = 0; i < 2; i++) {
        beluga_chat_model *model = open_in(s->client, i ? "there" : "here", NULL);
        assert_int_equal(invoke_on(model, NULL, NULL, 0), 0);
        beluga_chat_model_unref(model);
        const span *attempt = the(s, 2 * i + 1, 2 * i + 2);
        assert_string_equal(attempt->attributes,
                            "acme.region=north;acme.shard=-3;acme.load=0.5;acme.warm=true;");
        assert_string_equal(attempt->measured, "1 acme.credits {credit} 2;2 acme.queue s 0.25;");
    }
}

static void a_sink_of_an_older_build_hears_operations_and_attempts_only(void **state)
{
    scene *s = *state;
    beluga_telemetry_sink sink = sink_of(&s->recorder);
    sink.size = offsetof(beluga_telemetry_sink, attribute);
    close_client(s);
    open_client(s, &sink);
    run_tools(mock_with_tools(s, "[{\"name\":\"weather\",\"arguments\":{}}]"));
    for (size_t i = 0; i < s->recorder.count; i++)
        assert_true(the(s, i, 4)->start.kind <= BELUGA_SPAN_ATTEMPT);
}

/* ---- when nothing is told -------------------------------------------------------------------- */

static void what_never_starts_and_lists_of_models_are_not_told(void **state)
{
    scene *s = *state;
    char **names = NULL;
    size_t n;
    const beluga_option bad = beluga_with_temperature(9);
    assert_int_equal(invoke_on(s->mock, NULL, &bad, 1), BELUGA_ERROR_INVALID_INPUT);
    peer_step_json(peer_reply_new(s->peer), 200, "{\"data\":[{\"id\":\"a\"}]}");
    assert_int_equal(beluga_list_models(s->openai, NULL, &names, &n, NULL), 0);
    beluga_free(names);
    assert_int_equal(s->recorder.count, 0);
}

static void a_sink_that_returns_no_handle_hears_no_more(void **state)
{
    scene *s = *state;
    s->recorder.deaf = true;
    peer_openai_error(peer_reply_new(s->peer), 429, "Retry-After: 0\r\n", NULL, "slow down");
    peer_openai_stream(peer_reply_new(s->peer), "one two");
    pulled got;
    stream_all(s->openai, &got);
    assert_int_equal(got.status, 0);
    assert_int_equal(s->recorder.count, 1); /* the operation alone was offered */
}

static void a_sink_may_lack_any_function(void **state)
{
    scene *s = *state;
    for (int missing = 0; missing < 4; missing++) {
        beluga_telemetry_sink sink = sink_of(&s->recorder);
        if (missing == 0 || missing == 3) sink.begin = NULL;
        if (missing == 1 || missing == 3) sink.event = NULL;
        if (missing == 2 || missing == 3) sink.end = NULL;
        close_client(s);
        open_client(s, &sink);
        s->recorder.count = 0;
        peer_openai_error(peer_reply_new(s->peer), 429, "Retry-After: 0\r\n", NULL, "slow down");
        peer_openai_stream(peer_reply_new(s->peer), "one two");
        pulled got;
        stream_all(s->openai, &got);
        assert_int_equal(got.status, 0);
        assert_int_equal(s->recorder.count, missing == 1 || missing == 2 ? 3 : 0);
    }
}

static void a_model_may_be_told_of_not_at_all(void **state)
{
    scene *s = *state;
    SCOPED(beluga_chat_model) *quiet = NULL;
    beluga_config *config =
        beluga_config_new(beluga_with_model_name("any"), beluga_with_enable_tracing(false),
                          beluga_with_enable_metrics(false));
    assert_int_equal(
        beluga_registry_open(beluga_client_registry(s->client), "mock", config, &quiet, NULL), 0);
    beluga_config_free(config);
    assert_int_equal(invoke_on(quiet, NULL, NULL, 0), 0);
    assert_int_equal(s->recorder.count, 0);
}

static void a_client_without_a_sink_tells_nobody(void **state)
{
    scene *s = *state;
    close_client(s);
    open_client(s, NULL);
    peer_openai_stream(peer_reply_new(s->peer), "one two");
    pulled got;
    stream_all(s->openai, &got);
    assert_int_equal(got.status, 0);
    assert_int_equal(s->recorder.count, 0);
}

/* ---- threads --------------------------------------------------------------------------------- */

static void *call_some(void *argument)
{
    for (int i = 0; i < CALLS; i++) invoke_on(argument, NULL, NULL, 0);
    return NULL;
}

static void spans_of_many_threads_do_not_mix(void **state)
{
    scene *s = *state;
    threads_run(THREADS, call_some, s->mock);
    size_t operations = 0;
    for (size_t i = 0; i < s->recorder.count; i++) {
        const span *x = the(s, i, 2 * THREADS * CALLS);
        operations += x->start.kind == BELUGA_SPAN_OPERATION;
        assert_int_equal(x->end.status, 0);
        if (x->parent) assert_int_equal(x->parent->start.kind, BELUGA_SPAN_OPERATION);
    }
    assert_int_equal(operations, THREADS * CALLS);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_call_is_an_operation_and_one_attempt),
        TEST(a_provider_without_http_is_told_of_alike),
        TEST(a_stream_tells_its_first_content_and_the_others),
        TEST(tool_calls_are_counted),
        TEST(every_attempt_has_a_span_and_every_retry_its_reason),
        TEST(the_last_failure_is_the_operations),
        TEST(usage_is_told_of_a_stream_that_breaks),
        TEST(an_op_that_is_cancelled_ends_its_spans_with_its_usage),
        TEST(a_context_that_is_cancelled_ends_its_spans),
        TEST(a_deadline_ends_both_spans_as_what_it_is),
        TEST(a_timeout_ends_both_spans),
        TEST(a_loop_that_is_freed_ends_its_spans),
        TEST(a_stream_that_is_freed_ends_its_spans),
        TEST(a_stream_that_is_freed_before_its_first_event_ends_its_spans),
        TEST(a_cancel_while_a_retry_waits_begins_no_attempt),
        TEST(a_batch_that_is_freed_ends_its_spans),
        TEST(a_batch_is_the_parent_of_its_inputs),
        TEST(a_tool_loop_is_the_parent_of_its_steps_and_tools),
        TEST(content_is_told_only_where_it_is_captured),
        TEST(every_attempt_sends_its_own_context),
        TEST(a_model_may_keep_its_trace_to_itself),
        TEST(without_a_sink_the_callers_context_goes_on),
        TEST(a_provider_adds_what_only_it_knows),
        TEST(a_sink_of_an_older_build_hears_operations_and_attempts_only),
        TEST(a_batch_outlives_its_loop),
        TEST(what_never_starts_and_lists_of_models_are_not_told),
        TEST(a_sink_that_returns_no_handle_hears_no_more),
        TEST(a_sink_may_lack_any_function),
        TEST(a_model_may_be_told_of_not_at_all),
        TEST(a_client_without_a_sink_tells_nobody),
        TEST(spans_of_many_threads_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
