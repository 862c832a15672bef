/* A conversation: its turns as messages for the next call and as a text to keep, and its usage. */
#ifndef BELUGA_CLI_CONVERSATION_H
#define BELUGA_CLI_CONVERSATION_H

#include <beluga/message.h>
#include <beluga/response.h>

#include <stdbool.h>

/* Zero-initialise this struct. */
typedef struct cli_conversation {
    char *system;           /* owned; NULL: none */
    beluga_message **turns; /* owned references: human, ai, human, … */
    size_t count, room;
    int64_t input_tokens, output_tokens; /* as far as the provider reported usage */
} cli_conversation;

/* Set the system text; NULL or "" removes it. @return 0, or -1 without memory. */
int conversation_set_system(cli_conversation *conversation, const char *text);

/* Make the message list of a call: system text, turns, and `human`, of which it takes a reference.
 * @return owned, or NULL without memory. */
beluga_messages *conversation_messages(const cli_conversation *conversation, beluga_message *human);

/* Keep a question and its answer. @return 0, or -1 without memory, and then neither is kept. */
int conversation_add(cli_conversation *conversation, beluga_message *human,
                     const beluga_response *response);

/* Keep two messages, and take a reference to each. @return 0, or -1 without memory. */
int conversation_add_turn(cli_conversation *conversation, beluga_message *human,
                          beluga_message *ai);

/* Remove a question and its answer; `at` is the question's index. */
void conversation_remove(cli_conversation *conversation, size_t at);
/* Remove all turns; the system text stays. */
void conversation_clear(cli_conversation *conversation);
void conversation_free(cli_conversation *conversation);

/* Write the conversation to a file: as Markdown, or as JSON where its name ends in ".json".
 * @param replace  A file that is there is replaced.
 * @return 0, or -1 with errno; EEXIST: the file exists already. */
int conversation_save(const cli_conversation *conversation, const char *path, bool replace);

#endif
