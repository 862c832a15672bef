/* A conversation: its turns as messages for the next call and as a text to keep, and its usage. */
#ifndef BELUGA_CLI_CONVERSATION_H
#define BELUGA_CLI_CONVERSATION_H

#include <beluga/message.h>
#include <beluga/response.h>

#include <stdbool.h>

/* Zero-initialise this struct. */
typedef struct cli_conversation {
    char *system; /* owned; NULL: none */
    /* owned references: human, ai, human, …; between human and ai calls of tools and results */
    beluga_message **turns;
    size_t count, room;
    int64_t input_tokens, output_tokens; /* as far as the provider reported usage */
} cli_conversation;

/* Set the system text; NULL or "" removes it. @return 0, or -1 without memory. */
int conversation_set_system(cli_conversation *conversation, const char *text);

/* Choose the system text: what the command line gives (NULL: nothing), else that of the turns,
 * else, where there are none yet, the model's own. @return 0, or -1 without memory. */
int conversation_choose_system(cli_conversation *conversation, const char *given, const char *own);

/* Make the message list of a call: system text, turns, and `human`, of which it takes a reference.
 * @return owned, or NULL without memory. */
beluga_messages *conversation_messages(const cli_conversation *conversation, beluga_message *human);

/*
 * Keep a question and its answer.
 * @param messages, first  The messages that the call added to its list, from this one on: calls of
 * tools and their results.
 * @return 0, or -1 without memory, and then nothing is kept.
 */
int conversation_add(cli_conversation *conversation, beluga_message *human,
                     const beluga_messages *messages, size_t first,
                     const beluga_response *response);

/* Keep a message, and take a reference. @return 0, or -1 without memory. */
int conversation_add_message(cli_conversation *conversation, beluga_message *message);

/* Return the index of the last question, or `count` where there is none. */
size_t conversation_last_question(const cli_conversation *conversation);
/* Remove the messages from index `from` up to, but not with, index `to`. */
void conversation_remove(cli_conversation *conversation, size_t from, size_t to);

/* Return the number of questions. */
size_t conversation_count_turns(const cli_conversation *conversation);

/* Remove all turns; the system text stays. */
void conversation_clear(cli_conversation *conversation);
void conversation_free(cli_conversation *conversation);

/* Write the conversation to a file: as Markdown, or as JSON where its name ends in ".json".
 * @param replace  A file that is there is replaced.
 * @return 0, or -1 with errno; EEXIST: the file exists already. */
int conversation_save(const cli_conversation *conversation, const char *path, bool replace);

#endif
