/*
 * The log's database, implemented in store.c and names.c with SQLite. In a build without SQLite,
 * store_none.c defines the same functions, which report that SQLite is missing.
 *
 * Each process opens the database for one short transaction at a time, and waits for other
 * processes that write.
 */
#ifndef BELUGA_CLI_LOGBOOK_STORE_H
#define BELUGA_CLI_LOGBOOK_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One row is one call. This list defines the columns of the database and the members of the struct.
 * Columns of the list: type, name. Unknown values are NULL for TEXT, and -1 for INT and REAL.
 */
#define LOGBOOK_MAP(XX)                                                                 \
    XX(INT, parent)     /* the entry that this one continues; -1: none */               \
    XX(INT, time_ms)    /* milliseconds since 1970 */                                   \
    XX(TEXT, reference) /* the model as the user named it */                            \
    XX(TEXT, provider)                                                                  \
    XX(TEXT, model)                                                                     \
    XX(TEXT, system)                                                                    \
    XX(TEXT, prompt)                                                                    \
    XX(TEXT, human) /* the message as JSON, if it is not only the text of the prompt */ \
    XX(TEXT, steps) /* tool calls and results before the answer, as JSON */             \
    XX(TEXT, answer)                                                                    \
    XX(TEXT, ai) /* the answer as JSON, if it is not only a text */                     \
    XX(TEXT, finish_reason)                                                             \
    XX(TEXT, error) /* name of the error code */                                        \
    XX(TEXT, error_message)                                                             \
    XX(INT, input_tokens)                                                               \
    XX(INT, input_cache_read)                                                           \
    XX(INT, input_cache_write)                                                          \
    XX(INT, output_tokens)                                                              \
    XX(INT, output_reasoning)                                                           \
    XX(REAL, cost) /* US dollars */                                                     \
    XX(REAL, duration_ms)                                                               \
    XX(REAL, first_content_ms)                                                          \
    XX(INT, cached) /* 1: the answer came from a cache */                               \
    XX(TEXT, response_id)                                                               \
    XX(TEXT, request_id)                                                                \
    XX(TEXT, trace_id)                                                                  \
    XX(TEXT, name)    /* of the conversation */                                         \
    XX(TEXT, options) /* options of the model as a JSON list of "key=value" */          \
    XX(TEXT, schema)  /* JSON Schema of the answer */

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

/* Size of every buffer `why`, which on failure receives the reason and advice. */
#define LOGBOOK_WHY_BYTES 512

/*
 * Open the database, or create it.
 * @param create  Create the database if it is missing. If `create` is false and the database is
 * missing, *out is NULL, and the result is 0.
 * @return 0, or -1.
 */
int logbook_store_open(const char *path, bool create, logbook_store **out, char *why);
void logbook_store_close(logbook_store *store);

/* Add an entry and set its id. @return 0, or -1. */
int logbook_store_add(logbook_store *store, logbook_entry *entry, char *why);

/* A callback for each entry, which is borrowed for the call. @return 0, or another number, which
 * ends the visits. */
typedef int (*logbook_visit)(void *payload, const logbook_entry *entry);

typedef enum logbook_which {
    LOGBOOK_NEWEST,   /* all entries, the newest first */
    LOGBOOK_COMPLETE, /* entries that can be continued, the newest first */
    LOGBOOK_ONE,      /* the entry with this id */
    LOGBOOK_THREAD    /* the entry with this id and all entries that it continues, the oldest
                       * first */
} logbook_which;

/* Visit at most `most` entries (0: all). @return 0; the number with which a visit has ended the
 * visits; or -1 with `why`. */
int logbook_store_each(logbook_store *store, logbook_which which, int64_t id, int64_t most,
                       logbook_visit visit, void *payload, char *why);

/* Visit the entries that contain all of the words, the newest first. */
int logbook_store_search(logbook_store *store, const char *const *words, size_t n_words,
                         int64_t most, logbook_visit visit, void *payload, char *why);

/* Find the newest complete entry of the conversation with this name. @return its id; 0 for none; -1
 * with `why`. */
int64_t logbook_store_find(logbook_store *store, const char *name, char *why);

/* Set the name of the whole conversation to which an entry belongs; NULL removes the name. @return
 * 0, or -1. */
int logbook_store_rename(logbook_store *store, int64_t id, const char *name, char *why);

/* A callback for each conversation with a name: its name, the id of its newest entry, and its
 * number of entries. Names are visited in the order of their last use, the latest first. @return 0,
 * or another number, which ends the visits. */
typedef int (*logbook_visit_name)(void *payload, const char *name, int64_t last, int64_t count);
int logbook_store_names(logbook_store *store, logbook_visit_name visit, void *payload, char *why);

/* Delete the entries from before `before_ms`. No part of them remains in the file. @return the
 * number of deleted entries, or -1 with `why`. */
int64_t logbook_store_clear(logbook_store *store, int64_t before_ms, char *why);

/* Return the number of entries, or -1 with `why`. */
int64_t logbook_store_count(logbook_store *store, char *why);

#endif
