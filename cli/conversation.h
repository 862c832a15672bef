/* A conversation: its turns, as messages for the next call and as a text to save, and its token
 * counts. */
#ifndef BELUGA_CLI_CONVERSATION_H
#define BELUGA_CLI_CONVERSATION_H

#include <beluga/message.h>
#include <beluga/response.h>

#include <stdbool.h>

/* Zero-initialise this struct. */
typedef struct cli_conversation {
    char *system; /* owned; NULL: none */
    /* owned references: human, ai, human, …; tool calls and results may be between human and ai */
    beluga_message **turns;
    size_t count, room;
    int64_t input_tokens, output_tokens; /* tokens, if the provider reported them */
} cli_conversation;

/* Set the system text; NULL or "" removes it. @return 0, or -1 if memory runs out. */
int conversation_set_system(cli_conversation *conversation, const char *text);

/* Choose the system text. `given`, from the command line, comes first (NULL: none). Without it, an
 * existing conversation keeps its system text, and a new one gets `own`, the system text of the
 * model. @return 0, or -1 if memory runs out. */
int conversation_choose_system(cli_conversation *conversation, const char *given, const char *own);

/* Make the message list of a call: the system text, the turns, and `human`, to which it takes a
 * reference.
 * @return owned, or NULL if memory runs out. */
beluga_messages *conversation_messages(const cli_conversation *conversation, beluga_message *human);

/*
 * Add a question and its answer.
 * @param messages, first  The list of the call, and the index of the first message that the call
 * has added: tool calls and their results.
 * @return 0, or -1 if memory runs out, and then nothing is added.
 */
int conversation_add(cli_conversation *conversation, beluga_message *human,
                     const beluga_messages *messages, size_t first,
                     const beluga_response *response);

/* Add a message, and take a reference. @return 0, or -1 if memory runs out. */
int conversation_add_message(cli_conversation *conversation, beluga_message *message);

/* Return the index of the last question, or `count` if there is none. */
size_t conversation_last_question(const cli_conversation *conversation);
/* Remove the messages from index `from` up to, but not including, index `to`. */
void conversation_remove(cli_conversation *conversation, size_t from, size_t to);

/* Return the number of questions. */
size_t conversation_count_turns(const cli_conversation *conversation);

/* Remove all turns; the system text stays. */
void conversation_clear(cli_conversation *conversation);
void conversation_free(cli_conversation *conversation);

/* Write the conversation to a file: as JSON if its name ends in ".json", else as Markdown.
 * @param replace  Replace an existing file.
 * @return 0, or -1 with errno; EEXIST: the file exists already. */
int conversation_save(const cli_conversation *conversation, const char *path, bool replace);

#endif
