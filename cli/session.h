/* The session of a command: its model, and the configuration that chose the model. */
#ifndef BELUGA_CLI_SESSION_H
#define BELUGA_CLI_SESSION_H

#include "args.h"
#include "lookup.h"

#include <beluga/chat_model.h>
#include <beluga/config.h>
#include <beluga/provider/provider.h>

#include <stdbool.h>

typedef struct cli_session {
    beluga_config *base;   /* from the file, the environment, -o and --timeout */
    beluga_config *config; /* `base` with the model's reference resolved; NULL: not resolved yet */
    beluga_chat_model *model;
    char *path;            /* path of the configuration file; NULL: no folder for it is known */
    bool has_file;         /* the file exists and was read */
    const char *reference; /* the model that the user named; NULL: the default of the file */
    /* The source of `reference`: "-m", "template", "--replay", "BELUGA_MODEL", "file", or a key's
     * variable or place in the file; NULL: none. */
    const char *chosen_by;
    /* PROVIDER/MODEL of the resolved reference, if the reference was only the name of a model; else
     * "" */
    char found[LOOKUP_BYTES];
    char *opened;    /* owned; the reference with which `model` was opened */
    char *taped;     /* owned; the model that the recording of --replay names */
    char guess[160]; /* the text of `reference`, if the model was chosen because its provider has a
                      * key */
    char guess_by[80]; /* the text of `chosen_by`, if this key is in the configuration file */
} cli_session;

/*
 * Read the configuration, load the plug-ins of the file and the command line, and choose the model.
 * @return 0, or an exit code after reporting the error. Free with session_free in either case.
 */
int session_load(cli_session *session, const cli_args *args);

/* Load the plug-ins of --plugin; session_load does this, too. @return 0, or an exit code after
 * reporting the error. */
int session_load_plugins(const cli_args *args);

/* Resolve `reference` (NULL: the one that session_load chose) without opening the model. Reports
 * nothing. */
int session_resolve(cli_session *session, const char *reference, beluga_error *err);

/*
 * List the providers of the registry and of the configuration, sorted by name.
 * @param names  Receives at most n names, borrowed for the lifetime of the session.
 * @return the number of names written.
 */
size_t session_list_providers(const cli_session *session, const char **names, size_t n);

/*
 * Resolve a provider without opening it. Reports nothing.
 * @param provider  Receives the provider's table; borrowed until the session resolves another
 * reference.
 */
int session_describe(cli_session *session, const char *name, beluga_provider *provider,
                     beluga_error *err);

/* Return the capabilities of the resolved model's provider; all bits are set if they are not known.
 * The model is not opened, since that may need a key. */
uint64_t session_capabilities(const cli_session *session);

/* Resolve and open a model, which replaces the open one. @return 0, or an exit code after reporting
 * the error. */
int session_open(cli_session *session, const cli_args *args, const char *reference);

/* Resolve and open a model, without reporting an error. @return 0, or the error's code. */
int session_try_open(cli_session *session, const char *reference, beluga_error *err);

/* If `status` is BELUGA_ERROR_INVALID_MODEL, print a note with a model whose name is similar to
 * that of the session's model. */
void session_hint_model(const cli_session *session, int status);

/* If a recording is made, store the session's model in it. */
void session_remember(const cli_session *session);

/* Report that no model is configured, and what to set. @return CLI_EXIT_CONFIG. */
int session_explain_no_model(const cli_session *session, const cli_args *args);

void session_free(cli_session *session);

/* Return the first of a NULL-terminated list of variables that has a value, or NULL. */
const char *session_find_variable(const char *const *names);

#endif
