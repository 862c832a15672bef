/**
 * @file option.h
 * Functional options: `beluga_with_temperature(0.2)` returns a value that configurations and calls
 * take in any number and order.
 *
 * An option has 32 bytes, in a layout that never changes. It owns nothing, and borrows its string
 * until the function that takes it returns. The same type serves `beluga_config_new`, calls, YAML
 * and `-o key=value`. Layers merge in one order: provider defaults, file, environment, model, call;
 * the later one wins. All ranges are checked together when a model is opened and when a call
 * starts.
 *
 * Text that is sent outside of the body (in a header, a path or a query) is checked at the same
 * times. It is refused when it has control characters or would change where the request goes; the
 * error names the option and the position of the byte.
 */
#ifndef BELUGA_OPTION_H
#define BELUGA_OPTION_H

#include <beluga/common.h>

/** The type of an option's value. */
typedef enum beluga_option_type {
    BELUGA_OPTION_BOOL = 1,
    BELUGA_OPTION_INT = 2,
    BELUGA_OPTION_DOUBLE = 3,
    BELUGA_OPTION_STRING = 4,
    BELUGA_OPTION_LIST = 5,     /**< a string that is added to a list */
    BELUGA_OPTION_DURATION = 6, /**< milliseconds; as text "30s", "500ms", "2m" */
    BELUGA_OPTION_POINTER = 7,  /**< pointer to a struct of the program; it has no form as text */
    BELUGA_OPTION_ENUM = 8      /**< an int; as text one of its names */
} beluga_option_type;

/**
 * The options, each with its constant, name, type, minimum, maximum, scope and meaning.
 *
 * Scope is M for the model only (its configuration), C for the call only, B for both. The number of
 * an option is its position, so that new options are only appended. Ranges are those of Beluga AI
 * for Go, without its upper limits for max_tokens, top_k, concurrency and timeout.
 */
#define BELUGA_OPTION_MAP(XX)                                                                      \
    XX(PROVIDER, "provider", STRING, 0, 0, M, "provider's name")                                   \
    XX(MODEL_NAME, "model_name", STRING, 0, 0, B, "model's name at the provider")                  \
    XX(API_KEY, "api_key", STRING, 0, 0, M,                                                        \
       "key, or env:NAME, file:PATH, command:COMMAND, aws:PROFILE, google:")                       \
    XX(BASE_URL, "base_url", STRING, 0, 0, M, "where the provider is")                             \
    XX(TEMPERATURE, "temperature", DOUBLE, 0, 2, B, "sampling temperature")                        \
    XX(TOP_P, "top_p", DOUBLE, 0, 1, B, "nucleus sampling")                                        \
    XX(TOP_K, "top_k", INT, 1, 2147483647, B, "sample from the k most likely tokens")              \
    XX(MAX_TOKENS, "max_tokens", INT, 1, 2147483647, B, "most tokens to generate")                 \
    XX(FREQUENCY_PENALTY, "frequency_penalty", DOUBLE, -2, 2, B, "penalty on frequent tokens")     \
    XX(PRESENCE_PENALTY, "presence_penalty", DOUBLE, -2, 2, B,                                     \
       "penalty on tokens that already occur")                                                     \
    XX(STOP_SEQUENCES, "stop_sequences", LIST, 0, 0, B, "text that ends the answer")               \
    XX(SEED, "seed", INT, -9007199254740991, 9007199254740991, B, "seed of the sampling")          \
    XX(TIMEOUT, "timeout", DURATION, 1, 86400000, B,                                               \
       "longest wait for the first event and between events; longest call without streaming")      \
    XX(CONNECT_TIMEOUT, "connect_timeout", DURATION, 1, 86400000, B, "longest time to connect")    \
    XX(FIRST_EVENT_TIMEOUT, "first_event_timeout", DURATION, 1, 86400000, B,                       \
       "longest time until the first event")                                                       \
    XX(IDLE_TIMEOUT, "idle_timeout", DURATION, 1, 86400000, B, "longest time between two events")  \
    XX(TOTAL_TIMEOUT, "total_timeout", DURATION, 1, 604800000, B, "longest time of one attempt")   \
    XX(MAX_RETRIES, "max_retries", INT, 0, 10, B, "attempts after the first")                      \
    XX(RETRY_DELAY, "retry_delay", DURATION, 100, 30000, B, "wait before the first retry")         \
    XX(RETRY_BACKOFF, "retry_backoff", DOUBLE, 1, 5, B, "factor from one wait to the next")        \
    XX(MAX_CONCURRENT_BATCHES, "max_concurrent_batches", INT, 1, 1000000, B,                       \
       "most calls of a batch at once")                                                            \
    XX(ENABLE_STREAMING, "enable_streaming", BOOL, 0, 1, M, "allow streams")                       \
    XX(ENABLE_TRACING, "enable_tracing", BOOL, 0, 1, M, "send spans to telemetry")                 \
    XX(ENABLE_METRICS, "enable_metrics", BOOL, 0, 1, M, "send metrics to telemetry")               \
    XX(ENABLE_STRUCTURED_LOGGING, "enable_structured_logging", BOOL, 0, 1, M,                      \
       "write log records of calls")                                                               \
    XX(ENABLE_TOOL_CALLING, "enable_tool_calling", BOOL, 0, 1, M, "send bound tools")              \
    XX(TOOL_CHOICE, "tool_choice", STRING, 0, 0, B, "auto, none, required, or a tool's name")      \
    XX(PARALLEL_TOOL_CALLS, "parallel_tool_calls", BOOL, 0, 1, B,                                  \
       "allow several tool calls in one answer")                                                   \
    XX(RESPONSE_SCHEMA, "response_schema", STRING, 0, 0, B,                                        \
       "JSON Schema that the answer must fit")                                                     \
    XX(RESPONSE_SCHEMA_NAME, "response_schema_name", STRING, 0, 0, B,                              \
       "name of the schema in the request")                                                        \
    XX(RESPONSE_SCHEMA_STRICT, "response_schema_strict", BOOL, 0, 1, B,                            \
       "let the provider enforce the schema")                                                      \
    XX(JSON_MODE, "json_mode", BOOL, 0, 1, B, "require a JSON object as the answer")               \
    XX(REASONING_EFFORT, "reasoning_effort", ENUM, 0, 6, B,                                        \
       "none, minimal, low, medium, high, xhigh, max")                                             \
    XX(REASONING_BUDGET, "reasoning_budget", INT, 0, 2147483647, B, "most tokens to reason with")  \
    XX(USER, "user", STRING, 0, 0, B, "your id of the end user")                                   \
    XX(EXTRA_BODY, "extra_body", STRING, 0, 0, B, "JSON object merged into the request's body")    \
    XX(EXTRA_HEADERS, "extra_headers", LIST, 0, 0, B, "\"Name: value\" added to the request")      \
    XX(WIRE_STREAMING, "wire_streaming", BOOL, 0, 1, B, "let generate request a streamed answer")  \
    XX(RESTART_DELIVERY, "restart_delivery", BOOL, 0, 1, B,                                        \
       "a stream that fails may begin again, with a restart event")                                \
    XX(RAW_EVENTS, "raw_events", BOOL, 0, 1, B, "also deliver each event as the provider sent it") \
    XX(PARTIAL, "partial", POINTER, 0, 0, C, "receives what had arrived when generate failed")     \
    XX(CA_FILE, "ca_file", STRING, 0, 0, M, "certificates to trust, PEM")                          \
    XX(CLIENT_CERTIFICATE, "client_certificate", STRING, 0, 0, M, "client's certificate, PEM")     \
    XX(CLIENT_KEY, "client_key", STRING, 0, 0, M, "private key of the client's certificate, PEM")  \
    XX(PROXY, "proxy", STRING, 0, 0, M, "URL of a proxy; \"\" for none")                           \
    XX(UNIX_SOCKET, "unix_socket", STRING, 0, 0, M, "connect to this path instead of the host")    \
    XX(USER_AGENT, "user_agent", STRING, 0, 0, M, "User-Agent of requests")                        \
    XX(HTTP_VERSION, "http_version", ENUM, 0, 2, M, "auto, 1.1 or 2")                              \
    XX(MAX_RESPONSE_BYTES, "max_response_bytes", INT, 1024, 1073741824, B, "largest answer kept")  \
    XX(MAX_EVENT_BYTES, "max_event_bytes", INT, 1024, 1073741824, B, "largest single frame")       \
    XX(ENVIRONMENT, "environment", BOOL, 0, 1, M,                                                  \
       "read key and URL from the provider's variables")                                           \
    XX(PROVIDER_SPECIFIC, "provider_specific", STRING, 0, 0, B, "a provider's own option")         \
    XX(KEY_SOURCE, "key_source", POINTER, 0, 0, M, "a function that returns the key")              \
    XX(MAX_TOOL_STEPS, "max_tool_steps", INT, 1, 1000, B,                                          \
       "most answers of the model in a tool loop")                                                 \
    XX(MAX_CONCURRENT_TOOLS, "max_concurrent_tools", INT, 1, 1024, B,                              \
       "most tools of a loop that run at once")                                                    \
    XX(TOOL_TIMEOUT, "tool_timeout", DURATION, 1, 86400000, B, "longest run of a tool in a loop")  \
    XX(RETRY_ON, "retry_on", LIST, 0, 0, B,                                                        \
       "errors to retry besides the default ones; \"-name\": not this one")                        \
    XX(RETRY_BUDGET, "retry_budget", DOUBLE, 0, 10, M,                                             \
       "retries that each call adds to the budget, besides one a second")                          \
    XX(BREAKER_FAILURES, "breaker_failures", INT, 1, 1000000, M,                                   \
       "failed calls in a row that open the breaker")                                              \
    XX(BREAKER_OPEN_TIME, "breaker_open_time", DURATION, 1, 86400000, M,                           \
       "how long the breaker stays open before a probe")                                           \
    XX(BREAKER_PROBES, "breaker_probes", INT, 1, 1000, M,                                          \
       "successful probes that close the breaker")                                                 \
    XX(REQUESTS_PER_MINUTE, "requests_per_minute", INT, 1, 1000000000, M,                          \
       "most calls a minute, spread evenly")                                                       \
    XX(TOKENS_PER_MINUTE, "tokens_per_minute", INT, 1, 1000000000, M,                              \
       "most tokens a minute, in and out")                                                         \
    XX(MAX_CONCURRENT_CALLS, "max_concurrent_calls", INT, 1, 1000000, M,                           \
       "most calls of this model at once")                                                         \
    XX(LIMIT_WAIT, "limit_wait", DURATION, 0, 86400000, M,                                         \
       "longest wait for rate and concurrency limits; 0: refuse at once")                          \
    XX(FALLBACK, "fallback", LIST, 0, 0, M, "models to call if this one fails, in this order")     \
    XX(FALLBACK_ON, "fallback_on", LIST, 0, 0, B,                                                  \
       "errors after which a fallback is called, instead of the default ones")                     \
    XX(ROUTING, "routing", ENUM, 0, 2, M,                                                          \
       "which of several models is called first: in_order, round_robin, weighted")                 \
    XX(WEIGHT, "weight", INT, 1, 1000000, M, "this model's share where routing is weighted")       \
    XX(CACHE_TTL, "cache_ttl", DURATION, 1, 31536000000, M, "how long an answer is cached")        \
    XX(CACHE, "cache", POINTER, 0, 0, M, "the store of cached answers")                            \
    XX(BUDGET, "budget", DOUBLE, 1e-9, 1e9, M,                                                     \
       "US dollars that calls of this model may cost in all")                                      \
    XX(PRICES, "prices", STRING, 0, 0, M, "file of prices, instead of the installed one")          \
    XX(HOOKS, "hooks", POINTER, 0, 0, M, "your functions around every call")                       \
    XX(BASE, "base", STRING, 0, 0, M, "provider whose protocol a provider of your own speaks")     \
    XX(HEADERS, "headers", LIST, 0, 0, M,                                                          \
       "\"Name: value\" added to every request; the value may be env:NAME, file:PATH or "          \
       "command:COMMAND, and an empty value removes the header")                                   \
    XX(BODY, "body", STRING, 0, 0, M,                                                              \
       "JSON object merged into the body of every request; null removes a field")                  \
    XX(MODELS, "models", LIST, 0, 0, M,                                                            \
       "\"alias=name\": names of your own for models of the provider")                             \
    XX(PROPAGATE_TRACE, "propagate_trace", BOOL, 0, 1, B,                                          \
       "send the trace's context (traceparent) upstream")                                          \
    XX(STRICT, "strict", BOOL, 0, 1, B,                                                            \
       "an incomplete answer, such as one cut at its token limit, is an error")                    \
    XX(PROGRESS_TIMEOUT, "progress_timeout", DURATION, 1, 604800000, B,                            \
       "a stream's time without text, reasoning or a tool call, however alive its server")         \
    XX(REQUEST_BODY, "request_body", STRING, 0, 0, C,                                              \
       "the request's body, a JSON object that is sent as it is")                                  \
    XX(EXCHANGE_KEY, "exchange_key", BOOL, 0, 1, M,                                                \
       "false: the key is already a token, which the provider need not exchange for one")          \
    XX(DIMENSIONS, "dimensions", INT, 1, 65536, B, "numbers in a vector")                          \
    XX(INPUT_TYPE, "input_type", ENUM, 0, 4, B,                                                    \
       "purpose of embedded texts: query, document, similarity, classification, clustering")       \
    XX(MAX_INPUTS, "max_inputs", INT, 1, 1000000, B, "most texts in a request that embeds them")   \
    XX(STRICT_MEDIA, "strict_media", BOOL, 0, 1, B,                                                \
       "an image, audio or a file that the provider can't send is an error")                       \
    XX(ROUTING_KEY, "routing_key", STRING, 0, 0, C,                                                \
       "calls with the same key call the same one of several models first")

/** The numbers of the options, in the order of BELUGA_OPTION_MAP. */
typedef enum beluga_option_key {
    BELUGA_OPTION_END = 0, /**< marks the end of a list */
#define XX(constant, name, type, min, max, scope, meaning) BELUGA_OPTION_##constant,
    BELUGA_OPTION_MAP(XX)
#undef XX
    /** one past the last option of this header; a later library has more */
    BELUGA_OPTION_COUNT
} beluga_option_key;

/**
 * How much effort a model should spend on reasoning. A provider with other levels maps the value to
 * one of them and warns.
 */
typedef enum beluga_reasoning_effort {
    BELUGA_REASONING_EFFORT_NONE = 0,
    BELUGA_REASONING_EFFORT_MINIMAL = 1,
    BELUGA_REASONING_EFFORT_LOW = 2,
    BELUGA_REASONING_EFFORT_MEDIUM = 3,
    BELUGA_REASONING_EFFORT_HIGH = 4,
    BELUGA_REASONING_EFFORT_XHIGH = 5,
    BELUGA_REASONING_EFFORT_MAX = 6
} beluga_reasoning_effort;

/**
 * A function that returns a key which no reference can name, such as one from a vault or a token
 * service.
 */
typedef struct beluga_key_source {
    size_t size; /**< sizeof(beluga_key_source) */
    /**
     * Write the key, NUL-terminated. The library calls this function on the executor, where it may
     * block: once for all calls that wait for the key, and again when the key has expired or the
     * provider refused it.
     *
     * @param buffer, n  Receives the key; n is 65,536.
     * @param expires    Receives the time at which the key expires, in seconds since 1970. It is 0
     * before the call, which means never.
     * @return 0; or a negative code, with detail in `err`, which ends the calls that wait for the
     * key.
     */
    int (*get)(void *payload, char *buffer, size_t n, int64_t *expires, beluga_error *err);
    void *payload; /**< passed to get; must live as long as this struct */
} beluga_key_source;

/** Versions of HTTP that a model may use. */
typedef enum beluga_http_version {
    BELUGA_HTTP_VERSION_AUTO = 0, /**< HTTP/2 if TLS negotiates it, else HTTP/1.1 */
    BELUGA_HTTP_VERSION_1_1 = 1,
    BELUGA_HTTP_VERSION_2 = 2
} beluga_http_version;

/**
 * How to choose which of a model and its fallbacks is asked first. When that one fails, the others
 * are asked in order.
 */
typedef enum beluga_routing {
    BELUGA_ROUTING_IN_ORDER = 0,    /**< the model itself */
    BELUGA_ROUTING_ROUND_ROBIN = 1, /**< each in turn */
    BELUGA_ROUTING_WEIGHTED = 2     /**< at random, in proportion to their weights */
} beluga_routing;

/** Values of input_type: the purpose of a text that is embedded. */
typedef enum beluga_input_type {
    BELUGA_INPUT_TYPE_QUERY = 0,          /**< a question for which documents are searched */
    BELUGA_INPUT_TYPE_DOCUMENT = 1,       /**< a document that is searched */
    BELUGA_INPUT_TYPE_SIMILARITY = 2,     /**< a text that is compared with similar texts */
    BELUGA_INPUT_TYPE_CLASSIFICATION = 3, /**< a text that gets a label */
    BELUGA_INPUT_TYPE_CLUSTERING = 4      /**< a text that is grouped with similar texts */
} beluga_input_type;
struct beluga_cache_store;
struct beluga_hooks;

/**
 * One option; make it with the functions below. Its layout is frozen: it has 32 bytes where
 * pointers have 8.
 */
struct beluga_option {
    uint16_t key;      /**< beluga_option_key */
    uint16_t type;     /**< beluga_option_type; 0: the option is ignored */
    uint32_t reserved; /**< 0 */
    const char *name;  /**< name of a PROVIDER_SPECIFIC option; it ends at NUL or '=' */
    /**
     * The value. `type` says in which member: `number` for DOUBLE, `string` for STRING and LIST,
     * `pointer` for POINTER, `integer` for all other types.
     */
    union {
        double number;
        int64_t integer;
        const char *string;
        void *pointer;
    } value;
    size_t length; /**< length of value.string in bytes */
};

/** Pass this as the number of options when the list ends with BELUGA_OPTIONS_END. */
static const size_t BELUGA_OPTIONS_TERMINATED = (size_t)-1;

/** The option that ends a list whose number of options is passed as BELUGA_OPTIONS_TERMINATED. */
#ifdef __cplusplus
#define BELUGA_OPTIONS_END beluga_option()
#else
#define BELUGA_OPTIONS_END       ((beluga_option){0})
/** A list of one or more options, for the macros of the other headers. */
#define BELUGA_OPTION_LIST_(...) ((const beluga_option[]){__VA_ARGS__})
#endif

BELUGA_BEGIN_DECLS

/**
 * Parse an option that is written "name=value", as after the command's `-o`.
 *
 * It does not check ranges. A name that is not in BELUGA_OPTION_MAP is an error, which names it and
 * the most similar option, unless it has the form "provider.name" of a provider's own option.
 * Durations need a unit ("30s", "500ms", "1h30m"); bools are true, false, on, off, yes, no, 1, 0.
 *
 * @param text  Borrowed: the option points into it.
 * @param out   Written on success only.
 * @return 0; BELUGA_ERROR_INVALID_INPUT if there is no such option, if the value has the wrong form
 * (the message shows one that fits), if the option has no form as text, or if an argument is NULL.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_option_parse(const char *text, beluga_option *out, beluga_error *err);

/** One row of BELUGA_OPTION_MAP, for help texts, completions and bindings. Strings are static. */
typedef struct beluga_option_info {
    const char *name;        /**< the name in files and after `-o` */
    const char *meaning;     /**< short description for people */
    double minimum, maximum; /**< range of a number; both 0 if there is none */
    beluga_option_type type; /**< type of the value */
    char scope;              /**< 'M' model, 'C' call, 'B' both */
} beluga_option_info;

/**
 * Return the row of an option, which is static; NULL when this library has no option of that key.
 */
BELUGA_API const beluga_option_info *beluga_option_get_info(int key);

/**
 * Return whether an option changes what a model is asked. This is true for options of sampling, the
 * form of the answer, tools and reasoning, and for JSON that is merged into a request: two calls
 * that agree in all of them ask the same question. It is false for options that only say how an
 * answer is fetched, such as timeouts, retries, limits and streaming, and for unknown keys.
 *
 * Threads: any. Since: 0.1
 */
BELUGA_API bool beluga_option_shapes_answer(int key);

BELUGA_END_DECLS

#include <beluga/option_with.h>

#endif
