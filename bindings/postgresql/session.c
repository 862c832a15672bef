/* The session of this backend. Connects its waits and errors to those of PostgreSQL. */
#include "extension.h"

/* <libpq/libpq.h> is needed only to flush the connection. If these macros are undefined, it leaves
 * out fields that need headers of Kerberos and OpenSSL. */
#undef ENABLE_GSS
#undef USE_OPENSSL
#undef USE_SSL
#include <libpq/libpq.h>
#include <miscadmin.h>
#include <storage/latch.h>
#include <tcop/tcopprot.h>
#include <utils/wait_event.h>

static db_session *the_session;
static bool sends_rows;

void backend_sends_rows(bool sends)
{
    sends_rows = sends;
}

/* CHECK_FOR_INTERRUPTS leaves by longjmp when the query is cancelled, which callers of db_wait_fn
 * expect. */
static bool wait_for(void *payload, int fd)
{
    (void)payload;
    if (sends_rows && whereToSendOutput == DestRemote) pq_flush_if_writable();
    int events = WaitLatchOrSocket(MyLatch, WL_LATCH_SET | WL_SOCKET_READABLE | WL_EXIT_ON_PM_DEATH,
                                   fd, -1, PG_WAIT_EXTENSION);
    if (events & WL_LATCH_SET) ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
    return false;
}

/* The session is made at its first use, after the server forked this backend, and lives as long as
 * the backend. */
db_session *backend_session(void)
{
    beluga_error err;
    db_policy policy;
    int status = the_session ? 0 : db_session_new(wait_for, NULL, &the_session, &err);
    settings_policy(&policy);
    if (!status) status = db_session_set_policy(the_session, &policy, &err);
    if (status) backend_fail(&err);
    backend_sends_rows(false);
    return the_session;
}

static int sqlstate_of(int code)
{
    switch (code) {
    case BELUGA_ERROR_CONTEXT_CANCELED:
    case BELUGA_ERROR_CONTEXT_TIMEOUT: return ERRCODE_QUERY_CANCELED;
    case BELUGA_ERROR_NO_MEMORY: return ERRCODE_OUT_OF_MEMORY;
    case BELUGA_ERROR_AUTHENTICATION:
    case BELUGA_ERROR_AUTHORIZATION: return ERRCODE_INSUFFICIENT_PRIVILEGE;
    case BELUGA_ERROR_BUDGET_EXCEEDED:
    case BELUGA_ERROR_QUOTA_EXCEEDED: return ERRCODE_CONFIGURATION_LIMIT_EXCEEDED;
    case BELUGA_ERROR_LIMIT_EXCEEDED: return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
    case BELUGA_ERROR_INVALID_INPUT: return ERRCODE_INVALID_PARAMETER_VALUE;
    case BELUGA_ERROR_INVALID_CONFIG: return ERRCODE_CONFIG_FILE_ERROR;
    case BELUGA_ERROR_NETWORK: return ERRCODE_CONNECTION_FAILURE;
    default: return ERRCODE_EXTERNAL_ROUTINE_EXCEPTION;
    }
}

void backend_fail(const beluga_error *err)
{
    char line[1024];
    beluga_error_format(err, line, sizeof line);
    ereport(ERROR,
            (errcode(sqlstate_of(err->code)), errmsg("beluga: %s", message_from_utf8(line))));
    pg_unreachable();
}

void backend_request(FunctionCallInfo fcinfo, int model, db_request *request)
{
    size_t length;
    settings_request(request);
    if (!PG_ARGISNULL(model)) request->model = text_to_utf8(PG_GETARG_TEXT_PP(model), &length);
    if (!PG_ARGISNULL(model + 1))
        request->options = jsonb_to_utf8(PG_GETARG_DATUM(model + 1), &request->options_length);
}
