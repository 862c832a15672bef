/*
 * The state of one connection to a database: its client, its loop, its open models, and what it has
 * spent. Only one thread at a time may use a session and the calls that were started in it.
 *
 * A server that forks must make sessions in its child processes, after the fork.
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
 * The function may leave by longjmp, as errors of PostgreSQL do. While it runs, all memory of the
 * functions in this folder therefore belongs to the session or to the handle of a call.
 *
 * @return whether the host wants to stop.
 */
typedef bool (*db_wait_fn)(void *payload, int fd);

/* What a session has used so far. */
typedef struct db_usage {
    int64_t calls;
    int64_t failed; /* without calls that the host ended early, as LIMIT or an interrupt does */
    int64_t input_tokens, output_tokens; /* estimated if a provider does not report them */
    double cost;                         /* US dollars; only models whose price is known */
    bool cost_known;                     /* the price of every model that was called is known */
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
    /* Copies of the texts of the policy with which the models were opened. */
    char *config_file, *allowed_hosts, *allowed_models, *prices_file;
    db_policy policy;
    struct stat file; /* state of the configuration file when it was read */
    beluga_config *config;
    beluga_prices *prices;
    db_model models[DB_MAX_MODELS];
    size_t n_models;
    db_usage usage;
} db_session;

/* Make a session; owned (db_session_free). @return 0, or an error code. */
int db_session_new(db_wait_fn wait, void *payload, db_session **out, beluga_error *err);
/* Free a session; NULL does nothing. All calls of the session must have been freed before. */
void db_session_free(db_session *session);

/*
 * Set the policy. If it differs from the last one, or its configuration file has changed, all
 * models are closed and opened again when they are needed. The counts of usage stay.
 */
int db_session_set_policy(db_session *session, const db_policy *policy, beluga_error *err);

/*
 * Open a model, or find it among those that are open.
 *
 * @param reference  An alias, or "provider/model"; NULL or "": the default of the configuration
 * file.
 * @param setting    How a user of the host sets the default model, for the error message if the
 * model is missing.
 * @param out        Borrowed until the next call of this function or of db_session_set_policy.
 */
int db_session_open(db_session *session, const char *reference, const char *setting,
                    const db_model **out, beluga_error *err);

/* Check that the budget allows one more call, and count the call. @return 0, or
 * BELUGA_ERROR_BUDGET_EXCEEDED. */
int db_session_begin_call(db_session *session, beluga_error *err);
/*
 * Add the tokens and the cost of a call to the usage of the session.
 *
 * @param price  NULL: unknown.
 * @param bytes_in, bytes_out  Bytes of the question and of the answer. Tokens are estimated from
 * them if `usage` has none.
 */
void db_session_end_call(db_session *session, const beluga_price *price, const beluga_usage *usage,
                         size_t bytes_in, size_t bytes_out, bool failed);

/*
 * Return one of the names that the configuration file defines: first its aliases, then its own
 * providers.
 *
 * @param kind  Receives "alias" or "provider". All three are borrowed until the next policy is set.
 * @return false if `index` is past the last name, or if the configuration file could not be read.
 */
bool db_session_name(const db_session *session, size_t index, const char **name,
                     const char **meaning, const char **kind);

/* Run one step of the loop. Threads that are started during the step block all signals, so that the
 * host's threads get them. */
int db_session_step(db_session *session, beluga_error *err);

/*
 * Step the loop until `*done` is true, and wait for its descriptor between the steps.
 *
 * @return 0; BELUGA_ERROR_CONTEXT_CANCELED: the host wants to stop.
 */
int db_session_wait(db_session *session, const bool *done, beluga_error *err);

/* Check that a text has no NUL byte, which databases can't store. @return 0, or
 * BELUGA_ERROR_INVALID_RESPONSE. */
int db_check_text(const char *text, size_t length, beluga_error *err);

/* Check the length of an answer's text. @return 0, or BELUGA_ERROR_LIMIT_EXCEEDED, with the setting
 * that the administrator can change. */
int db_session_check_length(const db_session *session, size_t length, beluga_error *err);
/* If the library stopped reading an answer since its body is too long, name the administrator's
 * setting in the message, and not the library's option, which SQL can't set. */
void db_session_explain(const db_session *session, beluga_error *err);

/* Set `err` to BELUGA_ERROR_NO_MEMORY. @return that code. */
int db_no_memory(beluga_error *err);

#endif
