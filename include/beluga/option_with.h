/**
 * @file option_with.h
 * The constructors of options. option.h includes this.
 */
#ifndef BELUGA_OPTION_WITH_H
#define BELUGA_OPTION_WITH_H

#include <beluga/option.h>

BELUGA_BEGIN_DECLS

/*
 * The constructors of options, one each. BELUGA_OPTION_MAP has an option's range and whether it is
 * for a model, a call, or both; the range is checked when the model is opened or the call starts,
 * not here.
 *
 * These rules hold for all of them:
 *   - A string is borrowed until the function that takes the option returns. With NULL the option
 *     counts as unset.
 *   - "Unset" says what applies when neither a layer nor the call sets the option. An unset option
 *     of sampling or of the answer is not sent, so that the provider's default applies.
 *   - A provider that can't express an option warns in START.
 *   - Threads: any. Blocks: never. Since: 0.1
 */

/* --- the model and its address ---------------------------------------------------------------- */
/** Set the provider's name: that of a registered provider, or a new name with beluga_with_base. */
BELUGA_API beluga_option beluga_with_provider(const char *name);
/**
 * Set the model's name at the provider, or an alias of beluga_with_model_alias. Unset: the
 * provider's default model.
 */
BELUGA_API beluga_option beluga_with_model_name(const char *name);
/**
 * Set the key, or a reference to it: "env:NAME" means an environment variable, "file:PATH" the
 * first line of a file (or the whole file if it is a JSON object), "command:COMMAND" the output of
 * a shell command, "aws:" or "aws:PROFILE" an access key of AWS, and "google:" the credentials that
 * Google's tools use. Unset: no key, unless beluga_with_env finds one.
 */
BELUGA_API beluga_option beluga_with_api_key(const char *key_or_reference);
/**
 * Set the address of the provider, which begins with "http://" or "https://". Unset: the provider's
 * own address. With another address a key is sent if there is one, but it is not required.
 *
 * "{env:NAME}" in it stands for an environment variable, and "{account}" for one of the provider's
 * own options that belongs in an address, such as "cloudflare.account". Opening a model fails if
 * the variable or option has no value. In the host name the value may contain letters, digits, "-",
 * "_" and "."; after the host it becomes one segment of the path or the query.
 */
BELUGA_API beluga_option beluga_with_base_url(const char *url);

/* --- sampling --------------------------------------------------------------------------------- */
/** Set the sampling temperature, 0 to 2. */
BELUGA_API beluga_option beluga_with_temperature(double value);
/** Sample from the most likely tokens whose probabilities add up to this value, 0 to 1. */
BELUGA_API beluga_option beluga_with_top_p(double value);
/** Sample from this many of the most likely tokens, at least 1. */
BELUGA_API beluga_option beluga_with_top_k(int64_t value);
/**
 * Limit the tokens of the answer, at least 1. An answer that reaches the limit finishes with
 * "length".
 */
BELUGA_API beluga_option beluga_with_max_tokens(int64_t value);
/** Penalise tokens by how often they occur already, -2 to 2. */
BELUGA_API beluga_option beluga_with_frequency_penalty(double value);
/** Penalise tokens that occur already, -2 to 2. */
BELUGA_API beluga_option beluga_with_presence_penalty(double value);
/** Add a text that ends the answer when the model writes it; repeat the option to add more. */
BELUGA_API beluga_option beluga_with_stop_sequence(const char *text);
/** Set the seed of the sampling, -(2^53 - 1) to 2^53 - 1. */
BELUGA_API beluga_option beluga_with_seed(int64_t value);

/* --- timeouts and retries --------------------------------------------------------------------- */

/*
 * No timeout counts time in which the process could not read, such as while it is stopped. Bytes
 * that arrived in that time are read before a timeout fails the call. Each timeout is 1 ms to a
 * day; total_timeout and progress_timeout may be up to a week.
 */

/**
 * Set first_event_timeout and idle_timeout of streams, and total_timeout of unstreamed answers, in
 * milliseconds. Unset: 30,000.
 */
BELUGA_API beluga_option beluga_with_timeout_ms(int64_t ms);
/** Limit the time until the connection is established, in milliseconds. Unset: 10,000. */
BELUGA_API beluga_option beluga_with_connect_timeout_ms(int64_t ms);
/** Limit the time until the first event of a stream, in milliseconds. Unset: `timeout`. */
BELUGA_API beluga_option beluga_with_first_event_timeout_ms(int64_t ms);
/** Limit the time between two events of a stream, in milliseconds. Unset: `timeout`. */
BELUGA_API beluga_option beluga_with_idle_timeout_ms(int64_t ms);
/**
 * Limit the total time of one attempt, in milliseconds. If a call takes several requests, the limit
 * covers all of them and the waits between them. Unset: `timeout` for an unstreamed answer, or for
 * each of its requests; no limit for a stream. To limit a call with all its attempts use a
 * context's deadline.
 */
BELUGA_API beluga_option beluga_with_total_timeout_ms(int64_t ms);
/**
 * Limit the time in which a stream brings no text, reasoning or tool call, in milliseconds, even if
 * the server sends other events that show it is alive. Unset: ten minutes, or first_event_timeout
 * or idle_timeout if that is longer.
 */
BELUGA_API beluga_option beluga_with_progress_timeout_ms(int64_t ms);
/**
 * Set the number of attempts after the first, 0 to 10. Unset: 3, but 1 when a server on this
 * machine refuses the connection.
 */
BELUGA_API beluga_option beluga_with_max_retries(int64_t n);
/** Set the wait before the first retry, 100 to 30,000 milliseconds. Unset: 1,000. */
BELUGA_API beluga_option beluga_with_retry_delay_ms(int64_t ms);
/** Set the factor by which each wait is longer than the one before, 1 to 5. Unset: 2. */
BELUGA_API beluga_option beluga_with_retry_backoff(double factor);

/* --- features of a model, which can be limited or turned off ---------------------------------- */
/** Limit the calls of a batch that run at once, 1 to 1,000,000. Unset: 5. */
BELUGA_API beluga_option beluga_with_max_concurrent_batches(int64_t n);
/** Allow streams of the model (true, also when unset); false makes them fail with not_supported. */
BELUGA_API beluga_option beluga_with_enable_streaming(bool on);
/** Report the spans of calls to telemetry (true, also when unset). */
BELUGA_API beluga_option beluga_with_enable_tracing(bool on);
/** Report the measurements of calls to telemetry (true, also when unset). */
BELUGA_API beluga_option beluga_with_enable_metrics(bool on);
/** Log a record at the end of each call (true, also when unset). */
BELUGA_API beluga_option beluga_with_enable_structured_logging(bool on);
/**
 * Send bound tools (true, also when unset); false makes beluga_bind_tools fail with not_supported.
 */
BELUGA_API beluga_option beluga_with_enable_tool_calling(bool on);

/* --- tools ------------------------------------------------------------------------------------ */
/**
 * Choose whether tools are called: "auto" lets the model choose, "none" forbids tool calls,
 * "required" demands at least one call, and any other word is the name of the tool that must be
 * called.
 */
BELUGA_API beluga_option beluga_with_tool_choice(const char *choice);
/** Allow (true) or forbid (false) several tool calls in one answer. */
BELUGA_API beluga_option beluga_with_parallel_tool_calls(bool on);
/** Limit the number of answers in a tool loop, 1 to 1,000. Unset: 10. */
BELUGA_API beluga_option beluga_with_max_tool_steps(int64_t n);
/** Limit the tools of a tool loop that run at once, 1 to 1,024. Unset: 8. */
BELUGA_API beluga_option beluga_with_max_concurrent_tools(int64_t n);
/**
 * Limit the time of one tool run in a tool loop, in milliseconds, at most a day. Unset: 60,000. A
 * tool that has its own timeout keeps it.
 */
BELUGA_API beluga_option beluga_with_tool_timeout_ms(int64_t ms);
/**
 * Send the trace's context to the provider, as headers traceparent and tracestate (true, also when
 * unset).
 */
BELUGA_API beluga_option beluga_with_propagate_trace(bool on);

/* --- embedding -------------------------------------------------------------------------------- */
/** Ask for vectors of this many numbers, 1 to 65,536. Unset: as many as the model has. */
BELUGA_API beluga_option beluga_with_dimensions(int64_t n);
/**
 * Set the purpose for which texts are embedded; some models make different vectors for different
 * purposes.
 */
BELUGA_API beluga_option beluga_with_input_type(beluga_input_type type);
/** Send at most this many texts in one request, 1 to 1,000,000. Unset: the provider's limit. */
BELUGA_API beluga_option beluga_with_max_inputs(int64_t n);

/* --- the form of the answer ------------------------------------------------------------------- */
/**
 * Ask for an answer that fits a JSON Schema, which must be an object. The library does not check
 * the answer by itself (beluga_response_check_schema does).
 */
BELUGA_API beluga_option beluga_with_response_schema(const char *json_schema);
/** Set the schema's name, for providers that require one. Unset: the library chooses a name. */
BELUGA_API beluga_option beluga_with_response_schema_name(const char *name);
/** Ask the provider to enforce the schema (true) or to follow it as well as it can (false). */
BELUGA_API beluga_option beluga_with_response_schema_strict(bool on);
/** Ask for any JSON object as the answer (true); ignored if a schema is set. Unset: false. */
BELUGA_API beluga_option beluga_with_json_mode(bool on);
/** Set how much effort the model should spend on reasoning. */
BELUGA_API beluga_option beluga_with_reasoning_effort(beluga_reasoning_effort effort);
/** Limit the tokens that the model reasons with; 0: it should not reason. */
BELUGA_API beluga_option beluga_with_reasoning_budget(int64_t tokens);

/* --- when a provider fails -------------------------------------------------------------------- */
/**
 * Add the name of an error that is to be retried, such as "not_found"; with a '-' before it, such
 * an error is not retried. Repeat the option to add more. The last entry for an error wins.
 */
BELUGA_API beluga_option beluga_with_retry_on(const char *error_name);
/**
 * Set how many retries each call adds to the retry budget that all calls of a model share, 0 to 10.
 * Unset: 1. The budget also grows by one each second, up to a hundred.
 */
BELUGA_API beluga_option beluga_with_retry_budget(double retries_per_call);
/**
 * Open the circuit breaker after this many failed calls in a row, 1 to 1,000,000: further calls
 * then fail with circuit_open. A call counts once, whatever its retries. Unset: there is no
 * breaker, and setting one of the next two options is an error.
 */
BELUGA_API beluga_option beluga_with_breaker_failures(int64_t n);
/** Set the time for which the breaker stays open, in milliseconds, at most a day. Unset: 15,000. */
BELUGA_API beluga_option beluga_with_breaker_open_time_ms(int64_t ms);
/** Set how many calls must succeed after that time to close the breaker, 1 to 1,000. Unset: 1. */
BELUGA_API beluga_option beluga_with_breaker_probes(int64_t n);
/** Limit the calls of the model in a minute, spread evenly, 1 to 10^9. Unset: no limit. */
BELUGA_API beluga_option beluga_with_requests_per_minute(int64_t n);
/** Limit the input and output tokens of the model in a minute, 1 to 10^9. Unset: no limit. */
BELUGA_API beluga_option beluga_with_tokens_per_minute(int64_t n);
/** Limit how many calls of the model run at once, 1 to 1,000,000. Unset: no limit. */
BELUGA_API beluga_option beluga_with_max_concurrent_calls(int64_t n);
/**
 * Limit how long a call waits for the three limits above, in milliseconds, at most a day; then it
 * fails with rate_limit. 0: it does not wait. Unset: 60,000. Setting this without any of those
 * limits is an error.
 */
BELUGA_API beluga_option beluga_with_limit_wait_ms(int64_t ms);
/**
 * Add the reference of a model that is asked when this one fails; repeat the option to add more, at
 * most 16. A fallback is opened together with the model, and its own fallbacks are not used.
 */
BELUGA_API beluga_option beluga_with_fallback(const char *reference);
/**
 * Add the name of an error that leads to the fallbacks, such as "rate_limit"; repeat the option to
 * add more. Unset: errors that another model may not have. Setting this without a fallback is an
 * error.
 */
BELUGA_API beluga_option beluga_with_fallback_on(const char *error_name);
/**
 * Choose which model is asked first. Unset: in order. Setting this without a fallback is an error.
 */
BELUGA_API beluga_option beluga_with_routing(beluga_routing routing);
/** Set this model's share of the calls in weighted routing, 1 to 1,000,000. Unset: 1. */
BELUGA_API beluga_option beluga_with_weight(int64_t weight);
/**
 * Let calls with the same text ask the same model first, where routing is round_robin or weighted.
 * This suits the turns of a conversation, because that model has the conversation's beginning in
 * its cache. A text leads to the same model in every process, and the texts are spread over the
 * models by their weights. If that model fails or its breaker is open, the call goes to the others
 * in order. Since: 0.1
 */
BELUGA_API beluga_option beluga_with_routing_key(const char *text);
/** Cache complete answers for this time, in milliseconds, at most a year. Unset: no cache. */
BELUGA_API beluga_option beluga_with_cache_ttl_ms(int64_t ms);
/**
 * Cache answers in this store (cache.h). Unset: each model has a store in memory. Setting this
 * without cache_ttl is an error.
 *
 * @param store  Borrowed until the last model that was opened with it is freed.
 */
BELUGA_API beluga_option beluga_with_cache(const struct beluga_cache_store *store);
/**
 * Limit the cost of all calls of this model, US dollars, 10^-9 to 10^9; a call that may cost more
 * than the rest of the budget fails with budget_exceeded. Unset: no limit. A model whose price is
 * not known can't be opened with a budget.
 */
BELUGA_API beluga_option beluga_with_budget(double dollars);
/**
 * Set the file of prices for the budget (beluga_prices_load). Unset: the file that was installed
 * with the library.
 */
BELUGA_API beluga_option beluga_with_prices(const char *path);
/**
 * Call your own functions around every call (hooks.h).
 *
 * @param hooks  Copied; their payload is borrowed until the last model with these hooks is freed.
 */
BELUGA_API beluga_option beluga_with_hooks(const struct beluga_hooks *hooks);

/* --- the request ------------------------------------------------------------------------------ */
/** Send your own id of the end user to the provider. */
BELUGA_API beluga_option beluga_with_user(const char *id);
/**
 * Merge a JSON object into the request's body: a member of it replaces the field of that name, and
 * null removes the field (RFC 7396).
 */
BELUGA_API beluga_option beluga_with_extra_body(const char *json_object);
/**
 * Send this body, a request in the provider's own protocol, instead of a body that is made from
 * messages and options. A gateway uses this to forward the requests of its clients. Address, path,
 * headers and key are the model's, and the answer is decoded as always: into the same events, with
 * the same proof of completion, usage, timeouts, limits and telemetry.
 *
 *   - The body is sent byte for byte, with one exception: if the provider names the model in a
 *     member "model" of the body, each such member gets the model's name, and a body without such a
 *     member gets one.
 *   - Messages and bound tools are not sent; the list of messages may be NULL or empty. Options of
 *     sampling and of the answer's form are not sent either, nor are `body` and the model's
 *     `extra_body`. START warns of `body`, of `extra_body`, and of such options if the call sets
 *     them. An `extra_body` of the call beside this option is an error. A tool loop refuses this
 *     option.
 *   - RAW events are delivered unless raw_events turns them off, so that the answer's body can be
 *     forwarded unchanged. With RAW events a stream is retried only until its first byte was
 *     delivered.
 *   - The call may be a stream or not, whatever the body asks for: the first bytes of the answer
 *     decide how it is decoded.
 *   - Fallbacks with another protocol are not asked, and the cache is not used.
 *   - The call fails with not_supported if the provider sends no HTTP request, or one without JSON.
 *
 * @param json_object  UTF-8, at most 64 MiB. The text of beluga_with_request_body_n has `length`
 * bytes and need not end in NUL.
 *
 * Since: 0.1
 * @{
 */
BELUGA_API beluga_option beluga_with_request_body(const char *json_object);
BELUGA_API beluga_option beluga_with_request_body_n(const char *json_object, size_t length);
/** @} */
/** Add a header to the request, "Name: value"; repeat the option to add more. */
BELUGA_API beluga_option beluga_with_extra_header(const char *line);
/**
 * Define a provider without code, based on the registered provider that is named here. Its own name
 * is that of beluga_with_provider, which must not be the name of a registered provider. It has the
 * protocol, the functions and the own options of its base, and the base's address as a default, but
 * neither the base's key nor its environment variables. Since: 0.1
 */
BELUGA_API beluga_option beluga_with_base(const char *provider);
/**
 * Add a header to every request of the model, "Name: value"; repeat the option to add more. The
 * value may be a reference: "env:NAME", "file:PATH" or "command:COMMAND". An empty value removes
 * the header. A header of beluga_with_extra_header wins over one of the same name here. Since: 0.1
 */
BELUGA_API beluga_option beluga_with_header(const char *line);
/**
 * Merge a JSON object into the body of every request of the model (RFC 7396); extra_body is merged
 * over it. Since: 0.1
 */
BELUGA_API beluga_option beluga_with_body(const char *json_object);
/** Add a name of your own for a model of the provider, "alias=name". Since: 0.1 */
BELUGA_API beluga_option beluga_with_model_alias(const char *line);
/**
 * Ask the provider for a streamed answer although the caller gets the answer whole (true). The
 * timeouts of a stream then apply. Unset: false.
 */
BELUGA_API beluga_option beluga_with_wire_streaming(bool on);
/**
 * Allow a retry or fallback after content was delivered (true): a RESTART event then says that
 * everything so far must be discarded. Unset: false.
 */
BELUGA_API beluga_option beluga_with_restart_delivery(bool on);
/**
 * Deliver RAW events, too (true): the bytes of the answer's body as they came. A call whose bytes
 * were delivered is not retried unless restart_delivery allows it. Unset: false; with request_body:
 * true.
 */
BELUGA_API beluga_option beluga_with_raw_events(bool on);
/**
 * Fail a call whose answer did not end naturally: with BELUGA_ERROR_INCOMPLETE if the token limit
 * cut the answer or its finish reason is not known, and with BELUGA_ERROR_CONTENT_FILTER if it was
 * refused or filtered. Without this option (false, also when unset) such a call succeeds, and the
 * finish reason says how the answer ended. Since: 0.1
 */
BELUGA_API beluga_option beluga_with_strict(bool on);
/**
 * Fail with BELUGA_ERROR_NOT_SUPPORTED, before anything is sent, if a message has an image, audio
 * or a file that the provider can't send. Without this option (false, also when unset) the request
 * is sent without that part, and a warning says so. Since: 0.1
 */
BELUGA_API beluga_option beluga_with_strict_media(bool on);
/**
 * Set where a call for a whole answer stores the part that arrived before it failed.
 *
 * @param partial  Becomes NULL, or on failure an owned response (beluga_response_free).
 */
BELUGA_API beluga_option beluga_with_partial(beluga_response **partial);

/* --- the connection --------------------------------------------------------------------------- */
/** Trust the certificates in this file, PEM. Unset: those that libcurl was built to trust. */
BELUGA_API beluga_option beluga_with_ca_file(const char *path);
/** Send the client certificate in this file, PEM, to the server. */
BELUGA_API beluga_option beluga_with_client_certificate(const char *path);
/** Use the private key in this file, PEM, for the client certificate. */
BELUGA_API beluga_option beluga_with_client_key(const char *path);
/**
 * Connect through a proxy: a URL of http, https, socks4, socks4a, socks5 or socks5h; "" for none.
 * Unset: no proxy, or with beluga_with_env the proxy that the environment variables name.
 */
BELUGA_API beluga_option beluga_with_proxy(const char *url);
/** Connect to the Unix socket at this path instead of to the URL's host. */
BELUGA_API beluga_option beluga_with_unix_socket(const char *path);
/** Set the header User-Agent. Unset: "beluga/" and the library's version. */
BELUGA_API beluga_option beluga_with_user_agent(const char *text);
/** Choose the version of HTTP. Unset: BELUGA_HTTP_VERSION_AUTO. */
BELUGA_API beluga_option beluga_with_http_version(beluga_http_version version);
/**
 * Limit the bytes of an answer, 1 KiB to 1 GiB. Unset: 64 MiB for the body of an unstreamed answer,
 * and 256 MiB for an answer that is put together from its events.
 */
BELUGA_API beluga_option beluga_with_max_response_bytes(int64_t bytes);
/** Limit the bytes of one frame of a stream, 1 KiB to 1 GiB. Unset: 16 MiB. */
BELUGA_API beluga_option beluga_with_max_event_bytes(int64_t bytes);
/**
 * Get the key from a function, for example for tokens that expire. It replaces api_key.
 *
 * @param source  Borrowed until the last model that was opened with it is freed.
 */
BELUGA_API beluga_option beluga_with_key_source(const beluga_key_source *source);
/**
 * Exchange the key for a token if the provider requires it (true, also when unset); false: the key
 * is such a token already, for example one that "ibmcloud iam oauth-tokens" printed.
 */
BELUGA_API beluga_option beluga_with_exchange_key(bool on);
/**
 * Read the provider's own variables (OPENAI_API_KEY, OPENAI_BASE_URL, …) when the model opens, and
 * the proxy's (HTTPS_PROXY, NO_PROXY). A program with more rights than its user (setuid) reads none
 * of the provider's variables.
 */
BELUGA_API beluga_option beluga_with_env(void);

/**
 * Set a provider's own option. The headers in beluga/providers/ have functions for the own options
 * of some providers.
 *
 * @param name   Such as "openai.organization"; borrowed until the function that takes the option
 * returns. With NULL the option counts as unset.
 * @param value  The value, of the option's type. Text is converted to a number or bool where the
 * option needs one. The text of beluga_with_provider_specific_n has `length` bytes and need not end
 * in NUL.
 * @{
 */
BELUGA_API beluga_option beluga_with_provider_specific(const char *name, const char *value);
BELUGA_API beluga_option beluga_with_provider_specific_n(const char *name, const char *value,
                                                         size_t length);
BELUGA_API beluga_option beluga_with_provider_specific_int(const char *name, int64_t value);
BELUGA_API beluga_option beluga_with_provider_specific_double(const char *name, double value);
BELUGA_API beluga_option beluga_with_provider_specific_bool(const char *name, bool value);
/** @} */

BELUGA_END_DECLS
#endif
