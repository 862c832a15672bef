#include "commands/chat_commands.h"

#include "base/text.h"
#include "exit.h"
#include "output.h"
#include "terminal/compose.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A mistyped command may differ from the real name in at most this many letters. */
#define MOST_SLIPS 2

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
    chat->thread.last = chat->thread.before = 0;
    free(chat->thread.name); /* the name belongs to the old conversation */
    chat->thread.name = NULL;
    beluga_message_unref(chat->asked);
    chat->asked = NULL;
    out_note("a new conversation begins");
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
        out_note("continuing without tools");
    out_note("the model is %s/%s", beluga_provider_name(chat->session.model),
             beluga_model_name(chat->session.model));
}

static void do_usage(chat_state *chat, const char *text)
{
    const cli_conversation *c = &chat->conversation;
    (void)text;
    out_detail("turns: %zu, tokens: input %" PRId64 ", output %" PRId64,
               conversation_count_turns(c), c->input_tokens, c->output_tokens);
}

/* ---- the last message ------------------------------------------------------------------------ */

static void do_retry(chat_state *chat, const char *text)
{
    if (*text)
        out_error("/retry takes no text, since it asks the last message again; use /edit to change "
                  "the message");
    else if (!chat->asked)
        out_error("there is no message yet to ask again");
    else
        chat_ask_again(chat);
}

/* Use a text that was written in $EDITOR. The line editor shows it, so that the user can check it
 * before sending; without a line editor, the text is sent at once. */
static void use_composed(chat_state *chat, const cli_text *text, bool changed)
{
    if (line_preset(chat->reader, text_get(text), text->length)) return;
    if (changed && text->length)
        chat_ask(chat, text_get(text), text->length);
    else
        out_note("the text is unchanged, so it was not sent");
}

static void do_edit(chat_state *chat, const char *text)
{
    const char *last = chat->asked ? beluga_message_text(chat->asked, NULL) : "";
    cli_text composed = {0};
    if (!line_is_interactive(chat->reader)) {
        out_error("/edit needs a terminal");
        chat_fail(chat, CLI_EXIT_USAGE);
        return;
    }
    text_puts(&composed, *text ? text : last);
    if (compose(&composed) == 0)
        use_composed(chat, &composed, *text || strcmp(text_get(&composed), last) != 0);
    text_free(&composed);
}

/* ---- saving ---------------------------------------------------------------------------------- */

static bool may_replace(chat_state *chat, const char *path)
{
    cli_text question = {0};
    text_printf(&question, "%s already exists. Replace it?", path);
    bool yes = question.status == 0 && line_confirm(chat->reader, question.data);
    text_free(&question);
    return yes;
}

static void do_save(chat_state *chat, const char *text)
{
    const cli_conversation *c = &chat->conversation;
    if (!*text) {
        out_error("/save needs the name of a file");
        return;
    }
    int rc = conversation_save(c, text, false);
    bool is_there = rc != 0 && errno == EEXIST, replace = is_there && may_replace(chat, text);
    if (replace) rc = conversation_save(c, text, true);
    if (rc == 0)
        out_note("saved as %s", text);
    else if (is_there && !replace)
        out_error("%s already exists; nothing was saved", text);
    else
        out_error("%s can't be written: %s", text, strerror(errno));
}

/* ---- the list -------------------------------------------------------------------------------- */

typedef struct chat_command {
    const char *name;
    const char *value;
    const char *meaning; /* NULL: another name for the previous command */
    void (*run)(chat_state *chat, const char *text);
} chat_command;

static const chat_command commands[] = {
    {"/help", "", "show this", do_help},
    {"/exit", "", "leave; /quit, /bye, exit, quit and Ctrl-D do the same", do_exit},
    {"/quit", "", NULL, do_exit},
    {"/bye", "", NULL, do_exit},
    {"/retry", "", "ask the last message again, and drop its answer", do_retry},
    {"/edit", "[TEXT]", "write in $VISUAL or $EDITOR; without a text, change the last message",
     do_edit},
    {"/clear", "", "begin a new conversation", do_clear},
    {"/system", "TEXT", "set the system text; without one, remove it", do_system},
    {"/model", "MODEL", "continue with another model; without a name, show the current model",
     do_model},
    {"/save", "FILE", "write the conversation to a file: Markdown, or JSON for .json", do_save},
    {"/usage", "", "show how many tokens the conversation has used", do_usage},
};
#define N_COMMANDS (sizeof commands / sizeof *commands)

static void do_help(chat_state *chat, const char *text)
{
    (void)chat;
    (void)text;
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (commands[i].meaning)
            out_detail("  %-8s %-6s %s", commands[i].name, commands[i].value, commands[i].meaning);
    out_detail("Alt-Enter or Ctrl-J begins a new line, and so does Enter after \\. A paste of "
               "several lines is one message. Ctrl-X Ctrl-E edits what is typed in $EDITOR.\n"
               "\"\"\" begins and ends a text of several lines. To send a text that begins with /, "
               "write // or put a space before it. Ctrl-C stops an answer.");
}

/* Returns the length of a command's name at the beginning of a text; 0: the text is a message.
 * Paths and comments in program code are not commands. */
static size_t name_length(const char *text)
{
    size_t length = strcspn(text, " \t\n"), first = 1 + strcspn(text + (*text == '/'), "/ \t\n");
    if (text[0] != '/' || !isalpha((unsigned char)text[1])) return 0;
    if (first >= length) return length;
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strlen(commands[i].name) == first && strncmp(commands[i].name, text, first) == 0)
            return length;
    return 0;
}

static const chat_command *find(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    return NULL;
}

static const char *find_near(const char *name)
{
    const char *near = NULL;
    unsigned best = MOST_SLIPS + 1;
    for (size_t i = 0; i < N_COMMANDS; i++) {
        unsigned slips = beluga__text_distance(name, commands[i].name, MOST_SLIPS);
        if (slips >= best) continue;
        best = slips;
        near = commands[i].name;
    }
    return near;
}

static void refuse(chat_state *chat, const char *name)
{
    const char *near = find_near(name);
    out_error("there is no command %s%s%s%s Nothing was sent (to send a text that begins with /, "
              "write // at its beginning)",
              name, near ? "; did you mean " : "; /help lists them.", near ? near : "",
              near ? "?" : "");
    chat_fail(chat, CLI_EXIT_USAGE);
}

static void run(chat_state *chat, char *name, size_t length)
{
    char *value = name + length;
    if (*value) *value++ = '\0';
    value += strspn(value, " \t\n");
    for (size_t end = strlen(value); end && isspace((unsigned char)value[end - 1]); end--)
        value[end - 1] = '\0';
    const chat_command *command = find(name);
    if (command)
        command->run(chat, value);
    else
        refuse(chat, name);
}

/* Find a command of another chat program, and return our own command for it. These commands do not
 * begin with /, so they would be sent as messages. */
static const char *find_foreign(const char *text)
{
    static const char *const known[][2] = {
        {".clear", "/clear"},   {".edit", "/edit"},        {".exit", "/exit"},
        {".help", "/help"},     {".info", "/usage"},       {".model", "/model"},
        {".prompt", "/system"}, {".regenerate", "/retry"}, {".save", "/save"},
        {".session", "/clear"}, {"!edit", "/edit"},        {"!multi", "\"\"\""},
    };
    size_t length = strcspn(text, " \t\n");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i][0]) == length && strncmp(known[i][0], text, length) == 0)
            return known[i][1];
    return NULL;
}

static void refuse_foreign(chat_state *chat, const char *text, const char *ours)
{
    out_error(
        "%.*s is called %s here. Nothing was sent (to send it as a text, put a space before it)",
        (int)strcspn(text, " \t\n"), text, ours);
    chat_fail(chat, CLI_EXIT_USAGE);
}

/* Return whether the user wants to leave. In a pipe, "exit" and "quit" are ordinary messages. */
static bool is_farewell(const chat_state *chat, const char *text)
{
    if (!line_is_interactive(chat->reader)) return false;
    return strcmp(text, "exit") == 0 || strcmp(text, "quit") == 0;
}

bool chat_obey(chat_state *chat, const char *text)
{
    size_t length = name_length(text);
    const char *ours = find_foreign(text);
    if (ours) {
        refuse_foreign(chat, text, ours);
        return true;
    }
    if (is_farewell(chat, text)) {
        chat->leave = true;
        return true;
    }
    if (!length) return false;
    char *line = strdup(text);
    if (line)
        run(chat, line, length);
    else
        chat_fail(chat, out_no_memory());
    free(line);
    return true;
}
