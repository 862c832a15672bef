/* Calls that block until their end, such as embeddings, counts of tokens and health. */
#ifndef BELUGA_CLI_OPERATION_H
#define BELUGA_CLI_OPERATION_H

#include "args.h"
#include "session.h"

#include <beluga/context.h>
#include <beluga/error.h>

/* Make a context that Ctrl-C cancels until operation_end, in the trace that TRACEPARENT names.
 * @return owned, or NULL without memory. */
beluga_context *operation_begin(void);
void operation_end(beluga_context *context);

/* Open a model as session_open does, to do what the `capability` says. A provider that lacks that
 * is told so where the model can't be opened for want of a key, since no key would help.
 * @return 0, or the exit code of the failure, which it reported. */
int operation_open(cli_session *session, const cli_args *args, const char *reference,
                   uint64_t capability);

/*
 * Report a failure as report_error does. Where the provider can't do it at all, the providers that
 * have the `capability` are named, too.
 * @return the exit code.
 */
int operation_report(const cli_args *args, const beluga_error *err, uint64_t capability);

#endif
