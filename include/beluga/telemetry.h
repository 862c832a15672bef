/**
 * @file telemetry.h
 * The interface through which every call is observed. No provider's author writes a line for it.
 *
 * A host with its own pipeline gives a sink to its client. Two kinds of work are reported: an
 * operation (one call of the user, all its retries and its whole stream) and under it one attempt or
 * more (one request to a provider). Usage is reported for failed and cancelled work too.
 */
#ifndef BELUGA_TELEMETRY_H
#define BELUGA_TELEMETRY_H

#include <beluga/common.h>
#include <beluga/event.h>

BELUGA_BEGIN_DECLS

typedef enum beluga_span_kind {
    BELUGA_SPAN_OPERATION = 1,
    BELUGA_SPAN_ATTEMPT = 2
} beluga_span_kind;

/** What is known when work begins. Strings are borrowed for the call. */
typedef struct beluga_span_start {
    size_t size;
    uint32_t kind;             /**< beluga_span_kind */
    uint32_t attempt;          /**< 1 for the first; 0 for an operation */
    bool streaming;
    const char *operation;     /**< "chat" */
    const char *provider;
    const char *metric_prefix; /**< of the provider, such as "beluga.custom_provider" */
    const char *model;         /**< asked for */
    const char *base_url;      /**< NULL where there is none */
    const char *traceparent;   /**< of the caller's context, or NULL */
    const beluga_call *call;   /**< for what was asked; see provider/provider.h */
} beluga_span_start;

typedef enum beluga_span_event_kind {
    BELUGA_SPAN_FIRST_CONTENT = 1, /**< the first token arrived */
    BELUGA_SPAN_CONTENT = 2,       /**< a further one */
    BELUGA_SPAN_RETRY = 3          /**< another attempt will follow; `error` says why */
} beluga_span_event_kind;

/** What is known when work ends. Borrowed for the call. */
typedef struct beluga_span_end {
    size_t size;
    int status;                  /**< 0 or a BELUGA_ERROR_ code */
    const beluga_error *error;   /**< NULL on success */
    beluga_usage usage;          /**< what is known of it, also on failure */
    uint32_t finish_reason;      /**< beluga_finish_reason */
    uint32_t tool_calls;
    const char *response_id;     /**< or NULL */
    const char *response_model;  /**< or NULL */
    int32_t http_status;         /**< 0 without one */
    int64_t duration_ns;
} beluga_span_end;

/**
 * Receives spans. Called on the thread that runs the call; must not block, nor call the library with
 * the same loop. Any function may be NULL.
 */
typedef struct beluga_telemetry_sink {
    size_t size; /**< sizeof(beluga_telemetry_sink) */
    void *payload;
    /** Work begins. `parent` is what begin returned for the operation, NULL for an operation itself.
     * Returns a handle for the other two, or NULL to hear no more of it. */
    void *(*begin)(void *payload, void *parent, const beluga_span_start *start);
    void (*event)(void *payload, void *span, beluga_span_event_kind kind,
                  const beluga_error *error);
    /** Work ended: the handle is not used again. */
    void (*end)(void *payload, void *span, const beluga_span_end *end);
} beluga_telemetry_sink;

BELUGA_END_DECLS
#endif
