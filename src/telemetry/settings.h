/* What OpenTelemetry's variables say. */
#ifndef BELUGA__TELEMETRY_SETTINGS_H
#define BELUGA__TELEMETRY_SETTINGS_H

#include "base/arena.h"
#include "base/runtime.h"
#include "telemetry/span.h"

typedef enum beluga__output {
    BELUGA__OUTPUT_NONE,
    BELUGA__OUTPUT_OTLP,
    BELUGA__OUTPUT_CONSOLE
} beluga__output;
typedef enum beluga__sampler {
    BELUGA__SAMPLE_ALL,
    BELUGA__SAMPLE_NONE,
    BELUGA__SAMPLE_RATIO
} beluga__sampler;

typedef struct beluga__otlp_header {
    struct beluga__otlp_header *next;
    const char *name, *value;
} beluga__otlp_header;

/* One signal's way out. */
typedef struct beluga__signal {
    beluga__output output;
    const char *url;
    beluga__otlp_header *headers;
    int64_t timeout_ms; /* of one request; 0: none */
    bool json, gzip;
    const char *ca_file, *client_key, *client_certificate;
    bool asked; /* a variable names this way */
} beluga__signal;

typedef struct beluga__telemetry_setup {
    beluga__signal traces, metrics;
    beluga__sampler sampler;
    bool parent_based;
    uint64_t sample_below; /* of the low half of a trace's id */
    bool sample_rest;      /* the ratio is 1 */
    int64_t schedule_delay_ms, export_timeout_ms, max_queue, max_batch;
    int64_t metric_interval_ms, metric_timeout_ms;
    bool delta, latest, disabled, propagate, capture_content;
    const char *service_name, *resource; /* NULL: not set */
    beluga__span_limits limits;
    const char *file;
    void (*print)(void *payload, const char *text, size_t length);
    void *print_payload;
    bool environment; /* proxies, too, come from there */
} beluga__telemetry_setup;

/* Told what makes no sense. */
typedef void (*beluga__complain)(void *payload, const char *variable, const char *what);

/* Read; strings go into the arena. Returns 0; INVALID_CONFIG a protocol that is not spoken;
 * NO_MEMORY. */
int beluga__telemetry_settings_read(beluga__telemetry_setup *settings, beluga__arena *arena,
                                    const beluga_telemetry_settings *given,
                                    beluga__complain complain, void *payload, beluga_error *err);

/* "name=value,name=value", percent-encoded: call back for each. False: it is not in that form. */
bool beluga__pairs_read(beluga__arena *arena, const char *text,
                        bool (*take)(void *payload, const char *name, const char *value),
                        void *payload);

#endif
