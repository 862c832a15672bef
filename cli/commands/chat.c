/* beluga chat: a conversation in which the user types one message after the other. */
#include "commands/chat_commands.h"
#include "commands/chat_turn.h"
#include "commands/command.h"
#include "exit.h"
#include "output.h"
#include "tools/tools.h"

#include <ctype.h>
#include <string.h>

#define PROMPT "> "
#define FENCE  "\"\"\""

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
    return line_read(chat->reader, LINE_CONTINUATION, text);
}

/* Remove `head` bytes at the beginning and `tail` bytes at the end. */
static void trim(cli_text *text, size_t head, size_t tail)
{
    text->length -= head + tail;
    memmove(text->data, text->data + head, text->length);
    text->data[text->length] = '\0';
}

/* Read the lines between two fences. Each fence may be on a line of its own; the end of the input
 * also ends the text. */
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

/* Read a message. A text that already has several lines is complete, since it was pasted or written
 * in the editor. */
static line_result read_text(chat_state *chat, cli_text *text)
{
    line_result result = line_read(chat->reader, PROMPT, text);
    if (result != LINE_READ || memchr(text->data, '\n', text->length)) return result;
    if (strncmp(text->data, FENCE, strlen(FENCE)) == 0) return read_fenced(chat, text);
    while (result == LINE_READ && ends_with(text, "\\")) {
        text->data[--text->length] = '\0';
        result = read_more(chat, text);
        if (result == LINE_END) return LINE_READ;
    }
    return result;
}

/* ---- a turn ---------------------------------------------------------------------------------- */

/* Returns whether a text begins with two slashes and a letter. It is then a message and not a
 * command. */
static bool is_escaped(const char *text)
{
    return strncmp(text, "//", 2) == 0 && isalpha((unsigned char)text[2]);
}

static void handle(chat_state *chat, cli_text *text)
{
    bool escaped = is_escaped(text_get(text));
    if (strspn(text_get(text), " \t\n") == text->length) return;
    line_remember(chat->reader, text->data);
    if (!chat_obey(chat, text->data)) chat_ask(chat, text->data + escaped, text->length - escaped);
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
            chat_fail(chat, CLI_EXIT_OTHER);
        text_free(&text);
    }
}

/* ---- the command ----------------------------------------------------------------------------- */

/* Note the last message of a continued conversation, so that /retry can ask it again. */
static void recall(chat_state *chat)
{
    const cli_conversation *c = &chat->conversation;
    size_t last = conversation_last_question(c);
    chat->kept = last < c->count;
    if (chat->kept) chat->asked = beluga_message_ref(c->turns[last]);
}

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
    if (rc == 0) recall(chat);
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
    beluga_message_unref(chat.asked);
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
    .takes = ARG_SET(ARG_MODEL, ARG_SYSTEM, ARG_TEMPLATE, ARG_PARAMETER, ARG_TOOLS, ARG_NO_STREAM,
                     ARG_NO_RENDER, ARG_STRICT, ARG_USAGE, ARG_CONTINUE, ARG_CID, ARG_NAME,
                     ARG_NO_LOG, ARG_CALLS),
    .run = run,
    .details =
        "On a terminal you can edit a message, and earlier messages are remembered. The arrow "
        "keys, Home, End, Page Up and Page Down move the cursor; Ctrl-Left and Ctrl-Right move it "
        "by words. Up and Down move through the lines of the message, and then through earlier "
        "messages. A paste of several lines becomes one message, and Enter sends it. Alt-Enter or "
        "Ctrl-J begins a new line, and so does Enter after a backslash; \"\"\" begins and ends a "
        "text of several lines. Ctrl-X Ctrl-E opens the message in $VISUAL or $EDITOR.\n\n"
        "Ctrl-C stops an answer, but not the program; the conversation then does not keep that "
        "turn, and neither does it keep a turn that fails. While you type a message, Ctrl-C drops "
        "the message. To leave, press Ctrl-D, press Ctrl-C twice, or type exit or quit.\n\n"
        "Commands: /help; /exit (or /quit, /bye); /retry asks the last message again and drops its "
        "answer; /edit [TEXT] opens a message in $VISUAL or $EDITOR; /clear; /system TEXT; /model "
        "MODEL; /save FILE writes the conversation as Markdown, or as JSON if the name ends in "
        ".json, and asks before it replaces a file; /usage. An unknown command is reported and not "
        "sent. To send a text that begins with /, write // or put a space before it.\n\n"
        "In a pipe every line is a turn, and the first failure ends the chat with its exit "
        "status.\n\n"
        "If the log is on (beluga logs on), every turn is written into it, and --continue "
        "continues the last conversation in it.",
};
