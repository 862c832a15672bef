/* A context: a chain of links from the newest to the root. Each link adds a deadline, a flag for
 * cancellation, or a trace. */
#ifndef BELUGA__CONTEXT_H
#define BELUGA__CONTEXT_H

#include "base/wake.h"

#include <beluga/context.h>

#include <stdatomic.h>

struct beluga_context {
    atomic_uint refs;
    beluga_context *parent; /* a reference */
    /* monotonic time, the earliest deadline of the chain; INT64_MAX: none */
    int64_t deadline_ns;
    /* woken when the context is cancelled; its fd is -1 if this link can't be cancelled */
    beluga__wake wake;
    atomic_bool cancelled; /* whether this link, and not only a parent, was cancelled */
    char traceparent[56];  /* "": the parent's traceparent is used */
    char *tracestate;      /* NULL: the traceparent came without a tracestate */
};

static inline int64_t beluga__context_deadline_ns(const beluga_context *context)
{
    return context ? context->deadline_ns : INT64_MAX;
}

#endif
