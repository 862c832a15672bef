/* Makes one of the calls of test_clients.py, and prints the text of the answer. Usage: say PROVIDER
 * URL MODEL CASE. */
#include <beluga/beluga.h>
#include <beluga/providers/azure.h>

#include <stdio.h>
#include <string.h>

#define SCHEMA \
    "{\"type\":\"object\",\"properties\":{\"ok\":{\"type\":\"boolean\"}},\"required\":[\"ok\"]}"

static beluga_error err;

static int fail(void)
{
    char line[1024];
    beluga_error_format(&err, line, sizeof line);
    fprintf(stderr, "%s\n", line);
    return 1;
}

static beluga_chat_model *open_model(const char *provider, const char *url, const char *name)
{
    const beluga_option dated = beluga_azure_with_api_version("2024-10-21");
    beluga_chat_model *model = NULL;
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(url), beluga_with_api_key("the-key-of-the-tests"),
                          beluga_with_model_name(name), beluga_with_max_retries(0));
    if (strcmp(provider, "azure") == 0) beluga_config_set_n(config, &dated, 1);
    if (beluga_registry_open(beluga_registry_default(), provider, config, &model, &err))
        model = NULL;
    beluga_config_free(config);
    return model;
}

static beluga_chat_model *with_tool(beluga_chat_model *model)
{
    beluga_chat_model *bound = NULL;
    beluga_tool *tool = NULL;
    beluga_tool_definition definition = {
        .size = sizeof definition,
        .name = "get_weather",
        .description = "Tell the weather of a city",
        .parameters = "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}}"};
    if (!beluga_tool_new(&definition, &tool, &err) &&
        beluga_bind_tools(model, &tool, 1, &bound, &err))
        bound = NULL;
    beluga_tool_unref(tool);
    beluga_chat_model_unref(model);
    return bound;
}

static int generate_n(beluga_chat_model *model, beluga_messages *messages,
                      const beluga_option *options, size_t n)
{
    beluga_response *response = NULL;
    int status = beluga_generate_n(model, NULL, messages, &response, &err, options, n);
    if (!status) puts(beluga_response_text(response, NULL));
    beluga_response_free(response);
    return status ? fail() : 0;
}

#define GENERATE(model, messages, ...)                                                    \
    generate_n(model, messages, (const beluga_option[]){__VA_ARGS__, BELUGA_OPTIONS_END}, \
               BELUGA_OPTIONS_TERMINATED)

static int stream(beluga_chat_model *model, beluga_messages *messages)
{
    beluga_stream *pull = NULL;
    const beluga_event *event = NULL;
    int status = beluga_stream_chat(model, NULL, messages, &pull, &err);
    while (!status && !(status = beluga_stream_next(pull, &event, &err)) && event)
        if (event->kind == BELUGA_EVENT_TEXT)
            printf("%.*s", (int)event->u.text.length, event->u.text.text);
    puts("");
    beluga_stream_free(pull);
    return status ? fail() : 0;
}

static int converse(beluga_chat_model *model, beluga_messages *messages)
{
    beluga_messages_add(messages, beluga_system_message("Be brief."));
    beluga_messages_add(messages, beluga_human_message("Hi"));
    beluga_messages_add(messages, beluga_ai_message("Hello."));
    beluga_messages_add(messages, beluga_human_message("And now?"));
    return GENERATE(model, messages, beluga_with_temperature(0.2), beluga_with_top_p(0.9),
                    beluga_with_top_k(40), beluga_with_max_tokens(64),
                    beluga_with_stop_sequence("END"), beluga_with_seed(7),
                    beluga_with_presence_penalty(0.5), beluga_with_frequency_penalty(-0.5));
}

/* Send a conversation with system messages between other messages. */
static int converse_with_systems(beluga_chat_model *model, beluga_messages *messages)
{
    beluga_messages_add(messages, beluga_system_message("Be brief."));
    beluga_messages_add(messages, beluga_human_message("Hi"));
    beluga_messages_add(messages, beluga_system_message("Be kind."));
    beluga_messages_add(messages, beluga_human_message("Hi"));
    return generate_n(model, messages, NULL, 0);
}

static int use_tools(beluga_chat_model *model, beluga_messages *messages, const char *choice)
{
    beluga_message *asking = beluga_message_new(BELUGA_ROLE_AI);
    beluga_message_add_tool_call(asking, "weather01", "get_weather", "{\"city\":\"Oslo\"}", 15);
    beluga_messages_add(messages, beluga_human_message("Weather?"));
    beluga_messages_add(messages, asking);
    beluga_messages_add(messages, beluga_tool_message("weather01", "21 degrees"));
    return GENERATE(model, messages, beluga_with_tool_choice(choice));
}

/* Send back the signed reasoning of an answer together with its tool calls. */
static int answer_calls(beluga_chat_model *model, beluga_messages *messages)
{
    beluga_response *response = NULL;
    const beluga_tool_call *call;
    beluga_messages_add(messages, beluga_human_message("Weather?"));
    if (beluga_generate_n(model, NULL, messages, &response, &err, NULL, 0)) return fail();
    beluga_messages_add(messages, beluga_response_message(response));
    for (size_t i = 0; (call = beluga_response_tool_call(response, i)); i++)
        beluga_messages_add(messages, beluga_tool_message(call->id, "21 degrees"));
    beluga_response_free(response);
    return generate_n(model, messages, NULL, 0);
}

static int show(beluga_chat_model *model, beluga_messages *messages)
{
    beluga_message *question = beluga_human_message("What is this?");
    beluga_message_add_data(question, BELUGA_PART_IMAGE, "image/png", "\x89PNG\r\n", 6, NULL);
    beluga_messages_add(messages, question);
    return generate_n(model, messages, NULL, 0);
}

static int run(beluga_chat_model *model, beluga_messages *messages, const char *name)
{
    if (strcmp(name, "conversation") == 0) return converse(model, messages);
    if (strcmp(name, "systems") == 0) return converse_with_systems(model, messages);
    if (strcmp(name, "tools") == 0) return use_tools(model, messages, "auto");
    if (strcmp(name, "tool-by-name") == 0) return use_tools(model, messages, "get_weather");
    if (strcmp(name, "tool-required") == 0) return use_tools(model, messages, "required");
    if (strcmp(name, "tool-none") == 0) return use_tools(model, messages, "none");
    if (strcmp(name, "tool-round") == 0) return answer_calls(model, messages);
    if (strcmp(name, "image") == 0) return show(model, messages);
    beluga_messages_add(messages, beluga_human_message("Hi"));
    if (strcmp(name, "schema") == 0)
        return GENERATE(model, messages, beluga_with_response_schema(SCHEMA));
    if (strcmp(name, "json") == 0) return GENERATE(model, messages, beluga_with_json_mode(true));
    if (strcmp(name, "thinking") == 0)
        return GENERATE(model, messages,
                        beluga_with_reasoning_effort(BELUGA_REASONING_EFFORT_HIGH));
    if (strcmp(name, "stream") == 0) return stream(model, messages);
    fprintf(stderr, "no case is named %s\n", name);
    return 2;
}

int main(int argc, char **argv)
{
    if (argc != 5) return 2;
    beluga_chat_model *model = open_model(argv[1], argv[2], argv[3]);
    if (model && strncmp(argv[4], "tool", 4) == 0) model = with_tool(model);
    if (!model) return fail();
    beluga_messages *messages = beluga_messages_new();
    int status = run(model, messages, argv[4]);
    beluga_messages_free(messages);
    beluga_chat_model_unref(model);
    return status;
}
