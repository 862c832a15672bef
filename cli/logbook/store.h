/*
 * The log's database: the only part of the command that knows SQLite. A build without that has the
 * same functions, which say so (logbook_none.c).
 *
 * Each process opens it for one short transaction at a time, and waits for others that write.
 */
#ifndef BELUGA_CLI_LOGBOOK_STORE_H
#define BELUGA_CLI_LOGBOOK_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One row is one call. The table makes the database's columns and the struct: type, name.
 * TEXT is NULL, INT and REAL are -1 where nothing is known.
 */
#define LOGBOOK_MAP(XX)                                                                 \
    XX(INT, parent)     /* the entry that this one goes on from; -1: it is the first */ \
    XX(INT, time_ms)    /* since 1970 */                                                \
    XX(TEXT, reference) /* the model as it was asked for */                             \
    XX(TEXT, provider)                                                                  \
    XX(TEXT, model)                                                                     \
    XX(TEXT, system)                                                                    \
    XX(TEXT, prompt)                                                                    \
    XX(TEXT, human) /* the message as JSON, where it is more than the prompt's text */  \
    XX(TEXT, answer)                                                                    \
    XX(TEXT, ai) /* likewise of the answer */                                           \
    XX(TEXT, finish_reason)                                                             \
    XX(TEXT, error) /* its code's name */                                               \
    XX(TEXT, error_message)                                                             \
    XX(INT, input_tokens)                                                               \
    XX(INT, input_cache_read)                                                           \
    XX(INT, input_cache_write)                                                          \
    XX(INT, output_tokens)                                                              \
    XX(INT, output_reasoning)                                                           \
    XX(REAL, cost) /* US dollars */                                                     \
    XX(REAL, duration_ms)                                                               \
    XX(REAL, first_content_ms)                                                          \
    XX(INT, cached) /* 1: it came from a cache */                                       \
    XX(TEXT, response_id)                                                               \
    XX(TEXT, request_id)                                                                \
    XX(TEXT, trace_id)

#define LOGBOOK_INT  int64_t
#define LOGBOOK_TEXT const char *
#define LOGBOOK_REAL double

typedef struct logbook_entry {
    int64_t id;
#define XX(type, name) LOGBOOK_##type name;
    LOGBOOK_MAP(XX)
#undef XX
} logbook_entry;

typedef struct logbook_store logbook_store;

/* Every `why` has this room: on failure it receives what is wrong and what to do. */
#define LOGBOOK_WHY_BYTES 512

/*
 * Open the database, or make it.
 * @param create  Make it where it is not there. Without it, *out is then NULL with 0.
 * @return 0, or -1.
 */
int logbook_store_open(const char *path, bool create, logbook_store **out, char *why);
void logbook_store_close(logbook_store *store);

/* Add an entry and set its id. @return 0, or -1. */
int logbook_store_add(logbook_store *store, logbook_entry *entry, char *why);

/* Receives an entry, borrowed for the call. @return 0, or anything else to end with. */
typedef int (*logbook_visit)(void *payload, const logbook_entry *entry);

typedef enum logbook_which {
    LOGBOOK_NEWEST,   /* all, newest first */
    LOGBOOK_COMPLETE, /* those that can be gone on from, newest first */
    LOGBOOK_ONE,      /* the one of that id */
    LOGBOOK_THREAD    /* that one and all it goes on from, oldest first */
} logbook_which;

/* Visit at most `most` entries (0: all). @return 0, what a visit returned, or -1 with `why`. */
int logbook_store_each(logbook_store *store, logbook_which which, int64_t id, int64_t most,
                       logbook_visit visit, void *payload, char *why);

/* The same for entries that contain all of the words, newest first. */
int logbook_store_search(logbook_store *store, const char *const *words, size_t n_words,
                         int64_t most, logbook_visit visit, void *payload, char *why);

/* Delete what is older, and nothing of it stays in the file. @return how many, or -1 with `why`. */
int64_t logbook_store_clear(logbook_store *store, int64_t before_ms, char *why);

/* Count the entries. @return -1 with `why`. */
int64_t logbook_store_count(logbook_store *store, char *why);

#endif
