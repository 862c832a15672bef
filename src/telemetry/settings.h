/* Reads the settings of telemetry from OpenTelemetry's variables and from the program. */
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

/* The destination of one signal (traces or metrics), and how it is sent. */
typedef struct beluga__signal {
    beluga__output output;
    const char *url;
    beluga__otlp_header *headers;
    int64_t timeout_ms; /* limit for one request; 0: no limit */
    bool json, gzip;
    const char *ca_file, *client_key, *client_certificate;
    bool asked; /* a variable for this signal is set */
} beluga__signal;

typedef struct beluga__telemetry_setup {
    beluga__signal traces, metrics;
    beluga__sampler sampler;
    bool parent_based;
    uint64_t sample_below; /* a trace is sampled if the low half of its id is below this number */
    bool sample_rest;      /* all traces are sampled, since the ratio is 1 */
    int64_t schedule_delay_ms, export_timeout_ms, max_queue, max_batch;
    int64_t metric_interval_ms, metric_timeout_ms;
    bool delta, latest, disabled, propagate, capture_content;
    const char *service_name, *resource; /* NULL: not set */
    beluga__span_limits limits;
    const char *file;
    void (*print)(void *payload, const char *text, size_t length);
    void *print_payload;
    /* environment variables are read, including libcurl's variables for proxies */
    bool environment;
} beluga__telemetry_setup;

/* Called for each setting with a bad value. */
typedef void (*beluga__complain)(void *payload, const char *variable, const char *what);

/* Read the settings; strings go into the arena. Returns 0, or NO_MEMORY. */
int beluga__telemetry_settings_read(beluga__telemetry_setup *settings, beluga__arena *arena,
                                    const beluga_telemetry_settings *given,
                                    beluga__complain complain, void *payload, beluga_error *err);

/* Read "name=value,name=value", percent-encoded, and call `take` for each pair. Returns false if
 * the text does not have this form, or if `take` returned false. */
bool beluga__pairs_read(beluga__arena *arena, const char *text,
                        bool (*take)(void *payload, const char *name, const char *value),
                        void *payload);

#endif
