#include "telemetry/settings.h"

#include "base/mem.h"
#include "base/text.h"
#include "base/utf8.h"
#include "wire/outgoing.h"

#include <beluga/error.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The signal that is read first. A fault of a variable that applies to all signals is reported only
 * while this signal is read, so it is reported once. */
static const char first_signal[] = "TRACES";

typedef struct reading {
    beluga__telemetry_setup *settings;
    beluga__arena *arena;
    const beluga_telemetry_settings *given;
    beluga__complain complain;
    void *payload;
    int status;
} reading;

/* --- faults ----------------------------------------------------------------------------------- */

/* Report a fault of a variable with its value, which must not be secret. */
static void fault(const reading *r, const char *name, const char *value, const char *what)
{
    char text[256];
    int shown = (int)beluga__utf8_cut(value, strlen(value), 64);
    snprintf(text, sizeof text, "%.*s %s", shown, value, what);
    r->complain(r->payload, name, text);
}

/* --- variables -------------------------------------------------------------------------------- */

/* Returns a variable's value, or NULL. An empty variable counts as not set. */
static const char *variable(const reading *r, const char *name)
{
    size_t n = strlen(name);
    for (const char *const *v = r->given->variables; v && *v; v++)
        if (strncmp(*v, name, n) == 0 && (*v)[n] == '=') return (*v)[n + 1] ? *v + n + 1 : NULL;
    const char *value = r->given->without_environment ? NULL : getenv(name);
    return value && *value ? value : NULL;
}

/* Read a signal's own variable, such as OTEL_EXPORTER_OTLP_TRACES_ENDPOINT. If it is not set, read
 * the variable for all signals. *own receives whether the signal's own variable is set. */
static const char *otlp_variable(const reading *r, const char *signal, const char *what, bool *own)
{
    char name[96];
    snprintf(name, sizeof name, "OTEL_EXPORTER_OTLP_%s_%s", signal, what);
    const char *value = variable(r, name);
    if (own) *own = value != NULL;
    if (value) return value;
    snprintf(name, sizeof name, "OTEL_EXPORTER_OTLP_%s", what);
    return variable(r, name);
}

/* Report a fault of a variable that otlp_variable has read. A fault of a variable that applies to
 * all signals is reported once. */
static void otlp_fault(const reading *r, const char *signal, const char *what, const char *value,
                       const char *wrong)
{
    char name[96];
    snprintf(name, sizeof name, "OTEL_EXPORTER_OTLP_%s_%s", signal, what);
    bool own = variable(r, name) != NULL;
    if (!own) snprintf(name, sizeof name, "OTEL_EXPORTER_OTLP_%s", what);
    if (!own && strcmp(signal, first_signal) != 0) return;
    if (value)
        fault(r, name, value, wrong);
    else
        r->complain(r->payload, name, wrong);
}

static const char *keep(reading *r, const char *text)
{
    if (!text) return NULL;
    const char *copy = beluga__arena_copy(r->arena, text, strlen(text));
    if (!copy) r->status = BELUGA_ERROR_NO_MEMORY;
    return copy;
}

static int64_t number(reading *r, const char *name, int64_t otherwise, int64_t least)
{
    const char *text = variable(r, name);
    int64_t value;
    if (!text) return otherwise;
    if (beluga__text_to_int(text, strlen(text), &value) && value >= least) return value;
    fault(r, name, text, "is not a valid number; the default is used");
    return otherwise;
}

/* --- pairs ------------------------------------------------------------------------------------ */

/* Trim and percent-decode a text. Returns NULL if it can't be decoded, or if out of memory. */
static const char *decode(beluga__arena *arena, const char *text, size_t n)
{
    for (; n && (*text == ' ' || *text == '\t'); n--) text++;
    while (n && (text[n - 1] == ' ' || text[n - 1] == '\t')) n--;
    char *copy = beluga__arena_copy(arena, text, n), *to = copy;
    if (!copy) return NULL;
    for (size_t i = 0; i < n; i++) {
        if (text[i] != '%') {
            *to++ = text[i];
            continue;
        }
        int high = i + 2 < n ? beluga__hex_digit(text[i + 1]) : -1,
            low = i + 2 < n ? beluga__hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0 || (high | low) == 0) return NULL;
        *to++ = (char)(high << 4 | low);
        i += 2;
    }
    *to = '\0';
    return copy;
}

bool beluga__pairs_read(beluga__arena *arena, const char *text,
                        bool (*take)(void *payload, const char *name, const char *value),
                        void *payload)
{
    while (*text) {
        size_t n = strcspn(text, ",");
        const char *equals = memchr(text, '=', n);
        bool blank = strspn(text, " \t") >= n;
        if (!blank) {
            const char *name = equals ? decode(arena, text, (size_t)(equals - text)) : NULL;
            const char *value =
                equals ? decode(arena, equals + 1, n - (size_t)(equals + 1 - text)) : NULL;
            if (!name || !*name || !value || !take(payload, name, value)) return false;
        }
        text += n + (text[n] == ',');
    }
    return true;
}

typedef struct header_list {
    beluga__arena *arena;
    beluga__otlp_header *first, **last;
} header_list;

static bool add_header(void *payload, const char *name, const char *value)
{
    header_list *list = payload;
    beluga__misfit unused;
    size_t n = strlen(name);
    if (!beluga__fits_header_name(name, n, &unused) || beluga__header_is_ours(name, n) ||
        !beluga__fits_header(value, strlen(value), &unused))
        return false;
    beluga__otlp_header *header = beluga__arena_zalloc(list->arena, sizeof *header);
    if (!header) return false;
    *header = (beluga__otlp_header){.name = name, .value = value};
    *list->last = header;
    list->last = &header->next;
    return true;
}

/* --- one signal ------------------------------------------------------------------------------- */

static bool is_url(const char *text)
{
    beluga__misfit unused;
    return (strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0) &&
           beluga__fits_url(text, strlen(text), &unused) &&
           !beluga__path_climbs(text, strlen(text));
}

/* Returns the URL of a signal. A signal's own endpoint is used unchanged. If only the endpoint for
 * all signals is set, the signal's path is added to it. */
static const char *url_of(reading *r, const char *signal, const char *path, beluga__signal *out)
{
    bool own;
    const char *endpoint = otlp_variable(r, signal, "ENDPOINT", &own);
    out->asked = endpoint != NULL;
    if (endpoint && !is_url(endpoint)) {
        otlp_fault(r, signal, "ENDPOINT", NULL,
                   "it must be a URL that begins with http:// or https://, without spaces, \"#\" "
                   "and \"..\"; the default is used");
        endpoint = NULL;
    }
    if (endpoint && own) return keep(r, endpoint);
    if (!endpoint) endpoint = "http://localhost:4318";
    size_t n = strlen(endpoint) + strlen(path) + 2;
    char *url = beluga__arena_alloc(r->arena, n);
    if (!url) {
        r->status = BELUGA_ERROR_NO_MEMORY;
        return NULL;
    }
    snprintf(url, n, "%s%s%s", endpoint, endpoint[strlen(endpoint) - 1] == '/' ? "" : "/", path);
    return url;
}

static void read_headers(reading *r, const char *signal, beluga__signal *out)
{
    const char *text = otlp_variable(r, signal, "HEADERS", NULL);
    header_list list = {.arena = r->arena, .last = &list.first};
    if (text && !beluga__pairs_read(r->arena, text, add_header, &list))
        otlp_fault(r, signal, "HEADERS", NULL,
                   "it is not a list of name=value, percent-encoded, that can be sent as "
                   "headers, and is left out");
    else
        out->headers = list.first;
}

static void read_timeout(reading *r, const char *signal, beluga__signal *out)
{
    const char *text = otlp_variable(r, signal, "TIMEOUT", NULL);
    out->timeout_ms = 10000;
    if (text &&
        (!beluga__text_to_int(text, strlen(text), &out->timeout_ms) || out->timeout_ms < 0)) {
        out->timeout_ms = 10000;
        otlp_fault(r, signal, "TIMEOUT", text,
                   "is not a number of milliseconds; the default is used");
    }
}

static void read_encoding(reading *r, const char *signal, beluga__signal *out)
{
    const char *protocol = otlp_variable(r, signal, "PROTOCOL", NULL);
    const char *compression = otlp_variable(r, signal, "COMPRESSION", NULL);
    if (protocol && strcasecmp(protocol, "http/json") == 0)
        out->json = true;
    else if (protocol && strcasecmp(protocol, "http/protobuf") != 0)
        otlp_fault(r, signal, "PROTOCOL", protocol,
                   "must be http/protobuf or http/json; http/protobuf is used");
    if (compression && strcasecmp(compression, "gzip") == 0)
        out->gzip = true;
    else if (compression && strcasecmp(compression, "none") != 0)
        otlp_fault(r, signal, "COMPRESSION", compression, "must be gzip or none; none is used");
}

/* Read the destination of a signal: otlp, console or none. */
static void read_output(reading *r, const char *name, beluga__signal *out)
{
    static const struct {
        const char *name;
        beluga__output output;
    } outputs[] = {{"otlp", BELUGA__OUTPUT_OTLP},
                   {"console", BELUGA__OUTPUT_CONSOLE},
                   {"none", BELUGA__OUTPUT_NONE}};
    const char *text = variable(r, name);
    out->output = BELUGA__OUTPUT_OTLP;
    for (size_t i = 0; text && i < 3; i++)
        if (strcasecmp(text, outputs[i].name) == 0) {
            out->output = outputs[i].output;
            out->asked = out->asked || out->output;
            if (out->output != BELUGA__OUTPUT_CONSOLE || r->given->print) return;
            out->output = BELUGA__OUTPUT_NONE;
            r->complain(r->payload, name, "it is console, but the program has no print hook");
            return;
        }
    if (text) fault(r, name, text, "must be otlp, console or none; it is ignored");
}

static void read_signal(reading *r, const char *signal, const char *path, const char *exporter,
                        beluga__signal *out)
{
    out->url = url_of(r, signal, path, out);
    read_headers(r, signal, out);
    read_timeout(r, signal, out);
    read_encoding(r, signal, out);
    out->ca_file = keep(r, otlp_variable(r, signal, "CERTIFICATE", NULL));
    out->client_key = keep(r, otlp_variable(r, signal, "CLIENT_KEY", NULL));
    out->client_certificate = keep(r, otlp_variable(r, signal, "CLIENT_CERTIFICATE", NULL));
    read_output(r, exporter, out);
}

/* --- other settings --------------------------------------------------------------------------- */

static double read_ratio(reading *r)
{
    const char *text = variable(r, "OTEL_TRACES_SAMPLER_ARG");
    double ratio = 1;
    if (text && (!beluga__text_to_double(text, strlen(text), &ratio) || ratio < 0 || ratio > 1)) {
        ratio = 1;
        fault(r, "OTEL_TRACES_SAMPLER_ARG", text, "must be a number from 0 to 1; 1 is used");
    }
    return ratio;
}

static void read_sampler(reading *r)
{
    static const char *const names[] = {"always_on", "always_off", "traceidratio"};
    static const char prefix[] = "parentbased_";
    beluga__telemetry_setup *s = r->settings;
    const char *text = variable(r, "OTEL_TRACES_SAMPLER");
    s->parent_based = true;
    if (!text) return;
    s->parent_based = strncasecmp(text, prefix, sizeof prefix - 1) == 0;
    if (s->parent_based) text += sizeof prefix - 1;
    int i = 0;
    while (i < 3 && strcasecmp(text, names[i]) != 0) i++;
    if (i == 3) {
        s->parent_based = true;
        fault(r, "OTEL_TRACES_SAMPLER", variable(r, "OTEL_TRACES_SAMPLER"),
              "is an unknown sampler; parentbased_always_on is used");
        return;
    }
    s->sampler = (beluga__sampler)i;
    if (s->sampler != BELUGA__SAMPLE_RATIO) return;
    double ratio = read_ratio(r);
    s->sample_rest = ratio >= 1;
    s->sample_below = s->sample_rest ? 0 : (uint64_t)(ratio * 18446744073709551616.0);
}

static void read_batches(reading *r)
{
    beluga__telemetry_setup *s = r->settings;
    s->schedule_delay_ms = number(r, "OTEL_BSP_SCHEDULE_DELAY", 5000, 0);
    s->export_timeout_ms = number(r, "OTEL_BSP_EXPORT_TIMEOUT", 30000, 0);
    s->max_queue = number(r, "OTEL_BSP_MAX_QUEUE_SIZE", 2048, 1);
    s->max_batch = number(r, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512, 1);
    if (s->max_queue > BELUGA__MAX_SPANS) s->max_queue = BELUGA__MAX_SPANS;
    if (s->max_batch > s->max_queue) s->max_batch = s->max_queue;
    s->metric_interval_ms = number(r, "OTEL_METRIC_EXPORT_INTERVAL", 60000, 1);
    s->metric_timeout_ms = number(r, "OTEL_METRIC_EXPORT_TIMEOUT", 30000, 0);
}

static void read_limits(reading *r)
{
    beluga__span_limits *l = &r->settings->limits;
    int64_t bytes = number(r, "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", BELUGA__MAX_SPAN_BYTES, 0);
    bytes = number(r, "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", bytes, 0);
    int64_t count = number(r, "OTEL_ATTRIBUTE_COUNT_LIMIT", 128, 0);
    l->value_bytes = bytes < BELUGA__MAX_SPAN_BYTES ? (uint32_t)bytes : BELUGA__MAX_SPAN_BYTES;
    l->attributes = (uint32_t)number(r, "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", count, 0);
    l->events = (uint32_t)number(r, "OTEL_SPAN_EVENT_COUNT_LIMIT", 128, 0);
    l->links = (uint32_t)number(r, "OTEL_SPAN_LINK_COUNT_LIMIT", BELUGA__MAX_SPAN_LINKS, 0);
    if (l->links > BELUGA__MAX_SPAN_LINKS) l->links = BELUGA__MAX_SPAN_LINKS;
}

static void read_metrics(reading *r)
{
    const char *text = variable(r, "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE");
    const char *histogram = variable(r, "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION");
    /* "lowmemory" means delta for synchronous counters and histograms, and in this library all
     * counters and histograms are synchronous */
    if (text && (strcasecmp(text, "delta") == 0 || strcasecmp(text, "lowmemory") == 0))
        r->settings->delta = true;
    else if (text && strcasecmp(text, "cumulative") != 0)
        fault(r, "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", text,
              "must be cumulative, delta or lowmemory; cumulative is used");
    if (histogram && strcasecmp(histogram, "explicit_bucket_histogram") != 0)
        fault(r, "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", histogram,
              "must be explicit_bucket_histogram, which is used");
}

/* Returns whether a comma-separated list has an item. */
static bool lists(const char *text, const char *item)
{
    size_t n = strlen(item);
    while (text && *text) {
        text += strspn(text, " ,");
        size_t length = strcspn(text, " ,");
        if (length == n && strncmp(text, item, n) == 0) return true;
        text += length;
    }
    return false;
}

static const char capture_variable[] = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

static bool is_one_of(const char *text, const char *const *words)
{
    while (*words && strcasecmp(text, *words) != 0) words++;
    return *words != NULL;
}

static void read_capture(reading *r)
{
    static const char *const spans[] = {"true", "SPAN_ONLY", "SPAN_AND_EVENT", NULL};
    static const char *const events[] = {"EVENT_ONLY", "SPAN_AND_EVENT", NULL};
    static const char *const none[] = {"false", "NO_CONTENT", "EVENT_ONLY", NULL};
    const char *capture = variable(r, capture_variable);
    if (!capture) return;
    r->settings->capture_content = is_one_of(capture, spans);
    if (is_one_of(capture, events))
        r->complain(r->payload, capture_variable,
                    "it asks for events, which are not emitted: content is captured on spans only");
    else if (!r->settings->capture_content && !is_one_of(capture, none))
        fault(r, capture_variable, capture,
              "must be true, false, SPAN_ONLY or NO_CONTENT; nothing is captured");
}

/* Do not send a signal for which no variable is set, if the host program's settings ask for that,
 * or if telemetry is written to a file: usually no collector is running then. */
static void mute_unasked(reading *r)
{
    beluga__signal *signals[] = {&r->settings->traces, &r->settings->metrics};
    for (int i = 0; i < 2; i++)
        if (!signals[i]->asked && (r->given->only_if_asked || r->settings->file))
            signals[i]->output = BELUGA__OUTPUT_NONE;
}

int beluga__telemetry_settings_read(beluga__telemetry_setup *settings, beluga__arena *arena,
                                    const beluga_telemetry_settings *given,
                                    beluga__complain complain, void *payload, beluga_error *err)
{
    reading r = {.settings = settings,
                 .arena = arena,
                 .given = given,
                 .complain = complain,
                 .payload = payload};
    *settings = (beluga__telemetry_setup){.print = given->print,
                                          .print_payload = given->print_payload,
                                          .environment = !given->without_environment};
    const char *disabled = variable(&r, "OTEL_SDK_DISABLED");
    settings->disabled = disabled && strcasecmp(disabled, "true") == 0;
    read_signal(&r, "TRACES", "v1/traces", "OTEL_TRACES_EXPORTER", &settings->traces);
    read_signal(&r, "METRICS", "v1/metrics", "OTEL_METRICS_EXPORTER", &settings->metrics);
    settings->file = keep(&r, given->file ? given->file : variable(&r, "BELUGA_TELEMETRY_FILE"));
    mute_unasked(&r);
    read_sampler(&r);
    read_batches(&r);
    read_limits(&r);
    read_metrics(&r);
    settings->latest =
        lists(variable(&r, "OTEL_SEMCONV_STABILITY_OPT_IN"), "gen_ai_latest_experimental");
    read_capture(&r);
    settings->service_name = keep(&r, variable(&r, "OTEL_SERVICE_NAME"));
    settings->resource = keep(&r, variable(&r, "OTEL_RESOURCE_ATTRIBUTES"));
    const char *propagators = variable(&r, "OTEL_PROPAGATORS");
    settings->propagate = !propagators || lists(propagators, "tracecontext");
    if (r.status) return beluga_error_set(err, r.status, "no memory for telemetry");
    return 0;
}
