/*
 * The log of calls. It is off until the user turns it on, since prompts and answers are private. A
 * failure to write the log is only reported as a note, because the call itself has succeeded.
 */
#ifndef BELUGA_CLI_LOGBOOK_LOGBOOK_H
#define BELUGA_CLI_LOGBOOK_LOGBOOK_H

#include "answer.h"
#include "args.h"
#include "conversation.h"
#include "logbook/store.h"
#include "session.h"

/* Return the path of the database, in static memory; NULL if there is no home. */
char *logbook_path(void);
bool logbook_is_on(void);
/* Turn the log on or off. @return 0, or -1 with `why`. */
int logbook_switch(bool on, char *why);

/* The conversation that -c, --cid or --name continues. The strings are owned; NULL: none. */
typedef struct logbook_thread {
    int64_t last;   /* id of the last entry; 0: no entry is continued */
    int64_t before; /* the entry that the last entry continued; 0: none */
    /* the last entry's model, options and schema, and the name of the conversation */
    char *reference, *options, *schema, *name;
} logbook_thread;

/* A call that has ended. */
typedef struct logbook_call {
    const cli_session *session;
    const char *system; /* NULL: none */
    const beluga_message *human;
    /* the message list of the call, and the index of the first message that the call itself has
     * added, such as a tool call */
    const beluga_messages *messages;
    size_t first;
    const cli_answer *answer;
    int64_t parent;               /* the entry that this call continues; 0: none */
    const logbook_thread *thread; /* the conversation, whose name and options the entry inherits */
    const char *schema;           /* JSON Schema of the answer; NULL: none */
} logbook_call;

/* Write the call into the log, if the log is on and --no-log is not given. @return the entry's id,
 * or 0. */
int64_t logbook_add(const cli_args *args, const logbook_call *call);

/*
 * If --continue, --cid or --name is given, load this conversation from the log into `conversation`,
 * which must be empty. Its system text is used unless --system is given, and the options of its
 * last entry are set in `config`, except those that the command line sets.
 * @return 0, or an exit code after reporting the error.
 */
int logbook_continue(const cli_args *args, beluga_config *config, cli_conversation *conversation,
                     logbook_thread *thread);
void logbook_thread_free(logbook_thread *thread);

/* Check the name of a conversation. @return 0, or an exit code after reporting the error. */
int logbook_check_name(const char *name);

/* Read a number without a sign, such as the number of an entry. @return false if the text is not a
 * number.
 */
bool logbook_read_number(const char *text, int64_t *number);

#endif
