/**
 * @file event.h
 * Every call is a stream of typed events that ends with exactly one terminal event: `finish` or
 * `error`.
 */
#ifndef BELUGA_EVENT_H
#define BELUGA_EVENT_H

#include <beluga/common.h>
#include <beluga/error.h>

BELUGA_BEGIN_DECLS

/** Kinds of events. Ignore kinds that you do not know, since later versions have more. */
typedef enum beluga_event_kind {
    /**
     * warnings about things that the provider can't express; may come again at the end with new
     * ones
     */
    BELUGA_EVENT_START = 1,
    /** id, model, time, rate limits; may come again before the end with all that is known then */
    BELUGA_EVENT_METADATA = 2,
    BELUGA_EVENT_TEXT = 3,            /**< a piece of the answer */
    BELUGA_EVENT_REASONING = 4,       /**< a piece of the reasoning, or its signature */
    BELUGA_EVENT_TOOL_CALL_BEGIN = 5, /**< id and name */
    BELUGA_EVENT_TOOL_CALL_DELTA = 6, /**< a piece of the arguments' JSON */
    BELUGA_EVENT_TOOL_CALL_END = 7,   /**< the complete arguments */
    BELUGA_EVENT_USAGE = 8,           /**< token counts so far; the last such event counts */
    BELUGA_EVENT_FINISH = 9,          /**< terminal: the model stopped, for a reason */
    BELUGA_EVENT_ERROR = 10,          /**< terminal: the answer is not complete */
    /** bytes of the answer's body, unchanged (options raw_events and request_body) */
    BELUGA_EVENT_RAW = 11,
    BELUGA_EVENT_RESTART = 12,     /**< discard everything so far (option restart_delivery) */
    BELUGA_EVENT_TOOL_RESULT = 13, /**< a tool has run (in a tool loop) */
    /** a complete image, audio or file of the answer; since 0.1 */
    BELUGA_EVENT_MEDIA = 14,
    /** JSON that only its provider understands, to be sent back to it unchanged; since 0.1 */
    BELUGA_EVENT_STATE = 15,
    /** the vector of one input, in a call that embeds texts (embedding.h); since 0.1 */
    BELUGA_EVENT_EMBEDDING = 16,
    /** the number of input tokens, in a call that counts them (embedding.h); since 0.1 */
    BELUGA_EVENT_TOKEN_COUNT = 17,
    /** what a service reports about a batch job, in a call about jobs (batch_job.h); since 0.1 */
    BELUGA_EVENT_BATCH_JOB = 18,
    /** the result of one request of a batch job, as the service sent it; since 0.1 */
    BELUGA_EVENT_BATCH_RESULT = 19
} beluga_event_kind;

/** The reason why the model stopped. */
typedef enum beluga_finish_reason {
    BELUGA_FINISH_UNKNOWN =
        0,                  /**< not known: the provider gave no reason, or the answer is partial */
    BELUGA_FINISH_STOP = 1, /**< a natural end or a stop sequence */
    BELUGA_FINISH_LENGTH = 2,         /**< the token limit was reached: the answer is cut */
    BELUGA_FINISH_TOOL_CALLS = 3,     /**< the model wants tools to be run */
    BELUGA_FINISH_CONTENT_FILTER = 4, /**< the answer was refused or filtered */
    BELUGA_FINISH_OTHER = 5, /**< another reason (see `raw`): the answer may be incomplete */
    /** the model paused; ask it again with its answer so far, as a tool loop does; since 0.1 */
    BELUGA_FINISH_PAUSE = 6
} beluga_finish_reason;

/**
 * Counts of tokens; -1 means that the provider did not report a count. Totals include their parts.
 */
typedef struct beluga_usage {
    int64_t input_total;       /**< tokens of the input; includes the next two */
    int64_t input_cache_read;  /**< input tokens that were read from the provider's cache */
    int64_t input_cache_write; /**< input tokens that were written to the provider's cache */
    int64_t output_total;      /**< tokens of the answer; includes the next one */
    int64_t output_reasoning;  /**< output tokens of the model's reasoning */
    const char *raw;           /**< the provider's own JSON, or NULL; borrowed as the event is */
    size_t raw_length;         /**< length of `raw` in bytes */
} beluga_usage;

/** A usage in which no count is known. */
#define BELUGA_USAGE_INIT {-1, -1, -1, -1, -1, NULL, 0}

/**
 * Set all counts of a usage to unknown, as BELUGA_USAGE_INIT does, for languages without C's
 * initializers. Threads: any. Since: 0.1
 *
 * @param usage  Not NULL.
 */
BELUGA_API void beluga_usage_init(beluga_usage *usage);

/**
 * Rate limits of the provider, and how much of them is left, from the headers of its answer; -1
 * means that a number is not known.
 */
typedef struct beluga_rate_limits {
    int64_t requests_limit;     /**< requests that are allowed in a period */
    int64_t requests_remaining; /**< requests that are left in this period */
    /** time from the answer's arrival until all requests of a period are available again */
    int64_t requests_reset_ms;
    int64_t tokens_limit;     /**< tokens that are allowed in a period */
    int64_t tokens_remaining; /**< tokens that are left in this period */
    /** time from the answer's arrival until all tokens of a period are available again */
    int64_t tokens_reset_ms;
} beluga_rate_limits;

/** Rate limits in which no number is known. */
#define BELUGA_RATE_LIMITS_INIT {-1, -1, -1, -1, -1, -1}

/**
 * One event, 128 bytes. Everything it points to is borrowed: until the callback returns, or until
 * the next beluga_stream_next on the same stream. Strings with a length need not end in NUL; ids,
 * names and models do. Lengths are bytes.
 */
struct beluga_event {
    uint32_t kind; /**< beluga_event_kind, which says which member of the union is set */
    /** number of the answer's block (such as a tool call) that the event is about */
    uint32_t index;
    union {
        /** content of START */
        struct {
            const char *const *warnings; /**< array of `count` lines */
            size_t count;
        } start;
        /** content of METADATA */
        struct {
            const char *id;    /**< id of the response, or NULL */
            const char *model; /**< the model that answered; if unknown, the one that was asked */
            const char *provider;   /**< the provider that answered */
            const char *request_id; /**< id of the HTTP request, from the headers, or NULL */
            int64_t created;        /**< seconds since 1970, 0 unknown */
            const beluga_rate_limits *rate_limits; /**< limits from the HTTP headers, or NULL */
            bool cached;                           /**< the answer came from the library's cache */
            uint32_t attempts; /**< attempts so far, this one included; 0 unknown */
        } metadata;
        /** content of TEXT */
        struct {
            const char *text;
            size_t length;
        } text;
        /** content of REASONING */
        struct {
            const char *text;
            size_t length;
            const char *signature; /**< NULL, or the signature of the block */
            size_t signature_length;
        } reasoning;
        /** content of TOOL_CALL_BEGIN, TOOL_CALL_DELTA and TOOL_CALL_END */
        struct {
            const char *id;
            const char *name;
            const char *arguments; /**< DELTA: a piece; END: the complete arguments; BEGIN: NULL */
            size_t length;         /**< length of `arguments` in bytes */
        } tool_call;
        /** content of TOOL_RESULT */
        struct {
            const char *id;   /**< id of the tool call that the result answers */
            const char *name; /**< of the tool */
            const char *text; /**< the result, as the model reads it */
            size_t length;
            int32_t status;      /**< 0, or the code of the failure: BELUGA_ERROR_TOOL_… */
            int64_t duration_ns; /**< run time of the tool; 0 if it did not run */
        } tool_result;
        /** content of MEDIA */
        struct {
            uint32_t kind;          /**< beluga_part_kind: IMAGE, AUDIO or FILE */
            const char *media_type; /**< "image/png", …; NULL unknown */
            const char *bytes;      /**< the content; NULL when it must be fetched from `url` */
            size_t length;          /**< length of `bytes` in bytes */
            const char *url; /**< the address, "https://…"; NULL when the content is in `bytes` */
        } media;
        /** content of STATE */
        struct {
            /**
             * The part that the state belongs to, as a beluga_part_kind. TEXT or REASONING: the
             * last part of that kind. TOOL_CALL: the tool call with this `index`. STATE: the state
             * is a part of its own, between the others.
             */
            uint32_t of;
            const char *provider; /**< name of the provider that gets the state back */
            const char *json;     /**< any JSON value */
            size_t length;
        } state;
        beluga_usage usage; /**< content of USAGE */
        /** content of EMBEDDING; the event's `index` is the number of the input in its request */
        struct {
            const float *values;
            size_t count; /**< number of values: the dimensions of the vector */
        } embedding;
        int64_t tokens;                           /**< content of TOKEN_COUNT */
        const struct beluga_batch_job *batch_job; /**< content of BATCH_JOB */
        /** content of BATCH_RESULT */
        struct {
            const char *id;            /**< of the request */
            const char *body;          /**< JSON of the answer or refusal; NULL: see `error` */
            size_t length;             /**< length of `body` in bytes */
            int32_t status;            /**< the HTTP status of the answer: 200, or 400 to 599 */
            const beluga_error *error; /**< why there is no body; NULL when there is one */
        } batch_result;
        /** content of FINISH */
        struct {
            uint32_t reason; /**< beluga_finish_reason */
            const char *raw; /**< the provider's own word for the reason, or NULL */
            size_t raw_length;
        } finish;
        /** content of ERROR; and of RESTART: the failure after which another attempt follows, or
         * NULL */
        const beluga_error *error;
        /**
         * content of RAW: a piece of the body of the HTTP answer. All pieces together are the whole
         * body in order, without transfer encoding and compression. Each piece comes before the
         * events that are decoded from it. An answer that is not streamed comes in one piece.
         */
        struct {
            const char *bytes;
            size_t length;   /**< number of bytes; 0 for an empty body */
            uint32_t status; /**< HTTP status of the answer, such as 200 */
            /**
             * The answer is a refusal, or could not be read. Its body comes in one piece (at most
             * the first 64 KiB, with keys masked), and ERROR follows. There is no such event for an
             * attempt that is followed by another one.
             */
            bool refused;
            const char *content_type; /**< the answer's Content-Type, or NULL */
        } raw;
        unsigned char reserved[120];
    } u; /**< the content of the event */
};

/**
 * Return the name of an event kind, such as "text", as a static string; "unknown" for kinds of a
 * later version.
 *
 * @param kind  A beluga_event_kind.
 */
BELUGA_API const char *beluga_event_kind_name(uint32_t kind);
/**
 * Return the name of a finish reason as a static string: "stop", "length", "tool_calls",
 * "content_filter", "other" or "pause"; "unknown" for BELUGA_FINISH_UNKNOWN and reasons of a later
 * version.
 *
 * @param reason  A beluga_finish_reason.
 */
BELUGA_API const char *beluga_finish_reason_name(uint32_t reason);
/**
 * Return whether an answer that ended for this reason is whole: true for STOP, TOOL_CALLS, and
 * UNKNOWN, since then the provider proved the end of the answer but gave no reason. False when the
 * answer was cut, filtered or paused, or ended for a reason that the library does not know.
 *
 * @param reason  A beluga_finish_reason.
 *
 * Threads: any. Since: 0.1
 */
BELUGA_API bool beluga_finish_reason_is_whole(uint32_t reason);

/**
 * Callback that receives the events of a call, on the thread that steps the loop.
 *
 * The callback may cancel or pause the call and start other calls on the same loop. It must not
 * free the beluga_op of this call, nor the loop. After FINISH or ERROR it is not called again.
 *
 * @param payload  The payload that was passed to the function that started the call.
 * @param event    Borrowed until the callback returns.
 */
typedef void (*beluga_event_cb)(void *payload, const beluga_event *event);

BELUGA_END_DECLS
#endif
