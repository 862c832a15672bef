/* The commands of a chat, such as /help. */
#ifndef BELUGA_CLI_COMMANDS_CHAT_COMMANDS_H
#define BELUGA_CLI_COMMANDS_CHAT_COMMANDS_H

#include "commands/chat_turn.h"

/* Run a text as a command, or report that it is nearly the name of a command. @return false if the
 * text is a message. */
bool chat_obey(chat_state *chat, const char *text);

#endif
