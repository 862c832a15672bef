/* This is apart from observe.c for programs that use it without tracing a command. */
#include "observe.h"

#include <stdlib.h>

beluga_context *observe_context(beluga_context *parent)
{
    const char *traceparent = getenv("TRACEPARENT");
    beluga_context *traced =
        traceparent ? beluga_context_new_trace(parent, traceparent, getenv("TRACESTATE")) : NULL;
    return traced ? traced : beluga_context_ref(parent);
}
