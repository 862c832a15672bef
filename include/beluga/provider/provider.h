/**
 * @file provider/provider.h
 * The interface for authors of providers: the table of functions that a provider implements, and
 * the functions that it calls.
 *
 * There are two kinds of providers. An **HTTP provider** turns a call into a request and an
 * answer's bytes into events; its functions are pure: they use no clock, no I/O, no threads and no
 * telemetry. A **full provider**, for models that are not behind HTTP, starts a call and emits its
 * events itself. The library does the retries, timeouts, cancellation, back-pressure, logs, traces,
 * metrics, batches and streams.
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

/** ABI version of the table; it changes only when older tables can't be read any more. */
#define BELUGA_PROVIDER_ABI 1

/**
 * Abilities of a provider. They appear in lists of providers, and the library warns when a call
 * needs an ability that is missing.
 */
enum beluga_capability {
    BELUGA_CAPABILITY_STREAM = 1 << 0,         /**< streamed answers */
    BELUGA_CAPABILITY_TOOLS = 1 << 1,          /**< tool calls */
    BELUGA_CAPABILITY_PARALLEL_TOOLS = 1 << 2, /**< several tool calls in one answer */
    BELUGA_CAPABILITY_REASONING = 1 << 3,      /**< reasoning, with a level of effort */
    BELUGA_CAPABILITY_IMAGES = 1 << 4,         /**< images in messages */
    BELUGA_CAPABILITY_AUDIO = 1 << 5,          /**< audio in messages */
    BELUGA_CAPABILITY_FILES = 1 << 6,          /**< files in messages */
    BELUGA_CAPABILITY_SCHEMA = 1 << 7,         /**< answers that fit a JSON Schema */
    BELUGA_CAPABILITY_CACHE = 1 << 8,          /**< cache breakpoints in messages */
    BELUGA_CAPABILITY_MODELS = 1 << 9,         /**< it can list its models */
    BELUGA_CAPABILITY_LOCAL = 1 << 10,         /**< it needs neither a network nor a key */
    BELUGA_CAPABILITY_NO_KEY = 1 << 11, /**< it needs no key, but sends a key if there is one */
    BELUGA_CAPABILITY_EMBED = 1 << 12,  /**< vectors of texts */
    BELUGA_CAPABILITY_COUNT = 1 << 13   /**< counting the tokens of messages */
};

BELUGA_BEGIN_DECLS

/**
 * Return the name of a capability, such as "parallel_tools".
 *
 * @param capability  One of beluga_capability.
 * @return a static string; NULL for any other number, so that a loop over 1 << 0, 1 << 1, … ends at
 * NULL.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API const char *beluga_capability_name(uint64_t capability);

BELUGA_END_DECLS

/** Flags of a provider's own option. */
typedef enum beluga_own_option_flag {
    /**
     * This STRING is sent in a header, a path or a query, so it must not contain control
     * characters.
     */
    BELUGA_OWN_OPTION_IN_HEAD = 1,
    /**
     * This STRING belongs to a model, not to a call: it is inserted in base_url, for example at
     * "{region}".
     */
    BELUGA_OWN_OPTION_IN_URL = 2
} beluga_own_option_flag;

/**
 * A provider's own option. `beluga providers` lists it, and configurations are checked against it.
 */
typedef struct beluga_own_option {
    const char *name;        /**< "acme.region" */
    const char *meaning;     /**< short description for people */
    uint32_t type;           /**< beluga_option_type: STRING, INT, DOUBLE or BOOL */
    uint32_t flags;          /**< bits of beluga_own_option_flag */
    double minimum, maximum; /**< both 0: no range */
    const char *variable;    /**< environment variable that sets a STRING, or NULL */
    /** The allowed values of a STRING, ended by NULL; NULL: any text. */
    const char *const *words;
    /**
     * Member of the request as which beluga_http_request_put_options writes the option; NULL: none.
     */
    const char *field;
    const void *reserved[4];
} beluga_own_option;

/**
 * The key that authorizes a request, or is exchanged for a token. Borrowed until the provider's
 * function returns.
 */
typedef struct beluga_credential {
    size_t size;
    const char *key;      /**< never NULL */
    int64_t expires;      /**< seconds since 1970, 0 never */
    const char *variable; /**< environment variable from which the key came, or NULL */
    /**
     * for `authorize`: the call that is authorized; the provider's own options in it may say how.
     * NULL for encode_token, whose token is used for all calls of the model
     */
    const beluga_call *call;
    /**
     * the model's configuration for encode_token, with the provider's own options; NULL for
     * `authorize`
     */
    const beluga_config *config;
    bool is_token; /**< the key is a token that decode_token stored */
} beluga_credential;

/** The token for which a key was exchanged. */
typedef struct beluga_token beluga_token;

/** Result of decode_event: nothing that matters follows in the body, such as after "[DONE]". */
#define BELUGA_DECODE_DONE 1

/** Result of encode_token and encode_cancel: there is no request to send. */
#define BELUGA_ENCODE_NOTHING 1

BELUGA_BEGIN_DECLS

/**
 * The table of a provider. Later versions append members; `size` says how many of them your build
 * knows. The library borrows a table for ever.
 */
struct beluga_provider {
    size_t size;               /**< sizeof(beluga_provider) */
    uint32_t abi;              /**< BELUGA_PROVIDER_ABI */
    uint32_t framing;          /**< beluga_framing: how streamed bodies are cut into frames */
    const char *name;          /**< 1–47 characters a–z 0–9 _ - ; models are opened by this name */
    const char *metric_prefix; /**< prefix of its metrics; NULL: "beluga." and the name */
    const char *default_model; /**< model to use if none is named; NULL: the caller must name one */
    uint64_t capabilities;     /**< bits of beluga_capability */
    /** The provider's own options, ended by a NULL name; NULL: none. */
    const beluga_own_option *options;

    /* --- HTTP providers ------------------------------------------------------------------- */
    /**
     * The base URL, without a slash at its end; NULL: the caller must set one. "{account}" in it
     * stands for the value of the provider's own option "acme.account", which needs the flag
     * BELUGA_OWN_OPTION_IN_URL. A model can't be opened without that value. The value can't change
     * the server's name or the path otherwise: in the name it may contain letters, digits, "-", "_"
     * and ".", and after the name it becomes one segment. If the value is the whole name
     * ("https://{host}/v1"), it may begin with the scheme.
     */
    const char *base_url;
    /**
     * names of the environment variables for the key, in order of preference, ended by NULL; NULL:
     * no key
     */
    const char *const *key_variables;
    /**
     * Names of the environment variables for the base URL, in order of preference, ended by NULL. A
     * value without a scheme ("gpu", "gpu:8080") gets the scheme, and a port or path that it lacks,
     * from base_url.
     */
    const char *const *url_variables;
    /**
     * Bytes of decoder state for each attempt, at most 64 KiB. They are zeroed at the start of an
     * attempt, or copied if the attempt resumes a call at a later one of its requests.
     */
    size_t state_size;

    /**
     * Fill the request. Required. beluga_call_is_streamed says whether to ask for a stream. If a
     * call takes several requests (beluga_emit_next_request), this function runs for each of them;
     * beluga_http_request_token tells them apart. A call may have no messages: see
     * beluga_call_message_count.
     * @return 0; or a negative code with detail in `err`: nothing is then sent.
     */
    int (*encode_request)(const beluga_call *call, beluga_http_request *request, beluga_error *err);
    /**
     * Decode a whole unstreamed answer of status 2xx: emit its events, including FINISH. For an
     * answer without a body, such as a 202 with a Location, `length` is 0; beluga_emit_response
     * returns its status and headers. Some servers stream although the request did not ask for it,
     * and others do not stream although it did: so the body's first bytes decide which of the two
     * decoders gets the answer.
     * @return 0, or the code that beluga_emit_… returned, such as beluga_emit_error(…).
     */
    int (*decode_response)(void *state, const char *body, size_t length, beluga_emit *emit);
    /**
     * Decode one frame of a streamed answer. Emit FINISH when the frame has the protocol's proof of
     * completion. Further events after it are still used, since servers may send it early, and the
     * last FINISH counts. One of the two decoders is required.
     * @return as decode_response; BELUGA_DECODE_DONE when nothing that matters follows.
     */
    int (*decode_event)(void *state, const beluga_frame *frame, beluga_emit *emit);
    /**
     * The stream has ended: emit events that could not be emitted before. Optional.
     * @return as decode_response.
     */
    int (*decode_end)(void *state, beluga_emit *emit);
    /**
     * Add details to the error of an answer with status 400 or more. `err` already has the code,
     * status, retry-after time and request id. Optional.
     */
    void (*decode_error)(const beluga_call *call, const beluga_http_response *response,
                         beluga_error *err);
    /**
     * Add the credential to the request; this runs for every attempt. Optional: without this
     * function the key is sent as "Authorization: Bearer".
     * @param now  Seconds since 1970.
     * @return 0; or a negative code with detail in `err`: nothing is then sent.
     */
    int (*authorize)(beluga_http_request *request, const beluga_credential *credential, int64_t now,
                     beluga_error *err);
    /** Fill the request that lists models. Optional, together with decode_list_models. */
    int (*encode_list_models)(const beluga_call *call, beluga_http_request *request,
                              beluga_error *err);
    /**
     * Emit each model's name with beluga_emit_model, and call beluga_emit_next_page when there are
     * more pages.
     */
    int (*decode_list_models)(const char *body, size_t length, beluga_emit *emit);

    /* --- both kinds ------------------------------------------------------------------------- */
    /**
     * A model is being opened: check the configuration, and create the provider's state for the
     * model. Optional.
     * @param self  Receives a pointer to the state, which is passed to the functions below (see
     * also beluga_call_self); it stays NULL if it is not set.
     * @return 0; or a negative code with detail in `err`: the model is then not opened, and `close`
     * is not called.
     */
    int (*open)(const beluga_config *config, void **self, beluga_error *err);
    /** The last reference to the model was released: free the state. Optional. */
    void (*close)(void *self);

    /* --- full providers ----------------------------------------------------------------- */
    /**
     * Start a call. It asks for an answer, or for vectors or a token count if `capabilities` has
     * EMBED or COUNT (see beluga_call_kind). Required, together with `cancel`. It runs on the loop,
     * so it must not block (use beluga_emit_run_blocking for that). Emit all events here, or
     * arrange for later ones with beluga_emit_after, beluga_emit_run_blocking or
     * beluga_emit_attach. If this function returns without FINISH and without having arranged
     * anything, the call ends with stream_closed.
     * @return 0; or a negative code with detail in `err`, which ends the call.
     */
    int (*start)(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err);
    /**
     * Stop a call: `emit` must not be used after this function returns. It is not called after the
     * terminal event.
     */
    void (*cancel)(void *self, beluga_emit *emit);

    /* --- added in 0.1, after the first version of the table ----------------------------- */
    /**
     * Reference to the key, such as "aws:". It is used if the environment may be read and none of
     * key_variables is set. NULL: none.
     */
    const char *key_reference;

    /* --- descriptions for people ------------------------------------------------------------ */
    /** Name of the provider's protocol, such as "Chat Completions"; NULL: not known. */
    const char *protocol;
    /**
     * Facts that a user should know, and differences from the protocol: one sentence each, ended by
     * NULL; empty strings are skipped. NULL: none.
     */
    const char *const *notes;

    /* --- HTTP providers that notify a service when a call ends early ------------------------- */
    /**
     * Fill the request that informs the service that a call ended before its answer was complete:
     * because it was cancelled, its deadline passed, or it failed after its retries. Optional; it
     * runs at most once for a job that a call started at the service. The request is authorized
     * like others, and is sent independently of the call: its answer is ignored, and a failure is
     * only logged. It ends after at most 2 seconds, for which a blocking call waits, too. Freeing
     * the loop drops the request.
     *
     * beluga_http_request_token and beluga_http_request_state show how far the call got; if no
     * answer came, neither is set.
     * @return 0 to send it; BELUGA_ENCODE_NOTHING; or a negative code with detail in `err`.
     */
    int (*encode_cancel)(const beluga_call *call, beluga_http_request *request, beluga_error *err);

    /**
     * For BELUGA_FRAMING_OWN: find where the next frame of a streamed body ends, and which of its
     * bytes are its data. Required with that framing. The result must depend only on the arguments,
     * since the function is called again with the same bytes and further ones until it finds an
     * end. The call fails if a frame is longer than max_event_bytes plus 64 bytes, or if the
     * offsets in `cut` are outside of `bytes`.
     * @param bytes   All bytes since the end of the last frame; not NULL. Do not read beyond
     * `length`.
     * @param length  Number of bytes; at least 1.
     * @param ended   Whether the body has ended. Bytes that are not a whole frame are then dropped.
     * @param cut     Receives the positions in the frame; `end` stays 0 if the frame is not
     * complete yet.
     * @return 0; or a negative code, which ends the call: BELUGA_ERROR_MALFORMED_RESPONSE if the
     * bytes are not a frame.
     */
    int (*cut)(const char *bytes, size_t length, bool ended, beluga_cut *cut);

    /* --- keys that are exchanged for tokens (HTTP providers) -------------------------------- */
    /**
     * Fill the request that exchanges the key for a token, which is then passed to `authorize`
     * instead of the key. Optional. The library sends the request when a call needs a token, once
     * for all waiting calls of the model. It keeps the token until shortly before it expires, and
     * requests a new one when the provider refuses it. The request is a POST unless another method
     * is set, and uses the model's proxy and certificates. Its answer may have at most 64 KiB.
     *
     * It must be pure, since it runs on a thread of the executor while other functions of the table
     * may run. It also runs once when the model is opened, if the key is known by then.
     *
     * @param self  The state that `open` created.
     * @param now   Seconds since 1970.
     * @return 0; BELUGA_ENCODE_NOTHING if this key is not exchanged but used itself; or a negative
     * code with detail in `err`.
     */
    int (*encode_token)(void *self, const beluga_credential *credential, int64_t now,
                        beluga_http_request *request, beluga_error *err);
    /**
     * Read the token from the answer of status 2xx and pass it to beluga_token_set. Optional:
     * without this function the answer is read as an OAuth 2 response (RFC 6749: access_token and
     * expires_in).
     * @param now  The time at which the answer arrived, in seconds since 1970.
     * @return 0; or a negative code, perhaps with detail in `err`.
     */
    int (*decode_token)(void *self, const beluga_http_response *response, int64_t now,
                        beluga_token *token, beluga_error *err);

    /* --- other operations -------------------------------------------------------------------- */
    /** Fill the request that embeds the call's inputs. Optional, together with decode_embed. */
    int (*encode_embed)(const beluga_call *call, beluga_http_request *request, beluga_error *err);
    /**
     * Decode the whole answer to encode_embed's request: emit the vector of each input, once and in
     * any order, the usage, and the metadata. The call ends with the body.
     * @return as decode_response.
     */
    int (*decode_embed)(const char *body, size_t length, beluga_emit *emit);
    /**
     * Fill the request that counts the tokens of the call. Optional, together with decode_count.
     */
    int (*encode_count)(const beluga_call *call, beluga_http_request *request, beluga_error *err);
    /**
     * Decode the whole answer to encode_count's request: emit the count, or call
     * beluga_emit_next_page with a token for another request, which encode_count reads with
     * beluga_call_page.
     * @return as decode_response.
     */
    int (*decode_count)(const char *body, size_t length, beluga_emit *emit);
    /** most inputs of one call that embeds texts; 0: any number */
    uint32_t max_inputs;
    /** most bytes of all inputs of one call that embeds several texts; 0: any number */
    uint32_t max_input_bytes;
    /** The batch API of an HTTP provider; NULL: none. */
    const beluga_batch_api *batch;

    void *reserved[4];
};

/**
 * Size of the tables of the first version. A shorter table is refused; members that a table lacks
 * count as 0.
 */
enum { BELUGA_PROVIDER_MIN_SIZE = offsetof(beluga_provider, key_reference) };

/** Sets the members that every table needs. */
#define BELUGA_PROVIDER_INIT(provider_name) \
    .size = sizeof(beluga_provider), .abi = BELUGA_PROVIDER_ABI, .name = (provider_name)

/* --- tokens ----------------------------------------------------------------------------------- */

/**
 * Set the token that an answer contains. `authorize` gets it unchanged, so it may also combine
 * several values, for example as JSON on one line.
 *
 * @param text     Copied; at most 64 KiB of UTF-8 without control characters.
 * @param expires  The time at which the token expires, in seconds since 1970; 0: not known, so that
 * the token is used for 5 minutes.
 * @return 0; BELUGA_ERROR_INVALID_INPUT if the text is empty; BELUGA_ERROR_LIMIT_EXCEEDED if it is
 * too long; BELUGA_ERROR_NO_MEMORY.
 *
 * Threads: only the one that runs decode_token. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_token_set(beluga_token *token, const char *text, size_t length,
                                int64_t expires);
/**
 * Parse JSON in decode_token, in memory that is wiped afterwards because it contains the token.
 *
 * @param root  Borrowed until decode_token returns or calls this function again. NULL on failure.
 * @return as beluga_json_parse.
 *
 * Threads: only the one that runs decode_token. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_token_parse(beluga_token *token, const char *text, size_t length,
                                  const beluga_json **root);

/* --- registration ----------------------------------------------------------------------------- */

/** A node of the list of linked providers. It must have static storage. */
typedef struct beluga_provider_node {
    const beluga_provider *provider;   /**< the table of the provider */
    struct beluga_provider_node *next; /**< set by the library */
} beluga_provider_node;

/**
 * Add a provider to the list with which every new registry starts. It allocates nothing and may run
 * before main.
 *
 * @param node  A node whose `provider` is set; borrowed for ever.
 */
BELUGA_API void beluga_provider_link(beluga_provider_node *node);

BELUGA_END_DECLS

#include <beluga/provider/embedding.h>

#ifndef BELUGA_PLUGIN
/**
 * Define `const beluga_provider *<function>(void)`, for the explicit call
 *
 *     beluga_registry_register(registry, <function>(), &err);
 *
 * and register the table before main, as a blank import in Go does. A linker drops an object of a
 * static archive to which nothing refers; then only the explicit call works. If BELUGA_PLUGIN is
 * defined, the macro turns the source into a plug-in instead: see plugin.h.
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
