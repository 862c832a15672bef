/* Makes the context for calls in the trace that the environment names. It is separate from
 * observe.c, so that a program can use it without telemetry of its own. */
#include "observe.h"

#include <stdlib.h>

beluga_context *observe_context(beluga_context *parent)
{
    const char *traceparent = getenv("TRACEPARENT");
    beluga_context *traced =
        traceparent ? beluga_context_new_trace(parent, traceparent, getenv("TRACESTATE")) : NULL;
    return traced ? traced : beluga_context_ref(parent);
}
