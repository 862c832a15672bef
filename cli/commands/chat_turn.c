#include "commands/chat_turn.h"

#include "answer.h"
#include "exit.h"
#include "output.h"
#include "report.h"

typedef struct chat_turn {
    chat_state *chat;
    beluga_message *human; /* one reference */
    bool again;            /* it takes the place of the last turn */
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
        out_note(turn->again ? "the conversation keeps the answer before"
                             : "this turn is not kept in the conversation");
    chat_fail(chat, code);
}

static int add(const chat_turn *turn, const cli_answer *answer)
{
    cli_conversation *c = &turn->chat->conversation;
    if (conversation_add(c, turn->human, answer->response) != 0) return out_no_memory();
    if (turn->again) conversation_remove(c, c->count - 4);
    return CLI_EXIT_OK;
}

/* Returns whether the turn is kept. */
static bool keep(const chat_turn *turn, const cli_answer *answer)
{
    const cli_args *args = turn->chat->args;
    int code = report_finish(args, answer->response);
    if (args->usage) report_usage(answer->response);
    if (code == CLI_EXIT_OK) code = add(turn, answer);
    if (code != CLI_EXIT_OK) drop(turn, code);
    return code == CLI_EXIT_OK;
}

/* A turn that is not kept is in the log, too, and the next turn does not continue it. */
static void write_down(const chat_turn *turn, const cli_answer *answer, bool kept)
{
    logbook_thread *thread = &turn->chat->thread;
    int64_t parent = turn->again ? thread->before : thread->last;
    const logbook_call call = {.session = &turn->chat->session,
                               .system = turn->chat->conversation.system,
                               .human = turn->human,
                               .answer = answer,
                               .parent = parent};
    int64_t entry = logbook_add(turn->chat->args, &call);
    if (!entry || !kept) return;
    thread->before = parent;
    thread->last = entry;
}

static void answer(const chat_turn *turn, const beluga_messages *messages)
{
    chat_state *chat = turn->chat;
    cli_answer answer;
    bool kept = false;
    const answer_request request = {.model = chat->session.model,
                                    .messages = messages,
                                    .unstreamed = chat->args->no_stream,
                                    .survive = line_is_interactive(chat->reader)};
    if (answer_run(&request, &answer) == 0)
        kept = keep(turn, &answer);
    else if (out_failed())
        chat->leave = true;
    else
        drop(turn, report_error(chat->args, &answer.error, NULL));
    write_down(turn, &answer, kept);
    answer_free(&answer);
    chat->kept = kept || turn->again;
}

static void take(const chat_turn *turn)
{
    cli_conversation before = turn->chat->conversation;
    if (turn->again) before.count -= 2;
    beluga_messages *messages = turn->human ? conversation_messages(&before, turn->human) : NULL;
    if (messages)
        answer(turn, messages);
    else
        drop(turn, out_no_memory());
    beluga_messages_free(messages);
}

void chat_ask(chat_state *chat, const char *text, size_t n)
{
    const chat_turn turn = {.chat = chat, .human = beluga_human_message_n(text, n)};
    chat->kept = false;
    take(&turn);
    beluga_message_unref(chat->asked);
    chat->asked = turn.human;
}

void chat_ask_again(chat_state *chat)
{
    const chat_turn turn = {.chat = chat, .human = chat->asked, .again = chat->kept};
    take(&turn);
}
