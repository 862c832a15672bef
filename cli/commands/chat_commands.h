/* The commands of a chat, such as /help. */
#ifndef BELUGA_CLI_COMMANDS_CHAT_COMMANDS_H
#define BELUGA_CLI_COMMANDS_CHAT_COMMANDS_H

#include "commands/chat_turn.h"

/* Do what a text says that is a command, and tell where it is nearly one. @return false: the text
 * is a message. */
bool chat_obey(chat_state *chat, const char *text);

#endif
