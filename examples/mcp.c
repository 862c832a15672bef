/* Gives a model the tools of an MCP server, which is a program.
 *
 *     mcp COMMAND [ARGUMENT...]
 *
 * The model is mock, which calls the tool of adder.py; MODEL=openai/gpt-5-mini chooses another.
 */
#include <beluga/beluga.h>
#include <beluga/providers/mock.h>

#include <stdio.h>
#include <stdlib.h>

static int fail(const beluga_error *err)
{
    fprintf(stderr, "%s: %s\n", beluga_error_name(err->code), err->message);
    if (*err->cause) fprintf(stderr, "%s\n", err->cause);
    return 1;
}

static int open_model(beluga_chat_model **model, beluga_error *err)
{
    static const char calls[] =
        "[{\"id\": \"1\", \"name\": \"adder__add\", \"arguments\": {\"a\": 19, \"b\": 23}}]";
    if (getenv("MODEL")) return beluga_model_open(getenv("MODEL"), model, err);
    beluga_config *config = beluga_config_new(
        beluga_with_provider("mock"), beluga_with_model_name("any"),
        beluga_mock_with_tool_calls(calls), beluga_mock_with_responses("\nThe sum is 42."));
    int status = beluga_registry_open(beluga_registry_default(), NULL, config, model, err);
    beluga_config_free(config);
    return status;
}

/* Print the results of tools. */
static void on_event(void *payload, const beluga_event *event)
{
    (void)payload;
    if (event->kind == BELUGA_EVENT_TOOL_RESULT)
        printf("%s: %s\n", event->u.tool_result.name, event->u.tool_result.text);
}

/* Bind all tools of a server to the model, and ask it. */
static int ask(beluga_chat_model *model, beluga_mcp *mcp, const char *question)
{
    beluga_tool **tools = NULL;
    size_t n = 0;
    beluga_chat_model *bound = NULL;
    beluga_response *response = NULL;
    beluga_error err;
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message(question));
    int status = beluga_mcp_tools(mcp, &tools, &n, &err);
    if (status == 0) status = beluga_bind_tools(model, tools, n, &bound, &err);
    if (status == 0)
        status = beluga_run_tools(bound, NULL, messages, on_event, NULL, &response, &err);
    if (status == 0) puts(beluga_response_text(response, NULL));
    beluga_response_free(response);
    beluga_chat_model_unref(bound);
    beluga_mcp_tools_free(tools, n);
    beluga_messages_free(messages);
    return status ? fail(&err) : 0;
}

int main(int argc, char **argv)
{
    beluga_chat_model *model;
    beluga_mcp *mcp;
    beluga_error err;
    if (argc < 2) {
        fprintf(stderr, "usage: %s COMMAND [ARGUMENT...]\n", argv[0]);
        return 2;
    }
    const beluga_mcp_settings settings = {
        .size = sizeof settings,
        .name = "adder",
        .command = argv[1],
        .args = (const char *const *)argv + 2,
    };
    if (open_model(&model, &err)) return fail(&err);
    int failed = beluga_mcp_open(NULL, &settings, NULL, &mcp, &err) ? fail(&err) : 0;
    if (!failed) failed = ask(model, mcp, "What is 19 + 23?");
    beluga_mcp_close(mcp);
    beluga_chat_model_unref(model);
    return failed;
}
