/* beluga [prompt]: one question, one answer. */
#include <stdlib.h>

#include "answer.h"
#include "command.h"
#include "exit.h"
#include "input.h"
#include "output.h"
#include "report.h"
#include "session.h"

static int add(beluga_messages *messages, beluga_message *message)
{
    return beluga_messages_add(messages, message) ? out_no_memory() : 0;
}

static int make_messages(const struct args *args, beluga_messages **out)
{
    struct text prompt = {0};
    beluga_message *human = NULL;
    beluga_messages *messages = beluga_messages_new();
    int rc = messages ? input_read_prompt(args, &prompt) : out_no_memory();
    if (rc == 0) rc = input_make_message(args, &prompt, &human);
    if (rc == 0 && args->system) rc = add(messages, beluga_system_message(args->system));
    if (rc == 0) {
        rc = add(messages, human);
        human = NULL;
    }
    beluga_message_unref(human);
    text_free(&prompt);
    if (rc == 0)
        *out = messages;
    else
        beluga_messages_free(messages);
    return rc;
}

static int print(const struct args *args, const struct answer *answer)
{
    if (answer->status != 0) return report_error(args, &answer->error, answer->response);
    int rc = args->json ? report_response(answer->response) : 0;
    if (rc != 0) return rc;
    if (args->usage) report_usage(answer->response);
    return report_finish(answer->response);
}

static int ask(const struct args *args, beluga_chat_model *model, const beluga_messages *messages,
               const char *schema)
{
    struct answer answer;
    const beluga_option option = beluga_with_response_schema(schema);
    const struct answer_request request = {.model = model,
                                           .messages = messages,
                                           .options = &option,
                                           .n_options = schema ? 1 : 0,
                                           .unstreamed = args->no_stream,
                                           .silent = args->json};
    answer_run(&request, &answer);
    int rc = out_finish(0);
    if (rc == 0) rc = print(args, &answer);
    answer_free(&answer);
    return rc;
}

static int run(const struct args *args)
{
    struct session session = {0};
    struct text schema = {0};
    beluga_messages *messages = NULL;
    if (!input_has_prompt(args)) return out_usage("no prompt: give a text, or something on stdin");
    int rc = session_load(&session, args);
    if (rc == 0) rc = session_open(&session, args, NULL);
    if (rc == 0 && args->schema) rc = input_read_file(args->schema, MAX_SCHEMA_BYTES, &schema);
    if (rc == 0) rc = make_messages(args, &messages);
    if (rc == 0) rc = ask(args, session.model, messages, schema.bytes);
    beluga_messages_free(messages);
    text_free(&schema);
    session_free(&session);
    return rc;
}

const struct command cmd_prompt = {
    .name = "prompt",
    .operands = "[TEXT...]",
    .summary = "Ask a model and print its answer as it arrives.",
    .details =
        "The texts, joined by spaces, are the prompt. When stdin is not a terminal it is the "
        "prompt, or follows the texts after an empty line; the operand - puts it elsewhere. "
        "This command is the default: its name may be left out.\n\n"
        "The answer goes to stdout and everything else to stderr. On a terminal, control "
        "characters of an answer are shown and not obeyed; elsewhere its bytes are untouched, "
        "but for a newline at the end of an answer that has none.\n\n"
        "With --json one object is printed at the end: text, tool calls, usage, finish reason, "
        "ids, and timing. After a failure it has the members \"error\" (code, exit_code, message, "
        "and what else is known) and \"partial\" (the answer as far as it had arrived, or null).",
    .takes = ARG_MODEL | ARG_SYSTEM | ARG_OPTION | ARG_ATTACH | ARG_SCHEMA | ARG_TIMEOUT |
             ARG_NO_STREAM | ARG_JSON | ARG_USAGE | ARG_VERBOSE | ARG_QUIET | ARG_CASSETTE | ARG_PLUGIN | ARG_CONFIG |
             ARG_HELP | ARG_VERSION,
    .max_operands = COMMAND_ANY_OPERANDS,
    .run = run,
};
