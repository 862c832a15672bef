#include "commands/chat_turn.h"

#include "answer.h"
#include "exit.h"
#include "output.h"
#include "report.h"
#include "template.h"

typedef struct chat_turn {
    chat_state *chat;
    beluga_message *human; /* owned reference */
    beluga_messages *messages;
    size_t first; /* index of the first message that the call adds */
    bool again;   /* this turn replaces the last turn */
} chat_turn;

void chat_fail(chat_state *chat, int code)
{
    if (line_is_interactive(chat->reader)) return;
    chat->code = code;
    chat->leave = true;
}

static void drop(const chat_turn *turn, int code)
{
    chat_state *chat = turn->chat;
    if (line_is_interactive(chat->reader))
        out_note(turn->again ? "the conversation keeps the previous answer"
                             : "the conversation does not keep this turn");
    chat_fail(chat, code);
}

/* Add a turn to the conversation. If it replaces the last turn, that is removed only after the new
 * one was added. */
static int add(const chat_turn *turn, const cli_answer *answer)
{
    cli_conversation *c = &turn->chat->conversation;
    size_t from = conversation_last_question(c), to = c->count;
    if (conversation_add(c, turn->human, turn->messages, turn->first, answer->response) != 0)
        return out_no_memory();
    if (turn->again) conversation_remove(c, from, to);
    return CLI_EXIT_OK;
}

/* Add the turn to the conversation, if its answer is usable. Returns whether it was added. */
static bool keep(const chat_turn *turn, const cli_answer *answer)
{
    const cli_args *args = turn->chat->args;
    int code = report_finish(args, answer->response);
    if (args->usage) report_usage(answer->response);
    if (code == CLI_EXIT_OK) code = add(turn, answer);
    if (code != CLI_EXIT_OK) drop(turn, code);
    return code == CLI_EXIT_OK;
}

/* Write a turn into the log. A turn that the conversation does not keep is logged, too, but the
 * next turn does not continue it. */
static void write_down(const chat_turn *turn, const cli_answer *answer, bool kept)
{
    logbook_thread *thread = &turn->chat->thread;
    int64_t parent = turn->again ? thread->before : thread->last;
    const logbook_call call = {.session = &turn->chat->session,
                               .system = turn->chat->conversation.system,
                               .human = turn->human,
                               .messages = turn->messages,
                               .first = turn->first,
                               .answer = answer,
                               .parent = parent,
                               .thread = thread};
    int64_t entry = logbook_add(turn->chat->args, &call);
    if (!entry || !kept) return;
    thread->before = parent;
    thread->last = entry;
}

static void answer(const chat_turn *turn)
{
    chat_state *chat = turn->chat;
    cli_answer answer;
    bool kept = false;
    const answer_request request = {.model = chat->session.model,
                                    .messages = turn->messages,
                                    .tools = &chat->tools,
                                    .unstreamed = chat->args->no_stream,
                                    .plain = chat->args->no_render,
                                    .survive = line_is_interactive(chat->reader)};
    if (answer_run(&request, &answer) == 0)
        kept = keep(turn, &answer);
    else if (out_failed())
        chat->leave = true;
    else
        drop(turn, report_error(chat->args, &answer.error, NULL));
    session_hint_model(&chat->session, answer.status);
    write_down(turn, &answer, kept);
    answer_free(&answer);
    chat->kept = kept || turn->again;
}

static void take(chat_turn *turn)
{
    cli_conversation before = turn->chat->conversation;
    if (turn->again) before.count = conversation_last_question(&before);
    if (turn->human) turn->messages = conversation_messages(&before, turn->human);
    turn->first = beluga_messages_count(turn->messages);
    if (turn->messages)
        answer(turn);
    else
        drop(turn, out_no_memory());
    beluga_messages_free(turn->messages);
}

static beluga_message *make_message(const chat_state *chat, const char *text, size_t n)
{
    cli_text prompt = {0};
    beluga_message *human = NULL;
    if (text_add(&prompt, text, n) == 0 && template_put_into_frame(chat->args->frame, &prompt) == 0)
        human = beluga_human_message_n(text_get(&prompt), prompt.length);
    text_free(&prompt);
    return human;
}

void chat_ask(chat_state *chat, const char *text, size_t n)
{
    chat_turn turn = {.chat = chat, .human = make_message(chat, text, n)};
    chat->kept = false;
    take(&turn);
    beluga_message_unref(chat->asked);
    chat->asked = turn.human;
}

void chat_ask_again(chat_state *chat)
{
    chat_turn turn = {.chat = chat, .human = chat->asked, .again = chat->kept};
    take(&turn);
}
