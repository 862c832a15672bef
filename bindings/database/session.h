/*
 * What a connection of a database keeps: a client and a loop of its own, the models that were
 * opened, and what was spent. One thread at a time uses a session and all that is started in it.
 *
 * A process that forks makes sessions behind the fork: a server's main process makes none.
 */
#ifndef BELUGA_DATABASE_SESSION_H
#define BELUGA_DATABASE_SESSION_H

#include "policy.h"

#include <beluga/chat_model.h>
#include <beluga/client.h>
#include <beluga/loop.h>
#include <beluga/price.h>

#include <sys/stat.h>

/*
 * Wait until a descriptor can be read, or the host wants to stop.
 *
 * It may leave by longjmp, as errors of PostgreSQL do: the functions here hold nothing while it
 * waits but what the handle of a call owns.
 *
 * @return whether the host wants to stop.
 */
typedef bool (*db_wait_fn)(void *payload, int fd);

/* What was spent so far. */
typedef struct db_usage {
    int64_t calls, failed;
    int64_t input_tokens, output_tokens; /* estimated where a provider tells none */
    double cost;                         /* US dollars, of the models whose price is known */
    bool cost_known;                     /* the price of each model that was asked is known */
} db_usage;

enum { DB_MAX_MODELS = 32 };

typedef struct db_model {
    char *reference; /* owned */
    char *system;    /* the system text of its alias; owned; NULL: none */
    beluga_chat_model *model;
    beluga_price price;
    bool has_price;
} db_model;

typedef struct db_session {
    db_wait_fn wait;
    void *payload;
    beluga_client *client;
    beluga_loop *loop;
    /* Copies: the models were opened for these. */
    char *config_file, *allowed_hosts, *allowed_models, *prices_file;
    db_policy policy;
    struct stat file; /* the configuration file when it was read */
    beluga_config *config;
    beluga_prices *prices;
    db_model models[DB_MAX_MODELS];
    size_t n_models;
    db_usage usage;
} db_session;

/* Make a session. @return 0, or a code; owned (db_session_free). */
int db_session_new(db_wait_fn wait, void *payload, db_session **out, beluga_error *err);
/* Free a session; NULL does nothing. All that was started in it was freed before. */
void db_session_free(db_session *session);

/*
 * Take a policy. Where it says something else than the last one, or its configuration file was
 * changed, models are opened anew. What was spent stays.
 */
int db_session_set_policy(db_session *session, const db_policy *policy, beluga_error *err);

/*
 * Open a model, or find it among those that are open.
 *
 * @param reference  An alias, or "provider/model"; NULL or "": the one of the configuration file.
 * @param setting    Where the host lets its user name one: the error for none says so.
 * @param out        Borrowed until the next call of this function or of db_session_set_policy.
 */
int db_session_open(db_session *session, const char *reference, const char *setting,
                    const db_model **out, beluga_error *err);

/* Return whether the budget allows one more call, and count it. */
int db_session_begin_call(db_session *session, beluga_error *err);
/*
 * Count what a call took.
 *
 * @param price  NULL: unknown.
 * @param bytes  Bytes of question and answer, of which tokens are estimated where `usage` has none.
 */
void db_session_end_call(db_session *session, const beluga_price *price, const beluga_usage *usage,
                         size_t bytes_in, size_t bytes_out, bool failed);

/*
 * Walk what can be asked by a short name: aliases of the configuration file, and its own providers.
 *
 * @param kind  Receives "alias" or "provider". All three are borrowed until the next policy is set.
 * @return false past the last, and where the configuration file could not be read.
 */
bool db_session_name(const db_session *session, size_t index, const char **name,
                     const char **meaning, const char **kind);

/* Do the work that is due. The threads that it starts block all signals, which are the host's. */
int db_session_step(db_session *session, beluga_error *err);

/*
 * Step until `*done`, and wait in between.
 *
 * @return 0; BELUGA_ERROR_CONTEXT_CANCELED the host wants to stop.
 */
int db_session_wait(db_session *session, const bool *done, beluga_error *err);

/* Return BELUGA_ERROR_INVALID_RESPONSE for a text with a NUL byte, which no database keeps. */
int db_check_text(const char *text, size_t length, beluga_error *err);

/* Fill `err`. @return BELUGA_ERROR_NO_MEMORY. */
int db_no_memory(beluga_error *err);

#endif
