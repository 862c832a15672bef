/**
 * @file provider/provider.h
 * What a provider's author writes: one table of functions.
 *
 * There are two kinds. An **HTTP provider** turns a call into a request and an answer's bytes into
 * events; its functions are pure: no clock, no I/O, no threads, no telemetry. A **full provider**,
 * for models that are not behind HTTP, starts a call and emits its events itself. Retries,
 * timeouts, cancellation, back-pressure, logs, traces, metrics, batches and streams are the
 * framework's.
 *
 *     static const beluga_provider acme = {
 *         BELUGA_PROVIDER_INIT("acme"),
 *         .default_model = "acme-1",
 *         .base_url = "https://api.acme.example/v1",
 *         .encode_request = encode_request,
 *         .decode_response = decode_response,
 *         .decode_event = decode_event,
 *     };
 */
#ifndef BELUGA_PROVIDER_PROVIDER_H
#define BELUGA_PROVIDER_PROVIDER_H

#include <beluga/chat_model.h>
#include <beluga/config.h>
#include <beluga/context.h>
#include <beluga/error.h>
#include <beluga/event.h>
#include <beluga/message.h>
#include <beluga/option.h>
#include <beluga/provider/http.h>
#include <beluga/provider/json.h>
#include <beluga/tool.h>

/** Major number of the table's layout; it changes only when old tables can't be read any more. */
#define BELUGA_PROVIDER_ABI 1

/** What a provider can do: for lists, and for warnings where a call asks for more. */
enum beluga_capability {
    BELUGA_CAPABILITY_STREAM = 1 << 0,
    BELUGA_CAPABILITY_TOOLS = 1 << 1,
    BELUGA_CAPABILITY_PARALLEL_TOOLS = 1 << 2,
    BELUGA_CAPABILITY_REASONING = 1 << 3,
    BELUGA_CAPABILITY_IMAGES = 1 << 4,
    BELUGA_CAPABILITY_AUDIO = 1 << 5,
    BELUGA_CAPABILITY_FILES = 1 << 6,
    BELUGA_CAPABILITY_SCHEMA = 1 << 7,
    BELUGA_CAPABILITY_CACHE = 1 << 8,
    BELUGA_CAPABILITY_MODELS = 1 << 9, /**< it can list its models */
    BELUGA_CAPABILITY_LOCAL = 1 << 10, /**< no network and no key between */
    BELUGA_CAPABILITY_NO_KEY = 1 << 11 /**< a key is sent where there is one, but none is needed */
};

BELUGA_BEGIN_DECLS

/**
 * Return the name of a capability as lists show it, such as "parallel_tools".
 *
 * @param capability  One of beluga_capability.
 * @return static storage; NULL for anything else, so 1 << 0, 1 << 1, … until NULL are all there
 * are.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API const char *beluga_capability_name(uint64_t capability);

BELUGA_END_DECLS

/** Marks of a provider's own option. */
typedef enum beluga_own_option_flag {
    /** This STRING is sent in a header, a path or a query, so it may hold no control characters. */
    BELUGA_OWN_OPTION_IN_HEAD = 1
} beluga_own_option_flag;

/** A provider's own option: what `beluga providers` lists and what a configuration is checked by.
 */
typedef struct beluga_own_option {
    const char *name; /**< "acme.region" */
    const char *meaning;
    uint32_t type;           /**< beluga_option_type: STRING, INT, DOUBLE or BOOL */
    uint32_t flags;          /**< of beluga_own_option_flag */
    double minimum, maximum; /**< both 0: no range */
    const char *variable;    /**< environment variable that sets a STRING, or NULL */
} beluga_own_option;

/** What authorizes a request; borrowed for the call. */
typedef struct beluga_credential {
    size_t size;
    const char *key;         /**< never NULL when `authorize` is called */
    int64_t expires;         /**< seconds since 1970, 0 never */
    const char *variable;    /**< environment variable the key is from, or NULL */
    const beluga_call *call; /**< what is being authorized: its own options may say how */
} beluga_credential;

/** Return from decode_event: nothing of use follows, such as after "[DONE]". */
#define BELUGA_DECODE_DONE 1

BELUGA_BEGIN_DECLS

/** The table. Append-only: `size` says how much of it your build knows. Borrowed for ever. */
struct beluga_provider {
    size_t size;               /**< sizeof(beluga_provider) */
    uint32_t abi;              /**< BELUGA_PROVIDER_ABI */
    uint32_t framing;          /**< beluga_framing of streamed bodies */
    const char *name;          /**< 1–47 of a–z 0–9 _ - ; what models are opened by */
    const char *metric_prefix; /**< of its metrics; NULL: "beluga." and the name */
    const char *default_model; /**< NULL: the caller must name one */
    uint64_t capabilities;     /**< beluga_capability */
    /** The provider's own options, ended by a NULL name; NULL: none. */
    const beluga_own_option *options;

    /* --- HTTP providers ------------------------------------------------------------------- */
    const char *base_url; /**< without a slash at its end; NULL: the caller must */
    /** environment names in order, ended by NULL; NULL: no key */
    const char *const *key_variables;
    /**
     * The same for the base URL. What a value without a scheme lacks ("gpu", "gpu:8080") is
     * base_url's.
     */
    const char *const *url_variables;
    /** bytes of decoder state an attempt, zeroed; at most 64 KiB */
    size_t state_size;

    /**
     * Fill the request. Required. Streamed or not: beluga_call_is_streamed.
     * @return 0, or a code with detail in `err`; nothing is sent then.
     */
    int (*encode_request)(const beluga_call *call, beluga_http_request *request, beluga_error *err);
    /**
     * Decode a whole unstreamed answer of status 2xx: emit its events, FINISH among them.
     * Servers stream where they should not and the other way round: the body's first bytes decide
     * which of the two decoders gets it.
     * @return 0, or what beluga_emit_… returned, or beluga_emit_error(…).
     */
    int (*decode_response)(void *state, const char *body, size_t length, beluga_emit *emit);
    /**
     * Decode one frame of a streamed answer. Emit FINISH when the protocol's proof of completion is
     * seen; what is emitted after it counts, and the last FINISH holds, since servers say it early.
     * Return BELUGA_DECODE_DONE when nothing more will come. One of the two decoders is required.
     */
    int (*decode_event)(void *state, const beluga_frame *frame, beluga_emit *emit);
    /** The stream ended. Optional: emit what only its end tells. */
    int (*decode_end)(void *state, beluga_emit *emit);
    /**
     * Refine an error of status >= 400: `err` already has code, status, retry-after and request id.
     * Optional.
     */
    void (*decode_error)(const beluga_http_response *response, beluga_error *err);
    /**
     * Put the credential into the request; run for every attempt. Optional: without it the key goes
     * into "Authorization: Bearer".
     * @param now  Seconds since 1970.
     */
    int (*authorize)(beluga_http_request *request, const beluga_credential *credential, int64_t now,
                     beluga_error *err);
    /** Fill the request that lists models. Optional, together with the next. */
    int (*encode_list_models)(const beluga_call *call, beluga_http_request *request,
                              beluga_error *err);
    /**
     * Emit each model's name with beluga_emit_model, and beluga_emit_next_page where there are
     * more.
     */
    int (*decode_list_models)(const char *body, size_t length, beluga_emit *emit);

    /* --- both kinds ------------------------------------------------------------------------- */
    /**
     * A model is opened: check the configuration, make state. Optional.
     * @param self  Given to every function below; NULL unless set.
     */
    int (*open)(const beluga_config *config, void **self, beluga_error *err);
    /** The last reference to the model went. Optional. */
    void (*close)(void *self);

    /* --- full providers ----------------------------------------------------------------- */
    /**
     * Begin a call. Required, with `cancel`. Runs on the loop: must not block
     * (beluga_emit_run_blocking is for that). Emit all events here, or go on from
     * beluga_emit_after: a provider that returns without FINISH and without having arranged either
     * has ended the call with stream_closed.
     * @return 0, or a code with detail in `err`, which ends the call.
     */
    int (*start)(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err);
    /** Stop: `emit` must not be used after this returns. Not called after the terminal event. */
    void (*cancel)(void *self, beluga_emit *emit);

    /* --- since 0.1, after the first tables ---------------------------------------------- */
    /**
     * Where the key comes from when the environment may be read and none of key_variables is set:
     * a reference such as "aws:". NULL: nowhere.
     */
    const char *key_reference;

    /* --- for people to read ----------------------------------------------------------------- */
    /** Name of what it speaks, such as "Chat Completions"; NULL: not told. */
    const char *protocol;
    /**
     * What is worth knowing before it is used, and where it differs from its protocol: a sentence
     * each, ended by NULL; empty ones are left out. NULL: none.
     */
    const char *const *notes;

    void *reserved[5];
};

/** Bytes of the first tables: shorter ones are refused, what a longer one lacks of today's is 0. */
#define BELUGA_PROVIDER_MIN_SIZE offsetof(beluga_provider, key_reference)

/** The first members of every table. */
#define BELUGA_PROVIDER_INIT(provider_name) \
    .size = sizeof(beluga_provider), .abi = BELUGA_PROVIDER_ABI, .name = (provider_name)

/* --- reading a call --------------------------------------------------------------------------
 * A call is immutable; everything is borrowed as long as it. Threads: any. */

/**
 * Return the table the call's model was opened from: a family of providers that share functions
 * may keep what tells them apart around it. Of a model whose provider has a base (beluga_with_base)
 * it is the base's, which these functions belong to.
 */
BELUGA_API const beluga_provider *beluga_call_provider(const beluga_call *call);
BELUGA_API const char *beluga_call_model(const beluga_call *call);
BELUGA_API bool beluga_call_is_streamed(const beluga_call *call);
BELUGA_API size_t beluga_call_message_count(const beluga_call *call);
BELUGA_API const beluga_message *beluga_call_message(const beluga_call *call, size_t index);
BELUGA_API size_t beluga_call_tool_count(const beluga_call *call);
BELUGA_API const beluga_tool *beluga_call_tool(const beluga_call *call, size_t index);
/** Return what decode_list_models gave to beluga_emit_next_page, or NULL for the first page. */
BELUGA_API const char *beluga_call_page(const beluga_call *call);
BELUGA_API beluga_context *beluga_call_context(const beluga_call *call);

/**
 * Return the JSON that beluga_emit_state kept with a part of an earlier answer of this call's
 * provider, or NULL: it has none, or it is another provider's. A part of kind BELUGA_PART_STATE is
 * nothing else; one without state for this provider is not for it, and is left out.
 *
 * @param length  Set to its bytes; may be NULL.
 *
 * Since: 0.1
 */
BELUGA_API const char *beluga_call_get_state(const beluga_call *call, const beluga_part *part,
                                             size_t *length);

/* An option in force, by key. Return false, and leave the value alone, when it is not set. */
BELUGA_API bool beluga_call_get_double(const beluga_call *call, int key, double *value);
BELUGA_API bool beluga_call_get_int(const beluga_call *call, int key, int64_t *value);
BELUGA_API bool beluga_call_get_bool(const beluga_call *call, int key, bool *value);
/** Return a string option, or NULL. */
BELUGA_API const char *beluga_call_get_string(const beluga_call *call, int key, size_t *length);
/** Return item `index` of a list option, or NULL past the last. */
BELUGA_API const char *beluga_call_get_item(const beluga_call *call, int key, size_t index,
                                            size_t *length);

/**
 * Return whether any of the provider's own options is set: without one there is nothing to look
 * up.
 */
BELUGA_API bool beluga_call_has_own(const beluga_call *call);
/* The provider's own options, by name. */
BELUGA_API const char *beluga_call_get_own_string(const beluga_call *call, const char *name,
                                                  size_t *length);
BELUGA_API bool beluga_call_get_own_int(const beluga_call *call, const char *name, int64_t *value);
BELUGA_API bool beluga_call_get_own_double(const beluga_call *call, const char *name,
                                           double *value);
BELUGA_API bool beluga_call_get_own_bool(const beluga_call *call, const char *name, bool *value);

/* --- emitting events -------------------------------------------------------------------------
 * All return 0, or a negative code that the function that emits should return at once: the call was
 * cancelled, memory ran out, or a rule was broken (an event after the terminal one, a delta without
 * its begin). Content is copied where it must outlive the call.
 *
 * An emit is used in the function that was given it, on its thread: on the loop's, or in the work
 * of beluga_emit_run_blocking. From another thread, or when that function has returned, it does
 * nothing but make the call fail with invalid_response; when the call is over, nothing at all. */

/** Return the call that is being answered. */
BELUGA_API const beluga_call *beluga_emit_call(const beluga_emit *emit);
BELUGA_API int beluga_emit_text(beluga_emit *emit, const char *text, size_t length);
BELUGA_API int beluga_emit_reasoning(beluga_emit *emit, const char *text, size_t length);
/** The signature of the reasoning so far; a caller sends it back unchanged. */
BELUGA_API int beluga_emit_reasoning_signature(beluga_emit *emit, const char *signature,
                                               size_t length);
/**
 * The reasoning so far is a block of its own, to which later text or a signature does not belong. A
 * signature may follow without text, for protocols that sign what is not reasoning: it stands
 * before the text or tool call that it signs.
 */
BELUGA_API int beluga_emit_reasoning_end(beluga_emit *emit);
/**
 * A tool call begins. `index` tells calls of one answer apart; `id` NULL: one is made up.
 * The same index again, still open, with another id is an error; with none, or the same, it is
 * ignored.
 */
BELUGA_API int beluga_emit_tool_call_begin(beluga_emit *emit, uint32_t index, const char *id,
                                           const char *name);
BELUGA_API int beluga_emit_tool_call_delta(beluga_emit *emit, uint32_t index, const char *arguments,
                                           size_t length);
/** The call is complete; the ones still open are ended by FINISH. */
BELUGA_API int beluga_emit_tool_call_end(beluga_emit *emit, uint32_t index);
/** Begin, one delta and end of a call that comes whole. */
BELUGA_API int beluga_emit_tool_call(beluga_emit *emit, uint32_t index, const char *id,
                                     const char *name, const char *arguments, size_t length);
/**
 * What the server wants back as it is, and has no function of its own here: any JSON, kept under
 * the provider's name with the answer. beluga_call_get_state gives it back when the answer is part
 * of a later call to the same provider; nobody else gets it.
 *
 * @param of     What it belongs to. BELUGA_PART_TEXT or BELUGA_PART_REASONING: the one at work,
 *               which what follows is no longer part of. BELUGA_PART_TOOL_CALL: the call that began
 *               with `index`, whether it has ended or not. BELUGA_PART_STATE: to none; it is a part
 *               of its own that stands where it was emitted.
 * @param index  Of the tool call; 0 for the others.
 * @param json   One JSON value; what a part or a call had already is replaced.
 * @return besides: BELUGA_ERROR_INVALID_INPUT another kind; BELUGA_ERROR_MALFORMED_RESPONSE, which
 *         ends the call, when it is not JSON, or the tool call never began. Since: 0.1
 */
BELUGA_API int beluga_emit_state(beluga_emit *emit, beluga_part_kind of, uint32_t index,
                                 const char *json, size_t length);
/**
 * An image, a sound or a file, whole: it is one event. `media_type` NULL: unknown.
 * @return besides: BELUGA_ERROR_INVALID_INPUT another kind, or NULL data;
 * BELUGA_ERROR_LIMIT_EXCEEDED over 64 MiB. Since: 0.1
 */
BELUGA_API int beluga_emit_media(beluga_emit *emit, beluga_part_kind kind, const char *media_type,
                                 const void *data, size_t length);
/**
 * The same from base64. @return besides: BELUGA_ERROR_MALFORMED_RESPONSE, which ends the call,
 * when it is not.
 */
BELUGA_API int beluga_emit_media_base64(beluga_emit *emit, beluga_part_kind kind,
                                        const char *media_type, const char *base64, size_t length);
/** The same by its address, which is handed on as it is. */
BELUGA_API int beluga_emit_media_url(beluga_emit *emit, beluga_part_kind kind,
                                     const char *media_type, const char *url);
/** Id, model and time; NULL and 0 for what is unknown. The first of each is kept. */
BELUGA_API int beluga_emit_metadata(beluga_emit *emit, const char *id, const char *model,
                                    int64_t created);
/** Tokens so far. Where it comes after FINISH it is still delivered before it. */
BELUGA_API int beluga_emit_usage(beluga_emit *emit, const beluga_usage *usage);
/** Tell what could not be expressed; it becomes one line. printf's. */
BELUGA_API int beluga_emit_warning(beluga_emit *emit, const char *format, ...) BELUGA_PRINTF(2, 3);
/**
 * The proof of completion. `raw` is the provider's word, NULL for none. Of an HTTP provider it is
 * remembered until the body's end, and may come again: the last one holds. STOP after a tool call
 * is delivered as TOOL_CALLS. Of a full provider it is the end.
 */
BELUGA_API int beluga_emit_finish(beluga_emit *emit, beluga_finish_reason reason, const char *raw);
/** The call failed: provider, model and operation are filled in. @return its code. */
BELUGA_API int beluga_emit_error(beluga_emit *emit, const beluga_error *error);
/** The same from its parts; `provider_code` may be NULL. printf's. */
BELUGA_API int beluga_emit_failure(beluga_emit *emit, int code, const char *provider_code,
                                   const char *format, ...) BELUGA_PRINTF(4, 5);
/** One model of a list of models; the name becomes one line (beluga_text_to_line). */
BELUGA_API int beluga_emit_model(beluga_emit *emit, const char *name, size_t length);
/**
 * The list of models goes on: encode_list_models is asked for another request, in which
 * beluga_call_page is this token. At most 1,000 pages; not for full providers.
 */
BELUGA_API int beluga_emit_next_page(beluga_emit *emit, const char *token);

/* For what only a provider knows. Names and texts are copied. An attribute goes to the span of the
 * attempt, a measurement to the metrics beside provider and model. Without telemetry both do
 * nothing. INVALID_INPUT: no name, a NULL text, a number that is none, or less than 0 for a
 * counter. Since: 0.1 */
BELUGA_API int beluga_span_set_string(beluga_emit *emit, const char *name, const char *value);
BELUGA_API int beluga_span_set_int(beluga_emit *emit, const char *name, int64_t value);
BELUGA_API int beluga_span_set_double(beluga_emit *emit, const char *name, double value);
BELUGA_API int beluga_span_set_bool(beluga_emit *emit, const char *name, bool value);
/**
 * Add to a counter. `unit` is UCUM ("s", "By", "{request}"), or NULL. The first use of a name
 * fixes both.
 */
BELUGA_API int beluga_counter_add(beluga_emit *emit, const char *name, const char *unit,
                                  double value);
/** Record into a histogram; seconds have the buckets of the library's own. */
BELUGA_API int beluga_histogram_record(beluga_emit *emit, const char *name, const char *unit,
                                       double value);

/**
 * Parse JSON inside a decoder, in memory that the next event reuses.
 *
 * @param root  Borrowed until the decoder returns. NULL on failure.
 * @return 0; BELUGA_ERROR_MALFORMED_RESPONSE, which the decoder should return;
 * BELUGA_ERROR_LIMIT_EXCEEDED; BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_NOT_SUPPORTED in work that
 * blocks (beluga_json_parse is for that).
 */
BELUGA_API int beluga_emit_parse(beluga_emit *emit, const char *text, size_t length,
                                 const beluga_json **root);
/** Write a value of that parse as JSON, in the same memory. NULL without memory. */
BELUGA_API const char *beluga_emit_json_text(beluga_emit *emit, const beluga_json *value,
                                             size_t *length);

/* For full providers. */

/** Return zeroed memory that lives as long as the call, or NULL; NULL too in work that blocks. */
BELUGA_API void *beluga_emit_alloc(beluga_emit *emit, size_t size);
/**
 * Call `next` on the loop after a delay (0: in the loop's next turn), unless the call ends before.
 * One at a time. What `next` returns, when negative, ends the call.
 */
BELUGA_API int beluga_emit_after(beluga_emit *emit, int64_t delay_ms,
                                 int (*next)(beluga_emit *emit, void *argument), void *argument);
/**
 * Run work that blocks on the executor; it may emit from there, and its events come back on the
 * loop. After cancellation emitting returns context_canceled, and beluga_emit_is_cancelled tells.
 * What it returns, when negative, ends the call. One at a time; `argument` must live until `work`
 * returned, cancelled or not: `release`, which may be NULL, tells, on the thread of `work`.
 * @return 0; otherwise neither is called: BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_INVALID_INPUT one
 * runs already; what the host's executor gave.
 */
BELUGA_API int beluga_emit_run_blocking(beluga_emit *emit,
                                        int (*work)(beluga_emit *emit, void *argument),
                                        void *argument, void (*release)(void *argument));

/**
 * Return whether the call is over, so that work may stop: it was cancelled in whatever way, its
 * context was cancelled or is past its deadline, or a timeout ended it. Work that emits rarely
 * should ask now and then, since nothing else can stop its thread.
 *
 * Threads: where the emit may be used. Blocks: never. Since: 0.1
 */
BELUGA_API bool beluga_emit_is_cancelled(beluga_emit *emit);

/** Return a random number, for what needs one; never for secrets. Threads: the loop's. */
BELUGA_API uint64_t beluga_emit_random(beluga_emit *emit);

/* --- registration ----------------------------------------------------------------------------- */

/** One node of the list of linked providers; static storage. */
typedef struct beluga_provider_node {
    const beluga_provider *provider;
    struct beluga_provider_node *next;
} beluga_provider_node;

/** Add a node to the list that every registry made from now on starts with. No allocation. */
BELUGA_API void beluga_provider_link(beluga_provider_node *node);

BELUGA_END_DECLS

#ifndef BELUGA_PLUGIN
/**
 * Define `const beluga_provider *<function>(void)` for the explicit call
 *
 *     beluga_registry_register(registry, <function>(), &err);
 *
 * and link the table before main, as Go's blank import does. From a static archive the linker drops
 * an object nobody refers to: then only the explicit call works. With BELUGA_PLUGIN defined it
 * makes the source a plug-in instead: see plugin.h.
 */
#define BELUGA_REGISTER_PROVIDER(function, table)                  \
    const beluga_provider *function(void);                         \
    const beluga_provider *function(void)                          \
    {                                                              \
        return &(table);                                           \
    }                                                              \
    __attribute__((constructor)) static void function##_link(void) \
    {                                                              \
        static beluga_provider_node node;                          \
        node.provider = &(table);                                  \
        beluga_provider_link(&node);                               \
    }
#else
#include <beluga/provider/plugin.h>
#endif

#endif
