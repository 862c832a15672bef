/**
 * @file event.h
 * The one idea: every call is a stream of typed events that ends in exactly one terminal event,
 * `finish` or `error`.
 */
#ifndef BELUGA_EVENT_H
#define BELUGA_EVENT_H

#include <beluga/common.h>
#include <beluga/error.h>

BELUGA_BEGIN_DECLS

/** Kinds of events. Skip the kinds you do not know: later versions have more. */
typedef enum beluga_event_kind {
    /** what the provider can't express: warnings; new ones may come once more before the end */
    BELUGA_EVENT_START = 1,
    BELUGA_EVENT_METADATA = 2,        /**< id, model, time, rate limits; likewise */
    BELUGA_EVENT_TEXT = 3,            /**< a piece of the answer */
    BELUGA_EVENT_REASONING = 4,       /**< a piece of the reasoning, or its signature */
    BELUGA_EVENT_TOOL_CALL_BEGIN = 5, /**< id and name */
    BELUGA_EVENT_TOOL_CALL_DELTA = 6, /**< a piece of the arguments' JSON */
    BELUGA_EVENT_TOOL_CALL_END = 7,   /**< the arguments, whole */
    BELUGA_EVENT_USAGE = 8,           /**< tokens so far; the last one counts */
    BELUGA_EVENT_FINISH = 9,          /**< terminal: the model stopped, and why */
    BELUGA_EVENT_ERROR = 10,          /**< terminal: not complete */
    BELUGA_EVENT_RAW = 11,            /**< what the provider sent (on request) */
    BELUGA_EVENT_RESTART = 12,        /**< discard everything so far (on request) */
    BELUGA_EVENT_TOOL_RESULT = 13,    /**< a tool has run (in a tool loop) */
    /** an image, audio or a file of the answer, whole; since 0.1 */
    BELUGA_EVENT_MEDIA = 14,
    /** what a server wants back as it is, and nobody else understands; since 0.1 */
    BELUGA_EVENT_STATE = 15
} beluga_event_kind;

/** Why the model stopped. */
typedef enum beluga_finish_reason {
    BELUGA_FINISH_UNKNOWN = 0,
    BELUGA_FINISH_STOP = 1,           /**< a natural end or a stop sequence */
    BELUGA_FINISH_LENGTH = 2,         /**< the token limit: the answer is cut */
    BELUGA_FINISH_TOOL_CALLS = 3,     /**< it wants tools to be run */
    BELUGA_FINISH_CONTENT_FILTER = 4, /**< refused or filtered */
    BELUGA_FINISH_OTHER = 5,          /**< see the raw reason: nobody knows whether it is whole */
    /** it stopped to be asked again with what it said so far, as a tool loop does; since 0.1 */
    BELUGA_FINISH_PAUSE = 6
} beluga_finish_reason;

/** Tokens. -1 where the provider did not say. Totals include their parts. */
typedef struct beluga_usage {
    int64_t input_total;
    int64_t input_cache_read;
    int64_t input_cache_write;
    int64_t output_total;
    int64_t output_reasoning;
    const char *raw; /**< the provider's own JSON, or NULL; borrowed like the rest of its event */
    size_t raw_length;
} beluga_usage;

/** A usage in which nothing is known. */
#define BELUGA_USAGE_INIT {-1, -1, -1, -1, -1, NULL, 0}

/**
 * What the provider says is left of its limits, from its answer's headers. -1 where it did not
 * say.
 */
typedef struct beluga_rate_limits {
    int64_t requests_limit;
    int64_t requests_remaining;
    int64_t requests_reset_ms; /**< from the answer's arrival until the limit is whole again */
    int64_t tokens_limit;
    int64_t tokens_remaining;
    int64_t tokens_reset_ms;
} beluga_rate_limits;

/** Limits of which nothing is known. */
#define BELUGA_RATE_LIMITS_INIT {-1, -1, -1, -1, -1, -1}

/**
 * One event, 128 bytes. Everything it points to is borrowed: for the callback (push), or until the
 * next beluga_stream_next on the same stream (pull). Strings with a length need not end in NUL;
 * ids, names and models do.
 */
struct beluga_event {
    uint32_t kind;  /**< beluga_event_kind */
    uint32_t index; /**< which block of the answer: ties the deltas of one tool call together */
    union {
        struct {
            const char *const *warnings;
            size_t count;
        } start;
        struct {
            const char *id;                        /**< of the response, or NULL */
            const char *model;                     /**< that answered; else that was asked */
            const char *provider;                  /**< that answered */
            const char *request_id;                /**< from the HTTP headers, or NULL */
            int64_t created;                       /**< seconds since 1970, 0 unknown */
            const beluga_rate_limits *rate_limits; /**< from the HTTP headers, or NULL */
            bool cached; /**< the answer was given before, and is from a cache */
        } metadata;
        struct {
            const char *text;
            size_t length;
        } text;
        struct {
            const char *text;
            size_t length;
            const char *signature; /**< NULL, or the signature of the block */
            size_t signature_length;
        } reasoning;
        struct {
            const char *id;
            const char *name;
            const char *arguments; /**< DELTA: a piece; END: all of it; BEGIN: NULL */
            size_t length;
        } tool_call;
        struct {
            const char *id; /**< of the call it answers */
            const char *name;
            const char *text; /**< what the model reads */
            size_t length;
            int32_t status;      /**< 0, or what went wrong: BELUGA_ERROR_TOOL_… */
            int64_t duration_ns; /**< 0 where it did not run */
        } tool_result;
        struct {
            uint32_t kind;          /**< beluga_part_kind: IMAGE, AUDIO or FILE */
            const char *media_type; /**< "image/png", …; NULL unknown */
            const char *bytes;      /**< its content; NULL when it is at `url` */
            size_t length;
            const char *url; /**< where it is, "https://…"; NULL when it is in `bytes` */
        } media;
        struct {
            /** what it belongs to, a beluga_part_kind: TEXT or REASONING, to the one that came
             * last; TOOL_CALL, to the call of this index; STATE, to itself: it stands between the
             * others */
            uint32_t of;
            const char *provider; /**< whose it is */
            const char *json;     /**< any value */
            size_t length;
        } state;
        beluga_usage usage;
        struct {
            uint32_t reason; /**< beluga_finish_reason */
            const char *raw; /**< the provider's word, or NULL */
            size_t raw_length;
        } finish;
        const beluga_error *error;
        struct {
            const char *bytes;
            size_t length;
        } raw;
        unsigned char reserved[120];
    } u;
};

/** Return "text", "finish", …; "unknown" for kinds of a later version. */
BELUGA_API const char *beluga_event_kind_name(uint32_t kind);
/** Return "stop", "length", "tool_calls", "content_filter", "other", "pause" or "unknown". */
BELUGA_API const char *beluga_finish_reason_name(uint32_t reason);
/**
 * Return whether an answer that ended so is whole: STOP, TOOL_CALLS, and UNKNOWN, which stands for
 * a provider that proved the end but gave no reason. It is not when it was cut, filtered or paused,
 * or ended for a reason that nobody knows.
 *
 * Threads: any. Since: 0.1
 */
BELUGA_API bool beluga_finish_reason_is_whole(uint32_t reason);

/**
 * Receives the events of a call, on the thread that steps the loop.
 *
 * It may cancel the call, pause it, and start others on the same loop; it may not free the op it
 * is called for, nor the loop. After FINISH or ERROR it is not called again.
 */
typedef void (*beluga_event_cb)(void *payload, const beluga_event *event);

BELUGA_END_DECLS
#endif
