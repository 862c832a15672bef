#include "client/batch_span.h"

#include "base/clock.h"
#include "model/span.h"

void beluga__batch_span_begin(beluga__batch_span *batch, beluga__target *target,
                              beluga_context *context)
{
    beluga_span_start start = {.kind = BELUGA_SPAN_BATCH, .operation = "batch"};
    if (!beluga__sink_of(target)) return;
    batch->generation = beluga__fork_generation();
    batch->start_ns = start.start_ns = beluga__now_ns();
    batch->span = beluga__span_begin(target, context, NULL, &start);
}

void beluga__batch_span_end(beluga__batch_span *batch, const beluga__target *target,
                            const beluga_error *err)
{
    if (!batch->span || batch->generation != beluga__fork_generation()) return;
    beluga_span_end end = beluga__span_ended(batch->start_ns, err);
    end.succeeded = batch->succeeded;
    end.failed = batch->failed;
    beluga__span_close(target, batch->span, &end);
    batch->span = NULL;
}
