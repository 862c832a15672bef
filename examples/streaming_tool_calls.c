/* Streaming with tool calls: a weather and a calculator tool, run by the library while the answer
 * streams.
 *
 * Runs on `mock` without key or network, which calls both tools at once and then answers; give
 * another model as the argument, such as openai/gpt-5-mini, and the model decides. */
#include <beluga/beluga.h>
#include <beluga/provider/json.h>
#include <beluga/providers/mock.h>

#include <stdio.h>
#include <string.h>

/* ---- the tools: they may block, each runs on a thread of its own ----------------------------- */

static int weather(void *payload, beluga_context *context, const char *arguments, size_t length,
                   beluga_tool_result *result)
{
    (void)payload;
    (void)context;
    beluga_json_doc *doc;
    char text[128];
    /* The arguments were checked against the schema: "city" exists and is a string. */
    int status = beluga_json_parse(arguments, length, &doc, NULL);
    if (status) return status;
    const char *city = beluga_json_get_string(beluga_json_doc_root(doc), "city", NULL);
    int n =
        snprintf(text, sizeof text, "{\"city\":\"%.60s\",\"celsius\":21,\"sky\":\"clear\"}", city);
    beluga_json_doc_free(doc);
    return beluga_tool_result_set(result, text, (size_t)n);
}

static int calculator(void *payload, beluga_context *context, const char *arguments, size_t length,
                      beluga_tool_result *result)
{
    (void)payload;
    (void)context;
    beluga_json_doc *doc;
    char text[64];
    int status = beluga_json_parse(arguments, length, &doc, NULL);
    if (status) return status;
    const beluga_json *root = beluga_json_doc_root(doc);
    double a = beluga_json_double(beluga_json_get(root, "a"), 0);
    double b = beluga_json_double(beluga_json_get(root, "b"), 0);
    char operation = *beluga_json_get_string(root, "operation", NULL);
    beluga_json_doc_free(doc);
    if (operation == '/' && b == 0) {
        /* The model reads the result of a failed tool. */
        beluga_tool_result_set(result, "division by zero", strlen("division by zero"));
        return BELUGA_ERROR_TOOL_EXECUTION;
    }
    double value = operation == '+'   ? a + b
                   : operation == '-' ? a - b
                   : operation == '*' ? a * b
                                      : a / b;
    int n = snprintf(text, sizeof text, "%.15g", value);
    return beluga_tool_result_set(result, text, (size_t)n);
}

static const beluga_tool_definition definitions[] = {
    {.size = sizeof(beluga_tool_definition),
     .name = "weather",
     .description = "The weather of a city now",
     .parameters = "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},"
                   "\"required\":[\"city\"]}",
     .execute = weather},
    {.size = sizeof(beluga_tool_definition),
     .name = "calculator",
     .description = "One operation on two numbers",
     .parameters = "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"number\"},\"b\":{"
                   "\"type\":\"number\"},"
                   "\"operation\":{\"enum\":[\"+\",\"-\",\"*\",\"/"
                   "\"]}},\"required\":[\"a\",\"b\",\"operation\"]}",
     .execute = calculator},
};

/* ---- output while the answer streams --------------------------------------------------------- */

static void show(void *payload, const beluga_event *event)
{
    (void)payload;
    switch (event->kind) {
    case BELUGA_EVENT_TEXT: fwrite(event->u.text.text, 1, event->u.text.length, stdout); break;
    case BELUGA_EVENT_TOOL_CALL_END:
        printf("\n[calls %s %.*s]", event->u.tool_call.name, (int)event->u.tool_call.length,
               event->u.tool_call.arguments);
        break;
    case BELUGA_EVENT_TOOL_RESULT:
        printf("\n[%s: %s: %.*s] ", event->u.tool_result.name,
               event->u.tool_result.status ? beluga_error_name(event->u.tool_result.status) : "ok",
               (int)event->u.tool_result.length, event->u.tool_result.text);
        break;
    }
    fflush(stdout);
}

/* ---- all together ---------------------------------------------------------------------------- */

static int open_model(const char *reference, beluga_chat_model **model, beluga_error *err)
{
    if (reference) return beluga_model_open(reference, model, err);
    beluga_config *config = beluga_config_new(
        beluga_with_provider("mock"), beluga_with_model_name("any"),
        beluga_mock_with_tool_calls(
            "[{\"name\":\"weather\",\"arguments\":{\"city\":\"Lisbon\"}},"
            "{\"name\":\"calculator\",\"arguments\":{\"a\":6,\"b\":7,\"operation\":\"*\"}}]"),
        beluga_mock_with_responses(
            "Let me look that up. \nIt is 21 degrees in Lisbon, and 6 times 7 is 42."));
    int status = beluga_registry_open(beluga_registry_default(), NULL, config, model, err);
    beluga_config_free(config);
    return status;
}

static int bind(beluga_chat_model *model, beluga_chat_model **bound, beluga_error *err)
{
    beluga_tool *tools[2] = {NULL, NULL};
    int status = 0;
    for (size_t i = 0; i < 2 && !status; i++)
        status = beluga_tool_new(&definitions[i], &tools[i], err);
    if (!status) status = beluga_bind_tools(model, tools, 2, bound, err);
    for (size_t i = 0; i < 2; i++) beluga_tool_unref(tools[i]);
    return status;
}

int main(int argc, char **argv)
{
    beluga_chat_model *model = NULL, *bound = NULL;
    beluga_response *response = NULL;
    beluga_error err;
    int status = open_model(argc > 1 ? argv[1] : NULL, &model, &err);
    if (!status) status = bind(model, &bound, &err);
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages,
                        beluga_human_message("How warm is it in Lisbon, and what is 6 times 7?"));
    if (!status) status = beluga_run_tools(bound, NULL, messages, show, NULL, &response, &err);
    if (status)
        fprintf(stderr, "%s: %s\n", beluga_error_name(status), err.message);
    else
        printf("\n%zu messages, %lld tokens out\n", beluga_messages_count(messages),
               (long long)beluga_response_usage(response)->output_total);
    beluga_response_free(response);
    beluga_messages_free(messages);
    beluga_chat_model_unref(bound);
    beluga_chat_model_unref(model);
    return status != 0;
}
