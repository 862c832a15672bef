/**
 * @file provider/provider.h
 * The interface for authors of providers: one table of functions, and the functions that these
 * call.
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
#include <beluga/model_info.h>
#include <beluga/option.h>
#include <beluga/provider/http.h>
#include <beluga/provider/json.h>
#include <beluga/provider/options.h>
#include <beluga/tool.h>

/** Major number of the table's layout; it changes only when old tables can't be read any more. */
#define BELUGA_PROVIDER_ABI 1

/** Abilities of a provider: for lists, and for warnings when a call asks for more. */
enum beluga_capability {
    BELUGA_CAPABILITY_STREAM = 1 << 0,         /**< answers piece by piece */
    BELUGA_CAPABILITY_TOOLS = 1 << 1,          /**< tool calls */
    BELUGA_CAPABILITY_PARALLEL_TOOLS = 1 << 2, /**< several tool calls in one answer */
    BELUGA_CAPABILITY_REASONING = 1 << 3,      /**< reasoning, and how hard */
    BELUGA_CAPABILITY_IMAGES = 1 << 4,         /**< images in messages */
    BELUGA_CAPABILITY_AUDIO = 1 << 5,          /**< audio in messages */
    BELUGA_CAPABILITY_FILES = 1 << 6,          /**< files in messages */
    BELUGA_CAPABILITY_SCHEMA = 1 << 7,         /**< answers that fit a JSON Schema */
    BELUGA_CAPABILITY_CACHE = 1 << 8,          /**< cache breakpoints in messages */
    BELUGA_CAPABILITY_MODELS = 1 << 9,         /**< a list of its models */
    BELUGA_CAPABILITY_LOCAL = 1 << 10,         /**< it needs neither a network nor a key */
    BELUGA_CAPABILITY_NO_KEY = 1 << 11, /**< it needs no key, but sends one when there is one */
    BELUGA_CAPABILITY_EMBED = 1 << 12,  /**< vectors of texts */
    BELUGA_CAPABILITY_COUNT = 1 << 13   /**< the number of tokens of messages */
};

/**
 * What a call asks for. A later library has further kinds; it gives a provider only calls of kinds
 * that its table says it can answer, so a kind that a provider does not know never comes.
 */
typedef enum beluga_kind_of_call {
    BELUGA_CALL_ANSWER = 0, /**< an answer to the messages */
    BELUGA_CALL_MODELS = 1, /**< the names of models: beluga_emit_model */
    BELUGA_CALL_EMBED = 2,  /**< a vector of each input: beluga_call_input, beluga_emit_embedding */
    BELUGA_CALL_COUNT = 3   /**< the tokens of the messages: beluga_emit_token_count */
} beluga_kind_of_call;

BELUGA_BEGIN_DECLS

/**
 * Return the name of a capability as lists show it, such as "parallel_tools".
 *
 * @param capability  One of beluga_capability.
 * @return static; NULL for any other number, so that a walk over 1 << 0, 1 << 1, … ends at NULL.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API const char *beluga_capability_name(uint64_t capability);

BELUGA_END_DECLS

/** Marks of a provider's own option. */
typedef enum beluga_own_option_flag {
    /** This STRING is sent in a header, a path or a query, so it may hold no control characters. */
    BELUGA_OWN_OPTION_IN_HEAD = 1,
    /** This STRING belongs to a model, not to a call: base_url has a place for it, as "{region}".
     */
    BELUGA_OWN_OPTION_IN_URL = 2
} beluga_own_option_flag;

/** A provider's own option. `beluga providers` lists it, and configurations are checked by it. */
typedef struct beluga_own_option {
    const char *name;        /**< "acme.region" */
    const char *meaning;     /**< a few words for a person */
    uint32_t type;           /**< beluga_option_type: STRING, INT, DOUBLE or BOOL */
    uint32_t flags;          /**< of beluga_own_option_flag */
    double minimum, maximum; /**< both 0: no range */
    const char *variable;    /**< environment variable that sets a STRING, or NULL */
    /** What a STRING may be, ended by NULL; any other word is refused. NULL: any text. */
    const char *const *words;
    /** Member of the request that beluga_http_request_put_options writes it as, or NULL: none. */
    const char *field;
    const void *reserved[4];
} beluga_own_option;

/** The key that authorizes a request, or is exchanged for a token; borrowed for the call. */
typedef struct beluga_credential {
    size_t size;
    const char *key;         /**< never NULL */
    int64_t expires;         /**< seconds since 1970, 0 never */
    const char *variable;    /**< environment variable that the key is from, or NULL */
    const beluga_call *call; /**< the call that `authorize` authorizes: its own options may say how;
                                  NULL for encode_token, which works for all calls of the model */
    const beluga_config *config; /**< the model's configuration for encode_token, which reads the
                                      provider's own options there; NULL for `authorize` */
    bool is_token;               /**< the key is a token that decode_token gave */
} beluga_credential;

/** The token for which a key was exchanged. */
typedef struct beluga_token beluga_token;

/** Return from encode_token: there is no request to make. */
#define BELUGA_ENCODE_NOTHING 1

/** Return from decode_event: nothing of use follows, such as after "[DONE]". */
#define BELUGA_DECODE_DONE 1

/** Return from encode_cancel: there is nothing to tell. */
#define BELUGA_ENCODE_NOTHING 1

BELUGA_BEGIN_DECLS

/** The table. Append-only: `size` says how much of it your build knows. Borrowed for ever. */
struct beluga_provider {
    size_t size;               /**< sizeof(beluga_provider) */
    uint32_t abi;              /**< BELUGA_PROVIDER_ABI */
    uint32_t framing;          /**< beluga_framing of streamed bodies */
    const char *name;          /**< 1–47 of a–z 0–9 _ - ; models are opened by it */
    const char *metric_prefix; /**< of its metrics; NULL: "beluga." and the name */
    const char *default_model; /**< NULL: the caller must name one */
    uint64_t capabilities;     /**< beluga_capability, or'ed */
    /** The provider's own options, ended by a NULL name; NULL: none. */
    const beluga_own_option *options;

    /* --- HTTP providers ------------------------------------------------------------------- */
    /**
     * Without a slash at its end; NULL: the caller must give one. Where an account belongs in it,
     * it says "{account}": the value of the provider's own option "acme.account", which needs the
     * flag BELUGA_OWN_OPTION_IN_URL. The model is not opened without a value, and none can change
     * host or path: in the host it may have letters, digits, "-", "_" and ".", behind it it is one
     * segment. A value that is the whole host ("https://{host}/v1") may begin with the scheme.
     */
    const char *base_url;
    /** names of variables for the key, in order, ended by NULL; NULL: no key */
    const char *const *key_variables;
    /**
     * Names of variables for the base URL, likewise. A value without a scheme ("gpu", "gpu:8080")
     * takes that, and a port or path that it lacks, from base_url.
     */
    const char *const *url_variables;
    /**
     * Bytes of decoder state an attempt, at most 64 KiB. They are zeroed, or a copy where an
     * attempt resumes at a later request of its call.
     */
    size_t state_size;

    /**
     * Fill the request. Required. beluga_call_is_streamed tells whether to ask for a stream. A call
     * that takes several requests (beluga_emit_next_request) runs it for each of them, with
     * beluga_http_request_token to tell them apart.
     * may have no messages: beluga_call_message_count says when.
     * @return 0; or a negative code with detail in `err`: nothing is sent then.
     */
    int (*encode_request)(const beluga_call *call, beluga_http_request *request, beluga_error *err);
    /**
     * Decode a whole unstreamed answer of status 2xx: emit its events, FINISH among them. One
     * without a body, such as a 202 with a Location, has length 0: beluga_emit_response has its
     * head. Some servers stream unasked, others do not when asked: the body's first bytes decide
     * which of the two decoders gets it.
     * @return 0, or the code that beluga_emit_… returned, such as beluga_emit_error(…).
     */
    int (*decode_response)(void *state, const char *body, size_t length, beluga_emit *emit);
    /**
     * Decode one frame of a streamed answer. Emit FINISH when the protocol's proof of completion is
     * seen. Servers say it early: events after it still count, and the last FINISH holds. One of
     * the two decoders is required.
     * @return as decode_response; BELUGA_DECODE_DONE when nothing more will come.
     */
    int (*decode_event)(void *state, const beluga_frame *frame, beluga_emit *emit);
    /** The stream ended: emit events that only its end tells. Optional. @return as decode_response.
     */
    int (*decode_end)(void *state, beluga_emit *emit);
    /**
     * Refine an error of status >= 400: `err` already has code, status, retry-after and request id.
     * Optional.
     */
    void (*decode_error)(const beluga_call *call, const beluga_http_response *response,
                         beluga_error *err);
    /**
     * Put the credential into the request; run for every attempt. Optional: without it the key goes
     * into "Authorization: Bearer".
     * @param now  Seconds since 1970.
     * @return 0; or a negative code with detail in `err`: nothing is sent then.
     */
    int (*authorize)(beluga_http_request *request, const beluga_credential *credential, int64_t now,
                     beluga_error *err);
    /** Fill the request that lists models. Optional, together with the next. */
    int (*encode_list_models)(const beluga_call *call, beluga_http_request *request,
                              beluga_error *err);
    /**
     * Emit each model's name with beluga_emit_model, and beluga_emit_next_page when there are more.
     */
    int (*decode_list_models)(const char *body, size_t length, beluga_emit *emit);

    /* --- both kinds ------------------------------------------------------------------------- */
    /**
     * A model is opened: check the configuration, make state. Optional.
     * @param self  Receives a pointer that every function below is given; NULL unless set.
     * @return 0; or a negative code with detail in `err`: the model is not opened, nor closed.
     */
    int (*open)(const beluga_config *config, void **self, beluga_error *err);
    /** The last reference to the model went: free the state. Optional. */
    void (*close)(void *self);

    /* --- full providers ----------------------------------------------------------------- */
    /**
     * Begin a call: one that asks for an answer, and where `capabilities` has EMBED or COUNT, also
     * one of that kind (beluga_call_kind). Required, with `cancel`. Runs on the loop: must not
     * block (beluga_emit_run_blocking is for that). Emit all events here, or go on from
     * beluga_emit_after: a provider that returns without FINISH and without having arranged either
     * has ended the call with stream_closed.
     * @return 0; or a negative code with detail in `err`, which ends the call.
     */
    int (*start)(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err);
    /** Stop: `emit` must not be used after this returns. Not called after the terminal event. */
    void (*cancel)(void *self, beluga_emit *emit);

    /* --- since 0.1, after the first tables ---------------------------------------------- */
    /**
     * Reference to the key, such as "aws:", for when the environment may be read and none of
     * key_variables is set. NULL: none.
     */
    const char *key_reference;

    /* --- for people to read ----------------------------------------------------------------- */
    /** Name of the protocol that it speaks, such as "Chat Completions"; NULL: not told. */
    const char *protocol;
    /**
     * Facts that a user should know before, and differences from its protocol: a sentence each,
     * ended by NULL; empty ones are left out. NULL: none.
     */
    const char *const *notes;

    /* --- HTTP providers whose service must be told ------------------------------------------- */
    /**
     * Fill the request that tells the service that a call is over before its answer was: it was
     * cancelled, its deadline passed, or it failed for good. Optional; at most once for what a call
     * began. The request is authorized like others, and sent detached from the call: its answer is
     * ignored, a failure is only logged. It ends after 2 seconds at the latest, for which a
     * blocking call waits, too; a loop that is freed drops it.
     *
     * beluga_http_request_token and beluga_http_request_state tell how far the call came; nothing
     * of that is set where no answer came.
     * @return 0 to send it; BELUGA_ENCODE_NOTHING; or a negative code with detail in `err`.
     */
    int (*encode_cancel)(const beluga_call *call, beluga_http_request *request, beluga_error *err);

    /**
     * Find where the next frame of a streamed body ends, for BELUGA_FRAMING_OWN, and which of its
     * bytes are its data. Required with that framing. It depends on what it is given alone, and is
     * called again with the same bytes and more until it finds an end. A frame of which that is
     * more than max_event_bytes and 64 fails the call, and so does an answer that is not within the
     * bytes.
     * @param bytes   All that came since the last frame's end; not NULL. Not more than that may be
     * read.
     * @param length  Of bytes; at least 1.
     * @param ended   The body has ended: nothing follows. What is no whole frame then is dropped.
     * @param cut     Receives what was found; `end` stays 0 when the frame is not whole yet.
     * @return 0; or a negative code, which ends the call: BELUGA_ERROR_MALFORMED_RESPONSE for bytes
     * that are no frame.
     */
    int (*cut)(const char *bytes, size_t length, bool ended, beluga_cut *cut);

    /* --- keys that are exchanged for tokens (HTTP providers) -------------------------------- */
    /**
     * Fill the request that exchanges the key for a token, which `authorize` is then given instead
     * of the key. Optional. The library sends it when a call needs a token, once for all calls of
     * the model that wait; it keeps the token until shortly before it expires, and asks again when
     * the provider refuses it. The request goes out as a POST unless another method is set, by the
     * model's proxy and certificates. Its answer may have 64 KiB.
     *
     * Runs on a thread of the executor, while other functions of the table may run, and once when
     * the model is opened with a key that is known then: so it must be pure.
     *
     * @param self  What `open` set.
     * @param now   Seconds since 1970.
     * @return 0; BELUGA_ENCODE_NOTHING when this key is used as it is; or a negative code with
     * detail in `err`.
     */
    int (*encode_token)(void *self, const beluga_credential *credential, int64_t now,
                        beluga_http_request *request, beluga_error *err);
    /**
     * Read the token from the answer of status 2xx, and give it to beluga_token_set. Optional:
     * without it the answer is read as OAuth 2 has it (RFC 6749: access_token and expires_in).
     * @param now  Seconds since 1970, when the answer had come.
     * @return 0; or a negative code, perhaps with detail in `err`.
     */
    int (*decode_token)(void *self, const beluga_http_response *response, int64_t now,
                        beluga_token *token, beluga_error *err);

    /* --- other operations -------------------------------------------------------------------- */
    /** Fill the request that embeds the call's inputs. Optional, together with the next. */
    int (*encode_embed)(const beluga_call *call, beluga_http_request *request, beluga_error *err);
    /**
     * Decode the whole answer to it: emit the vector of each input, once and in any order, the
     * usage, and the metadata. The end of the body is the end of the call.
     * @return as decode_response.
     */
    int (*decode_embed)(const char *body, size_t length, beluga_emit *emit);
    /** Fill the request that counts the tokens of the call. Optional, together with the next. */
    int (*encode_count)(const beluga_call *call, beluga_http_request *request, beluga_error *err);
    /**
     * Decode the whole answer to it: emit the count, or beluga_emit_next_page with what another
     * request needs, for which encode_count gets it as beluga_call_page.
     * @return as decode_response.
     */
    int (*decode_count)(const char *body, size_t length, beluga_emit *emit);
    /** most inputs of one call that embeds; 0: any number */
    uint32_t max_inputs;
    /** most bytes of the inputs of one call that embeds, if it has several; 0: any number */
    uint32_t max_input_bytes;

    void *reserved[4];
};

/** Bytes of the first tables. Shorter ones are refused; members that a longer one lacks are 0. */
enum { BELUGA_PROVIDER_MIN_SIZE = offsetof(beluga_provider, key_reference) };

/** The first members of every table. */
#define BELUGA_PROVIDER_INIT(provider_name) \
    .size = sizeof(beluga_provider), .abi = BELUGA_PROVIDER_ABI, .name = (provider_name)

/* --- reading a call --------------------------------------------------------------------------
 * A call is immutable; everything is borrowed as long as it. Threads: any. */

/**
 * Return the table that the call's model was opened from, so that a family of providers that share
 * functions may keep the differences around it. For a provider without code (beluga_with_base) it
 * is the table of the base, to which these functions belong.
 */
BELUGA_API const beluga_provider *beluga_call_provider(const beluga_call *call);
/** Return the name of the model to ask, as the provider knows it. */
BELUGA_API const char *beluga_call_model(const beluga_call *call);
/** Return what the call asks for. Since: 0.1 */
BELUGA_API beluga_kind_of_call beluga_call_kind(const beluga_call *call);
/** Return whether to ask for a streamed answer. */
BELUGA_API bool beluga_call_is_streamed(const beluga_call *call);
/**
 * Return the number of messages; 0 for a list of models, where texts are embedded, and for a call
 * whose body is given (option request_body): it takes method, path, query and headers of the
 * request, and whether its body names the model, and has neither tools nor options of sampling and
 * of the answer's form.
 */
BELUGA_API size_t beluga_call_message_count(const beluga_call *call);
/** Return message `index`, or NULL past the last. */
BELUGA_API const beluga_message *beluga_call_message(const beluga_call *call, size_t index);
/** Return the number of tools to send. */
BELUGA_API size_t beluga_call_tool_count(const beluga_call *call);
/** Return tool `index`, or NULL past the last. */
BELUGA_API const beluga_tool *beluga_call_tool(const beluga_call *call, size_t index);
/** Return the token that beluga_emit_next_page was given, or NULL for the first request. */
BELUGA_API const char *beluga_call_page(const beluga_call *call);
/** Return the state that `open` made for the call's model, or NULL; every function reaches it. */
BELUGA_API void *beluga_call_self(const beluga_call *call);
/** Return the caller's context, or NULL. */
BELUGA_API beluga_context *beluga_call_context(const beluga_call *call);

/**
 * Return the JSON that beluga_emit_state kept with a part of an earlier answer of this call's
 * provider. A part of kind BELUGA_PART_STATE has nothing else: leave it out when this gives NULL.
 *
 * @param part    NULL gives NULL.
 * @param length  Receives its bytes, 0 for NULL; NULL allowed.
 * @return NULL when the part has no state, or that of another provider. Since: 0.1
 */
BELUGA_API const char *beluga_call_get_state(const beluga_call *call, const beluga_part *part,
                                             size_t *length);

/**
 * Read an option in force. beluga_call_get_int reads durations (milliseconds) and enums, too.
 *
 * @param key  beluga_option_key.
 * @return false, and leave the value alone, when it is not set or of another type.
 * @{
 */
BELUGA_API bool beluga_call_get_double(const beluga_call *call, int key, double *value);
BELUGA_API bool beluga_call_get_int(const beluga_call *call, int key, int64_t *value);
BELUGA_API bool beluga_call_get_bool(const beluga_call *call, int key, bool *value);
/** @} */
/**
 * Return a string option in force, or NULL; always NULL for api_key, which only `authorize` gets.
 *
 * @param length  Receives its bytes, when it is set; NULL allowed.
 */
BELUGA_API const char *beluga_call_get_string(const beluga_call *call, int key, size_t *length);
/** Return item `index` of a list option, or NULL past the last; `length` as above. */
BELUGA_API const char *beluga_call_get_item(const beluga_call *call, int key, size_t index,
                                            size_t *length);

/** Return whether an option is in force. Since: 0.1 */
BELUGA_API bool beluga_call_has(const beluga_call *call, int key);

/** Return whether any of the provider's own options is set: else there is nothing to look up. */
BELUGA_API bool beluga_call_has_own(const beluga_call *call);
/**
 * Read one of the provider's own options by its name, such as "acme.region". A number or bool that
 * was given as text is read from it.
 *
 * @param length  Receives the string's bytes, when it is set; NULL allowed.
 * @return NULL, or false and the value is left alone, when it is not set or of another type.
 * @{
 */
BELUGA_API const char *beluga_call_get_own_string(const beluga_call *call, const char *name,
                                                  size_t *length);
BELUGA_API bool beluga_call_get_own_int(const beluga_call *call, const char *name, int64_t *value);
BELUGA_API bool beluga_call_get_own_double(const beluga_call *call, const char *name,
                                           double *value);
BELUGA_API bool beluga_call_get_own_bool(const beluga_call *call, const char *name, bool *value);
/** @} */

/* --- emitting events -------------------------------------------------------------------------
 * All return 0, or a negative code that the function that emits should return at once: the call was
 * cancelled, memory ran out, or a rule was broken (an event after the terminal one, a delta without
 * its begin, text that is not UTF-8). Content is copied where it must outlive the call.
 *
 * An emit is used in the function that was given it, on its thread: on the loop's, or in the work
 * of beluga_emit_run_blocking. From another thread, or when that function has returned, it does
 * nothing but make the call fail with invalid_response; when the call is over, nothing at all.
 * Other threads need an emit of beluga_emit_attach. */

/** Return the call that is being answered; NULL when it is over. */
BELUGA_API const beluga_call *beluga_emit_call(const beluga_emit *emit);
/**
 * Return the head (status and headers) of the answer that is being decoded, for what a body does
 * not tell, such as the Location of a 202; borrowed until the decoder returns. NULL for full
 * providers. Since: 0.1
 */
BELUGA_API const beluga_http_response *beluga_emit_response(const beluga_emit *emit);
/** Emit a piece of the answer; an empty one is left out. */
BELUGA_API int beluga_emit_text(beluga_emit *emit, const char *text, size_t length);
/** Emit a piece of the reasoning; an empty one is left out. */
BELUGA_API int beluga_emit_reasoning(beluga_emit *emit, const char *text, size_t length);
/** Emit the signature of the reasoning so far; a caller sends it back unchanged. */
BELUGA_API int beluga_emit_reasoning_signature(beluga_emit *emit, const char *signature,
                                               size_t length);
/**
 * End the reasoning so far as a block of its own, to which later text or a signature does not
 * belong. A signature may follow without text, for protocols that sign other parts than reasoning:
 * it stands before the text or tool call that it signs.
 */
BELUGA_API int beluga_emit_reasoning_end(beluga_emit *emit);
/**
 * Begin a tool call. At most 1,024 in an answer.
 *
 * @param index  Tells calls of one answer apart. For a call that is still open, a second begin with
 * another id is an error; with none, or the same, it does nothing.
 * @param id     NULL, "", or one that another call of the answer has: the library makes one up.
 * @param name   Of the tool; not "".
 */
BELUGA_API int beluga_emit_tool_call_begin(beluga_emit *emit, uint32_t index, const char *id,
                                           const char *name);
/** Emit a piece of the arguments of the call that began with `index`; an empty one is left out. */
BELUGA_API int beluga_emit_tool_call_delta(beluga_emit *emit, uint32_t index, const char *arguments,
                                           size_t length);
/** End a tool call; one that is not open does nothing. FINISH ends those that are still open. */
BELUGA_API int beluga_emit_tool_call_end(beluga_emit *emit, uint32_t index);
/** Emit a tool call that comes whole: its begin, one delta and its end. */
BELUGA_API int beluga_emit_tool_call(beluga_emit *emit, uint32_t index, const char *id,
                                     const char *name, const char *arguments, size_t length);
/**
 * Emit state: any JSON that the server wants back as it is, and that has no function of its own
 * here. It is kept with the answer under the provider's name. beluga_call_get_state gives it back
 * when the answer is part of a later call to the same provider; no other provider gets it.
 *
 * @param of     The part that it belongs to. BELUGA_PART_TEXT or BELUGA_PART_REASONING: the one at
 *               work, which ends with it. BELUGA_PART_TOOL_CALL: the call that began with `index`,
 *               whether it has ended or not. BELUGA_PART_STATE: a part of its own that stands where
 *               it was emitted.
 * @param index  Of the tool call; 0 for the others.
 * @param json   One JSON value; it replaces the state that the part or call had.
 * @return besides: BELUGA_ERROR_INVALID_INPUT another kind, or NULL;
 * BELUGA_ERROR_MALFORMED_RESPONSE, which ends the call, when it is not JSON, or the tool call never
 * began. Since: 0.1
 */
BELUGA_API int beluga_emit_state(beluga_emit *emit, beluga_part_kind of, uint32_t index,
                                 const char *json, size_t length);
/**
 * Emit an image, a sound or a file, whole: it is one event.
 *
 * @param kind        BELUGA_PART_IMAGE, BELUGA_PART_AUDIO or BELUGA_PART_FILE.
 * @param media_type  NULL or "": unknown.
 * @return besides: BELUGA_ERROR_INVALID_INPUT another kind, or NULL data;
 * BELUGA_ERROR_LIMIT_EXCEEDED, which ends the call, over 64 MiB. Since: 0.1
 */
BELUGA_API int beluga_emit_media(beluga_emit *emit, beluga_part_kind kind, const char *media_type,
                                 const void *data, size_t length);
/**
 * Emit an image, a sound or a file from its base64, as beluga_emit_media does.
 *
 * @return besides: BELUGA_ERROR_MALFORMED_RESPONSE, which ends the call, when it is not base64.
 */
BELUGA_API int beluga_emit_media_base64(beluga_emit *emit, beluga_part_kind kind,
                                        const char *media_type, const char *base64, size_t length);
/** Emit an image, a sound or a file by its address, which is handed on as it is. */
BELUGA_API int beluga_emit_media_url(beluga_emit *emit, beluga_part_kind kind,
                                     const char *media_type, const char *url);
/**
 * Emit id, model and time of the answer (seconds since 1970); NULL and 0 mean unknown. The first
 * of each is kept.
 */
BELUGA_API int beluga_emit_metadata(beluga_emit *emit, const char *id, const char *model,
                                    int64_t created);
/**
 * Emit the tokens so far, not NULL; a count that is negative is unknown. After FINISH it is still
 * delivered before that. A usage of zeros does not replace one that counted.
 */
BELUGA_API int beluga_emit_usage(beluga_emit *emit, const beluga_usage *usage);
/** Warn of something that could not be expressed, as printf does; it becomes one line. */
BELUGA_API int beluga_emit_warning(beluga_emit *emit, const char *format, ...) BELUGA_PRINTF(2, 3);
/**
 * Do as beluga_emit_warning with a text instead of a format, for languages without C's variable
 * arguments. Since: 0.1
 */
BELUGA_API int beluga_emit_warning_text(beluga_emit *emit, const char *text, size_t length);
/**
 * Emit the proof of completion. STOP after a tool call is delivered as TOOL_CALLS.
 *
 * An HTTP provider's is remembered until the body's end, and may come again: the last one holds. A
 * full provider's ends the call.
 *
 * @param raw  The provider's word; NULL: none.
 */
BELUGA_API int beluga_emit_finish(beluga_emit *emit, beluga_finish_reason reason, const char *raw);
/**
 * Ask for another request of the same call, such as a poll of a job that this answer began. When
 * this answer's body has ended whole, or with BELUGA_DECODE_DONE, encode_request runs again and its
 * answer goes to the same decoders: their state and all that was emitted stay; tool calls that are
 * open end. An answer either finishes or asks: both in one end the call with invalid_response. The
 * last of several tokens holds. At most 10,000 a call; only HTTP providers.
 *
 * Each request has its own timeouts and retries, and the wait before it counts for none of them; a
 * cancellation or the deadline ends it at once. A retry repeats the request that failed, with the
 * decoder's state as its bytes were then, and no request before it; but after an error that a
 * decoder emitted the call begins anew. A replay does not wait.
 *
 * A request to another origin (scheme, host, port) than base_url's, as a server may tell one, is
 * sent with what encode_request wrote and nothing else: neither key nor headers of model or caller.
 *
 * @param token     For beluga_http_request_token; not empty, at most 16 KiB; copied.
 * @param delay_ms  Time to wait before it; 0 or less: none. More than a minute is a minute.
 * @return besides: BELUGA_ERROR_INVALID_INPUT no token, or a list of models;
 * BELUGA_ERROR_LIMIT_EXCEEDED, which ends the call, a longer token; BELUGA_ERROR_NOT_SUPPORTED a
 * full provider. Since: 0.1
 */
BELUGA_API int beluga_emit_next_request(beluga_emit *emit, const char *token, int64_t delay_ms);
/** Fail the call; provider, model and operation are filled in. @return the error's code. */
BELUGA_API int beluga_emit_error(beluga_emit *emit, const beluga_error *error);
/**
 * Fail the call with an error that is made of its parts, as printf does.
 *
 * @param provider_code  NULL: none.
 * @return `code`.
 */
BELUGA_API int beluga_emit_failure(beluga_emit *emit, int code, const char *provider_code,
                                   const char *format, ...) BELUGA_PRINTF(4, 5);
/**
 * Do as beluga_emit_failure with a text instead of a format, for languages without C's variable
 * arguments. Since: 0.1
 */
BELUGA_API int beluga_emit_failure_text(beluga_emit *emit, int code, const char *provider_code,
                                        const char *text, size_t length);
/**
 * Emit one name of a list of models; it becomes one line (beluga_text_to_line). With facts:
 * beluga_emit_model_info.
 */
BELUGA_API int beluga_emit_model(beluga_emit *emit, const char *name, size_t length);
/**
 * Ask for the next page of a list of models: encode_list_models makes another request, for which
 * beluga_call_page is this token. At most 1,000 pages; not for full providers. In a call that
 * counts tokens encode_count makes the other request.
 */
BELUGA_API int beluga_emit_next_page(beluga_emit *emit, const char *token);

/**
 * Add an attribute to the span of the attempt, for facts that only a provider knows. Name and text
 * are copied. Without telemetry it does nothing.
 *
 * @return besides: BELUGA_ERROR_INVALID_INPUT no name, or a NULL text. Since: 0.1
 * @{
 */
BELUGA_API int beluga_span_set_string(beluga_emit *emit, const char *name, const char *value);
BELUGA_API int beluga_span_set_int(beluga_emit *emit, const char *name, int64_t value);
BELUGA_API int beluga_span_set_double(beluga_emit *emit, const char *name, double value);
BELUGA_API int beluga_span_set_bool(beluga_emit *emit, const char *name, bool value);
/** @} */
/**
 * Measure something: add to a counter, or record into a histogram, in which seconds have the
 * buckets of the library's own. The metric has provider and model beside it. The first use of a
 * name fixes kind and unit. Without telemetry it does nothing.
 *
 * @param unit  UCUM ("s", "By", "{request}"), or NULL.
 * @return besides: BELUGA_ERROR_INVALID_INPUT no name, NaN, or less than 0 for a counter. Since:
 * 0.1
 * @{
 */
BELUGA_API int beluga_counter_add(beluga_emit *emit, const char *name, const char *unit,
                                  double value);
BELUGA_API int beluga_histogram_record(beluga_emit *emit, const char *name, const char *unit,
                                       double value);
/** @} */

/**
 * Parse JSON inside a decoder, in memory that the next event reuses.
 *
 * @param root  Borrowed until the decoder returns, or parses again. NULL on failure.
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
 * Call `next` on the loop later, unless the call ends before. One at a time.
 *
 * @param delay_ms  0 or less: in the loop's next turn.
 * @param next      Returns 0, or a negative code that ends the call.
 * @return besides: BELUGA_ERROR_INVALID_INPUT one waits already, or NULL;
 * BELUGA_ERROR_NOT_SUPPORTED an HTTP provider, or in work that blocks.
 */
BELUGA_API int beluga_emit_after(beluga_emit *emit, int64_t delay_ms,
                                 int (*next)(beluga_emit *emit, void *argument), void *argument);
/**
 * Run work that blocks on the executor. One at a time.
 *
 * The work may emit from there, and its events come back on the loop; it waits while over 1 MiB of
 * them are under way. After cancellation emitting returns context_canceled, and
 * beluga_emit_is_cancelled tells.
 *
 * @param work      Returns 0, or a negative code that ends the call.
 * @param argument  Must live until `work` returned, cancelled or not.
 * @param release   Called when `work` has returned, on its thread; NULL: not needed.
 * @return 0; otherwise neither is called: BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_INVALID_INPUT one
 * runs already, or NULL; BELUGA_ERROR_NOT_SUPPORTED an HTTP provider; the executor's own code.
 */
BELUGA_API int beluga_emit_run_blocking(beluga_emit *emit,
                                        int (*work)(beluga_emit *emit, void *argument),
                                        void *argument, void (*release)(void *argument));

/**
 * Make an emit for threads of your own, such as those of an engine in the process. They may emit
 * with it until beluga_emit_detach, and the call goes on until then. What they emit is copied and
 * comes back on the loop; emitting waits while over 1 MiB is under way (beluga_emit_has_room tells
 * before), but on a thread that runs a loop, where it fails with invalid_input. One at a time, and
 * not beside work that blocks.
 *
 * After the call is over, emitting returns context_canceled, which an engine should heed soon: the
 * emit keeps the call, its messages and the client until it is detached, and beluga_client_close
 * waits for that. No thread outside of start, or of what beluga_emit_after called, may attach.
 *
 * @param attached  Receives the emit; NULL on failure. Several threads may use it at once; the
 * order of their events is theirs. For events, beluga_emit_call, beluga_emit_is_cancelled,
 * beluga_emit_has_room and beluga_emit_detach.
 * @param wake      Called on the loop's thread when there is room again after beluga_emit_has_room
 * said no, and when the call is over; it must not block. It may still be called once when the emit
 * is detached already. NULL: not needed.
 * @param argument  Handed to `wake` and `release`.
 * @param release   Called once, on any thread, when `wake` will not be called any more; NULL: not
 * needed.
 * @return 0; otherwise neither is called: BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_INVALID_INPUT one is
 * attached or work runs already; BELUGA_ERROR_NOT_SUPPORTED an HTTP provider, or another thread.
 * Since: 0.1
 */
BELUGA_API int beluga_emit_attach(beluga_emit *emit, beluga_emit **attached,
                                  void (*wake)(void *argument), void *argument,
                                  void (*release)(void *argument));
/**
 * End an emit of beluga_emit_attach, once, also when the call is over long since: as work that
 * blocks ends when it returns. Without FINISH before, the call ends with stream_closed.
 *
 * @param status  0; or a negative code that ends the call.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API void beluga_emit_detach(beluga_emit *attached, int status);
/**
 * Return whether emitting with an emit of beluga_emit_attach would not wait; when it says no,
 * `wake` tells when to come back. True when the call is over, since emitting returns at once then,
 * and for any other emit.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API bool beluga_emit_has_room(beluga_emit *emit);

/**
 * Return whether the call is over, so that work may stop: it was cancelled in whatever way, its
 * context was cancelled or is past its deadline, or a timeout ended it. Work that emits rarely
 * should ask now and then, since nothing else can stop its thread.
 *
 * Threads: where the emit may be used. Blocks: never. Since: 0.1
 */
BELUGA_API bool beluga_emit_is_cancelled(beluga_emit *emit);

/** Return a random number, for jitter or ids; never for secrets. Threads: the loop's. */
BELUGA_API uint64_t beluga_emit_random(beluga_emit *emit);

/* --- tokens ----------------------------------------------------------------------------------- */

/**
 * Give the token that an answer has. It reaches `authorize` as it is given here, so it may also
 * hold several values, such as JSON on one line.
 *
 * @param text     Copied; at most 64 KiB of UTF-8 without control characters.
 * @param expires  When it ends, seconds since 1970; 0: not known, and it is kept for 5 minutes.
 * @return 0; BELUGA_ERROR_INVALID_INPUT no text; BELUGA_ERROR_LIMIT_EXCEEDED;
 * BELUGA_ERROR_NO_MEMORY.
 *
 * Threads: that of decode_token. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_token_set(beluga_token *token, const char *text, size_t length,
                                int64_t expires);
/**
 * Parse JSON in decode_token, in memory that is wiped afterwards, as it holds the token.
 *
 * @param root  Borrowed until decode_token returns, or parses again. NULL on failure.
 * @return as beluga_json_parse.
 *
 * Threads: that of decode_token. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_token_parse(beluga_token *token, const char *text, size_t length,
                                  const beluga_json **root);

/* --- registration ----------------------------------------------------------------------------- */

/** One node of the list of linked providers; static storage. */
typedef struct beluga_provider_node {
    const beluga_provider *provider;
    struct beluga_provider_node *next;
} beluga_provider_node;

/**
 * Add a node to the list that every registry made from now on starts with. It allocates nothing,
 * and may run before main.
 *
 * @param node  Borrowed for ever, with `provider` set.
 */
BELUGA_API void beluga_provider_link(beluga_provider_node *node);

BELUGA_END_DECLS

#include <beluga/provider/embedding.h>

#ifndef BELUGA_PLUGIN
/**
 * Define `const beluga_provider *<function>(void)` for the explicit call
 *
 *     beluga_registry_register(registry, <function>(), &err);
 *
 * and link the table before main, as Go's blank import does. A linker drops an object of a static
 * archive that nobody refers to: then only the explicit call works. With BELUGA_PLUGIN defined it
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
