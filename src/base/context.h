/* Contexts from the inside: a chain to the root, each link a deadline, a flag, or a trace. */
#ifndef BELUGA__CONTEXT_H
#define BELUGA__CONTEXT_H

#include <beluga/context.h>
#include <stdatomic.h>

struct beluga_context {
    atomic_uint refs;
    beluga_context *parent; /* shared */
    int64_t deadline_ns;    /* monotonic; INT64_MAX: none. Already the earliest of the chain. */
    int fd;                 /* eventfd that becomes readable when cancelled; -1: not cancellable */
    atomic_bool cancelled;  /* this link's own flag */
    char traceparent[56];   /* "" : ask the parent */
    char *tracestate;       /* NULL: none came with the traceparent */
};

static inline int64_t beluga__context_deadline_ns(const beluga_context *context)
{
    return context ? context->deadline_ns : INT64_MAX;
}

#endif
