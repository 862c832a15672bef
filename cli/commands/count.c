/* beluga count: asks the provider how many tokens a prompt has. */
#include "commands/command.h"
#include "conversation.h"
#include "exit.h"
#include "input.h"
#include "operation.h"
#include "output.h"
#include "question.h"
#include "report.h"
#include "session.h"

#include <beluga/embedding.h>
#include <beluga/provider/provider.h>

#include <inttypes.h>
#include <stdio.h>

static int make_messages(const cli_args *args, beluga_messages **messages)
{
    cli_conversation conversation = {0};
    cli_text prompt = {0};
    beluga_message *human = NULL;
    int rc = input_read_prompt(args, &prompt);
    if (rc == 0) rc = question_make(args, &prompt, &human);
    if (rc == 0 && args->system && conversation_set_system(&conversation, args->system) != 0)
        rc = out_no_memory();
    if (rc == 0 && !(*messages = conversation_messages(&conversation, human))) rc = out_no_memory();
    beluga_message_unref(human);
    conversation_free(&conversation);
    text_free(&prompt);
    return rc;
}

static int print_json(const beluga_chat_model *model, const beluga_token_count *count)
{
    beluga_json_writer *w = beluga_json_writer_new();
    if (w) {
        beluga_json_begin_object(w, NULL);
        beluga_json_put_int(w, "tokens", count->tokens);
        beluga_json_put_string(w, "left_out", count->left_out);
        beluga_json_put_string(w, "provider", beluga_provider_name(model));
        beluga_json_put_string(w, "model", beluga_model_name(model));
        beluga_json_end_object(w);
    }
    return report_json(w);
}

static int print(const cli_args *args, const beluga_chat_model *model,
                 const beluga_token_count *count)
{
    if (*count->left_out) out_note("warning: not everything was counted: %s", count->left_out);
    if (args->json) return print_json(model, count);
    out_printf("%" PRId64 "\n", count->tokens);
    return 0;
}

static int count_messages(const cli_args *args, beluga_chat_model *model,
                          const beluga_messages *messages)
{
    beluga_token_count count;
    beluga_error err = {0};
    beluga_context *context = operation_begin();
    if (!context) return out_no_memory();
    int status = beluga_count_tokens(model, context, messages, &count, &err);
    operation_end(context);
    return status ? operation_report(args, &err, BELUGA_CAPABILITY_COUNT)
                  : print(args, model, &count);
}

static int run(const cli_args *args)
{
    cli_session session;
    beluga_messages *messages = NULL;
    if (!input_has_prompt(args)) return out_usage("no prompt: give a text, or send one on stdin");
    int rc = session_load(&session, args);
    if (rc == 0) rc = operation_open(&session, args, NULL, BELUGA_CAPABILITY_COUNT);
    if (rc == 0) rc = make_messages(args, &messages);
    if (rc == 0) rc = count_messages(args, session.model, messages);
    beluga_messages_free(messages);
    session_free(&session);
    return rc;
}

const cli_command cmd_count = {
    .name = "count",
    .operands = "[TEXT...]",
    .summary = "Print how many tokens a prompt has for a model.",
    .takes = ARG_SET(ARG_MODEL, ARG_SYSTEM, ARG_ATTACH, ARG_CONTEXT, ARG_MAX_CONTEXT, ARG_JSON,
                     ARG_CALLS),
    .max_operands = COMMAND_ANY_OPERANDS,
    .run = run,
    .details =
        "The prompt is made from texts, stdin, attachments and the system text, as in beluga "
        "prompt. The provider counts the tokens; it generates nothing and charges nothing. If it "
        "can't count a part, such as an image, a warning on stderr says so.\n\n"
        "With --json: {tokens, left_out, provider, model}; left_out is \"\" when everything is "
        "counted.",
};
