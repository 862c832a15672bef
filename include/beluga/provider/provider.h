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
#include <beluga/provider/batch_api.h>
#include <beluga/provider/call.h>
#include <beluga/provider/emit.h>
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

/** Return from decode_event: nothing of use follows, such as after "[DONE]". */
#define BELUGA_DECODE_DONE 1

/** Return from encode_token and encode_cancel: there is no request to make. */
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
    uint64_t capabilities;     /**< bits of beluga_capability */
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
     * beluga_http_request_token to tell them apart. A call may have no messages:
     * beluga_call_message_count says when.
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
    /**
     * The stream ended: emit events that only its end tells. Optional.
     * @return as decode_response.
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
    /** The batch API of an HTTP provider; NULL: none. */
    const beluga_batch_api *batch;

    void *reserved[4];
};

/** Bytes of the first tables. Shorter ones are refused; members that a longer one lacks are 0. */
enum { BELUGA_PROVIDER_MIN_SIZE = offsetof(beluga_provider, key_reference) };

/** The first members of every table. */
#define BELUGA_PROVIDER_INIT(provider_name) \
    .size = sizeof(beluga_provider), .abi = BELUGA_PROVIDER_ABI, .name = (provider_name)

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
    const beluga_provider *provider;   /**< the table that is added */
    struct beluga_provider_node *next; /**< the library's */
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
