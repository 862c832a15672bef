/* The span of several calls that are made for one: the parent of theirs. */
#ifndef BELUGA__BATCH_SPAN_H
#define BELUGA__BATCH_SPAN_H

#include "model/target.h"

#include <beluga/context.h>

typedef struct beluga__batch_span {
    void *span; /* NULL: there is none, or it has ended */
    int64_t start_ns;
    uint64_t succeeded, failed; /* calls */
    uint32_t generation;        /* fork generation; a child leaves its parent's span alone */
} beluga__batch_span;

/* Begin the span where telemetry is wanted. */
void beluga__batch_span_begin(beluga__batch_span *batch, beluga__target *target,
                              beluga_context *context);
/* End it, unless it has ended; err NULL: all succeeded, or their failures are told elsewhere. */
void beluga__batch_span_end(beluga__batch_span *batch, const beluga__target *target,
                            const beluga_error *err);

#endif
