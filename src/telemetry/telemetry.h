/* The functions that a client calls, in addition to those of beluga/telemetry.h. */
#ifndef BELUGA__TELEMETRY_H
#define BELUGA__TELEMETRY_H

#include <beluga/telemetry.h>

/* Make a telemetry without a client; `log` is used where the settings have none. *out is NULL with
 * 0 where neither the settings nor the variables ask for telemetry. */
int beluga__telemetry_new(const beluga_telemetry_settings *given, beluga_log_fn log,
                          void *log_payload, beluga_telemetry **out, beluga_error *err);
bool beluga__telemetry_captures(const beluga_telemetry *telemetry);
/* Count another user. */
void beluga__telemetry_use(beluga_telemetry *telemetry);
/* Shut telemetry down, unless it has another user. Returns false when its thread has not ended. */
bool beluga__telemetry_end(beluga_telemetry *telemetry, int64_t timeout_ms);

#endif
