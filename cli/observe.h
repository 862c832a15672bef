/* Traces and metrics of what the command does, where OpenTelemetry's variables or --trace ask for
 * them. */
#ifndef BELUGA_CLI_OBSERVE_H
#define BELUGA_CLI_OBSERVE_H

#include "args.h"

#include <beluga/context.h>

/*
 * Begin, when somebody asks for it. What makes no sense in the environment is a note on stderr.
 * @return 0, or an exit code, reported: --trace can't be had.
 */
int observe_start(const cli_args *args);
/* Send what is there, within a moment, and draw what --trace recorded. @return `code`, or a
 * failure's. */
int observe_end(const cli_args *args, int code);
/* A context under `parent` (may be NULL) in the trace that TRACEPARENT and TRACESTATE name; else
 * one like it.
 * @return one reference, or NULL when there is neither or no memory. */
beluga_context *observe_context(beluga_context *parent);

#endif
