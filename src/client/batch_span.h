/* A span that is the parent of several calls that belong together. */
#ifndef BELUGA__BATCH_SPAN_H
#define BELUGA__BATCH_SPAN_H

#include "model/target.h"

#include <beluga/context.h>

typedef struct beluga__batch_span {
    void *span; /* NULL: there is no span, or it has ended */
    int64_t start_ns;
    uint64_t succeeded, failed; /* number of calls */
    uint32_t generation;        /* fork generation; a child leaves its parent's span alone */
} beluga__batch_span;

/* Begin the span if telemetry is wanted. */
void beluga__batch_span_begin(beluga__batch_span *batch, beluga__target *target,
                              beluga_context *context);
/* End the span, unless it has ended already. `err` is NULL if all calls succeeded, or if their
 * failures are reported elsewhere. */
void beluga__batch_span_end(beluga__batch_span *batch, const beluga__target *target,
                            const beluga_error *err);

#endif
