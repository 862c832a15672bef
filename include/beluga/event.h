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
    /** warnings of things that the provider can't express; new ones may come once more at the end
     */
    BELUGA_EVENT_START = 1,
    /** id, model, time, rate limits; may come once more before the end, with all that is known then
     */
    BELUGA_EVENT_METADATA = 2,
    BELUGA_EVENT_TEXT = 3,            /**< a piece of the answer */
    BELUGA_EVENT_REASONING = 4,       /**< a piece of the reasoning, or its signature */
    BELUGA_EVENT_TOOL_CALL_BEGIN = 5, /**< id and name */
    BELUGA_EVENT_TOOL_CALL_DELTA = 6, /**< a piece of the arguments' JSON */
    BELUGA_EVENT_TOOL_CALL_END = 7,   /**< the arguments, whole */
    BELUGA_EVENT_USAGE = 8,           /**< tokens so far; the last one counts */
    BELUGA_EVENT_FINISH = 9,          /**< terminal: the model stopped, and why */
    BELUGA_EVENT_ERROR = 10,          /**< terminal: the answer is not complete */
    /** the answer's bytes as they came (options raw_events, request_body) */
    BELUGA_EVENT_RAW = 11,
    BELUGA_EVENT_RESTART = 12,     /**< discard everything so far (option restart_delivery) */
    BELUGA_EVENT_TOOL_RESULT = 13, /**< a tool has run (in a tool loop) */
    /** an image, audio or a file of the answer, whole; since 0.1 */
    BELUGA_EVENT_MEDIA = 14,
    /** JSON that only its provider understands, and that goes back to it as it is; since 0.1 */
    BELUGA_EVENT_STATE = 15,
    /** the vector of an input, in a call that embeds (embedding.h); since 0.1 */
    BELUGA_EVENT_EMBEDDING = 16,
    /** the tokens of the input, in a call that counts them (embedding.h); since 0.1 */
    BELUGA_EVENT_TOKEN_COUNT = 17,
    /** what a service says of a batch job, in a call about jobs (batch_job.h); since 0.1 */
    BELUGA_EVENT_BATCH_JOB = 18,
    /** the result of a request of a job, as it came; since 0.1 */
    BELUGA_EVENT_BATCH_RESULT = 19
} beluga_event_kind;

/** The reason why the model stopped. */
typedef enum beluga_finish_reason {
    BELUGA_FINISH_UNKNOWN =
        0,                  /**< none is known: the provider gave none, or the answer is partial */
    BELUGA_FINISH_STOP = 1, /**< a natural end or a stop sequence */
    BELUGA_FINISH_LENGTH = 2,         /**< the token limit: the answer is cut */
    BELUGA_FINISH_TOOL_CALLS = 3,     /**< it wants tools to be run */
    BELUGA_FINISH_CONTENT_FILTER = 4, /**< the answer was refused or filtered */
    BELUGA_FINISH_OTHER = 5,          /**< see the raw reason: nobody knows whether it is whole */
    /** it stopped to be asked again with its answer so far, as a tool loop does; since 0.1 */
    BELUGA_FINISH_PAUSE = 6
} beluga_finish_reason;

/** Counts of tokens. -1: the provider did not say. Totals include their parts. */
typedef struct beluga_usage {
    int64_t input_total;       /**< of the input, with the next two */
    int64_t input_cache_read;  /**< part of it that was read from the provider's cache */
    int64_t input_cache_write; /**< part of it that was put into the provider's cache */
    int64_t output_total;      /**< of the answer, with the next one */
    int64_t output_reasoning;  /**< part of it that the model thought */
    const char *raw;   /**< the provider's own JSON, or NULL; borrowed like the rest of its event */
    size_t raw_length; /**< bytes */
} beluga_usage;

/** A usage in which nothing is known. */
#define BELUGA_USAGE_INIT {-1, -1, -1, -1, -1, NULL, 0}

/**
 * Make a usage one in which nothing is known, as BELUGA_USAGE_INIT does, for languages without C's
 * initializers. Threads: any. Since: 0.1
 *
 * @param usage  Not NULL.
 */
BELUGA_API void beluga_usage_init(beluga_usage *usage);

/**
 * Limits of the provider, and how much of them is left, from the headers of its answer. -1: it did
 * not say.
 */
typedef struct beluga_rate_limits {
    int64_t requests_limit;     /**< requests that a period allows */
    int64_t requests_remaining; /**< requests that are left of it */
    int64_t requests_reset_ms;  /**< from the answer's arrival until the limit is whole again */
    int64_t tokens_limit;       /**< the same of tokens */
    int64_t tokens_remaining;   /**< the same of tokens */
    int64_t tokens_reset_ms;    /**< the same of tokens */
} beluga_rate_limits;

/** Limits of which nothing is known. */
#define BELUGA_RATE_LIMITS_INIT {-1, -1, -1, -1, -1, -1}

/**
 * One event, 128 bytes. Everything it points to is borrowed: for the callback (push), or until the
 * next beluga_stream_next on the same stream (pull). Strings with a length need not end in NUL;
 * ids, names and models do. Lengths are bytes.
 */
struct beluga_event {
    uint32_t kind;  /**< beluga_event_kind: it says which member of the union holds */
    uint32_t index; /**< number of a block of the answer, such as of one tool call */
    union {
        /** of START */
        struct {
            const char *const *warnings; /**< array of `count` lines */
            size_t count;
        } start;
        /** of METADATA */
        struct {
            const char *id;         /**< of the response, or NULL */
            const char *model;      /**< the one that answered; else the one that was asked */
            const char *provider;   /**< the one that answered */
            const char *request_id; /**< from the HTTP headers, or NULL */
            int64_t created;        /**< seconds since 1970, 0 unknown */
            const beluga_rate_limits *rate_limits; /**< from the HTTP headers, or NULL */
            bool cached;       /**< the answer was given before, and is from a cache */
            uint32_t attempts; /**< that were made so far, this one included; 0 unknown */
        } metadata;
        /** of TEXT */
        struct {
            const char *text;
            size_t length;
        } text;
        /** of REASONING */
        struct {
            const char *text;
            size_t length;
            const char *signature; /**< NULL, or the signature of the block */
            size_t signature_length;
        } reasoning;
        /** of TOOL_CALL_BEGIN, TOOL_CALL_DELTA and TOOL_CALL_END */
        struct {
            const char *id;
            const char *name;
            const char *arguments; /**< DELTA: a piece; END: all of it; BEGIN: NULL */
            size_t length;         /**< of arguments */
        } tool_call;
        /** of TOOL_RESULT */
        struct {
            const char *id;   /**< of the call that it answers */
            const char *name; /**< of the tool */
            const char *text; /**< the result, as the model reads it */
            size_t length;
            int32_t status;      /**< 0, or the failure: BELUGA_ERROR_TOOL_… */
            int64_t duration_ns; /**< 0 when the tool did not run */
        } tool_result;
        /** of MEDIA */
        struct {
            uint32_t kind;          /**< beluga_part_kind: IMAGE, AUDIO or FILE */
            const char *media_type; /**< "image/png", …; NULL unknown */
            const char *bytes;      /**< its content; NULL when it is at `url` */
            size_t length;          /**< of bytes */
            const char *url;        /**< its address, "https://…"; NULL when it is in `bytes` */
        } media;
        /** of STATE */
        struct {
            /**
             * the part that it belongs to, a beluga_part_kind: TEXT or REASONING, the one that came
             * last; TOOL_CALL, the call of this index; STATE, a part of its own that stands between
             * the others
             */
            uint32_t of;
            const char *provider; /**< name of the provider that it goes back to */
            const char *json;     /**< any value */
            size_t length;
        } state;
        beluga_usage usage; /**< of USAGE */
        /** of EMBEDDING; `index` of the event is that of the input in its request */
        struct {
            const float *values;
            size_t count; /**< of values: the dimensions of the vector */
        } embedding;
        int64_t tokens;                           /**< of TOKEN_COUNT */
        const struct beluga_batch_job *batch_job; /**< of BATCH_JOB */
        /** of BATCH_RESULT */
        struct {
            const char *id;   /**< of the request */
            const char *body; /**< JSON of the answer or refusal; NULL: `error` tells instead */
            size_t length;    /**< of body */
            int32_t status;   /**< the HTTP status of the answer: 200, or 400 to 599 */
            const beluga_error *error; /**< why there is none; NULL with a body */
        } batch_result;
        /** of FINISH */
        struct {
            uint32_t reason; /**< beluga_finish_reason */
            const char *raw; /**< the provider's word, or NULL */
            size_t raw_length;
        } finish;
        /** of ERROR; of RESTART: the failure behind which another attempt follows, or NULL */
        const beluga_error *error;
        /**
         * of RAW: a piece of the body of the answer over HTTP. Together they are the body, all of
         * it in order, without its transfer encoding and compression; each comes before the events
         * that are decoded from it. An answer that is no stream comes in one piece.
         */
        struct {
            const char *bytes;
            size_t length;   /**< bytes; 0 for a body that is empty */
            uint32_t status; /**< of the answer, such as 200 */
            /**
             * The answer is a refusal, or nothing that could be read: its body comes in one piece,
             * at most the first 64 KiB and with keys masked, and ERROR follows it. An attempt that
             * is followed by another has none.
             */
            bool refused;
            const char *content_type; /**< as the answer declares it, or NULL */
        } raw;
        unsigned char reserved[120];
    } u; /**< what the event tells */
};

/**
 * Return the name of a kind, such as "text"; static; "unknown" for kinds of a later version.
 *
 * @param kind  A beluga_event_kind.
 */
BELUGA_API const char *beluga_event_kind_name(uint32_t kind);
/**
 * Return "stop", "length", "tool_calls", "content_filter", "other" or "pause"; static; "unknown"
 * for BELUGA_FINISH_UNKNOWN and reasons of a later version.
 *
 * @param reason  A beluga_finish_reason.
 */
BELUGA_API const char *beluga_finish_reason_name(uint32_t reason);
/**
 * Return whether an answer that ended for this reason is whole: true for STOP, TOOL_CALLS, and
 * UNKNOWN, which stands for a provider that proved the end but gave no reason. False when the
 * answer was cut, filtered or paused, or ended for a reason that nobody knows.
 *
 * @param reason  A beluga_finish_reason.
 *
 * Threads: any. Since: 0.1
 */
BELUGA_API bool beluga_finish_reason_is_whole(uint32_t reason);

/**
 * Receives the events of a call, on the thread that steps the loop.
 *
 * It may cancel the call, pause it, and start others on the same loop; it may not free the op it
 * is called for, nor the loop. After FINISH or ERROR it is not called again.
 *
 * @param payload  As given to the function that started the call.
 * @param event    Borrowed for the call of this function.
 */
typedef void (*beluga_event_cb)(void *payload, const beluga_event *event);

BELUGA_END_DECLS
#endif
