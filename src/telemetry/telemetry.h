/* A client calls these functions, besides those of beluga/telemetry.h. */
#ifndef BELUGA__TELEMETRY_H
#define BELUGA__TELEMETRY_H

#include <beluga/telemetry.h>

/* Make one without a client; `log` is used where the settings have none. *out NULL and 0: neither
 * the settings nor the variables ask for telemetry. */
int beluga__telemetry_new(const beluga_telemetry_settings *given, beluga_log_fn log,
                          void *log_payload, beluga_telemetry **out, beluga_error *err);
bool beluga__telemetry_captures(const beluga_telemetry *telemetry);
/* Count one user more. */
void beluga__telemetry_use(beluga_telemetry *telemetry);
/* Shut it down unless somebody else uses it. Returns false when its thread has not ended. */
bool beluga__telemetry_end(beluga_telemetry *telemetry, int64_t timeout_ms);

#endif
