/* Helpers for calls that block until their end: embeddings, token counts and health checks. */
#ifndef BELUGA_CLI_OPERATION_H
#define BELUGA_CLI_OPERATION_H

#include "args.h"
#include "session.h"

#include <beluga/context.h>
#include <beluga/error.h>

/* Make a context in the trace that TRACEPARENT names. Ctrl-C cancels it until operation_end.
 * @return owned, or NULL if memory runs out. */
beluga_context *operation_begin(void);
void operation_end(beluga_context *context);

/* Open a model like session_open, for an operation that needs `capability`. If the model can't be
 * opened because a key is missing, and the provider lacks the capability anyway, the error reports
 * the missing capability instead, since a key would not help.
 * @return 0, or the exit code of the failure after reporting it. */
int operation_open(cli_session *session, const cli_args *args, const char *reference,
                   uint64_t capability);

/*
 * Report a failure like report_error. If the provider does not support the operation, the providers
 * that have the `capability` are listed, too.
 * @return the exit code.
 */
int operation_report(const cli_args *args, const beluga_error *err, uint64_t capability);

#endif
