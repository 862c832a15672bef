/* One thread exports all that is recorded. Any thread may call these functions. */
#ifndef BELUGA__TELEMETRY_EXPORT_H
#define BELUGA__TELEMETRY_EXPORT_H

#include "telemetry/state.h"

/* Make the thread, if there is none yet. It holds a reference. */
void beluga__export_start(beluga_telemetry *t);
void beluga__export_wake(beluga_telemetry *t);
int beluga__export_flush(beluga_telemetry *t, int64_t timeout_ms);
int beluga__export_stop(beluga_telemetry *t, int64_t timeout_ms);
/* Stop without waiting. */
void beluga__export_stop_soon(beluga_telemetry *t);
/* Returns whether there is no thread, or none any more. */
bool beluga__export_has_ended(beluga_telemetry *t);
/* Empty a queue that nobody reads, and count its spans as dropped. */
void beluga__export_discard(beluga_telemetry *t);

#endif
