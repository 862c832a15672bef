/**
 * @file telemetry.h
 * Traces and metrics of every call. Providers need no code for it.
 *
 * The simple way is beluga_telemetry_init: it sends spans and metrics of every call by OTLP to the
 * collector that the standard OTEL_… variables name. A program with a pipeline of its own sets a
 * sink in its client instead.
 *
 * The library reports an operation for each call that the program makes, with all its retries and
 * its whole stream; below it an attempt for each request to a provider; and tool loops, tool runs
 * and batches. It reports usage for failed and cancelled work, too.
 */
#ifndef BELUGA_TELEMETRY_H
#define BELUGA_TELEMETRY_H

#include <beluga/common.h>
#include <beluga/event.h>
#include <beluga/log.h>

BELUGA_BEGIN_DECLS

/* --- the sink: a program's own pipeline ------------------------------------------------------- */

/** The kind of work that a span reports. */
typedef enum beluga_span_kind {
    BELUGA_SPAN_OPERATION = 1, /**< one call of the program */
    BELUGA_SPAN_ATTEMPT = 2,   /**< one request to a provider */
    BELUGA_SPAN_TOOL = 3,      /**< one run of a tool. Since: 0.1 */
    BELUGA_SPAN_BATCH = 4,     /**< a batch, parent of the operations of its inputs. Since: 0.1 */
    /** a tool loop, parent of its operations and tool runs. Since: 0.1 */
    BELUGA_SPAN_TOOL_LOOP = 5
} beluga_span_kind;

/**
 * Facts that are known when a span begins. Borrowed until the sink's function returns. Read no
 * further than `size`.
 */
typedef struct beluga_span_start {
    size_t size;
    uint32_t kind;    /**< beluga_span_kind */
    uint32_t attempt; /**< number of the attempt, from 1; 0 when the span is not an attempt */
    bool streaming;   /**< a streamed answer was asked for */
    bool untraced;    /**< enable_tracing is off: use the span for metrics only. Since: 0.1 */
    bool unmeasured;  /**< enable_metrics is off: use the span for traces only. Since: 0.1 */
    bool plain; /**< the call sets no option that spans report, such as temperature. Since: 0.1 */
    const char *operation; /**< "chat", "embeddings", "count_tokens", "execute_tool", … */
    const char *provider;  /**< its name */
    /** prefix of the provider's metrics, such as "beluga.custom_provider" */
    const char *metric_prefix;
    const char *model;       /**< the model that is asked */
    const char *base_url;    /**< URL without user name, password and keys; NULL if there is none */
    const char *traceparent; /**< traceparent of the caller's context, or NULL */
    /**
     * the call, whose messages and options can be read with the functions of provider/provider.h;
     * NULL if the span is not about a call
     */
    const beluga_call *call;
    /* since 0.1 */
    const char *tracestate;       /**< tracestate of the caller's context, or NULL */
    int64_t start_ns;             /**< start of the span on the monotonic clock */
    const char *tool_name;        /**< name of the tool; NULL unless `kind` is TOOL */
    const char *tool_call_id;     /**< id of the tool call; NULL unless `kind` is TOOL */
    const char *tool_description; /**< description of the tool; NULL unless `kind` is TOOL */
    const char *content;          /**< the tool's arguments if content is captured, else NULL */
    size_t content_length;        /**< length of `content` in bytes */
    /**
     * A number that identifies the combination of provider, prefix, model, address and operation as
     * long as the process lives; 0: the call has options of its own, so there is no such number.
     */
    uint64_t subject_id;
} beluga_span_start;

/** Events of a span. */
typedef enum beluga_span_event_kind {
    BELUGA_SPAN_FIRST_CONTENT = 1, /**< the first token arrived */
    BELUGA_SPAN_CONTENT = 2,       /**< a further token arrived */
    BELUGA_SPAN_RETRY = 3          /**< another attempt will follow; `error` says why */
} beluga_span_event_kind;

/**
 * Facts that are known when a span ends. Borrowed until the sink's function returns. Read no
 * further than `size`.
 */
typedef struct beluga_span_end {
    size_t size;
    int status;                 /**< 0, or the BELUGA_ERROR_ code of the failure */
    const beluga_error *error;  /**< NULL on success */
    beluga_usage usage;         /**< usage as far as it is known, also on failure */
    uint32_t finish_reason;     /**< beluga_finish_reason */
    uint32_t tool_calls;        /**< number of tool calls in the answer */
    const char *response_id;    /**< the provider's id of the answer, or NULL */
    const char *response_model; /**< the model that answered, or NULL */
    int32_t http_status;        /**< status of the HTTP answer; 0 without an answer */
    int64_t duration_ns;        /**< from the start */
    /* since 0.1 */
    const char *request_id;     /**< request id of the HTTP answer, or NULL */
    const char *content;        /**< a tool's result, when content is captured, else NULL */
    size_t content_length;      /**< length of `content` in bytes */
    uint64_t succeeded, failed; /**< numbers of a batch's inputs that succeeded and that failed */
} beluga_span_end;

/** The type of an attribute's value. */
typedef enum beluga_attribute_type {
    BELUGA_ATTRIBUTE_STRING = 1,
    BELUGA_ATTRIBUTE_INT = 2,
    BELUGA_ATTRIBUTE_DOUBLE = 3,
    BELUGA_ATTRIBUTE_BOOL = 4
} beluga_attribute_type;

/**
 * An attribute that a provider or the library adds to a span. Borrowed until the sink's function
 * returns. Since: 0.1
 */
typedef struct beluga_span_attribute {
    size_t size;
    const char *name; /**< of the attribute */
    uint32_t type;    /**< beluga_attribute_type */
    uint32_t length;  /**< length of `string` in bytes */
    /** the value; `type` says in which member it is */
    union {
        const char *string;
        int64_t integer;
        double number;
        bool boolean;
    } value;
} beluga_span_attribute;

/** How a measurement changes its metric. */
typedef enum beluga_measurement_kind {
    BELUGA_MEASUREMENT_COUNTER = 1,  /**< `value` is added to the counter */
    BELUGA_MEASUREMENT_HISTOGRAM = 2 /**< `value` is one observation */
} beluga_measurement_kind;

/** A measurement that a provider made. Borrowed until the sink's function returns. Since: 0.1 */
typedef struct beluga_measurement {
    size_t size;
    const char *name; /**< of the metric */
    const char *unit; /**< unit in UCUM: "s", "By", "{request}"; "" if it has none */
    uint32_t kind;    /**< beluga_measurement_kind */
    uint32_t reserved;
    double value; /**< in that unit */
} beluga_measurement;

/**
 * The trace context that is sent with requests, so that servers can continue the trace. Both
 * strings are NUL-terminated; "" means that there is none. Since: 0.1
 */
typedef struct beluga_trace_context {
    size_t size;
    char traceparent[56]; /**< the header's value */
    char tracestate[513]; /**< the header's value */
} beluga_trace_context;

/**
 * A sink that receives spans and measurements. Its functions are called on the thread that runs the
 * call, by any number of threads at once; they must not block, nor call the library with the same
 * loop. Any function may be NULL. Later versions append members; `size` says how many of them your
 * build knows.
 */
typedef struct beluga_telemetry_sink {
    size_t size;   /**< sizeof(beluga_telemetry_sink) */
    void *payload; /**< passed to each function */
    /**
     * A span begins.
     * @param parent  The handle that `begin` returned for the parent span; NULL: none.
     * @return a handle for the other functions; or NULL, after which no function is called for this
     * span or for spans below it.
     */
    void *(*begin)(void *payload, void *parent, const beluga_span_start *start);
    /** Something happened in a span. `error` is NULL except for RETRY. */
    void (*event)(void *payload, void *span, beluga_span_event_kind kind,
                  const beluga_error *error);
    /** A span ended. Its handle is not used again. */
    void (*end)(void *payload, void *span, const beluga_span_end *end);
    /* since 0.1 */
    /** A further attribute of a span is known: a provider set it, or it is the request's URL. */
    void (*attribute)(void *payload, void *span, const beluga_span_attribute *attribute);
    /** A provider measured something during this span. */
    void (*measure)(void *payload, void *span, const beluga_measurement *measurement);
    /**
     * Write the trace context to be sent with the requests of this span.
     * @return false if there is none.
     */
    bool (*context)(void *payload, void *span, beluga_trace_context *context);
    /** An event of an operation's answer came. Called only if the client captures content. */
    void (*content)(void *payload, void *span, const beluga_event *event);
} beluga_telemetry_sink;

/* --- traces and metrics by OTLP --------------------------------------------------------------- */

/** An exporter of traces and metrics to a collector, a file or a console. Shared. */
typedef struct beluga_telemetry beluga_telemetry;

/**
 * The settings of telemetry. Zero-initialise them, then set `size` and the members that you need;
 * everything except the payloads is copied. Since: 0.1
 */
typedef struct beluga_telemetry_settings {
    size_t size; /**< sizeof(beluga_telemetry_settings) */
    /**
     * "OTEL_…=value", ended by NULL; each wins over the environment variable of that name. NULL:
     * none.
     */
    const char *const *variables;
    bool without_environment; /**< ignore the environment: use only `variables` */
    /**
     * Do nothing unless a variable asks for telemetry by naming an OTLP endpoint, an exporter or a
     * file.
     */
    bool only_if_asked;
    /**
     * File to which every trace and every export of metrics is appended, as lines of OTLP/JSON;
     * NULL: none.
     */
    const char *file;
    /**
     * Function with which the exporter "console" prints whole lines; NULL: that exporter can't be
     * used.
     */
    void (*print)(void *payload, const char *text, size_t length);
    void *print_payload; /**< passed to print, on the exporter's thread */
    /**
     * Log hook that gets an exporter's problems, on the exporter's thread; NULL: the log hook that
     * the client has now.
     */
    beluga_log_fn log;
    void *log_payload; /**< passed to log */
} beluga_telemetry_settings;

/**
 * Set up traces and metrics for a client as OpenTelemetry's variables say. The exporter becomes the
 * client's sink, instead of an earlier one.
 *
 * It sends nothing and starts no thread; that happens at the first span. Attempts of models that
 * were opened before are not reported. The library installs no exit handler: data that was not sent
 * is lost unless the program calls beluga_telemetry_shutdown.
 *
 * @param client    NULL: the default client. The client keeps a reference to the telemetry.
 * @param settings  Borrowed; NULL for the defaults, which read the environment.
 * @param out       A reference that the caller releases (beluga_telemetry_unref). NULL when
 * only_if_asked is set and no variable asks for telemetry, or when OTEL_SDK_DISABLED is set: the
 * function then returns 0, and nothing is reported.
 * @return 0; BELUGA_ERROR_INVALID_CONFIG if a file can't be opened or a protocol is not supported;
 * BELUGA_ERROR_INVALID_INPUT if the settings have no size; BELUGA_ERROR_NO_MEMORY;
 * BELUGA_ERROR_NOT_SUPPORTED if a member is set that only a later version knows, or the library was
 * built without OTLP (unless only_if_asked is set and no variable asks for telemetry). A variable
 * with an invalid value is ignored, with a warning in the log.
 *
 * Threads: no thread may be in a call of the client. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_telemetry_init(beluga_client *client,
                                     const beluga_telemetry_settings *settings,
                                     beluga_telemetry **out, beluga_error *err);

/**
 * Send all data that was collected so far.
 *
 * @param telemetry   With NULL the result is 0.
 * @param timeout_ms  Longest wait in milliseconds.
 * @return 0; BELUGA_ERROR_TIMEOUT if not all data was sent in time; BELUGA_ERROR_NETWORK if an
 * export failed.
 *
 * Threads: any. Blocks: at most timeout_ms, and a moment more. Since: 0.1
 */
BELUGA_API int beluga_telemetry_flush(beluga_telemetry *telemetry, int64_t timeout_ms);

/**
 * Send all data that was collected, then stop. Later calls are not reported. A second call of this
 * function only waits.
 *
 * @param telemetry   With NULL the result is 0.
 * @param timeout_ms  Longest wait in milliseconds.
 * @return as beluga_telemetry_flush; data that could not be sent is dropped and counted.
 *
 * Threads: any. Blocks: at most timeout_ms, and a moment more. Since: 0.1
 */
BELUGA_API int beluga_telemetry_shutdown(beluga_telemetry *telemetry, int64_t timeout_ms);

/**
 * Return how many spans were dropped so far because the queue was full or an export failed; 0 for
 * NULL. Threads: any.
 */
BELUGA_API uint64_t beluga_telemetry_dropped(const beluga_telemetry *telemetry);

/**
 * Return the sink, to be set in other clients, which must be freed before `telemetry`. Borrowed
 * until `telemetry` is freed.
 */
BELUGA_API const beluga_telemetry_sink *beluga_telemetry_get_sink(beluga_telemetry *telemetry);

/**
 * Release a reference; NULL does nothing. The client holds a reference of its own. The last one
 * shuts the telemetry down without waiting. Threads: any.
 */
BELUGA_API void beluga_telemetry_unref(beluga_telemetry *telemetry);

/* --- lists of metrics and attributes, for documentation --------------------------------------- */

/** One metric of the library. All strings are static. Since: 0.1 */
typedef struct beluga_metric_info {
    /**
     * name in v1.41 of the semantic conventions; NULL: they have none. "%s" stands for the
     * provider's prefix
     */
    const char *name;
    const char *latest_name; /**< name in the newer conventions; NULL: they have none */
    const char *type;        /**< "counter", "histogram", "updowncounter" */
    const char *unit;        /**< UCUM */
    const char *meaning;     /**< short description for people */
} beluga_metric_info;

/**
 * Get row `index` of the list of metrics, counted from 0.
 * @return false if `index` is out of range.
 */
BELUGA_API bool beluga_metric_get_info(size_t index, beluga_metric_info *info);

/** One attribute of spans. All strings are static. Since: 0.1 */
typedef struct beluga_attribute_info {
    const char *name;        /**< name in v1.41 of the semantic conventions */
    const char *latest_name; /**< name in the newer conventions */
    const char *spans;       /**< names of the spans that have the attribute */
    const char *meaning;     /**< short description for people */
} beluga_attribute_info;

/**
 * Return a provider's name in OpenTelemetry's conventions, the value of gen_ai.provider.name.
 *
 * @return a static string; `provider` itself if the conventions have no name for it. Threads: any.
 * Since: 0.1
 */
BELUGA_API const char *beluga_telemetry_provider_name(const char *provider);

/**
 * Get row `index` of the list of attributes, counted from 0.
 * @return false if `index` is out of range.
 */
BELUGA_API bool beluga_attribute_get_info(size_t index, beluga_attribute_info *info);

BELUGA_END_DECLS
#endif
