/* The thread that exports everything that was recorded. Any thread may call these functions. */
#ifndef BELUGA__TELEMETRY_EXPORT_H
#define BELUGA__TELEMETRY_EXPORT_H

#include "telemetry/state.h"

/* Start the thread, unless it runs already. The thread holds a reference. */
void beluga__export_start(beluga_telemetry *t);
void beluga__export_wake(beluga_telemetry *t);
int beluga__export_flush(beluga_telemetry *t, int64_t timeout_ms);
int beluga__export_stop(beluga_telemetry *t, int64_t timeout_ms);
/* Ask the thread to stop, without waiting. */
void beluga__export_stop_soon(beluga_telemetry *t);
/* Returns whether there is no thread, or it has ended. */
bool beluga__export_has_ended(beluga_telemetry *t);
/* Remove all spans from a queue that is no longer exported, and count them as dropped. */
void beluga__export_discard(beluga_telemetry *t);

#endif
