/* beluga chat: a conversation, line by line. */
#include "answer.h"
#include "commands/command.h"
#include "conversation.h"
#include "exit.h"
#include "logbook/logbook.h"
#include "output.h"
#include "report.h"
#include "session.h"
#include "template.h"
#include "terminal/line.h"
#include "tools/tools.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PROMPT       "> "
#define CONTINUATION ". "
#define FENCE        "\"\"\""

typedef struct chat_state {
    const cli_args *args;
    cli_session session;
    tool_set tools;
    cli_conversation conversation;
    logbook_thread thread;
    line_reader *reader;
    bool leave;
    int code; /* exit code when a failure ended the chat */
} chat_state;

/* ---- commands -------------------------------------------------------------------------------- */

static void do_help(chat_state *chat, const char *text);

static void do_exit(chat_state *chat, const char *text)
{
    (void)text;
    chat->leave = true;
}

static void do_clear(chat_state *chat, const char *text)
{
    (void)text;
    conversation_clear(&chat->conversation);
    chat->thread.last = 0;
    out_note("a new conversation");
}

static void do_system(chat_state *chat, const char *text)
{
    if (conversation_set_system(&chat->conversation, text) != 0)
        out_no_memory();
    else
        out_note(*text ? "the system text is set" : "the system text is removed");
}

static void do_model(chat_state *chat, const char *text)
{
    if (*text && session_open(&chat->session, chat->args, text) != 0) return;
    if (*text && tools_bind(&chat->tools, chat->args, &chat->session) != 0)
        out_note("without tools from here on");
    out_note("the model is %s/%s", beluga_provider_name(chat->session.model),
             beluga_model_name(chat->session.model));
}

static void do_save(chat_state *chat, const char *text)
{
    if (!*text)
        out_error("/save needs the name of a file");
    else if (conversation_save(&chat->conversation, text) == 0)
        out_note("saved as %s", text);
    else if (errno == EEXIST)
        out_error("%s is there already; nothing was saved", text);
    else
        out_error("%s can't be written: %s", text, strerror(errno));
}

static void do_usage(chat_state *chat, const char *text)
{
    const cli_conversation *c = &chat->conversation;
    (void)text;
    out_detail("turns: %zu, tokens: input %" PRId64 ", output %" PRId64,
               conversation_count_turns(c), c->input_tokens, c->output_tokens);
}

static const struct {
    const char *name;
    const char *value;
    const char *meaning;
    void (*run)(chat_state *chat, const char *text);
} chat_commands[] = {
    {"/help", "", "show this", do_help},
    {"/exit", "", "leave; so does Ctrl-D", do_exit},
    {"/clear", "", "begin a new conversation", do_clear},
    {"/system", "TEXT", "set the system text; without one, remove it", do_system},
    {"/model", "MODEL", "go on with another model; without one, tell which it is", do_model},
    {"/save", "FILE", "write the conversation to a new file", do_save},
    {"/usage", "", "tell the tokens of the conversation", do_usage},
};
#define N_CHAT_COMMANDS (sizeof chat_commands / sizeof chat_commands[0])

static void do_help(chat_state *chat, const char *text)
{
    (void)chat;
    (void)text;
    for (size_t i = 0; i < N_CHAT_COMMANDS; i++)
        out_detail("  %-8s %-6s %s", chat_commands[i].name, chat_commands[i].value,
                   chat_commands[i].meaning);
    out_detail("A line that ends in \\ goes on in the next; " FENCE " begins and ends a text of "
               "several lines.\nA text that begins with / is written with //. Ctrl-C stops an "
               "answer.");
}

static void run_command(chat_state *chat, char *line)
{
    size_t length = strcspn(line, " \t");
    char *text = line + length + strspn(line + length, " \t");
    for (size_t end = strlen(text); end && isspace((unsigned char)text[end - 1]); end--)
        text[end - 1] = '\0';
    for (size_t i = 0; i < N_CHAT_COMMANDS; i++) {
        if (strlen(chat_commands[i].name) != length ||
            strncmp(chat_commands[i].name, line, length) != 0)
            continue;
        chat_commands[i].run(chat, text);
        return;
    }
    out_error("there is no command %.*s; /help lists them (a text that begins with / is written "
              "with //)",
              (int)length, line);
    if (!line_is_interactive(chat->reader)) {
        chat->code = CLI_EXIT_USAGE;
        chat->leave = true;
    }
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool ends_with(const cli_text *text, const char *tail)
{
    size_t n = strlen(tail);
    return text->length >= n && memcmp(text->data + text->length - n, tail, n) == 0;
}

static line_result read_more(chat_state *chat, cli_text *text)
{
    if (text_add(text, "\n", 1) != 0) {
        out_no_memory();
        return LINE_FAILED;
    }
    return line_read(chat->reader, CONTINUATION, text);
}

/* Remove `head` bytes at the beginning and `tail` bytes at the end. */
static void trim(cli_text *text, size_t head, size_t tail)
{
    text->length -= head + tail;
    memmove(text->data, text->data + head, text->length);
    text->data[text->length] = '\0';
}

/* Read the lines between two fences. Each fence may stand on a line of its own, and the end of the
 * input closes the text. */
static line_result read_fenced(chat_state *chat, cli_text *text)
{
    const size_t fence = strlen(FENCE);
    line_result result = LINE_READ;
    while (text->length < 2 * fence || !ends_with(text, FENCE)) {
        result = read_more(chat, text);
        if (result == LINE_END) break;
        if (result != LINE_READ) return result;
    }
    trim(text, fence, result == LINE_READ ? fence : 0);
    trim(text, text->data[0] == '\n', 0);
    trim(text, 0, ends_with(text, "\n"));
    return LINE_READ;
}

static line_result read_text(chat_state *chat, cli_text *text)
{
    line_result result = line_read(chat->reader, PROMPT, text);
    if (result == LINE_READ && strncmp(text->data, FENCE, strlen(FENCE)) == 0)
        return read_fenced(chat, text);
    while (result == LINE_READ && ends_with(text, "\\")) {
        text->data[--text->length] = '\0';
        result = read_more(chat, text);
        if (result == LINE_END) return LINE_READ;
    }
    return result;
}

/* ---- a turn ---------------------------------------------------------------------------------- */

/* After a failure a user who types can go on. A script can't, since its next lines depend on the
 * answer. */
static void drop_turn(chat_state *chat, int code)
{
    if (line_is_interactive(chat->reader)) {
        out_note("this turn is not kept in the conversation");
        return;
    }
    chat->code = code;
    chat->leave = true;
}

/* Returns whether the turn is kept. */
static bool keep_turn(chat_state *chat, beluga_message *human, const beluga_messages *messages,
                      size_t first, const cli_answer *answer)
{
    int code = report_finish(chat->args, answer->response);
    if (chat->args->usage) report_usage(answer->response);
    if (code == CLI_EXIT_OK &&
        conversation_add(&chat->conversation, human, messages, first, answer->response) != 0)
        code = out_no_memory();
    if (code != CLI_EXIT_OK) drop_turn(chat, code);
    return code == CLI_EXIT_OK;
}

/* A turn that is not kept is in the log, too, and the next turn does not continue it. */
static void write_down(chat_state *chat, const beluga_message *human,
                       const beluga_messages *messages, size_t first, const cli_answer *answer,
                       bool kept)
{
    const logbook_call call = {.session = &chat->session,
                               .system = chat->conversation.system,
                               .human = human,
                               .messages = messages,
                               .first = first,
                               .answer = answer,
                               .parent = chat->thread.last,
                               .thread = &chat->thread};
    int64_t entry = logbook_add(chat->args, &call);
    if (entry && kept) chat->thread.last = entry;
}

static void answer(chat_state *chat, beluga_message *human, beluga_messages *messages)
{
    cli_answer answer;
    bool kept = false;
    size_t first = beluga_messages_count(messages);
    const answer_request request = {.model = chat->session.model,
                                    .messages = messages,
                                    .tools = &chat->tools,
                                    .unstreamed = chat->args->no_stream,
                                    .plain = chat->args->no_render,
                                    .survive = line_is_interactive(chat->reader)};
    if (answer_run(&request, &answer) == 0)
        kept = keep_turn(chat, human, messages, first, &answer);
    else if (out_failed())
        chat->leave = true;
    else
        drop_turn(chat, report_error(chat->args, &answer.error, NULL));
    write_down(chat, human, messages, first, &answer, kept);
    answer_free(&answer);
}

static void take_turn(chat_state *chat, const char *text, size_t length)
{
    cli_text prompt = {0};
    bool good = text_add(&prompt, text, length) == 0 &&
                template_put_into_frame(chat->args->frame, &prompt) == 0;
    beluga_message *human = good ? beluga_human_message_n(text_get(&prompt), prompt.length) : NULL;
    beluga_messages *messages = human ? conversation_messages(&chat->conversation, human) : NULL;
    if (messages)
        answer(chat, human, messages);
    else
        drop_turn(chat, out_no_memory());
    beluga_messages_free(messages);
    beluga_message_unref(human);
    text_free(&prompt);
}

static void handle(chat_state *chat, cli_text *text)
{
    bool escaped = strncmp(text->data, "//", 2) == 0;
    if (strspn(text->data, " \t\n") == text->length) return;
    line_remember(chat->reader, text->data);
    if (text->data[0] == '/' && !escaped)
        run_command(chat, text->data);
    else
        take_turn(chat, text->data + escaped, text->length - escaped);
}

static void converse(chat_state *chat)
{
    while (!chat->leave) {
        cli_text text = {0};
        line_result result = read_text(chat, &text);
        if (result == LINE_READ)
            handle(chat, &text);
        else if (result == LINE_END)
            chat->leave = true;
        else if (result == LINE_FAILED)
            drop_turn(chat, CLI_EXIT_OTHER);
        text_free(&text);
    }
}

/* ---- the command ----------------------------------------------------------------------------- */

static int begin(chat_state *chat)
{
    int rc = session_load(&chat->session, chat->args);
    if (rc == 0) rc = tools_open(&chat->tools, chat->args, chat->session.base, true);
    if (rc == 0)
        rc = logbook_continue(chat->args, chat->session.base, &chat->conversation, &chat->thread);
    if (rc == 0)
        rc = session_open(&chat->session, chat->args,
                          chat->args->model ? NULL : chat->thread.reference);
    if (rc == 0) rc = tools_bind(&chat->tools, chat->args, &chat->session);
    if (rc == 0 && conversation_choose_system(&chat->conversation, chat->args->system,
                                              beluga_config_system(chat->session.config)) != 0)
        rc = out_no_memory();
    if (rc == 0 && !(chat->reader = line_open())) rc = CLI_EXIT_OTHER;
    if (rc == 0 && line_is_interactive(chat->reader))
        out_note("%s/%s. /help lists commands, Ctrl-D leaves.",
                 beluga_provider_name(chat->session.model), beluga_model_name(chat->session.model));
    return rc;
}

static int run(const cli_args *args)
{
    chat_state chat = {.args = args};
    int rc = begin(&chat);
    if (rc == 0) {
        converse(&chat);
        rc = chat.code;
    }
    line_close(chat.reader);
    logbook_thread_free(&chat.thread);
    conversation_free(&chat.conversation);
    session_free(&chat.session);
    tool_set_free(&chat.tools);
    return rc;
}

const cli_command cmd_chat = {
    .name = "chat",
    .operands = "",
    .summary = "Talk to a model, line by line.",
    .takes = ARG_MODEL | ARG_SYSTEM | ARG_TEMPLATE | ARG_PARAMETER | ARG_TOOLS | ARG_NO_STREAM |
             ARG_NO_RENDER | ARG_STRICT | ARG_USAGE | ARG_CONTINUE | ARG_CID | ARG_NAME |
             ARG_NO_LOG | ARG_CALLS,
    .run = run,
    .details =
        "On a terminal lines can be edited and are remembered. A line that ends in a backslash "
        "goes on in the next one, and \"\"\" begins and ends a text of several lines. "
        "Ctrl-C stops an answer and not the program; that turn is then not kept in the "
        "conversation, nor is one that fails. Ctrl-D leaves.\n\n"
        "Commands: /help, /exit, /clear, /system TEXT, /model MODEL, /save FILE, /usage. A text "
        "that begins with / is written with //.\n\n"
        "In a pipe every line is a turn, and the first failure ends the chat with its exit "
        "status.\n\n"
        "Where the log is on (beluga logs on), every turn is written into it, and --continue goes "
        "on "
        "with the last conversation in it.",
};
