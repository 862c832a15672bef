/*
 * The log of calls: off until somebody turns it on, for prompts and answers are private. What goes
 * wrong with it is a note: the call itself has been made.
 */
#ifndef BELUGA_CLI_LOGBOOK_LOGBOOK_H
#define BELUGA_CLI_LOGBOOK_LOGBOOK_H

#include "answer.h"
#include "args.h"
#include "conversation.h"
#include "logbook/store.h"
#include "session.h"

/* Return where the database is, in static memory; NULL where there is no home. */
char *logbook_path(void);
bool logbook_is_on(void);
/* @return 0, or -1 with `why`. */
int logbook_switch(bool on, char *why);

/* A call that is over. */
typedef struct logbook_call {
    const cli_session *session;
    const char *system; /* NULL: none */
    const beluga_message *human;
    const cli_answer *answer;
    int64_t parent; /* the entry that it went on from; 0: none */
} logbook_call;

/* Write it down, where the log is on and --no-log is not given. @return the entry's id, or 0. */
int64_t logbook_add(const cli_args *args, const logbook_call *call);

/* The place in the log that -c and --cid go on from. */
typedef struct logbook_thread {
    int64_t last;    /* entry; 0: nothing to go on from was asked for */
    char *reference; /* owned: its model */
} logbook_thread;

/*
 * Where --continue or --cid is given: fill an empty conversation, with its system text unless
 * --system gives another. Otherwise do nothing.
 * @return 0, or an exit code, reported.
 */
int logbook_continue(const cli_args *args, cli_conversation *conversation, logbook_thread *thread);
void logbook_thread_free(logbook_thread *thread);

/* Read a number of an entry or of entries. @return false when it is none. */
bool logbook_read_number(const char *text, int64_t *number);

#endif
