/* A context is a chain up to its root; each link adds a deadline, a flag, or a trace. */
#ifndef BELUGA__CONTEXT_H
#define BELUGA__CONTEXT_H

#include "base/wake.h"

#include <beluga/context.h>

#include <stdatomic.h>

struct beluga_context {
    atomic_uint refs;
    beluga_context *parent; /* holds a reference */
    int64_t deadline_ns;    /* monotonic, the earliest of the chain; INT64_MAX: none */
    beluga__wake wake;      /* woken when the context is cancelled; fd -1: there is none */
    atomic_bool cancelled;  /* this link's own flag */
    char traceparent[56];   /* "": the parent's value counts */
    char *tracestate;       /* NULL: none came with the traceparent */
};

static inline int64_t beluga__context_deadline_ns(const beluga_context *context)
{
    return context ? context->deadline_ns : INT64_MAX;
}

#endif
