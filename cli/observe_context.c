/* Separate from observe.c, for programs that need this function but do not trace a command. */
#include "observe.h"

#include <stdlib.h>

beluga_context *observe_context(beluga_context *parent)
{
    const char *traceparent = getenv("TRACEPARENT");
    beluga_context *traced =
        traceparent ? beluga_context_new_trace(parent, traceparent, getenv("TRACESTATE")) : NULL;
    return traced ? traced : beluga_context_ref(parent);
}
