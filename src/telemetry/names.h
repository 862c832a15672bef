/* The list of all names in telemetry. Spans, metrics and the guide's tables are made from it. There
 * are two columns of names: those of the semantic conventions v1.41, and newer ones, which
 * OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental selects. */
#ifndef BELUGA__NAMES_H
#define BELUGA__NAMES_H

#include <stdbool.h>

/* Columns: constant, name in v1.41, newer name, the spans that have the attribute, meaning. */
#define BELUGA__ATTRIBUTE_MAP(XX)                                                                  \
    XX(OPERATION, "gen_ai.operation.name", "gen_ai.operation.name", "all but attempts",            \
       "chat, embeddings, count_tokens, execute_tool, invoke_agent, batch; of batch jobs "         \
       "batch_create, batch_get, batch_list, batch_cancel, batch_results, batch_delete")           \
    XX(PROVIDER, "gen_ai.provider.name", "gen_ai.provider.name", "all",                            \
       "the provider, by its name in the conventions where it has one")                            \
    XX(REQUEST_MODEL, "gen_ai.request.model", "gen_ai.request.model", "all but tools",             \
       "the model asked for")                                                                      \
    XX(SERVER_ADDRESS, "server.address", "server.address", "operations, attempts",                 \
       "the host of base_url")                                                                     \
    XX(SERVER_PORT, "server.port", "server.port", "operations, attempts", "its port")              \
    XX(REQUEST_STREAM, "gen_ai.request.stream", "gen_ai.request.stream", "operations",             \
       "true for streams")                                                                         \
    XX(MAX_TOKENS, "gen_ai.request.max_tokens", "gen_ai.request.max_tokens", "operations",         \
       "as set")                                                                                   \
    XX(TEMPERATURE, "gen_ai.request.temperature", "gen_ai.request.temperature", "operations",      \
       "as set")                                                                                   \
    XX(TOP_P, "gen_ai.request.top_p", "gen_ai.request.top_p", "operations", "as set")              \
    XX(TOP_K, "gen_ai.request.top_k", "gen_ai.request.top_k", "operations",                        \
       "as set; a fraction in v1.41, an integer in the newer")                                     \
    XX(FREQUENCY_PENALTY, "gen_ai.request.frequency_penalty", "gen_ai.request.frequency_penalty",  \
       "operations", "as set")                                                                     \
    XX(PRESENCE_PENALTY, "gen_ai.request.presence_penalty", "gen_ai.request.presence_penalty",     \
       "operations", "as set")                                                                     \
    XX(STOP_SEQUENCES, "gen_ai.request.stop_sequences", "gen_ai.request.stop_sequences",           \
       "operations", "as set")                                                                     \
    XX(SEED, "gen_ai.request.seed", "gen_ai.request.seed", "operations", "as set")                 \
    XX(DIMENSIONS, "gen_ai.embeddings.dimension.count", "gen_ai.embeddings.dimension.count",       \
       "operations", "dimensions of embeddings, as set")                                           \
    XX(OUTPUT_TYPE, "gen_ai.output.type", "gen_ai.output.type", "operations",                      \
       "json, where a schema or JSON was asked for")                                               \
    XX(REASONING_LEVEL, "gen_ai.request.reasoning.level", "gen_ai.request.reasoning.level",        \
       "operations", "reasoning_effort, as set")                                                   \
    XX(RESPONSE_ID, "gen_ai.response.id", "gen_ai.response.id", "operations",                      \
       "the provider's id of the answer")                                                          \
    XX(RESPONSE_MODEL, "gen_ai.response.model", "gen_ai.response.model", "operations",             \
       "the model that answered")                                                                  \
    XX(FINISH_REASONS, "gen_ai.response.finish_reasons", "gen_ai.response.finish_reasons",         \
       "operations",                                                                               \
       "stop, length, tool_calls, content_filter, other; error for a stream that was cut")         \
    XX(FIRST_CHUNK, "gen_ai.response.time_to_first_chunk", "gen_ai.response.time_to_first_chunk",  \
       "operations", "seconds, streams only")                                                      \
    XX(INPUT_TOKENS, "gen_ai.usage.input_tokens", "gen_ai.usage.input_tokens", "operations",       \
       "with those from a cache; of failed and cancelled calls, too")                              \
    XX(OUTPUT_TOKENS, "gen_ai.usage.output_tokens", "gen_ai.usage.output_tokens", "operations",    \
       "with those of reasoning")                                                                  \
    XX(CACHE_READ, "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read.input_tokens", \
       "operations", "tokens read from a prompt cache")                                            \
    XX(CACHE_WRITE, "gen_ai.usage.cache_creation.input_tokens",                                    \
       "gen_ai.usage.cache_write.input_tokens", "operations", "tokens written into one")           \
    XX(REASONING_TOKENS, "gen_ai.usage.reasoning.output_tokens",                                   \
       "gen_ai.usage.reasoning.output_tokens", "operations", "tokens of reasoning")                \
    XX(ERROR_TYPE, "error.type", "error.type", "all",                                              \
       "the library's code, such as rate_limit; only on failure")                                  \
    XX(PROVIDER_CODE, "beluga.error.provider_code", "beluga.error.provider_code",                  \
       "operations, attempts", "the provider's own code")                                          \
    XX(HTTP_METHOD, "http.request.method", "http.request.method", "attempts", "of the request")    \
    XX(HTTP_STATUS, "http.response.status_code", "http.response.status_code", "attempts",          \
       "of the answer")                                                                            \
    XX(RESEND_COUNT, "http.request.resend_count", "http.request.resend_count", "attempts",         \
       "how many came before; absent for the first")                                               \
    XX(URL, "url.full", "url.full", "attempts", "without a password")                              \
    XX(REQUEST_ID, "beluga.request_id", "beluga.request_id", "attempts",                           \
       "the provider's id of the request")                                                         \
    XX(RETRY_REASON, "beluga.retry.reason", "beluga.retry.reason", "attempts",                     \
       "the code that the attempt before ended with")                                              \
    XX(TOOL_NAME, "gen_ai.tool.name", "gen_ai.tool.name", "tools", "the tool's name")              \
    XX(TOOL_CALL_ID, "gen_ai.tool.call.id", "gen_ai.tool.call.id", "tools",                        \
       "the model's id of the call")                                                               \
    XX(TOOL_TYPE, "gen_ai.tool.type", "gen_ai.tool.type", "tools", "function")                     \
    XX(TOOL_DESCRIPTION, "gen_ai.tool.description", "gen_ai.tool.description", "tools",            \
       "what the model reads")                                                                     \
    XX(TOOL_CALLS, "beluga.tool_calls", "beluga.tool_calls", "operations",                         \
       "how many tools the model called")                                                          \
    XX(BATCH_SUCCEEDED, "beluga.batch.succeeded", "beluga.batch.succeeded", "batches",             \
       "inputs with an answer")                                                                    \
    XX(BATCH_FAILED, "beluga.batch.failed", "beluga.batch.failed", "batches",                      \
       "inputs without one")                                                                       \
    XX(SYSTEM, "gen_ai.system_instructions", "gen_ai.system_instructions", "operations",           \
       "system texts as JSON; captured content only")                                              \
    XX(INPUT_MESSAGES, "gen_ai.input.messages", "gen_ai.input.messages", "operations",             \
       "the conversation as JSON; captured content only")                                          \
    XX(OUTPUT_MESSAGES, "gen_ai.output.messages", "gen_ai.output.messages", "operations",          \
       "the answer as JSON; captured content only")                                                \
    XX(TOOL_ARGUMENTS, "gen_ai.tool.call.arguments", "gen_ai.tool.call.arguments", "tools",        \
       "captured content only")                                                                    \
    XX(TOOL_RESULT, "gen_ai.tool.call.result", "gen_ai.tool.call.result", "tools",                 \
       "captured content only")                                                                    \
    XX(TOKEN_TYPE, "gen_ai.token.type", "gen_ai.token.type", "none: metrics", "input or output")   \
    XX(MODALITY, "gen_ai.token.modality", "gen_ai.token.modality", "none: metrics", "unknown")     \
    XX(DROP_REASON, "beluga.reason", "beluga.reason", "none: metrics", "why spans were dropped")

typedef enum beluga__name {
#define XX(constant, name, latest, spans, meaning) BELUGA__NAME_##constant,
    BELUGA__ATTRIBUTE_MAP(XX)
#undef XX
        BELUGA__NAMES
} beluga__name;

/* The quantities that are recorded for each call. All metrics are computed from them. */
typedef enum beluga__quantity {
    /* distributions */
    BELUGA__DURATION,
    BELUGA__FIRST_CHUNK,
    BELUGA__CHUNK,
    BELUGA__INPUT,
    BELUGA__OUTPUT,
    BELUGA__DISTRIBUTIONS,
    /* sums */
    BELUGA__CACHE_READ = BELUGA__DISTRIBUTIONS,
    BELUGA__CACHE_WRITE,
    BELUGA__REASONING,
    BELUGA__TOOL_CALLS,
    BELUGA__QUANTITIES,
    /* Computed from the quantities above: the number of durations, and the sums of tokens. */
    BELUGA__CALLS = BELUGA__QUANTITIES,
    BELUGA__INPUT_SUM,
    BELUGA__OUTPUT_SUM,
    /* The number of running calls. */
    BELUGA__ACTIVE,
    BELUGA__ACTIVE_STREAMS,
    /* The number of spans that telemetry has dropped. */
    BELUGA__DROPPED
} beluga__quantity;

/* Columns: name in v1.41, newer name ("": none), type, unit, quantity, calls, attributes, meaning.
 * %s is the provider's metric prefix.
 *
 * "calls" says what a metric counts: c operations, s streams, g operations that are not streams, o
 * operations that succeeded, f operations that failed; t tools; b batches; - none of these.
 *
 * "attributes" says which attributes the metric's points have: G the attributes of the conventions,
 * I and O the same and the type of token, M the same and the modality, T the attributes of a tool;
 * L provider and model, E the same and the error's type; P the model, F the same and the error's
 * type; D the reason why spans were dropped. */
#define BELUGA__METRIC_MAP(XX)                                                                     \
    XX("gen_ai.client.operation.duration", "gen_ai.client.inference.duration", HISTOGRAM, "s",     \
       DURATION, 'c', 'G', "from the start of a call to its end, all retries inside")              \
    XX("gen_ai.client.operation.time_to_first_chunk",                                              \
       "gen_ai.client.inference.time_to_first_chunk", HISTOGRAM, "s", FIRST_CHUNK, 's', 'G',       \
       "from the start of a stream to its first content")                                          \
    XX("gen_ai.client.operation.time_per_output_chunk",                                            \
       "gen_ai.client.inference.time_per_output_chunk", HISTOGRAM, "s", CHUNK, 's', 'G',           \
       "from one piece of a stream's content to the next")                                         \
    XX("gen_ai.client.token.usage", "gen_ai.client.inference.operation.input_tokens", HISTOGRAM,   \
       "{token}", INPUT, 'c', 'I', "input tokens of a call")                                       \
    XX("gen_ai.client.token.usage", "gen_ai.client.inference.operation.output_tokens", HISTOGRAM,  \
       "{token}", OUTPUT, 'c', 'O', "output tokens of a call")                                     \
    XX("", "gen_ai.client.inference.usage.input_tokens", COUNTER, "{token}", INPUT_SUM, 'c', 'M',  \
       "input tokens")                                                                             \
    XX("", "gen_ai.client.inference.usage.output_tokens", COUNTER, "{token}", OUTPUT_SUM, 'c',     \
       'M', "output tokens")                                                                       \
    XX("", "gen_ai.client.inference.usage.cache_read.input_tokens", COUNTER, "{token}",            \
       CACHE_READ, 'c', 'M', "input tokens read from a prompt cache")                              \
    XX("", "gen_ai.client.inference.usage.cache_write.input_tokens", COUNTER, "{token}",           \
       CACHE_WRITE, 'c', 'M', "input tokens written into one")                                     \
    XX("", "gen_ai.client.inference.usage.reasoning.output_tokens", COUNTER, "{token}", REASONING, \
       'c', 'M', "output tokens of reasoning")                                                     \
    XX("gen_ai.execute_tool.duration", "gen_ai.execute_tool.duration", HISTOGRAM, "s", DURATION,   \
       't', 'T', "one run of a tool in a tool loop")                                               \
    XX("llm.requests.total", "llm.requests.total", COUNTER, "{request}", CALLS, 'c', 'L',          \
       "calls that ended")                                                                         \
    XX("llm.generations.successful", "llm.generations.successful", COUNTER, "{request}", CALLS,    \
       'o', 'L', "calls with a whole answer")                                                      \
    XX("llm.generations.failed", "llm.generations.failed", COUNTER, "{request}", CALLS, 'f', 'L',  \
       "calls without one, cancelled ones too")                                                    \
    XX("llm.errors.total", "llm.errors.total", COUNTER, "{error}", CALLS, 'f', 'E',                \
       "the same by the error's type")                                                             \
    XX("llm.tokens.input", "llm.tokens.input", COUNTER, "{token}", INPUT_SUM, 'c', 'L',            \
       "input tokens")                                                                             \
    XX("llm.tokens.output", "llm.tokens.output", COUNTER, "{token}", OUTPUT_SUM, 'c', 'L',         \
       "output tokens")                                                                            \
    XX("llm.tool_calls.total", "llm.tool_calls.total", COUNTER, "{call}", TOOL_CALLS, 'c', 'L',    \
       "tools that models called")                                                                 \
    XX("llm.batches.total", "llm.batches.total", COUNTER, "{batch}", CALLS, 'b', 'L',              \
       "batches that ended")                                                                       \
    XX("llm.streams.total", "llm.streams.total", COUNTER, "{stream}", CALLS, 's', 'L',             \
       "streams that ended")                                                                       \
    XX("llm.generation.latency", "llm.generation.latency", HISTOGRAM, "s", DURATION, 'g', 'L',     \
       "duration of calls that are no streams")                                                    \
    XX("llm.batch.latency", "llm.batch.latency", HISTOGRAM, "s", DURATION, 'b', 'L',               \
       "duration of batches")                                                                      \
    XX("llm.stream.latency", "llm.stream.latency", HISTOGRAM, "s", DURATION, 's', 'L',             \
       "duration of streams")                                                                      \
    XX("llm.requests.active", "llm.requests.active", UPDOWN, "{request}", ACTIVE, 'c', 'L',        \
       "calls under way")                                                                          \
    XX("llm.streams.active", "llm.streams.active", UPDOWN, "{stream}", ACTIVE_STREAMS, 'c', 'L',   \
       "streams under way")                                                                        \
    XX("%s.requests_total", "%s.requests_total", COUNTER, "{request}", CALLS, 'c', 'P',            \
       "calls of this provider")                                                                   \
    XX("%s.request_duration_seconds", "%s.request_duration_seconds", HISTOGRAM, "s", DURATION,     \
       'c', 'P', "their duration")                                                                 \
    XX("%s.errors_total", "%s.errors_total", COUNTER, "{error}", CALLS, 'f', 'F',                  \
       "those that failed")                                                                        \
    XX("%s.active_requests", "%s.active_requests", UPDOWN, "{request}", ACTIVE, 'c', 'P',          \
       "those under way")                                                                          \
    XX("beluga.telemetry.spans.dropped", "beluga.telemetry.spans.dropped", COUNTER, "{span}",      \
       DROPPED, '-', 'D', "spans that were not sent")

typedef enum beluga__metric_type {
    BELUGA__COUNTER,
    BELUGA__HISTOGRAM,
    BELUGA__UPDOWN
} beluga__metric_type;

typedef struct beluga__metric_row {
    const char *names[2]; /* name in v1.41, newer name */
    beluga__metric_type type;
    const char *unit;
    beluga__quantity quantity;
    char calls, attributes;
    const char *meaning;
} beluga__metric_row;

extern const beluga__metric_row beluga__metric_rows[]; /* the last row has no unit */

typedef struct beluga__attribute_row {
    const char *names[2]; /* name in v1.41, newer name */
    const char *spans, *meaning;
} beluga__attribute_row;

extern const beluga__attribute_row beluga__attribute_rows[];

/* Returns the name of an attribute: in v1.41, or in the newer conventions. */
static inline const char *beluga__name_of(beluga__name name, bool latest)
{
    return beluga__attribute_rows[name].names[latest];
}

#endif
