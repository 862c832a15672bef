/**
 * @file telemetry.h
 * Observing every call. No provider's author writes a line for it.
 *
 * The simple way is beluga_telemetry_init: spans and metrics of every call go to any program that
 * speaks OTLP, as the standard OTEL_… variables say. A host with its own pipeline gives a sink to
 * its client instead.
 *
 * The library reports an operation (one call of the user, all its retries and its whole stream),
 * under it one attempt or more (one request to a provider), a tool loop and the tools it runs, and
 * a batch. It reports usage for failed and cancelled work too.
 */
#ifndef BELUGA_TELEMETRY_H
#define BELUGA_TELEMETRY_H

#include <beluga/common.h>
#include <beluga/event.h>
#include <beluga/log.h>

BELUGA_BEGIN_DECLS

/* --- the sink: a host's own pipeline ---------------------------------------------------------- */

/** The kind of work that a span is about. */
typedef enum beluga_span_kind {
    BELUGA_SPAN_OPERATION = 1, /**< one call of the user */
    BELUGA_SPAN_ATTEMPT = 2,   /**< one request to a provider */
    BELUGA_SPAN_TOOL = 3,      /**< one run of a tool. Since: 0.1 */
    BELUGA_SPAN_BATCH = 4,     /**< the parent of its inputs' operations. Since: 0.1 */
    BELUGA_SPAN_TOOL_LOOP = 5  /**< the parent of its steps' operations and its tools. Since: 0.1 */
} beluga_span_kind;

/** Facts that are known when work begins. Borrowed for the call. Read no further than `size`. */
typedef struct beluga_span_start {
    size_t size;
    uint32_t kind;    /**< beluga_span_kind */
    uint32_t attempt; /**< 1 for the first of a request; 0 when the work is no attempt */
    bool streaming;   /**< a streamed answer was asked for */
    bool untraced;    /**< enable_tracing is off: for measurements only. Since: 0.1 */
    bool unmeasured;  /**< enable_metrics is off. Since: 0.1 */
    bool
        plain; /**< the call has no option that spans describe, such as a temperature. Since: 0.1 */
    const char *operation;     /**< "chat", "embeddings", "count_tokens", "execute_tool", … */
    const char *provider;      /**< its name */
    const char *metric_prefix; /**< of the provider, such as "beluga.custom_provider" */
    const char *model;         /**< the one that is asked */
    const char *base_url;      /**< without name, password and keys; NULL when there is none */
    const char *traceparent;   /**< of the caller's context, or NULL */
    /** the call, whose messages and options provider/provider.h reads; NULL but for a call's spans
     */
    const beluga_call *call;
    /* since 0.1 */
    const char *tracestate;       /**< of the caller's context, or NULL */
    int64_t start_ns;             /**< of the monotonic clock */
    const char *tool_name;        /**< of TOOL, else NULL, as the next two */
    const char *tool_call_id;     /**< of TOOL, else NULL */
    const char *tool_description; /**< of TOOL, else NULL */
    const char *content;          /**< the tool's arguments, when content is captured, else NULL */
    size_t content_length;        /**< bytes */
    /**
     * a number that stands for provider, prefix, model, address and operation together, and for no
     * others as long as the process lives; 0: there is none, since the call has options of its own
     */
    uint64_t subject_id;
} beluga_span_start;

/** Events of a span. */
typedef enum beluga_span_event_kind {
    BELUGA_SPAN_FIRST_CONTENT = 1, /**< the first token arrived */
    BELUGA_SPAN_CONTENT = 2,       /**< a further one */
    BELUGA_SPAN_RETRY = 3          /**< another attempt will follow; `error` says why */
} beluga_span_event_kind;

/** Facts that are known when work ends. Borrowed for the call. Read no further than `size`. */
typedef struct beluga_span_end {
    size_t size;
    int status;                 /**< 0 or a BELUGA_ERROR_ code */
    const beluga_error *error;  /**< NULL on success */
    beluga_usage usage;         /**< as far as it is known, also on failure */
    uint32_t finish_reason;     /**< beluga_finish_reason */
    uint32_t tool_calls;        /**< how many the answer has */
    const char *response_id;    /**< or NULL */
    const char *response_model; /**< or NULL */
    int32_t http_status;        /**< 0 without one */
    int64_t duration_ns;        /**< from the start */
    /* since 0.1 */
    const char *request_id;     /**< of the HTTP answer, or NULL */
    const char *content;        /**< a tool's result, when content is captured, else NULL */
    size_t content_length;      /**< bytes */
    uint64_t succeeded, failed; /**< inputs of a batch */
} beluga_span_end;

/** The type of an attribute's value. */
typedef enum beluga_attribute_type {
    BELUGA_ATTRIBUTE_STRING = 1,
    BELUGA_ATTRIBUTE_INT = 2,
    BELUGA_ATTRIBUTE_DOUBLE = 3,
    BELUGA_ATTRIBUTE_BOOL = 4
} beluga_attribute_type;

/** A fact that a provider, or the library, adds to a span. Borrowed for the call. Since: 0.1 */
typedef struct beluga_span_attribute {
    size_t size;
    const char *name; /**< of the attribute */
    uint32_t type;    /**< beluga_attribute_type */
    uint32_t length;  /**< of string, bytes */
    /** the value, in the member that `type` means */
    union {
        const char *string;
        int64_t integer;
        double number;
        bool boolean;
    } value;
} beluga_span_attribute;

/** The effect of a measurement on its metric. */
typedef enum beluga_measurement_kind {
    BELUGA_MEASUREMENT_COUNTER = 1,  /**< add `value` */
    BELUGA_MEASUREMENT_HISTOGRAM = 2 /**< one observation */
} beluga_measurement_kind;

/** A measurement that a provider made itself. Borrowed for the call. Since: 0.1 */
typedef struct beluga_measurement {
    size_t size;
    const char *name; /**< of the metric */
    const char *unit; /**< UCUM: "s", "By", "{request}"; "" without one */
    uint32_t kind;    /**< beluga_measurement_kind */
    uint32_t reserved;
    double value; /**< in that unit */
} beluga_measurement;

/**
 * The trace's context that requests carry, so that others can go on with the trace. Both strings
 * are NUL-terminated, "" without one. Since: 0.1
 */
typedef struct beluga_trace_context {
    size_t size;
    char traceparent[56]; /**< the header's value */
    char tracestate[513]; /**< the header's value */
} beluga_trace_context;

/**
 * Receives spans. Its functions are called on the thread that runs the call, by any number of
 * threads at once; they must not block, nor call the library with the same loop. Any function may
 * be NULL. Append-only: `size` says how much of it your build knows.
 */
typedef struct beluga_telemetry_sink {
    size_t size;   /**< sizeof(beluga_telemetry_sink) */
    void *payload; /**< passed to each function */
    /**
     * Work begins.
     * @param parent  The handle that begin returned for the work it is part of; NULL: none.
     * @return a handle for the other functions; or NULL to hear no more of it, nor of the work
     * under it.
     */
    void *(*begin)(void *payload, void *parent, const beluga_span_start *start);
    /** Something happened in a span. `error` is NULL but for RETRY. */
    void (*event)(void *payload, void *span, beluga_span_event_kind kind,
                  const beluga_error *error);
    /** Work ended: the handle is not used again. */
    void (*end)(void *payload, void *span, const beluga_span_end *end);
    /* since 0.1 */
    /** Something more is known of a span: a provider says it, or the request's URL is known. */
    void (*attribute)(void *payload, void *span, const beluga_span_attribute *attribute);
    /** A provider measured something in this span's work. */
    void (*measure)(void *payload, void *span, const beluga_measurement *measurement);
    /** Write the context that requests of this span carry. @return false: none. */
    bool (*context)(void *payload, void *span, beluga_trace_context *context);
    /** One event of an operation's answer came; only when the client captures content. */
    void (*content)(void *payload, void *span, const beluga_event *event);
} beluga_telemetry_sink;

/* --- traces and metrics by OTLP --------------------------------------------------------------- */

/** Traces and metrics on their way to a collector, a file or a console. Shared. */
typedef struct beluga_telemetry beluga_telemetry;

/**
 * The settings of telemetry. Zero-initialise them, set `size` and what you need; all but payloads
 * is copied. Since: 0.1
 */
typedef struct beluga_telemetry_settings {
    size_t size; /**< sizeof(beluga_telemetry_settings) */
    /** "OTEL_…=value", ended by NULL: each is stronger than the environment. NULL: none. */
    const char *const *variables;
    bool without_environment; /**< only `variables` count */
    /** Only when a variable asks for it: an OTLP endpoint, an exporter by name, or a file. */
    bool only_if_asked;
    /**
     * Append every trace and every export of metrics to this file as lines of OTLP/JSON; NULL:
     * none.
     */
    const char *file;
    /** Where the exporter "console" writes whole lines; NULL: that exporter can't be used. */
    void (*print)(void *payload, const char *text, size_t length);
    void *print_payload; /**< passed to print, on the exporter's thread */
    /** Told of an exporter's problems, on its thread; NULL: the log that the client has now. */
    beluga_log_fn log;
    void *log_payload; /**< passed to log */
} beluga_telemetry_settings;

/**
 * Set up traces and metrics for a client as OpenTelemetry's variables say, and hand it the sink. It
 * replaces the one that the client had.
 *
 * It sends nothing and makes no thread; the first span does. Attempts of models that were opened
 * before are not reported. The library reads no other variables and installs nothing at exit: data
 * that was not sent is lost unless the program calls beluga_telemetry_shutdown.
 *
 * @param client    NULL: the default one. It keeps a reference.
 * @param settings  Borrowed; NULL for the defaults, which read the environment.
 * @param out       A reference that the caller releases (beluga_telemetry_unref). NULL when
 * only_if_asked is set and nobody asked, or when OTEL_SDK_DISABLED says so: then 0 is returned, and
 * nothing is observed.
 * @return 0; BELUGA_ERROR_INVALID_CONFIG a file that can't be opened or a protocol that is not
 * supported; BELUGA_ERROR_INVALID_INPUT settings without their size; BELUGA_ERROR_NO_MEMORY;
 * BELUGA_ERROR_NOT_SUPPORTED in a library without OTLP, unless only_if_asked is set and nobody
 * asked, or a member that only a later version knows is set. A variable whose value makes no sense
 * is left out, with a warning in the log.
 *
 * Threads: no thread may be in a call of the client. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_telemetry_init(beluga_client *client,
                                     const beluga_telemetry_settings *settings,
                                     beluga_telemetry **out, beluga_error *err);

/**
 * Send the data that is there now.
 *
 * @param telemetry   NULL gives 0.
 * @param timeout_ms  Longest wait, milliseconds.
 * @return 0; BELUGA_ERROR_TIMEOUT not all was sent in time; BELUGA_ERROR_NETWORK an export failed.
 *
 * Threads: any. Blocks: at most timeout_ms, and a moment more. Since: 0.1
 */
BELUGA_API int beluga_telemetry_flush(beluga_telemetry *telemetry, int64_t timeout_ms);

/**
 * Send the data that is there, then stop. Later calls go on unobserved. A second time it only
 * waits.
 *
 * @param telemetry   NULL gives 0.
 * @param timeout_ms  Longest wait, milliseconds.
 * @return as beluga_telemetry_flush; data that could not be sent is dropped and counted.
 *
 * Threads: any. Blocks: at most timeout_ms, and a moment more. Since: 0.1
 */
BELUGA_API int beluga_telemetry_shutdown(beluga_telemetry *telemetry, int64_t timeout_ms);

/**
 * Return how many spans were dropped so far, since the queue was full or an export failed; 0 for
 * NULL. Threads: any.
 */
BELUGA_API uint64_t beluga_telemetry_dropped(const beluga_telemetry *telemetry);

/**
 * Return the sink, for other clients, which must not outlive it. Borrowed until `telemetry` is
 * freed.
 */
BELUGA_API const beluga_telemetry_sink *beluga_telemetry_get_sink(beluga_telemetry *telemetry);

/**
 * Release a reference; NULL does nothing. The client holds one of its own. The last one shuts it
 * down without waiting. Threads: any.
 */
BELUGA_API void beluga_telemetry_unref(beluga_telemetry *telemetry);

/* --- the tables, for documentation ------------------------------------------------------------ */

/** One metric of the library; all static. Since: 0.1 */
typedef struct beluga_metric_info {
    /** in v1.41 of the conventions; NULL: not among them. "%s": the provider's prefix */
    const char *name;
    const char *latest_name; /**< in the newer ones; NULL: not among them */
    const char *type;        /**< "counter", "histogram", "updowncounter" */
    const char *unit;        /**< UCUM */
    const char *meaning;     /**< a few words for a person */
} beluga_metric_info;

/** Fill in row `index` of the list of metrics, from 0. @return false if `index` is out of range. */
BELUGA_API bool beluga_metric_get_info(size_t index, beluga_metric_info *info);

/** One attribute of spans; all static. Since: 0.1 */
typedef struct beluga_attribute_info {
    const char *name;        /**< in v1.41 of the conventions */
    const char *latest_name; /**< in the newer conventions */
    const char *spans;       /**< the spans that have it */
    const char *meaning;     /**< a few words for a person */
} beluga_attribute_info;

/**
 * Return a provider's name in the conventions, as gen_ai.provider.name has it.
 *
 * @return static; `provider` itself when they have none. Threads: any. Since: 0.1
 */
BELUGA_API const char *beluga_telemetry_provider_name(const char *provider);

/**
 * Fill in row `index` of the list of attributes, from 0.
 * @return false if `index` is out of range.
 */
BELUGA_API bool beluga_attribute_get_info(size_t index, beluga_attribute_info *info);

BELUGA_END_DECLS
#endif
