/* Which model is meant, from which configuration. */
#ifndef BELUGA_CLI_SESSION_H
#define BELUGA_CLI_SESSION_H

#include "args.h"

#include <beluga/chat_model.h>
#include <beluga/config.h>
#include <beluga/provider/provider.h>

#include <stdbool.h>

typedef struct cli_session {
    beluga_config *base;   /* file, environment, -o and --timeout */
    beluga_config *config; /* the same with a model's reference resolved; NULL before */
    beluga_chat_model *model;
    char *path;            /* of the configuration file; NULL: nowhere to look */
    bool has_file;         /* it was there and was read */
    const char *reference; /* the model that was asked for; NULL: the file's default */
    /* who did: "-m", "--replay", "BELUGA_MODEL", "file", or a key's variable; NULL: nobody */
    const char *chosen_by;
    char *opened;    /* the reference that `model` was opened by; owned */
    char *taped;     /* the model that was recorded; owned */
    char guess[160]; /* what `reference` points to when it was a key's variable */
} cli_session;

/*
 * Read the configuration, load its plug-ins and the command line's, and find out which model is
 * asked for.
 * @return 0, or an exit code, reported. Free with session_free in either case.
 */
int session_load(cli_session *session, const cli_args *args);

/* Load the plug-ins of --plugin; session_load does so too. @return 0, or an exit code, reported. */
int session_load_plugins(const cli_args *args);

/* Resolve `reference` (NULL: what session_load found) without opening it. Reports nothing. */
int session_resolve(cli_session *session, const char *reference, beluga_error *err);

/*
 * List the providers: those of the registry and the file's own, sorted by name.
 * @param names  At most n; borrowed as long as the session.
 * @return how many were written.
 */
size_t session_list_providers(const cli_session *session, const char **names, size_t n);

/*
 * Resolve a provider without opening it. Reports nothing.
 * @param provider  Its table; borrowed until the session resolves something else.
 */
int session_describe(cli_session *session, const char *name, beluga_provider *provider,
                     beluga_error *err);

/* Resolve and open it, in place of a model that is open. @return 0, or an exit code, reported. */
int session_open(cli_session *session, const cli_args *args, const char *reference);

/* The same, with the error left to the caller. @return 0, or the error's code. */
int session_try_open(cli_session *session, const char *reference, beluga_error *err);

/* Tell what to set when no model is configured. @return CLI_EXIT_CONFIG. */
int session_explain_no_model(const cli_session *session, const cli_args *args);

void session_free(cli_session *session);

/* Return the first of a NULL-terminated list of variables that is set to something, or NULL. */
const char *session_find_variable(const char *const *names);

#endif
