/* The functions of telemetry that the client calls, besides those of beluga/telemetry.h. */
#ifndef BELUGA__TELEMETRY_H
#define BELUGA__TELEMETRY_H

#include <beluga/telemetry.h>

/* Make a telemetry object that belongs to no client. `log` is used if the settings have no log
 * function. Returns 0 with *out NULL if neither the settings nor the variables ask for
 * telemetry. */
int beluga__telemetry_new(const beluga_telemetry_settings *given, beluga_log_fn log,
                          void *log_payload, beluga_telemetry **out, beluga_error *err);
bool beluga__telemetry_captures(const beluga_telemetry *telemetry);
/* Add a user. */
void beluga__telemetry_use(beluga_telemetry *telemetry);
/* Shut telemetry down, unless another user has a reference to it. Returns false if its thread has
 * not ended. */
bool beluga__telemetry_end(beluga_telemetry *telemetry, int64_t timeout_ms);

#endif
