/* A telemetry sink that records what it is called with, and the scene of all tests that use it. */
#ifndef TESTS_TELEMETRY_RECORDER_H
#define TESTS_TELEMETRY_RECORDER_H

#include "../support/openai.h"

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
    beluga_error error; /* the error with which the span ended */
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
    atomic_size_t late; /* number of calls for a span that had already ended */
    /* if set, `begin` returns NULL for operations, so that the sink is not called for them again */
    bool deaf;
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

/* ---- the scene of the tests ------------------------------------------------------------------ */

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

/* Assert that there are `of` spans, that each has ended once, and that the sink was not called for
 * a span after its end. Returns span `i`. */
static const span *the(const scene *s, size_t i, size_t of)
{
    assert_int_equal(s->recorder.count, of);
    assert_int_equal(s->recorder.late, 0);
    for (size_t k = 0; k < of; k++) assert_int_equal(s->recorder.spans[k].ends, 1);
    return &s->recorder.spans[i];
}

static int invoke_on(beluga_chat_model *model, beluga_context *context, const beluga_option *opts,
                     size_t n)
{
    beluga_response *response;
    int status = beluga_invoke_n(model, context, beluga_input_text("Hi"), &response, NULL, opts, n);
    beluga_response_free(response);
    return status;
}

/* ---- threads --------------------------------------------------------------------------------- */

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
