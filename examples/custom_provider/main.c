/* A demo of the custom provider: registers it, opens a model and calls it, without key and network.
 *
 * The library makes traces, metrics, logs, retries and timeouts for these calls; the provider has
 * no code for them. Telemetry is set up once, from environment variables:
 *
 *     BELUGA_TELEMETRY_FILE=demo.jsonl make demo     lines of OTLP/JSON, which `beluga trace` draws
 *     OTEL_TRACES_EXPORTER=console make demo         a line for each span on stderr
 */
#include "custom_provider.h"

#include <beluga/beluga.h>

#include <stdio.h>
#include <stdlib.h>

#define MAX_PROVIDERS 64
#define SHUTDOWN_MS   5000

static void die(const char *what, const beluga_error *err)
{
    char line[1024];
    beluga_error_format(err, line, sizeof line);
    fprintf(stderr, "%s: %s\n", what, line);
    exit(1);
}

static void print_to_stderr(void *payload, const char *text, size_t length)
{
    (void)payload;
    fwrite(text, 1, length, stderr);
}

/* Returns NULL if the environment variables do not turn telemetry on; the calls at the end of main
 * accept NULL. */
static beluga_telemetry *observe(void)
{
    beluga_error err;
    beluga_telemetry *telemetry;
    const beluga_telemetry_settings settings = {
        .size = sizeof settings, .only_if_asked = true, .print = print_to_stderr};
    if (beluga_telemetry_init(NULL, &settings, &telemetry, &err)) die("telemetry", &err);
    return telemetry;
}

static beluga_messages *ask(const char *question)
{
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_system_message("You are a helpful assistant."));
    beluga_messages_add(messages, beluga_human_message(question));
    return messages;
}

static void show_providers(beluga_registry *registry)
{
    const char *names[MAX_PROVIDERS];
    size_t n = beluga_registry_list(registry, names, MAX_PROVIDERS);
    printf("Registered providers: [");
    for (size_t i = 0; i < n && i < MAX_PROVIDERS; i++) printf("%s%s", i ? " " : "", names[i]);
    printf("]\n");
}

static beluga_chat_model *open_model(beluga_registry *registry)
{
    beluga_error err;
    beluga_chat_model *model;
    beluga_config *config = beluga_config_new(
        beluga_with_provider(EXAMPLE_CUSTOM_NAME), beluga_with_model_name(EXAMPLE_CUSTOM_MODEL),
        beluga_with_api_key("example-key"), example_custom_with_word_delay_ms(40));
    int status = beluga_registry_open(registry, EXAMPLE_CUSTOM_NAME, config, &model, &err);
    beluga_config_free(config);
    if (status) die("open", &err);
    return model;
}

static void generate(beluga_chat_model *model)
{
    beluga_error err;
    beluga_response *response;
    beluga_messages *messages = ask("What is a custom provider?");
    printf("\n--- Generate Example ---\n");
    if (beluga_generate(model, NULL, messages, &response, &err)) die("generate", &err);
    printf("Response: %s\n", beluga_response_text(response, NULL));
    beluga_response_free(response);
    beluga_messages_free(messages);
}

static void stream(beluga_chat_model *model)
{
    beluga_error err;
    beluga_stream *stream;
    const beluga_event *event;
    int status;
    beluga_messages *messages = ask("Tell me something.");
    printf("\n--- Streaming Example ---\nStreaming: ");
    if (beluga_stream_chat(model, NULL, messages, &stream, &err)) die("stream", &err);
    while ((status = beluga_stream_next(stream, &event, &err)) == 0 && event) {
        if (event->kind != BELUGA_EVENT_TEXT) continue;
        fwrite(event->u.text.text, 1, event->u.text.length, stdout);
        fflush(stdout);
    }
    if (status) die("stream", &err);
    printf("\n");
    beluga_stream_free(stream);
    beluga_messages_free(messages);
}

static beluga_tool *make_calculator(void)
{
    beluga_error err;
    beluga_tool *tool;
    beluga_tool_definition definition = {
        .size = sizeof definition,
        .name = "calculator",
        .description = "Work out an arithmetic expression",
        .parameters = "{\"type\": \"object\","
                      " \"properties\": {\"expression\": {\"type\": \"string\"}},"
                      " \"required\": [\"expression\"]}",
    };
    if (beluga_tool_new(&definition, &tool, &err)) die("tool", &err);
    return tool;
}

static void print_tool_calls(const beluga_response *response)
{
    const beluga_tool_call *call;
    printf("Tool calls: [");
    for (size_t i = 0; (call = beluga_response_tool_call(response, i)); i++)
        printf("%s{ID:%s Name:%s Arguments:%s}", i ? " " : "", call->id, call->name,
               call->arguments);
    printf("]\n");
}

static void bind_tools(beluga_chat_model *model)
{
    beluga_error err;
    beluga_chat_model *with_tools;
    beluga_response *response;
    beluga_tool *calculator = make_calculator();
    beluga_messages *messages = ask("What is 2 + 2?");
    printf("\n--- Tool Binding Example ---\n");
    if (beluga_bind_tools(model, &calculator, 1, &with_tools, &err)) die("bind tools", &err);
    if (beluga_generate(with_tools, NULL, messages, &response, &err)) die("generate", &err);
    print_tool_calls(response);
    beluga_response_free(response);
    beluga_chat_model_unref(with_tools);
    beluga_tool_unref(calculator);
    beluga_messages_free(messages);
}

static void check_health(beluga_chat_model *model)
{
    beluga_error err;
    beluga_health health;
    printf("\n--- Health Check ---\n");
    if (beluga_check_health(model, NULL, false, &health, &err)) die("health", &err);
    printf("Health: map[api_key_set:%s model:%s provider:%s state:%s timestamp:%lld "
           "tools_count:%lld]\n",
           health.api_key_set ? "true" : "false", health.model, health.provider, health.state,
           (long long)health.timestamp, (long long)health.tools_count);
}

int main(void)
{
    beluga_error err;
    beluga_registry *registry = beluga_registry_default();
    if (!registry) return 1;
    beluga_telemetry *telemetry = observe();
    if (beluga_registry_register(registry, example_custom_provider(), &err)) die("register", &err);
    show_providers(registry);

    beluga_chat_model *model = open_model(registry);
    generate(model);
    stream(model);
    bind_tools(model);
    check_health(model);
    beluga_chat_model_unref(model);
    if (telemetry && beluga_telemetry_shutdown(telemetry, SHUTDOWN_MS))
        fprintf(stderr, "not all of the telemetry could be sent\n");
    beluga_telemetry_unref(telemetry);

    printf("\nCustom provider example completed successfully!\n");
    return 0;
}
