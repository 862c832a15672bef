/* Replaces telemetry.c and the room telemetry/ in a library that exports no telemetry. A sink of
 * the host program still receives everything. */
#include "base/left_out.h"
#include "telemetry/telemetry.h"

#include <stdlib.h>
#include <string.h>

/* Returns whether the caller's settings say that spans are exported. */
static bool is_asked_for(const beluga_telemetry_settings *settings)
{
    static const char *const names[] = {
        "BELUGA_TELEMETRY_FILE", "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_TRACES_EXPORTER",  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_METRICS_EXPORTER", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    };
    if (!settings || !settings->only_if_asked || settings->file || settings->variables) return true;
    for (size_t i = 0; !settings->without_environment && i < sizeof names / sizeof *names; i++) {
        const char *value = secure_getenv(names[i]);
        if (value && *value && strcmp(value, "none") != 0) return true;
    }
    return false;
}

int beluga_telemetry_init(beluga_client *client, const beluga_telemetry_settings *settings,
                          beluga_telemetry **out, beluga_error *err)
{
    (void)client;
    *out = NULL;
    return is_asked_for(settings)
               ? beluga__left_out(err, "traces and metrics by OTLP", "telemetry=enabled")
               : 0;
}

/* Nothing in this library makes a telemetry object, so callers can pass only NULL to the following
 * functions. */

int beluga_telemetry_flush(beluga_telemetry *telemetry, int64_t timeout_ms)
{
    BELUGA__UNUSED(telemetry, timeout_ms);
    return 0;
}

int beluga_telemetry_shutdown(beluga_telemetry *telemetry, int64_t timeout_ms)
{
    BELUGA__UNUSED(telemetry, timeout_ms);
    return 0;
}

uint64_t beluga_telemetry_dropped(const beluga_telemetry *telemetry)
{
    (void)telemetry;
    return 0;
}

const beluga_telemetry_sink *beluga_telemetry_get_sink(beluga_telemetry *telemetry)
{
    (void)telemetry;
    return NULL;
}

void beluga_telemetry_unref(beluga_telemetry *telemetry)
{
    (void)telemetry;
}

bool beluga__telemetry_captures(const beluga_telemetry *telemetry)
{
    (void)telemetry;
    return false;
}

bool beluga__telemetry_end(beluga_telemetry *telemetry, int64_t timeout_ms)
{
    BELUGA__UNUSED(telemetry, timeout_ms);
    return true;
}

/* This library emits no telemetry, so there is nothing to describe. */

bool beluga_metric_get_info(size_t index, beluga_metric_info *info)
{
    BELUGA__UNUSED(index, info);
    return false;
}

bool beluga_attribute_get_info(size_t index, beluga_attribute_info *info)
{
    BELUGA__UNUSED(index, info);
    return false;
}

const char *beluga_telemetry_provider_name(const char *provider)
{
    return provider;
}
