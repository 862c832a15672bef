/* The list of scenarios, and the calls that they make. */
#include "kit/scenarios.h"

#include "kit/calls.h"
#include "kit/hinder.h"
#include "kit/interface.h"
#include "kit/jobs.h"
#include "kit/leaks.h"
#include "kit/polling.h"
#include "kit/reading.h"
#include "kit/refusals.h"
#include "kit/rules.h"
#include "kit/samples.h"
#include "kit/sharing.h"
#include "kit/tokens.h"
#include "kit/values.h"

#include <string.h>

/* ---- calls ----------------------------------------------------------------------------------- */

static void add_option(check_call *call, beluga_option option)
{
    if (call->n_options < CHECK_CALL_OPTIONS) call->options[call->n_options++] = option;
}

static void add_tool(check_call *call, const char *name, const char *description,
                     const char *parameters)
{
    const beluga_tool_definition definition = {.size = sizeof definition,
                                               .name = name,
                                               .description = description,
                                               .parameters = parameters};
    if (call->n_tools < CHECK_CALL_TOOLS &&
        beluga_tool_new(&definition, &call->tools[call->n_tools], NULL) == 0)
        call->n_tools++;
}

static void ask(check_call *call, const char *text)
{
    beluga_messages_add(call->messages, check_human(call, check_question(call, text)));
}

static void write_hello(check_call *call)
{
    ask(call, "Say hello.");
}

static void write_conversation(check_call *call)
{
    beluga_messages_add(call->messages, beluga_system_message("You are brief."));
    beluga_messages_add(call->messages, beluga_system_message("You know Oslo well."));
    ask(call, "Is it cold there?");
    beluga_messages_add(call->messages, beluga_ai_message("In winter."));
    ask(call, "Say hello.");
}

static void write_tool(check_call *call)
{
    add_tool(call, "get_weather", "Weather of a city",
             "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},"
             "\"required\":[\"city\"]}");
    ask(call, "What is the weather in Oslo?");
}

static void write_tools(check_call *call)
{
    write_tool(call);
    add_tool(call, "get_time", "Time in a time zone",
             "{\"type\":\"object\",\"properties\":{\"zone\":{\"type\":\"string\"}},"
             "\"required\":[\"zone\"]}");
}

static void write_choice(check_call *call, const char *choice)
{
    write_tools(call);
    add_option(call, beluga_with_tool_choice(choice));
}

static void write_choice_auto(check_call *call)
{
    write_choice(call, "auto");
}

static void write_choice_none(check_call *call)
{
    write_choice(call, "none");
}

static void write_choice_required(check_call *call)
{
    write_choice(call, "required");
}

static void write_choice_named(check_call *call)
{
    write_choice(call, "get_weather");
}

static void write_one_at_a_time(check_call *call)
{
    write_tools(call);
    add_option(call, beluga_with_parallel_tool_calls(false));
}

static void write_results(check_call *call)
{
    static const char oslo[] = "{\"city\":\"Oslo\"}", nowhere[] = "{\"zone\":\"Nowhere\"}";
    write_tools(call);
    beluga_message *calls = beluga_message_new(BELUGA_ROLE_AI);
    beluga_message *failed = beluga_tool_message("call00002", "no such zone");
    if (calls) {
        beluga_message_add_text(calls, "Let me look.", 12);
        beluga_message_add_tool_call(calls, "call00001", "get_weather", oslo, sizeof oslo - 1);
        beluga_message_add_tool_call(calls, "call00002", "get_time", nowhere, sizeof nowhere - 1);
    }
    if (failed) beluga_message_set_tool_error(failed, true);
    beluga_messages_add(call->messages, calls);
    beluga_messages_add(call->messages, beluga_tool_message("call00001", "4 degrees"));
    beluga_messages_add(call->messages, failed);
}

static void write_reasoning(check_call *call)
{
    ask(call, "What is 27 * 453?");
    add_option(call, beluga_with_reasoning_effort(BELUGA_REASONING_EFFORT_MEDIUM));
}

static void write_schema(check_call *call)
{
    ask(call, "Tell about Oslo.");
    add_option(call, beluga_with_response_schema(
                         "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"},"
                         "\"people\":{\"type\":\"integer\"}},\"required\":[\"city\",\"people\"],"
                         "\"additionalProperties\":false}"));
    add_option(call, beluga_with_response_schema_name("place"));
    add_option(call, beluga_with_response_schema_strict(true));
}

static void write_sample(check_call *call, const char *text, beluga_part_kind kind)
{
    beluga_message *message = beluga_human_message(check_question(call, text));
    check_sample_add(message, kind);
    beluga_messages_add(call->messages, message);
}

static void write_image(check_call *call)
{
    write_sample(call, "What is in the picture?", BELUGA_PART_IMAGE);
}

static void write_audio(check_call *call)
{
    write_sample(call, "What is said?", BELUGA_PART_AUDIO);
}

static void write_file(check_call *call)
{
    write_sample(call, "What does it say?", BELUGA_PART_FILE);
}

static void write_cache(check_call *call)
{
    beluga_message *system = beluga_system_message("A long text that every call begins with.");
    if (system) beluga_message_mark_cache(system, 0);
    beluga_messages_add(call->messages, system);
    write_hello(call);
}

static void write_sampling(check_call *call)
{
    write_hello(call);
    add_option(call, beluga_with_temperature(0.5));
    add_option(call, beluga_with_top_p(0.9));
    add_option(call, beluga_with_top_k(40));
    add_option(call, beluga_with_max_tokens(100));
    add_option(call, beluga_with_frequency_penalty(0.5));
    add_option(call, beluga_with_presence_penalty(0.25));
    add_option(call, beluga_with_stop_sequence("END"));
    add_option(call, beluga_with_stop_sequence("STOP"));
    add_option(call, beluga_with_seed(7));
}

/* Write messages whose texts are embedded. */
static void write_texts(check_call *call)
{
    beluga_messages_add(call->messages, beluga_human_message("A whale is a mammal."));
    beluga_messages_add(call->messages, beluga_human_message("Ein Wal – kein Fisch."));
}

/* ---- the list -------------------------------------------------------------------------------- */

enum {
    STREAM = BELUGA_CAPABILITY_STREAM,
    TOOLS = BELUGA_CAPABILITY_TOOLS,
    PARALLEL = TOOLS | BELUGA_CAPABILITY_PARALLEL_TOOLS,
    REASONING = BELUGA_CAPABILITY_REASONING,
    SCHEMA = BELUGA_CAPABILITY_SCHEMA,
    IMAGES = BELUGA_CAPABILITY_IMAGES,
    AUDIO = BELUGA_CAPABILITY_AUDIO,
    FILES = BELUGA_CAPABILITY_FILES,
    CACHE = BELUGA_CAPABILITY_CACHE,
    MODELS = BELUGA_CAPABILITY_MODELS,
    EMBEDS = BELUGA_CAPABILITY_EMBED,
    COUNTS = BELUGA_CAPABILITY_COUNT
};

#define INTERFACE    "Interface"
#define REGISTRATION "Registration"
#define GENERATE     "Generate"
#define STREAMING    "Streaming"
#define BINDING      "Tool binding"
#define BATCH        "Batch"
#define JOBS         "Batch jobs"
#define HEALTH       "Health"
#define CONCURRENCY  "Concurrency"
#define FAILURES     "Error handling"
#define LEAKS        "Leaks"
#define COVERAGE     "Coverage"
#define BENCHMARKS   CHECK_BENCHMARKS

#define ROW(category_, name_, proves_, ...) \
    {.category = (category_), .name = (name_), .proves = (proves_), __VA_ARGS__}
/* A scenario for every provider, including full ones. */
#define ALL(category_, name_, needs_, like_, write_, run_, shows_, proves_, ...)          \
    ROW(category_, name_, proves_, .needs = (needs_), .like = (like_), .write = (write_), \
        .run = (run_), .shows = (shows_), .full = true, __VA_ARGS__)
/* A scenario of a call that may use another case's answer. */
#define CALL(...) ALL(__VA_ARGS__, .own = false)
/* A scenario of a call that needs its own answer. */
#define OWN(...) ALL(__VA_ARGS__, .own = true)
/* A scenario of an answer that reports an error. */
#define ERROR(name_, code_, proves_)                                                              \
    ALL(FAILURES, name_, 0, "text", write_hello, check_run_error, "error ", proves_, .own = true, \
        .code = (code_))
/* A scenario that needs a network. */
#define WIRE(category_, name_, needs_, like_, run_, code_, proves_)                          \
    ROW(category_, name_, proves_, .needs = (needs_), .like = (like_), .write = write_hello, \
        .run = (run_), .shows = "", .code = (code_))
/* A scenario of a call that a provider must pass whatever its answer is. */
#define ASK(category_, name_, needs_, like_, run_, proves_) \
    CALL(category_, name_, needs_, like_, write_hello, run_, "", proves_)
#define ALONE(category_, name_, run_, proves_) \
    ALL(category_, name_, 0, "text", write_hello, run_, "", proves_, .alone = true)
/* A scenario that checks whether the request of an HTTP provider contains the call's values. */
#define VALUES(category_, name_, needs_, run_, proves_)                                     \
    ROW(category_, name_, proves_, .needs = (needs_), .like = "text", .write = write_hello, \
        .run = (run_), .shows = "", .claimed = true)
/* A scenario of a function of the batch API. */
#define JOB(name_, run_, shows_, proves_)                                                          \
    ROW(JOBS, name_, proves_, .write = write_hello, .run = (run_), .shows = (shows_), .own = true, \
        .claimed = true, .jobs = true)
#define RULE(name_, rule_, proves_) \
    ALL(INTERFACE, name_, 0, "text", write_hello, check_run_rule, "", proves_, .rule = (rule_))

const check_scenario check_scenarios[] = {
    ALONE(INTERFACE, "table", check_run_table,
          "its names, options, functions and capabilities fit together"),
    ALONE(INTERFACE, "fixtures", check_run_fixtures,
          "there are answers to prove with that it can read them"),
    ASK(INTERFACE, "names", 0, "text", check_run_names,
        "a model says which one it is, and which provider's"),
    RULE("never-blocks", CHECK_RULE_BLOCKS,
         "it leaves the loop to others: no waiting, no long computing"),
    RULE("process", CHECK_RULE_PROCESS,
         "it leaves the process alone: signals, locale, stdout, descriptors, children"),
    RULE("ends", CHECK_RULE_ENDS, "every answer ends, with a finish or an error of its own"),
    RULE("one-end", CHECK_RULE_ONE_END, "it ends once, and nothing comes after it"),
    RULE("utf-8", CHECK_RULE_UTF8, "all text is UTF-8"),
    RULE("own-turn", CHECK_RULE_OWN_TURN, "events are emitted in its turn and on its thread alone"),
    RULE("late-events", CHECK_RULE_LATE, "nothing is emitted when a call is over"),
    RULE("heeds-refusal", CHECK_RULE_REFUSED, "when emitting is refused it stops"),
    RULE("error-code", CHECK_RULE_ERROR_CODE, "an error has a code"),
    ASK(INTERFACE, "hindered", 0, "text", check_run_hindered,
        "what the library can't do for it, it tells"),
    ALONE(REGISTRATION, "registered", check_run_registered,
          "it is found by its name, and listed once"),
    ALONE(REGISTRATION, "registered-twice", check_run_registered_twice,
          "twice is as once, and another of its name is refused"),
    ALONE(REGISTRATION, "other-client", check_run_other_client, "another client can have it, too"),
    CALL(GENERATE, "text", 0, NULL, write_hello, check_run_generate, "text \"",
         "an answer comes in one piece"),
    CALL(GENERATE, "conversation", 0, "text", write_conversation, check_run_generate, "text \"",
         "several system messages and turns are sent in their order"),
    OWN(GENERATE, "effort", REASONING, "text", write_reasoning, check_run_generate, "text \"",
        "how hard to reason is sent"),
    OWN(GENERATE, "schema", SCHEMA, "text", write_schema, check_run_generate, "text \"",
        "a JSON Schema for the answer is sent"),
    OWN(GENERATE, "image", IMAGES, "text", write_image, check_run_generate, "text \"",
        "the bytes of an image are sent"),
    OWN(GENERATE, "audio", AUDIO, "text", write_audio, check_run_generate, "text \"",
        "the bytes of a recording are sent"),
    OWN(GENERATE, "file", FILES, "text", write_file, check_run_generate, "text \"",
        "the bytes of a file are sent"),
    OWN(GENERATE, "cache", CACHE, "text", write_cache, check_run_generate, "text \"",
        "a mark for the cache is sent, and its counts come"),
    CALL(GENERATE, "sampling", 0, "text", write_sampling, check_run_generate, "text \"",
         "options of sampling are sent, or a warning names what is not"),
    VALUES(GENERATE, "prompts", 0, check_run_prompts,
           "a long prompt, one with a NUL and other letters stand in the request as they are"),
    VALUES(GENERATE, "options", 0, check_run_options,
           "the value of each option stands in the request, or a warning names it"),
    VALUES(GENERATE, "delays", 0, check_run_delays,
           "a call of several requests waits between them, and not for too long"),
    VALUES(GENERATE, "usage", 0, check_run_usage, "the tokens that an answer counts are told"),
    VALUES(GENERATE, "letters", 0, check_run_letters,
           "the answer with letters of several bytes gives the same text"),
    VALUES(GENERATE, "finish-words", 0, check_run_finish_words,
           "an answer that ends with another word is not told as stop"),
    VALUES(GENERATE, "length", 0, check_run_length, "an answer that its limit cut is told as such"),
    OWN(GENERATE, "models", MODELS, NULL, write_hello, check_run_models, "model ",
        "the list of models comes, to its last page"),
    OWN(GENERATE, "embed", EMBEDS, NULL, write_texts, check_run_embed, "embedding 1 [",
        "a vector comes for each of two texts"),
    OWN(GENERATE, "count", COUNTS, NULL, write_tool, check_run_count, "tokens ",
        "the tokens of messages and a tool are counted"),
    ROW(GENERATE, "token", "a key is exchanged for a token, with which the call is made",
        .write = write_hello, .run = check_run_token, .shows = "", .own = true),
    ASK(GENERATE, "input-kept", 0, "text", check_run_input_kept,
        "messages of every kind are as before when the call is over"),
    CALL(STREAMING, "stream", STREAM, NULL, write_hello, check_run_stream, "text \"",
         "an answer comes as a stream that is pulled"),
    VALUES(STREAMING, "stream-flag", STREAM, check_run_stream_flag,
           "the request of a stream is another than that of an answer in one piece"),
    VALUES(STREAMING, "in-time", STREAM, check_run_in_time,
           "metadata and warnings come before the text"),
    CALL(STREAMING, "push", STREAM, "stream", write_hello, check_run_push, "text \"",
         "an answer comes as a stream that is pushed on a loop"),
    OWN(STREAMING, "reasoning", REASONING | STREAM, "stream", write_reasoning, check_run_twice,
        "reasoning \"", "reasoning and its signature come, and go back in the next call"),
    ASK(STREAMING, "cancel", STREAM, "stream", check_run_cancel,
        "a stream that is cancelled in its middle closes its connection"),
    ASK(STREAMING, "cancel-push", STREAM, "stream", check_run_cancel_pushed,
        "a pushed stream that is cancelled closes its connection"),
    WIRE(STREAMING, "cut-stream", STREAM, "stream", check_run_cut_stream, 0,
         "a stream that is cut anywhere before its proof of completion is no success"),
    WIRE(STREAMING, "bad-event", STREAM, "stream", check_run_bad_event,
         BELUGA_ERROR_MALFORMED_RESPONSE, "a frame that can't be read ends a stream"),
    WIRE(STREAMING, "unknown-events", STREAM, "stream", check_run_unknown, 0,
         "frames of a type that nobody knows are passed over"),
    WIRE(STREAMING, "byte-by-byte", STREAM, "stream", check_run_slow, 0,
         "a stream that comes byte by byte gives the same events"),
    CALL(STREAMING, "slow-reader", STREAM, "stream", write_hello, check_run_slow_reader, "",
         "who reads slowly gets the same events"),
    OWN(BINDING, "tools", TOOLS, "text", write_tool, check_run_generate, "tool 0 end",
        "a bound tool is sent, and a call of it comes"),
    OWN(BINDING, "tools-stream", PARALLEL | STREAM, "stream", write_tools, check_run_stream,
        "tool 1 end", "two calls come in one stream, their arguments in pieces"),
    CALL(BINDING, "tools-results", TOOLS, "text", write_results, check_run_generate, "text \"",
         "calls and their results go back, a failed one among them"),
    OWN(BINDING, "choice-auto", TOOLS, "text", write_choice_auto, check_run_generate, "text \"",
        "tool_choice auto is sent"),
    OWN(BINDING, "choice-none", TOOLS, "text", write_choice_none, check_run_generate, "text \"",
        "tool_choice none is sent"),
    OWN(BINDING, "choice-required", TOOLS, "tools", write_choice_required, check_run_generate,
        "tool 0 end", "tool_choice required is sent"),
    OWN(BINDING, "choice-named", TOOLS, "tools", write_choice_named, check_run_generate,
        "tool 0 end", "tool_choice with a tool's name is sent"),
    OWN(BINDING, "one-at-a-time", PARALLEL, "tools", write_one_at_a_time, check_run_generate,
        "tool 0 end", "parallel tool calls can be turned off"),
    VALUES(BINDING, "tools-sent", TOOLS, check_run_tools_sent,
           "names, descriptions and parameters of tools stand in the request"),
    VALUES(BINDING, "history-sent", TOOLS, check_run_history,
           "calls of the history stand in the request, and each result says whose it is"),
    VALUES(BINDING, "choices-sent", TOOLS, check_run_choices,
           "each choice of tools makes another request, or a warning"),
    ROW(BINDING, "arguments", "a call has its arguments, and its answer says that calls came",
        .needs = TOOLS, .like = "tools", .write = write_tools, .run = check_run_arguments,
        .shows = "", .claimed = true),
    ASK(BINDING, "bind-new", 0, "text", check_run_bind_new,
        "binding gives a new model, with the tools"),
    ASK(BINDING, "bind-kept", 0, "text", check_run_bind_kept,
        "the model that tools are bound to does not change"),
    ASK(BINDING, "bind-at-once", 0, "text", check_run_bind_at_once,
        "50 threads bind and call at once, each its own tool"),
    ASK(BATCH, "batch-order", 0, "text", check_run_batch_order,
        "answers come in the order of the inputs"),
    ASK(BATCH, "batch-limit", 0, "text", check_run_batch_limit,
        "no more calls are under way than allowed, and all are made"),
    ASK(BATCH, "batch-error", 0, "text", check_run_batch_error,
        "an input that fails has an error of its own, and stops no other"),
    JOB("job-create", check_run_job_create, "job ", "two requests become a job, each under its id"),
    JOB("job-get", check_run_job_get, "job ", "how far a job is comes, and its state is known"),
    JOB("job-list", check_run_job_list, "job ", "the list of jobs comes, to its last page"),
    JOB("job-results", check_run_job_results, "result ",
        "each result comes under its request's id, and can be read"),
    JOB("job-cancel", check_run_job_cancel, "job ", "a job is cancelled, and its state is known"),
    JOB("job-delete", check_run_job_delete, "", "what a job left is deleted"),
    ROW(JOBS, "job-embed", "two texts become a job, and each vector comes under its request's id",
        .write = write_texts, .run = check_run_job_embed, .shows = "embedding 0 [", .own = true,
        .claimed = true, .jobs = true),
    ROW(JOBS, "job-doubt", "only a failure of the request that creates a job leaves it in doubt",
        .like = "job-create", .write = write_hello, .run = check_run_job_doubt, .shows = "",
        .claimed = true, .jobs = true),
    ASK(HEALTH, "health", 0, "text", check_run_health, "its state is told without a request"),
    ASK(HEALTH, "health-probe", 0, "text", check_run_health_probe, "a probe finds it healthy"),
    WIRE(HEALTH, "health-sick", 0, "text", check_run_health_sick, 0,
         "a probe of a service that fails, or is another, finds it unhealthy"),
    ASK(CONCURRENCY, "calls-20", 0, "text", check_run_calls_20, "20 threads call at once"),
    ASK(CONCURRENCY, "streams-20", STREAM, "text", check_run_streams_20,
        "20 threads stream at once"),
    ASK(CONCURRENCY, "calls-1000", 0, "text", check_run_calls_1000,
        "1000 calls from several threads give the same answer"),
    ALONE(FAILURES, "no-configuration", check_run_no_configuration,
          "without a configuration it opens, or says what it needs"),
    ALONE(FAILURES, "bad-option", check_run_bad_option, "an option that it has not is refused"),
    ASK(FAILURES, "no-arguments", 0, "text", check_run_no_arguments,
        "calls without what they need are refused"),
    ASK(FAILURES, "cancelled-before", 0, "text", check_run_cancelled_before,
        "a call that was cancelled before is not made"),
    ASK(FAILURES, "expired-before", 0, "text", check_run_expired_before,
        "a call whose time was up before is not made"),
    ASK(FAILURES, "deadline", 0, "text", check_run_deadline, "a call ends at its deadline"),
    WIRE(FAILURES, "statuses", 0, "text", check_run_statuses, 0,
         "each class of HTTP status is the error that it means"),
    WIRE(FAILURES, "no-connection", 0, "text", check_run_no_connection, 0,
         "a connection that is refused, reset or closed is an error"),
    ERROR("error-authentication", BELUGA_ERROR_AUTHENTICATION, "a refused key is told"),
    ERROR("error-authorization", BELUGA_ERROR_AUTHORIZATION, "a key that may not is told"),
    ERROR("error-not-found", BELUGA_ERROR_INVALID_MODEL, "an unknown model is told"),
    ERROR("error-rate-limit", BELUGA_ERROR_RATE_LIMIT,
          "a rate limit is told, and how long to wait"),
    ERROR("error-quota", BELUGA_ERROR_QUOTA_EXCEEDED, "a used up quota is told from a rate limit"),
    ERROR("error-request", BELUGA_ERROR_INVALID_REQUEST, "a refused request is told"),
    ERROR("error-context-length", BELUGA_ERROR_CONTEXT_LENGTH, "too long an input is told"),
    ERROR("error-overloaded", BELUGA_ERROR_OVERLOADED, "an overloaded provider is told"),
    ERROR("error-internal", BELUGA_ERROR_INTERNAL, "a failure of the provider is told"),
    OWN(FAILURES, "content-filter", 0, "text", write_hello, check_run_filter, "",
        "a refusal of the content is told"),
    ROW(FAILURES, "error-of-a-stream", "an error instead of a stream is told", .needs = STREAM,
        .like = "stream", .answer_like = "error-rate-limit", .write = write_hello,
        .run = check_run_stream_error, .shows = "", .code = BELUGA_ERROR_RATE_LIMIT),
    OWN(FAILURES, "error-in-a-stream", STREAM, "stream", write_hello, check_run_stream_error, "",
        "an error inside a stream of status 200 is told"),
    VALUES(FAILURES, "error-among", STREAM, check_run_error_among,
           "an error among the frames of a stream is told"),
    WIRE(FAILURES, "cut-body", 0, "text", check_run_cut_body, 0,
         "an answer that is cut anywhere is no success"),
    WIRE(FAILURES, "bad-body", 0, "text", check_run_bad_body, 0,
         "a body that is no answer is an error"),
    WIRE(FAILURES, "html-body", 0, "text", check_run_html, 0, "a web page is an error"),
    ALONE(LEAKS, "memory-open", check_run_memory_open, "closing frees what opening made"),
    ALONE(LEAKS, "memory", check_run_memory, "memory does not grow with the calls"),
    ALONE(LEAKS, "memory-errors", check_run_memory_errors,
          "memory does not grow with calls that fail"),
    ALONE(LEAKS, "allocator", check_run_allocator,
          "all memory of a client comes back to its allocator"),
    ALONE(LEAKS, "descriptors", check_run_descriptors, "all descriptors are closed"),
    VALUES(COVERAGE, "coverage", 0, check_run_coverage, "the files show what there is to read"),
    ALONE(BENCHMARKS, "generate-cost", check_run_measure_generate, "an answer in one piece"),
    ALONE(BENCHMARKS, "stream-cost", check_run_measure_stream, "a stream"),
    ALONE(BENCHMARKS, "bind-cost", check_run_measure_bind, "binding two tools"),
    ALONE(BENCHMARKS, "at-once-cost", check_run_measure_at_once, "an answer, 8 threads at once"),
    {.name = NULL},
};

/* Return whether a scenario plays the usual answers, as the scenarios of rules, sharing and leaks
 * do. */
static bool plays_usual(const check_scenario *s)
{
    return s->run == check_run_rule || (s->alone && strcmp(s->category, REGISTRATION) != 0);
}

bool check_scenario_describe(size_t index, check_description *out)
{
    enum { COUNT = sizeof check_scenarios / sizeof *check_scenarios - 1 };
    const check_scenario *s = &check_scenarios[index < COUNT ? index : 0];
    const char *like = s->answer_like ? s->answer_like : s->like;
    *out = (check_description){.category = s->category,
                               .name = s->name,
                               .proves = s->proves,
                               .needs = s->needs,
                               .own = s->own || !like};
    if (plays_usual(s)) {
        out->answers[0] = "text";
        out->answers[1] = "stream";
    } else if (!s->alone) {
        out->answers[0] = s->name;
        out->answers[1] = s->own ? NULL : like;
    }
    return index < COUNT;
}
