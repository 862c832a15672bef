/* Traces and metrics of the command, if OpenTelemetry's variables or --trace ask for them. */
#ifndef BELUGA_CLI_OBSERVE_H
#define BELUGA_CLI_OBSERVE_H

#include "args.h"

#include <beluga/context.h>

/*
 * Start, if the user asks for telemetry. If an environment variable has a bad value, a note on
 * stderr reports it.
 * @return 0, or an exit code after reporting the error, if --trace is not possible.
 */
int observe_start(const cli_args *args);
/* Send the remaining telemetry within a short time, and draw the trace of --trace. @return `code`,
 * or the exit code of a failure. */
int observe_end(const cli_args *args, int code);
/* Return a context under `parent` (may be NULL) in the trace that TRACEPARENT and TRACESTATE name;
 * without such a trace, `parent` itself. @return one reference; NULL if there is neither a trace
 * nor a parent, or no memory. */
beluga_context *observe_context(beluga_context *parent);

#endif
