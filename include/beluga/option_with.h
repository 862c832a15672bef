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
 *   - A string is borrowed until the function that takes the option returns. NULL is as if the
 *     option were not there.
 *   - "Unset" tells what holds when neither a layer nor the call gives the option. An option of the
 *     model's sampling or answer that is unset is not sent, so that the provider's default holds.
 *   - A provider that can't express an option warns in START.
 *   - Threads: any. Blocks: never. Since: 0.1
 */

/* --- the model and where it is ---------------------------------------------------------------- */
/** Name the provider: a registered one, or with beluga_with_base a new one. */
BELUGA_API beluga_option beluga_with_provider(const char *name);
/** Name the model as the provider does, or by beluga_with_model_alias. Unset: its default. */
BELUGA_API beluga_option beluga_with_model_name(const char *name);
/**
 * Give the key, or where it is: "env:NAME" a variable, "file:PATH" the first line of a file, or all
 * of it if it is a JSON object, "command:COMMAND" the output of a shell command, "aws:" or
 * "aws:PROFILE" an access key of AWS, "google:" the credentials that Google's tools use. Unset: no
 * key, unless beluga_with_env finds one.
 */
BELUGA_API beluga_option beluga_with_api_key(const char *key_or_reference);
/**
 * Give the address of the provider, which begins with "http://" or "https://". Unset: the
 * provider's own. At another address a key is sent when there is one, but none is needed.
 *
 * "{env:NAME}" in it stands for an environment variable, and "{account}" for an own option of the
 * provider that belongs in an address, such as "cloudflare.account". A model is not opened without
 * the value. In the host it may have letters, digits, "-", "_" and "."; behind the host it becomes
 * one segment of the path or the query.
 */
BELUGA_API beluga_option beluga_with_base_url(const char *url);

/* --- sampling --------------------------------------------------------------------------------- */
/** Set the sampling temperature, 0 to 2. */
BELUGA_API beluga_option beluga_with_temperature(double value);
/** Sample from the most likely tokens that have this probability together, 0 to 1. */
BELUGA_API beluga_option beluga_with_top_p(double value);
/** Sample from this many of the most likely tokens, at least 1. */
BELUGA_API beluga_option beluga_with_top_k(int64_t value);
/** Limit the tokens of the answer, at least 1. An answer that reaches it finishes with "length". */
BELUGA_API beluga_option beluga_with_max_tokens(int64_t value);
/** Penalise tokens by how often they are there already, -2 to 2. */
BELUGA_API beluga_option beluga_with_frequency_penalty(double value);
/** Penalise tokens that are there already, -2 to 2. */
BELUGA_API beluga_option beluga_with_presence_penalty(double value);
/** Add a text that ends the answer when the model writes it; give it again for more. */
BELUGA_API beluga_option beluga_with_stop_sequence(const char *text);
/** Set the seed of the sampling, -(2^53 - 1) to 2^53 - 1. */
BELUGA_API beluga_option beluga_with_seed(int64_t value);

/* --- timeouts and retries ---------------------------------------------------------------------
 * All timeouts leave out the time in which nobody could read, as while the process is stopped.
 * Bytes that came meanwhile are read before one of them fails a call. Each is 1 ms to a day; the
 * total and that of progress may be a week. */

/**
 * Set first_event_timeout and idle_timeout of streams, and total_timeout of unstreamed answers, in
 * milliseconds. Unset: 30,000.
 */
BELUGA_API beluga_option beluga_with_timeout_ms(int64_t ms);
/** Limit the time until the connection is there, milliseconds. Unset: 10,000. */
BELUGA_API beluga_option beluga_with_connect_timeout_ms(int64_t ms);
/** Limit the time until the first event of a stream, milliseconds. Unset: `timeout`. */
BELUGA_API beluga_option beluga_with_first_event_timeout_ms(int64_t ms);
/** Limit the time between two events of a stream, milliseconds. Unset: `timeout`. */
BELUGA_API beluga_option beluga_with_idle_timeout_ms(int64_t ms);
/**
 * Limit the time of one attempt in all, milliseconds; where a provider's calls take several
 * requests, of all of them and the waits between. Unset: `timeout` for an unstreamed answer, or for
 * each such request; no limit for a stream. The deadline of a context limits a call with all its
 * attempts.
 */
BELUGA_API beluga_option beluga_with_total_timeout_ms(int64_t ms);
/**
 * Limit the time in which a stream has neither text, nor reasoning, nor a tool call, however often
 * its server says that it works; milliseconds. Unset: ten minutes, or the first event's or idle
 * timeout if that is longer.
 */
BELUGA_API beluga_option beluga_with_progress_timeout_ms(int64_t ms);
/**
 * Set the number of attempts after the first, 0 to 10. Unset: 3, but 1 when a server on this
 * machine refuses the connection.
 */
BELUGA_API beluga_option beluga_with_max_retries(int64_t n);
/** Set the wait before the first retry, 100 to 30,000 milliseconds. Unset: 1,000. */
BELUGA_API beluga_option beluga_with_retry_delay_ms(int64_t ms);
/** Set the factor from one wait to the next, 1 to 5. Unset: 2. */
BELUGA_API beluga_option beluga_with_retry_backoff(double factor);

/* --- parts of the library that a model uses --------------------------------------------------- */
/** Limit the calls of a batch that run at once, 1 to 1,000,000. Unset: 5. */
BELUGA_API beluga_option beluga_with_max_concurrent_batches(int64_t n);
/** Allow streams of the model (true, also when unset); false makes them fail: not_supported. */
BELUGA_API beluga_option beluga_with_enable_streaming(bool on);
/** Tell telemetry of the spans of calls (true, also when unset). */
BELUGA_API beluga_option beluga_with_enable_tracing(bool on);
/** Tell telemetry of the measurements of calls (true, also when unset). */
BELUGA_API beluga_option beluga_with_enable_metrics(bool on);
/** Log a record at the end of each call (true, also when unset). */
BELUGA_API beluga_option beluga_with_enable_structured_logging(bool on);
/** Send bound tools (true, also when unset); false makes beluga_bind_tools fail: not_supported. */
BELUGA_API beluga_option beluga_with_enable_tool_calling(bool on);

/* --- tools ------------------------------------------------------------------------------------ */
/**
 * Choose whether tools are called: "auto" lets the model choose, "none" forbids, "required" wants
 * at least one call, and any other word is the name of the tool that must be called.
 */
BELUGA_API beluga_option beluga_with_tool_choice(const char *choice);
/** Allow (true) or forbid (false) several tool calls in one answer. */
BELUGA_API beluga_option beluga_with_parallel_tool_calls(bool on);
/** Limit the answers of a tool loop, 1 to 1,000. Unset: 10. */
BELUGA_API beluga_option beluga_with_max_tool_steps(int64_t n);
/** Limit the tools of a tool loop that run at once, 1 to 1,024. Unset: 8. */
BELUGA_API beluga_option beluga_with_max_concurrent_tools(int64_t n);
/**
 * Limit one run of a tool in a tool loop, milliseconds, at most a day. Unset: 60,000. A tool with a
 * timeout of its own keeps that.
 */
BELUGA_API beluga_option beluga_with_tool_timeout_ms(int64_t ms);
/** Send the trace's context upstream, traceparent and tracestate (true, also when unset). */
BELUGA_API beluga_option beluga_with_propagate_trace(bool on);

/* --- embedding -------------------------------------------------------------------------------- */
/** Ask for vectors of this many numbers, 1 to 65,536. Unset: as many as the model has. */
BELUGA_API beluga_option beluga_with_dimensions(int64_t n);
/** Say for what texts are embedded: some models make other vectors for it. */
BELUGA_API beluga_option beluga_with_input_type(beluga_input_type type);
/** Send at most this many texts in one request, 1 to 1,000,000. Unset: the provider's limit. */
BELUGA_API beluga_option beluga_with_max_inputs(int64_t n);

/* --- the form of the answer ------------------------------------------------------------------- */
/** Ask for an answer that fits a JSON Schema, an object. It is not checked when it comes. */
BELUGA_API beluga_option beluga_with_response_schema(const char *json_schema);
/** Name the schema for a provider that wants a name. Unset: the library names it. */
BELUGA_API beluga_option beluga_with_response_schema_name(const char *name);
/** Ask the provider to enforce the schema (true) or to follow it as well as it can (false). */
BELUGA_API beluga_option beluga_with_response_schema_strict(bool on);
/** Ask for any JSON object as the answer (true); a schema wins over it. Unset: false. */
BELUGA_API beluga_option beluga_with_json_mode(bool on);
/** Ask how hard the model should reason. */
BELUGA_API beluga_option beluga_with_reasoning_effort(beluga_reasoning_effort effort);
/** Limit the tokens that the model reasons with; 0: it should not reason. */
BELUGA_API beluga_option beluga_with_reasoning_budget(int64_t tokens);

/* --- when a provider fails -------------------------------------------------------------------- */
/**
 * Add the name of an error that is retried, such as "not_found", or with '-' before it one that is
 * not; give it again for more. The last word about an error holds.
 */
BELUGA_API beluga_option beluga_with_retry_on(const char *error_name);
/**
 * Set how many retries each call earns for the budget that all calls of a model share, 0 to 10.
 * Unset: 1. The budget also fills up by one a second, to a hundred.
 */
BELUGA_API beluga_option beluga_with_retry_budget(double retries_per_call);
/**
 * Open the breaker after this many failed calls in a row, 1 to 1,000,000: then calls are refused
 * with circuit_open. A call with all its retries counts once. Unset: no breaker, and the next two
 * options are an error.
 */
BELUGA_API beluga_option beluga_with_breaker_failures(int64_t n);
/** Set the time that the breaker stays open, milliseconds, at most a day. Unset: 15,000. */
BELUGA_API beluga_option beluga_with_breaker_open_time_ms(int64_t ms);
/** Set how many calls must succeed after that time to close it, 1 to 1,000. Unset: 1. */
BELUGA_API beluga_option beluga_with_breaker_probes(int64_t n);
/** Limit the calls of the model in a minute, spread evenly, 1 to 10^9. Unset: no limit. */
BELUGA_API beluga_option beluga_with_requests_per_minute(int64_t n);
/** Limit the tokens of the model in a minute, in and out, 1 to 10^9. Unset: no limit. */
BELUGA_API beluga_option beluga_with_tokens_per_minute(int64_t n);
/** Limit the calls of the model at once, 1 to 1,000,000. Unset: no limit. */
BELUGA_API beluga_option beluga_with_max_concurrent_calls(int64_t n);
/**
 * Limit the time that a call waits for those limits, milliseconds, at most a day; then it fails
 * with rate_limit. 0: it does not wait. Unset: 60,000. Without a limit it is an error.
 */
BELUGA_API beluga_option beluga_with_limit_wait_ms(int64_t ms);
/**
 * Add a model by its reference, which is asked when this one fails; give it again for more, at most
 * 16. It is opened together with the model, and its own fallbacks are not followed.
 */
BELUGA_API beluga_option beluga_with_fallback(const char *reference);
/**
 * Add the name of an error that leads to the fallbacks, such as "rate_limit"; give it again for
 * more. Unset: the errors that another model may not have. Without a fallback it is an error.
 */
BELUGA_API beluga_option beluga_with_fallback_on(const char *error_name);
/** Choose which model is asked first. Unset: in order. Without a fallback it is an error. */
BELUGA_API beluga_option beluga_with_routing(beluga_routing routing);
/** Set this model's share of the calls in weighted routing, 1 to 1,000,000. Unset: 1. */
BELUGA_API beluga_option beluga_with_weight(int64_t weight);
/**
 * Let calls with the same text ask the same model first, where routing is round_robin or weighted;
 * as the turns of a conversation should, whose beginning that model has in its cache. Each text
 * stays with its model, in all processes, and the texts are shared out among the models by their
 * weights. A call whose model fails, or whose breaker is open, goes to the others in order. Since:
 * 0.1
 */
BELUGA_API beluga_option beluga_with_routing_key(const char *text);
/** Keep complete answers and give them again, milliseconds, at most a year. Unset: no cache. */
BELUGA_API beluga_option beluga_with_cache_ttl_ms(int64_t ms);
/**
 * Keep answers in this store (cache.h). Unset: each model has one in memory. Without cache_ttl it
 * is an error.
 *
 * @param store  Borrowed until the last model that was made with it is gone.
 */
BELUGA_API beluga_option beluga_with_cache(const struct beluga_cache_store *store);
/**
 * Limit the cost of all calls of this model, US dollars, 10^-9 to 10^9; a call that may cost more
 * than is left fails with budget_exceeded. Unset: no limit. A model whose price is not known can't
 * be opened with it.
 */
BELUGA_API beluga_option beluga_with_budget(double dollars);
/** Name the file of prices for the budget (beluga_prices_load). Unset: the installed one. */
BELUGA_API beluga_option beluga_with_prices(const char *path);
/**
 * Call your own functions around every call (hooks.h).
 *
 * @param hooks  Copied; their payload is borrowed until the last model is gone.
 */
BELUGA_API beluga_option beluga_with_hooks(const struct beluga_hooks *hooks);

/* --- the request ------------------------------------------------------------------------------ */
/** Send your id of the end user, for the provider's records. */
BELUGA_API beluga_option beluga_with_user(const char *id);
/**
 * Merge a JSON object into the request's body: a member of it replaces the field of that name, and
 * null leaves the field out (RFC 7396).
 */
BELUGA_API beluga_option beluga_with_extra_body(const char *json_object);
/**
 * Send this body, a request in the provider's own protocol, instead of one that is made of messages
 * and options; as a gateway does that hands on what its clients send. Address, path, headers and
 * key are the model's, and the answer is decoded as always: into the same events, with the same
 * proof of completion, usage, timeouts, limits and telemetry.
 *
 *   - It is sent byte for byte. Only where the provider itself names the model in a member "model"
 *     of the body, the value of each such member is the model's name, and a body that has none gets
 *     one.
 *   - The list of messages may be NULL or empty; it is not sent, and bound tools are not. A tool
 *     loop refuses this option. Options of sampling and of the answer's form, `body` and the
 *     model's `extra_body` are not sent either; START warns of those of the call, and of the latter
 *     two. extra_body of the call is an error beside it.
 *   - RAW events are on, unless raw_events turns them off: with them the answer's body can be
 * handed on as it came. A stream may then be retried only before its first byte was delivered.
 *   - The call may stream or not, whatever the body asks for; the answer's first bytes decide.
 *   - Fallbacks that speak another protocol are not asked, and the cache is not.
 *   - Providers that send no HTTP request, or none with JSON in it, fail the call: not_supported.
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
/** Add a header to the request, "Name: value"; give it again for more. */
BELUGA_API beluga_option beluga_with_extra_header(const char *line);
/**
 * Make the configuration a provider of its own, without code. It has the name that
 * beluga_with_provider gives, which must not be a registered provider's, and speaks the protocol of
 * the provider that is named here. It takes functions, quirks and own options of that, and its
 * address as a default, but neither its key nor its variables of the environment. Since: 0.1
 */
BELUGA_API beluga_option beluga_with_base(const char *provider);
/**
 * Add a header to every request of the model, "Name: value"; give it again for more. The value may
 * be a reference, as beluga_with_api_key's but for "aws:"; an empty value takes the header away.
 * Extra headers win over these. Since: 0.1
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
 * Ask for a streamed answer over the wire, although the caller gets it whole (true). Its timeouts
 * are those of a stream then. Unset: false.
 */
BELUGA_API beluga_option beluga_with_wire_streaming(bool on);
/**
 * Allow a retry or fallback after content was delivered (true): a RESTART event then tells to
 * discard everything so far. Unset: false.
 */
BELUGA_API beluga_option beluga_with_restart_delivery(bool on);
/**
 * Deliver RAW events, too (true): the bytes of the answer's body as they came. A call whose bytes
 * were delivered is not tried again, unless restart_delivery allows it. Unset: false; with
 * request_body: true.
 */
BELUGA_API beluga_option beluga_with_raw_events(bool on);
/**
 * Make every end of an answer but a natural one an error: BELUGA_ERROR_INCOMPLETE for an answer
 * that its token limit cut, or whose reason is not known, BELUGA_ERROR_CONTENT_FILTER for one that
 * was refused or filtered. Without it (false, also when unset) such an answer finishes, and its
 * reason says so. Since: 0.1
 */
BELUGA_API beluga_option beluga_with_strict(bool on);
/**
 * Make an image, audio or a file of a question that the provider has no place for an error,
 * BELUGA_ERROR_NOT_SUPPORTED before anything is sent. Without it (false, also when unset) the
 * request goes without it, and a warning of the answer says so. Since: 0.1
 */
BELUGA_API beluga_option beluga_with_strict_media(bool on);
/**
 * Tell a whole answer's call where to leave the part that arrived before a failure.
 *
 * @param partial  Becomes NULL, or on failure an owned response (beluga_response_free).
 */
BELUGA_API beluga_option beluga_with_partial(beluga_response **partial);

/* --- the connection --------------------------------------------------------------------------- */
/** Trust the certificates in this file, PEM. Unset: those that libcurl was built to trust. */
BELUGA_API beluga_option beluga_with_ca_file(const char *path);
/** Show the server the certificate in this file, PEM. */
BELUGA_API beluga_option beluga_with_client_certificate(const char *path);
/** Use the private key in this file for that certificate, PEM. */
BELUGA_API beluga_option beluga_with_client_key(const char *path);
/**
 * Connect through a proxy: a URL of http, https, socks4, socks4a, socks5 or socks5h; "" for none.
 * Unset: none, or with beluga_with_env that of the environment's variables.
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
 * and 256 MiB for an answer that is put together.
 */
BELUGA_API beluga_option beluga_with_max_response_bytes(int64_t bytes);
/** Limit the bytes of one frame of a stream, 1 KiB to 1 GiB. Unset: 16 MiB. */
BELUGA_API beluga_option beluga_with_max_event_bytes(int64_t bytes);
/**
 * Ask a function for the key, as for tokens that expire. It stands instead of api_key.
 *
 * @param source  Borrowed until the last model that was made with it is gone.
 */
BELUGA_API beluga_option beluga_with_key_source(const beluga_key_source *source);
/**
 * Exchange the key for a token (true, also when unset) where the provider works so, or take the key
 * for such a token (false), as a command such as "ibmcloud iam oauth-tokens" prints it.
 */
BELUGA_API beluga_option beluga_with_exchange_key(bool on);
/**
 * Read the provider's own variables (OPENAI_API_KEY, OPENAI_BASE_URL, …) when the model opens,
 * and the proxy's (HTTPS_PROXY, NO_PROXY). Programs with more rights than their user (setuid) read
 * none of the provider's.
 */
BELUGA_API beluga_option beluga_with_env(void);

/**
 * Give a provider's own option; the provider's header wraps these.
 *
 * @param name   Such as "openai.organization"; borrowed until the function that takes the option
 * returns. NULL is as if the option were not there.
 * @param value  Of the option's type. Text is read as a number or bool where the provider wants
 * one. The text of beluga_with_provider_specific_n has `length` bytes and need not end in NUL.
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
