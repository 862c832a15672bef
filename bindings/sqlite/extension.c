#include "extension.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

SQLITE_EXTENSION_INIT1

enum { TICK_MS = 50 }; /* milliseconds between two checks whether a waiting call was interrupted */

/* ---- interrupts ------------------------------------------------------------------------------ */

/* This statement takes 10,000 steps of SQLite's machine, and less than a millisecond. */
static const char count_to_600[] =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600) "
    "SELECT count(*) FROM n";

/* After sqlite3_interrupt, every statement that begins while another one still runs is interrupted,
 * too. So run a statement to find out. Unlike sqlite3_is_interrupted (since SQLite 3.41), this also
 * calls the progress handler of the host. The statement must take more steps than hosts let pass
 * between two calls of their handler, which are often thousands. */
static bool is_interrupted(sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    int status = sqlite3_prepare_v2(db, count_to_600, -1, &statement, NULL);
    if (status == SQLITE_OK) status = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return status == SQLITE_INTERRUPT;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A signal, such as from Ctrl-C in the shell, ends the poll at once. The clock decides when to
 * check for an interrupt, since the poll never times out while data arrives without a pause. */
static bool wait_for(void *payload, int fd)
{
    extension *x = payload;
    struct pollfd watched = {.fd = fd, .events = POLLIN};
    int ready = poll(&watched, 1, TICK_MS);
    int64_t now = now_ms();
    if (ready > 0 && now - x->looked_ms < TICK_MS) return false;
    x->looked_ms = now;
    return is_interrupted(x->db);
}

/* ---- the state of a connection --------------------------------------------------------------- */

extension *extension_ref(extension *x)
{
    x->references++;
    return x;
}

void extension_unref(void *payload)
{
    extension *x = payload;
    if (--x->references) return;
    db_session_free(x->session);
    settings_free(&x->settings);
    free(x);
}

int extension_begin(extension *x, beluga_error *err)
{
    int status = x->session ? 0 : db_session_new(wait_for, x, &x->session, err);
    return status ? status : db_session_set_policy(x->session, &x->settings.policy, err);
}

const char *extension_text(sqlite3_value *value)
{
    return value && sqlite3_value_type(value) != SQLITE_NULL
               ? (const char *)sqlite3_value_text(value)
               : NULL;
}

int extension_check_nul(sqlite3_value *value, const char *what, beluga_error *err)
{
    const char *text = extension_text(value);
    if (!text || strlen(text) == (size_t)sqlite3_value_bytes(value)) return 0;
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "%s has a NUL character", what);
}

int extension_request(const extension *x, sqlite3_value *model, sqlite3_value *options,
                      db_request *request, beluga_error *err)
{
    const char *name = extension_text(model);
    *request = (db_request){.model = name ? name : x->settings.model,
                            .setting = "BELUGA_SQLITE_MODEL",
                            .timeout_ms = x->settings.timeout_ms,
                            .temperature = -1,
                            .concurrency = x->settings.concurrency};
    request->options = extension_text(options);
    if (request->options) request->options_length = (size_t)sqlite3_value_bytes(options);
    return extension_check_nul(model, "the name of the model", err);
}

int extension_error(const beluga_error *err, char *line, size_t n)
{
    beluga_error_format(err, line, n);
    if (err->code == BELUGA_ERROR_CONTEXT_CANCELED) return SQLITE_INTERRUPT;
    return err->code == BELUGA_ERROR_NO_MEMORY ? SQLITE_NOMEM : SQLITE_ERROR;
}
