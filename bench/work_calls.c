/* Calls of a provider without a network, `mock` by default, so that nearly all the cost is the
 * library's. */
#include "support.h"
#include "work.h"

#include <stdlib.h>

const char *work_provider = "mock";

typedef struct calls {
    beluga_client *client;
    beluga_chat_model *model;
    beluga_messages *question;
    beluga_tool *tools[3];
    beluga_telemetry *telemetry;
    size_t spans; /* spans begun and ended */
} calls;

static calls *new_calls(void)
{
    calls *c = calloc(1, sizeof *c);
    if (!c) give_up("calls", "no memory");
    c->question = new_question();
    return c;
}

static void *open_calls(void)
{
    calls *c = new_calls();
    c->client = new_client(NULL);
    c->model = open_offline(c->client, work_provider);
    return c;
}

static void close_calls(void *fixture)
{
    calls *c = fixture;
    for (size_t i = 0; i < 3; i++) beluga_tool_unref(c->tools[i]);
    beluga_messages_free(c->question);
    beluga_chat_model_unref(c->model);
    beluga_telemetry_shutdown(c->telemetry, 0);
    beluga_telemetry_unref(c->telemetry);
    beluga_client_unref(c->client);
    free(c);
}

static void generate(void *fixture, size_t n)
{
    calls *c = fixture;
    beluga_error err = {0};
    for (size_t i = 0; i < n; i++) {
        beluga_response *response;
        must("generate", beluga_generate(c->model, NULL, c->question, &response, &err), &err);
        beluga_response_free(response);
    }
}

enum { CALLS_TO_FILL_THE_QUEUE = 1024 };

static void print_nothing(void *payload, const char *text, size_t length)
{
    (void)payload;
    (void)text;
    (void)length;
}

/* The least telemetry possible, which only counts spans. */
static void *count_begin(void *payload, void *parent, const beluga_span_start *start)
{
    (void)parent;
    (void)start;
    ++*(size_t *)payload;
    return payload;
}

static void count_end(void *payload, void *span, const beluga_span_end *end)
{
    (void)span;
    (void)end;
    ++*(size_t *)payload;
}

static void *open_observed(void)
{
    calls *c = new_calls();
    beluga_telemetry_sink sink = {
        .size = sizeof sink, .payload = &c->spans, .begin = count_begin, .end = count_end};
    c->client = new_client(&sink);
    c->model = open_offline(c->client, work_provider);
    return c;
}

/* Open the library's own telemetry, with every span sampled. Its memory is allocated before
 * counting begins. */
static void *open_exported(void)
{
    static const char *const variables[] = {
        "OTEL_TRACES_EXPORTER=console",  "OTEL_METRICS_EXPORTER=none",
        "OTEL_TRACES_SAMPLER=always_on", "OTEL_BSP_SCHEDULE_DELAY=3600000",
        "OTEL_BSP_MAX_QUEUE_SIZE=512",   NULL};
    const beluga_telemetry_settings settings = {.size = sizeof settings,
                                                .variables = variables,
                                                .without_environment = true,
                                                .print = print_nothing};
    beluga_error err = {0};
    calls *c = new_calls();
    c->client = new_client(NULL);
    must("telemetry", beluga_telemetry_init(c->client, &settings, &c->telemetry, &err), &err);
    c->model = open_offline(c->client, work_provider);
    generate(c, CALLS_TO_FILL_THE_QUEUE);
    return c;
}

static void stream_chat(void *fixture, size_t n)
{
    calls *c = fixture;
    beluga_error err = {0};
    for (size_t i = 0; i < n; i++) {
        beluga_stream *stream;
        const beluga_event *event;
        must("stream", beluga_stream_chat(c->model, NULL, c->question, &stream, &err), &err);
        do must("stream", beluga_stream_next(stream, &event, &err), &err);
        while (event);
        beluga_stream_free(stream);
    }
}

static void *open_tools(void)
{
    static const char *const names[] = {"get_weather", "get_time", "search_documents"};
    calls *c = open_calls();
    for (size_t i = 0; i < 3; i++) {
        beluga_tool_definition definition = {
            .size = sizeof definition,
            .name = names[i],
            .description = "A tool of the benchmark",
            .parameters = "{\"type\":\"object\",\"properties\":{\"place\":{\"type\":\"string\"}}}",
        };
        must("tool", beluga_tool_new(&definition, &c->tools[i], NULL), NULL);
    }
    return c;
}

static void bind_tools(void *fixture, size_t n)
{
    calls *c = fixture;
    for (size_t i = 0; i < n; i++) {
        beluga_chat_model *bound;
        must("bind_tools", beluga_bind_tools(c->model, c->tools, 3, &bound, NULL), NULL);
        beluga_chat_model_unref(bound);
    }
}

const work works[] = {
    {"generate", open_calls, generate, close_calls},
    {"generate_observed", open_observed, generate, close_calls},
    {"generate_exported", open_exported, generate, close_calls},
    {"stream_chat", open_calls, stream_chat, close_calls},
    {"bind_tools", open_tools, bind_tools, close_calls},
    {NULL, NULL, NULL, NULL},
};
