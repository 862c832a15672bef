/* beluga [prompt]: one question, one answer. */
#include "answer.h"
#include "attach.h"
#include "commands/command.h"
#include "conversation.h"
#include "exit.h"
#include "input.h"
#include "logbook/logbook.h"
#include "markdown/extract.h"
#include "output.h"
#include "question.h"
#include "report.h"
#include "schema.h"
#include "session.h"
#include "template.h"
#include "tools/tools.h"

#include <stdlib.h>

/* A question, and the conversation that it continues. */
typedef struct prompt_question {
    cli_session session;
    tool_set tools;
    cli_conversation conversation;
    logbook_thread thread;
    cli_text schema;
    beluga_message *human;
    beluga_messages *messages; /* all messages of the call */
    size_t first;              /* index of the first message that the call adds */
} prompt_question;

static int make_messages(const cli_args *args, prompt_question *q)
{
    cli_text prompt = {0};
    int rc = input_read_prompt(args, &prompt);
    if (rc == 0) rc = template_put_into_frame(args->frame, &prompt);
    if (rc == 0) rc = question_make(args, &prompt, &q->human);
    if (rc == 0) rc = attach_check(args, &q->session, q->human);
    if (rc == 0 && conversation_choose_system(&q->conversation, args->system,
                                              beluga_config_system(q->session.config)) != 0)
        rc = out_no_memory();
    if (rc == 0 && !(q->messages = conversation_messages(&q->conversation, q->human)))
        rc = out_no_memory();
    if (q->messages) q->first = beluga_messages_count(q->messages);
    text_free(&prompt);
    return rc;
}

/* Print the last block of code on stdout. If the answer has no such block, the whole answer goes to
 * stderr, so that a shell that reads from the pipe does not run it. */
static int print_code(const beluga_response *response)
{
    cli_text code = {0};
    size_t length;
    const char *text = beluga_response_text(response, &length);
    bool found = extract_last_code(text, length, &code);
    int rc = code.status ? out_no_memory() : 0;
    if (rc == 0 && found) out_text(code.data, code.length);
    if (rc == 0 && !found) {
        out_error("the answer has no block of code for -x; this is the whole answer:");
        out_detail_text(text, length);
        rc = CLI_EXIT_RESPONSE;
    }
    text_free(&code);
    return rc;
}

static int print_error(const cli_args *args, const cli_answer *answer)
{
    if (!attach_is_refused(args, &answer->error))
        return report_error(args, &answer->error, answer->response);
    int rc = report_file_error(args, &answer->error, CLI_EXIT_USAGE);
    out_detail("To ask without the part that can't be sent, add --attach-anyway.");
    return rc;
}

static int print(const cli_args *args, const prompt_question *q, const cli_answer *answer)
{
    if (answer->status != 0) {
        int code = print_error(args, answer);
        session_hint_model(&q->session, answer->status);
        return code;
    }
    int rc = args->json      ? report_response(answer->response, &answer->runs)
             : args->extract ? print_code(answer->response)
                             : 0;
    if (rc != 0) return rc;
    if (args->usage) report_usage(answer->response);
    rc = report_finish(args, answer->response);
    return rc ? rc : schema_check(&q->schema, answer->response);
}

static void write_down(const cli_args *args, const prompt_question *q, const cli_answer *answer)
{
    const logbook_call call = {.session = &q->session,
                               .system = q->conversation.system,
                               .human = q->human,
                               .messages = q->messages,
                               .first = q->first,
                               .answer = answer,
                               .parent = q->thread.last,
                               .thread = &q->thread,
                               .schema = q->schema.data};
    logbook_add(args, &call);
}

static int ask(const cli_args *args, const prompt_question *q)
{
    cli_answer answer;
    beluga_option options[2];
    size_t n = 0;
    if (q->schema.data) options[n++] = beluga_with_response_schema(q->schema.data);
    if (attach_is_strict(args)) options[n++] = beluga_with_strict_media(true);
    const answer_request request = {.model = q->session.model,
                                    .messages = q->messages,
                                    .tools = &q->tools,
                                    .options = options,
                                    .n_options = n,
                                    .unstreamed = args->no_stream,
                                    .silent = args->json || args->extract,
                                    .plain = args->no_render};
    answer_run(&request, &answer);
    int rc = out_finish(0);
    if (rc == 0) rc = print(args, q, &answer);
    write_down(args, q, &answer);
    answer_free(&answer);
    return rc;
}

static int prepare(const cli_args *args, prompt_question *q)
{
    int rc = session_load(&q->session, args);
    if (rc == 0) rc = tools_open(&q->tools, args, q->session.base, true);
    if (rc == 0) rc = logbook_continue(args, q->session.base, &q->conversation, &q->thread);
    if (rc == 0) rc = session_open(&q->session, args, args->model ? NULL : q->thread.reference);
    if (rc == 0) rc = tools_bind(&q->tools, args, &q->session);
    if (rc == 0) rc = schema_read(args->schema ? args->schema : q->thread.schema, &q->schema);
    return rc ? rc : make_messages(args, q);
}

static int run(const cli_args *args)
{
    prompt_question q = {0};
    if (args->json && args->extract)
        return out_usage("--json and -x exclude each other: give only one");
    if (!input_has_prompt(args)) return out_usage("no prompt: give a text, or send one on stdin");
    int rc = prepare(args, &q);
    if (rc == 0) rc = ask(args, &q);
    beluga_messages_free(q.messages);
    beluga_message_unref(q.human);
    text_free(&q.schema);
    logbook_thread_free(&q.thread);
    conversation_free(&q.conversation);
    session_free(&q.session);
    tool_set_free(&q.tools);
    return rc;
}

const cli_command cmd_prompt = {
    .name = "prompt",
    .operands = "[TEXT...]",
    .summary = "Ask a model and print its answer as it arrives.",
    .takes = ARG_SET(ARG_MODEL, ARG_SYSTEM, ARG_TEMPLATE, ARG_PARAMETER, ARG_ATTACH,
                     ARG_ATTACH_ANYWAY, ARG_CONTEXT, ARG_MAX_CONTEXT, ARG_SCHEMA, ARG_TOOLS,
                     ARG_NO_STREAM, ARG_NO_RENDER, ARG_EXTRACT, ARG_STRICT, ARG_JSON, ARG_USAGE,
                     ARG_CONTINUE, ARG_CID, ARG_NAME, ARG_NO_LOG, ARG_CALLS),
    .max_operands = COMMAND_ANY_OPERANDS,
    .run = run,
    .details =
        "The texts, joined by spaces, are the prompt. If stdin is not a terminal, its contents are "
        "the prompt, or follow the texts after an empty line; the operand - puts them in another "
        "place. This command is the default, so its name may be left out.\n\n"
        "-f puts files before the prompt, each with its name. A folder stands for the files in it, "
        "except files that a .gitignore excludes, files that are not text, and symbolic links. -a "
        "sends pictures, sound, PDF and text after the prompt. If the provider is not known to "
        "accept an attachment, beluga reports an error before it sends anything.\n\n"
        "--schema takes a JSON Schema, as a file or as text, or a list of fields. A field is a "
        "name, a type (str, which may be left out, int, float or bool, with [] for a list), and a "
        "description after a colon. Commas or newlines separate fields. [name, age int] is a list "
        "of objects. An answer that does not fit is printed, and the exit status is 8. -x prints "
        "only the last block of code; an answer without a block of code is printed on stderr, and "
        "the exit status is 8.\n\n"
        "The answer is printed on stdout and everything else on stderr. On a terminal, Markdown is "
        "drawn as it arrives, and control characters of an answer are shown (\\x1b) instead of "
        "obeyed, including those that change the direction of text. Elsewhere the bytes of an "
        "answer are unchanged, except that a missing newline is added at its end.\n\n"
        "With --json one object is printed at the end: text, tool calls, usage, finish reason, "
        "ids, and timing. After a failure it has the members \"error\" (code, exit_code, message, "
        "and what else is known) and \"partial\" (the part of the answer that arrived, or "
        "null).\n\n"
        "If the log is on (beluga logs on), question and answer are written into it, and "
        "--continue continues the last conversation in it.",
};
