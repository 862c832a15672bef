#include "system_programs.h"

#include "../support/broker.h"
#include "../support/calls.h"
#include "../support/files.h"
#include "../support/folder.h"
#include "../support/outside_peer.h"
#include "../support/script.h"
#include "../support/tools.h"
#include "failing.h"

#include <beluga/cassette.h>
#include <beluga/providers/mock.h>
#include <beluga/telemetry.h>
#include <beluga/tool_loop.h>

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum { BATCH = 4 };

meter memory;

static char folder[FOLDER_BYTES];

/* ---- a server in another process ------------------------------------------------------------- */

static peer *server;
static pid_t server_pid;

static bool start_server(void)
{
    const peer_config config = {.kept_requests = 1};
    server = peer_new(&config);
    if (!server) return false;
    script(server, MATCHES("/token"), FOR_EVER, JSON("{\"token\":\"token-1\"}"));
    script(server, MATCHES("/v1/traces"), FOR_EVER, HEAD(200, ""), BODY(""));
    script(server, MATCHES("/v1/metrics"), FOR_EVER, HEAD(200, ""), BODY(""));
    script(server, MATCHES_STREAMED, FOR_EVER, STREAMS("hello"));
    script(server, FOR_EVER, ANSWERS("hello"));
    server_pid = serve_outside(server);
    return server_pid > 0;
}

/* ---- programs -------------------------------------------------------------------------------- */

static const char *in_folder(const char *name)
{
    return path_below(folder, name);
}

static int new_client(bench *b, beluga_error *err)
{
    const beluga_allocator counted = meter_allocator(&memory);
    const beluga_client_settings settings = {.size = sizeof settings, .allocator = &counted};
    int status = beluga_client_new(&settings, &b->client);
    return status ? beluga_error_set(err, status, "no client") : 0;
}

static int open_model(bench *b, const char *provider, const beluga_option *opts, beluga_error *err)
{
    beluga_config *config = beluga_config_new(
        beluga_with_model_name("any"), beluga_with_max_retries(0),
        beluga_with_base_url(strcmp(provider, "mock") == 0 ? NULL : peer_url(server)),
        beluga_with_timeout_ms(1000 * PATIENCE_S / 2));
    int status = config ? beluga_config_set_n(config, opts, BELUGA_OPTIONS_TERMINATED)
                        : BELUGA_ERROR_NO_MEMORY;
    if (status)
        beluga_error_set(err, status, "no memory for the configuration");
    else
        status = beluga_registry_open(beluga_client_registry(b->client), provider, config,
                                      &b->model, err);
    beluga_config_free(config);
    return status;
}

static int open_with_key(bench *b, const char *provider, const char *key, beluga_error *err)
{
    const beluga_option opts[] = {beluga_with_api_key(key), BELUGA_OPTIONS_END};
    int status = new_client(b, err);
    return status ? status : open_model(b, provider, opts, err);
}

static int open_mock_model(bench *b, beluga_error *err)
{
    return open_with_key(b, "mock", "sk-x", err);
}

static int open_http(bench *b, beluga_error *err)
{
    return open_with_key(b, "openai", "sk-x", err);
}

static int call_generate(bench *b, beluga_error *err)
{
    beluga_response *response = NULL;
    int status = beluga_invoke(b->model, NULL, beluga_input_text("Hi"), &response, err);
    if (!status) assert_true(beluga_response_text(response, NULL)[0] != '\0');
    if (status) assert_null(response);
    beluga_response_free(response);
    return status;
}

static int call_pull(bench *b, beluga_error *err)
{
    beluga_stream *stream = NULL;
    const beluga_event *event;
    size_t bytes = 0, finishes = 0;
    int status = beluga_stream_input(b->model, NULL, beluga_input_text("Hi"), &stream, err);
    while (!status && !(status = beluga_stream_next(stream, &event, err)) && event) {
        if (event->kind == BELUGA_EVENT_TEXT) bytes += event->u.text.length;
        if (event->kind == BELUGA_EVENT_FINISH) finishes++;
    }
    if (!status) assert_true(bytes == 5 && finishes == 1);
    beluga_stream_free(stream);
    return status;
}

/* Step the loop as a host program does that waits with poll(2). This poll is not made to fail. */
static int step_by_descriptor(beluga_loop *loop, const record *r, beluga_error *err)
{
    int status = 0;
    while (!status && !record_ended(r)) {
        bool armed = atomic_exchange(&failing_get()->armed, false);
        struct pollfd fd = {.fd = beluga_loop_fd(loop), .events = POLLIN};
        poll(&fd, 1, 1000);
        atomic_store(&failing_get()->armed, armed);
        status = beluga_loop_step(loop);
    }
    return status ? beluga_error_set(err, status, "the loop's step failed: %s",
                                     beluga_error_text(status))
                  : 0;
}

static int call_push(bench *b, beluga_error *err)
{
    beluga_loop *loop = NULL;
    beluga_op *op = NULL;
    record r = {0};
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Hi"));
    int status = beluga_loop_new(b->client, &loop);
    if (status) beluga_error_set(err, status, "no loop: %s", beluga_error_text(status));
    if (!status)
        status = beluga_stream_start(b->model, loop, NULL, messages, record_event, &r, &op, err);
    if (!status) status = step_by_descriptor(loop, &r, err);
    if (!status && (status = r.error.code)) *err = r.error;
    beluga_op_free(op);
    beluga_loop_free(loop);
    beluga_messages_free(messages);
    return status;
}

static int call_batch(bench *b, beluga_error *err)
{
    beluga_input inputs[BATCH];
    beluga_batch_result results[BATCH];
    for (int i = 0; i < BATCH; i++) inputs[i] = beluga_input_text("Hi");
    int status = beluga_batch(b->model, NULL, inputs, BATCH, results, err,
                              beluga_with_max_concurrent_batches(2));
    for (int i = 0; i < BATCH; i++) {
        assert_true(!results[i].response != !results[i].error.code);
        if (results[i].error.code) assert_true(*results[i].error.message);
        if (!status && results[i].error.code) {
            *err = results[i].error;
            status = err->code;
        }
    }
    beluga_batch_results_clear(results, BATCH);
    return status;
}

static int call_tools(bench *b, beluga_error *err)
{
    static const beluga_tool_definition definition = {.size = sizeof definition,
                                                      .name = "weather",
                                                      .description = "Tell the weather",
                                                      .parameters = "{\"type\":\"object\"}",
                                                      .execute = echo_arguments};
    beluga_chat_model *bound = NULL;
    beluga_response *response = NULL;
    beluga_tool *tool = NULL;
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Hi"));
    int status = beluga_tool_new(&definition, &tool, err);
    if (!status) status = beluga_bind_tools(b->model, &tool, 1, &bound, err);
    if (!status)
        status = beluga_run_tools(bound, NULL, messages, NULL, NULL, &response, err,
                                  beluga_mock_with_tool_calls(
                                      "[{\"name\":\"weather\",\"arguments\":{}},"
                                      "{\"name\":\"weather\",\"arguments\":{\"city\":\"Oslo\"}}]"));
    if (!status)
        assert_string_equal(beluga_response_text(response, NULL), "This is a mock response.");
    beluga_response_free(response);
    beluga_chat_model_unref(bound);
    beluga_tool_unref(tool);
    beluga_messages_free(messages);
    return status;
}

static void prepare_key(void)
{
    write_file(in_folder("key"), "sk-from-a-file\n");
}

static int open_key_file(bench *b, beluga_error *err)
{
    char key[160];
    snprintf(key, sizeof key, "file:%s", in_folder("key"));
    return open_with_key(b, "openai", key, err);
}

static int open_key_command(bench *b, beluga_error *err)
{
    return open_with_key(b, "openai", "command:echo sk-from-a-command", err);
}

static int open_exchange(bench *b, beluga_error *err)
{
    const beluga_option opts[] = {beluga_with_api_key("sk-x"), BELUGA_OPTIONS_END};
    int status = new_client(b, err);
    if (!status) broker_register(beluga_client_registry(b->client));
    return status ? status : open_model(b, "own_broker", opts, err);
}

static void prepare_config(void)
{
    char text[256];
    snprintf(text, sizeof text, "providers:\n  openai:\n    api_key: sk-x\n    base_url: %s\n",
             peer_url(server));
    write_file(in_folder("config.yaml"), text);
}

static int open_config(bench *b, beluga_error *err)
{
    int status = new_client(b, err);
    beluga_config *config = beluga_config_new(beluga_with_max_retries(0)), *resolved = NULL;
    beluga_registry *registry = status ? NULL : beluga_client_registry(b->client);
    if (!status && !config)
        status = beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the configuration");
    if (!status) status = beluga_config_load_file(config, in_folder("config.yaml"), err);
    if (!status) status = beluga_config_resolve(config, registry, "openai/any", &resolved, err);
    if (!status) status = beluga_registry_open(registry, NULL, resolved, &b->model, err);
    beluga_config_free(config);
    beluga_config_free(resolved);
    return status;
}

static int open_prices(bench *b, beluga_error *err)
{
    char prices[512];
    snprintf(prices, sizeof prices, "%s/examples/prices.yaml", getenv("BELUGA_SOURCE_ROOT"));
    const beluga_option opts[] = {beluga_with_prices(prices), beluga_with_budget(1e6),
                                  beluga_with_max_tokens(10), beluga_with_cache_ttl_ms(60000),
                                  BELUGA_OPTIONS_END};
    int status = new_client(b, err);
    return status ? status : open_model(b, "mock", opts, err);
}

static void remove_below(const char *name)
{
    char command[256];
    snprintf(command, sizeof command, "rm -rf %s", in_folder(name));
    assert_int_equal(system(command), 0);
}

static void prepare_recording(void)
{
    remove_below("tape");
}

static int set_cassette(bench *b, int mode, const char *name, beluga_error *err)
{
    const beluga_cassette cassette = {
        .size = sizeof cassette, .directory = in_folder(name), .mode = mode, .repeat = true};
    int status = new_client(b, err);
    return status ? status : beluga_client_set_cassette(b->client, &cassette, err);
}

static int open_recording(bench *b, beluga_error *err)
{
    const beluga_option opts[] = {beluga_with_api_key("sk-x"), BELUGA_OPTIONS_END};
    int status = set_cassette(b, BELUGA_CASSETTE_RECORD, "tape", err);
    return status ? status : open_model(b, "openai", opts, err);
}

/* If recording fails, the answer is still delivered, with a warning. */
static int call_recording(bench *b, beluga_error *err)
{
    int status = call_generate(b, err);
    return status ? status : beluga_client_check_cassette(b->client, err);
}

static bool can_replay(const char *name)
{
    bench b = {.client = NULL};
    beluga_error err = {0};
    const beluga_option opts[] = {beluga_with_api_key("sk-x"), BELUGA_OPTIONS_END};
    int status = set_cassette(&b, BELUGA_CASSETTE_REPLAY, name, &err);
    if (!status) status = open_model(&b, "openai", opts, &err);
    if (!status) status = call_generate(&b, &err);
    beluga_chat_model_unref(b.model);
    if (beluga_client_close(b.client, 1000, NULL)) beluga_client_unref(b.client);
    return status == 0;
}

static void check_recording(bool succeeded)
{
    if (succeeded) assert_true(can_replay("tape"));
}

static void prepare_replay(void)
{
    static bool recorded;
    bench b = {.client = NULL};
    beluga_error err = {0};
    const beluga_option opts[] = {beluga_with_api_key("sk-x"), BELUGA_OPTIONS_END};
    if (recorded) return;
    assert_int_equal(set_cassette(&b, BELUGA_CASSETTE_RECORD, "kept", &err), 0);
    assert_int_equal(open_model(&b, "openai", opts, &err), 0);
    assert_int_equal(call_generate(&b, &err), 0);
    beluga_chat_model_unref(b.model);
    assert_int_equal(beluga_client_close(b.client, 1000, NULL), 0);
    recorded = true;
}

static int open_replay(bench *b, beluga_error *err)
{
    const beluga_option opts[] = {beluga_with_api_key("sk-x"), BELUGA_OPTIONS_END};
    int status = set_cassette(b, BELUGA_CASSETTE_REPLAY, "kept", err);
    return status ? status : open_model(b, "openai", opts, err);
}

static int open_telemetry(bench *b, const beluga_telemetry_settings *settings, beluga_error *err)
{
    const beluga_option opts[] = {beluga_with_api_key("sk-x"), BELUGA_OPTIONS_END};
    int status = new_client(b, err);
    if (!status) status = beluga_telemetry_init(b->client, settings, &b->telemetry, err);
    return status ? status : open_model(b, "mock", opts, err);
}

static void prepare_traces(void)
{
    remove_below("traces.jsonl");
}

static int open_traces(bench *b, beluga_error *err)
{
    static const char *const variables[] = {"OTEL_METRICS_EXPORTER=none",
                                            "OTEL_TRACES_EXPORTER=none", NULL};
    const beluga_telemetry_settings settings = {.size = sizeof settings,
                                                .variables = variables,
                                                .without_environment = true,
                                                .file = in_folder("traces.jsonl")};
    return open_telemetry(b, &settings, err);
}

static int open_collector(bench *b, beluga_error *err)
{
    char endpoint[128];
    snprintf(endpoint, sizeof endpoint, "OTEL_EXPORTER_OTLP_ENDPOINT=%s", peer_url(server));
    const char *const variables[] = {endpoint, NULL};
    const beluga_telemetry_settings settings = {
        .size = sizeof settings, .variables = variables, .without_environment = true};
    return open_telemetry(b, &settings, err);
}

/* The call succeeds even if its trace is lost. The flush reports whether the trace was sent. */
static int call_observed(bench *b, beluga_error *err)
{
    int status = call_generate(b, err);
    if (status) return status;
    status = beluga_telemetry_flush(b->telemetry, 1000 * PATIENCE_S / 4);
    return status ? beluga_error_set(err, status, "the flush failed: %s", beluga_error_text(status))
                  : 0;
}

static void check_traces(bool succeeded)
{
    char line[8192];
    FILE *f = succeeded ? fopen(in_folder("traces.jsonl"), "r") : NULL;
    if (!succeeded) return;
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    assert_true(*line == '{' && strstr(line, "}\n"));
    fclose(f);
}

const program programs[] = {
    {.name = "an answer of mock", .open = open_mock_model, .call = call_generate},
    {.name = "an answer over HTTP", .open = open_http, .call = call_generate},
    {.name = "a pulled stream", .open = open_http, .call = call_pull},
    {.name = "a pushed stream", .open = open_http, .call = call_push},
    {.name = "a batch", .open = open_http, .call = call_batch},
    {.name = "tools on the executor", .open = open_mock_model, .call = call_tools},
    {.name = "a key of a file",
     .prepare = prepare_key,
     .open = open_key_file,
     .call = call_generate},
    {.name = "a key of a command", .open = open_key_command, .call = call_generate},
    {.name = "a key that is exchanged", .open = open_exchange, .call = call_generate},
    {.name = "a configuration",
     .prepare = prepare_config,
     .open = open_config,
     .call = call_generate},
    {.name = "prices, budget, cache", .open = open_prices, .call = call_generate},
    {.name = "a recording",
     .prepare = prepare_recording,
     .open = open_recording,
     .call = call_recording,
     .again = call_generate,
     .check = check_recording},
    {.name = "a replay", .prepare = prepare_replay, .open = open_replay, .call = call_generate},
    {.name = "traces in a file",
     .prepare = prepare_traces,
     .open = open_traces,
     .call = call_observed,
     .check = check_traces},
    {.name = "traces to a collector", .open = open_collector, .call = call_observed},
};

const size_t n_programs = sizeof programs / sizeof *programs;

bool programs_begin(void)
{
    return folder_make(folder, "system") && start_server();
}

bool programs_end(void)
{
    end_outside(server_pid);
    return folder_remove(folder);
}
