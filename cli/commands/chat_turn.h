/* The turns of a chat: each is a question and its answer. A turn whose answer failed is not kept in
 * the conversation. */
#ifndef BELUGA_CLI_COMMANDS_CHAT_TURN_H
#define BELUGA_CLI_COMMANDS_CHAT_TURN_H

#include "args.h"
#include "conversation.h"
#include "logbook/logbook.h"
#include "session.h"
#include "terminal/line.h"
#include "tools/tools.h"

typedef struct chat_state {
    const cli_args *args;
    cli_session session;
    tool_set tools;
    cli_conversation conversation;
    logbook_thread thread;
    line_reader *reader;
    beluga_message *asked; /* last question, owned; NULL: there is none */
    bool kept;             /* the last question is in the conversation */
    bool leave;
    int code; /* exit code when a failure ended the chat */
} chat_state;

/* Ask a question with all earlier turns, and keep the answer. */
void chat_ask(chat_state *chat, const char *text, size_t n);
/* Ask the last question again. The old answer is dropped when a new one has arrived. */
void chat_ask_again(chat_state *chat);

/* Handle a failure. At a terminal the user can continue. A script can't, since its next lines
 * depend on the answer, so the chat ends with this exit code. */
void chat_fail(chat_state *chat, int code);

#endif
