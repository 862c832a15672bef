/* Traces and metrics of what the command does, where OpenTelemetry's variables ask for them. */
#ifndef BELUGA_CLI_OBSERVE_H
#define BELUGA_CLI_OBSERVE_H

#include <beluga/context.h>

/* Begin, when the environment asks for it. What makes no sense there is a note on stderr. */
void observe_start(void);
/* Send what is there, within a moment. */
void observe_end(void);
/* A context under `parent` (may be NULL) in the trace that TRACEPARENT and TRACESTATE name; else one like it.
 * @return one reference, or NULL when there is neither or no memory. */
beluga_context *observe_context(beluga_context *parent);

#endif
