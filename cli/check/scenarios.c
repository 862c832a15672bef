/* The list of scenarios, and the calls that they make. */
#include "scenario.h"

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
    beluga_messages_add(call->messages, beluga_human_message(text));
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

static void write_data(check_call *call, const char *text, beluga_part_kind kind, const char *type,
                       const void *data, size_t n, const char *name)
{
    beluga_message *message = beluga_human_message(text);
    if (message) beluga_message_add_data(message, kind, type, data, n, name);
    beluga_messages_add(call->messages, message);
}

/* One white pixel. */
static void write_image(check_call *call)
{
    static const unsigned char png[] = {
        0x89, 'P',  'N',  'G',  0x0d, 0x0a, 0x1a, 0x0a, 0,    0,    0,    0x0d, 'I',  'H',
        'D',  'R',  0,    0,    0,    1,    0,    0,    0,    1,    8,    0,    0,    0,
        0,    0x3a, 0x7e, 0x9b, 0x55, 0,    0,    0,    0x0a, 'I',  'D',  'A',  'T',  0x78,
        0x9c, 0x63, 0xf8, 0x0f, 0,    1,    1,    1,    0,    0x1b, 0xb6, 0xee, 0x56, 0,
        0,    0,    0,    'I',  'E',  'N',  'D',  0xae, 0x42, 0x60, 0x82};
    write_data(call, "What is in the picture?", BELUGA_PART_IMAGE, "image/png", png, sizeof png,
               NULL);
}

/* A WAVE file of no length. */
static void write_audio(check_call *call)
{
    static const char wav[] = "RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0"
                              "\2\0\x10\0data\0\0\0\0";
    write_data(call, "What is said?", BELUGA_PART_AUDIO, "audio/wav", wav, sizeof wav - 1, NULL);
}

static void write_file(check_call *call)
{
    static const char pdf[] = "%PDF-1.4\n%%EOF\n";
    write_data(call, "What does it say?", BELUGA_PART_FILE, "application/pdf", pdf, sizeof pdf - 1,
               "note.pdf");
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
    MODELS = BELUGA_CAPABILITY_MODELS
};

/* Everybody is asked this, full providers too. */
#define CALL(name_, needs_, like_, write_, run_, shows_, proves_)                 \
    {                                                                             \
        .name = (name_), .proves = (proves_), .needs = (needs_), .like = (like_), \
        .write = (write_), .run = (run_), .shows = (shows_), .full = true         \
    }
/* An answer that says what is wrong. */
#define ERROR(name_, code_, proves_)                                                \
    {                                                                               \
        .name = (name_), .proves = (proves_), .like = "text", .write = write_hello, \
        .run = check_run_error, .shows = "error ", .code = (code_), .full = true    \
    }
/* What only happens on a wire. */
#define WIRE(name_, needs_, like_, run_, code_, proves_)                          \
    {                                                                             \
        .name = (name_), .proves = (proves_), .needs = (needs_), .like = (like_), \
        .write = write_hello, .run = (run_), .shows = "", .code = (code_)         \
    }

const check_scenario check_scenarios[] = {
    CALL("text", 0, NULL, write_hello, check_run_generate, "text \"",
         "an answer comes in one piece"),
    CALL("stream", STREAM, NULL, write_hello, check_run_stream, "text \"",
         "an answer comes as a stream that is pulled"),
    CALL("push", STREAM, "stream", write_hello, check_run_push, "text \"",
         "an answer comes as a stream that is pushed on a loop"),
    CALL("conversation", 0, "text", write_conversation, check_run_generate, "text \"",
         "several system messages and turns are sent in their order"),
    CALL("tools", TOOLS, "text", write_tool, check_run_generate, "tool 0 end",
         "a bound tool is sent, and a call of it comes"),
    CALL("tools-stream", PARALLEL | STREAM, "stream", write_tools, check_run_stream, "tool 1 end",
         "two calls come in one stream, their arguments in pieces"),
    CALL("tools-results", TOOLS, "text", write_results, check_run_generate, "text \"",
         "calls and their results go back, a failed one among them"),
    CALL("choice-auto", TOOLS, "text", write_choice_auto, check_run_generate, "text \"",
         "tool_choice auto is sent"),
    CALL("choice-none", TOOLS, "text", write_choice_none, check_run_generate, "text \"",
         "tool_choice none is sent"),
    CALL("choice-required", TOOLS, "tools", write_choice_required, check_run_generate, "tool 0 end",
         "tool_choice required is sent"),
    CALL("choice-named", TOOLS, "tools", write_choice_named, check_run_generate, "tool 0 end",
         "tool_choice with a tool's name is sent"),
    CALL("one-at-a-time", PARALLEL, "tools", write_one_at_a_time, check_run_generate, "tool 0 end",
         "parallel tool calls can be turned off"),
    CALL("effort", REASONING, "text", write_reasoning, check_run_generate, "text \"",
         "how hard to reason is sent"),
    CALL("reasoning", REASONING | STREAM, "stream", write_reasoning, check_run_twice,
         "reasoning \"", "reasoning and its signature come, and go back in the next call"),
    CALL("schema", SCHEMA, "text", write_schema, check_run_generate, "text \"",
         "a JSON Schema for the answer is sent"),
    CALL("image", IMAGES, "text", write_image, check_run_generate, "text \"",
         "the bytes of an image are sent"),
    CALL("audio", AUDIO, "text", write_audio, check_run_generate, "text \"",
         "the bytes of a recording are sent"),
    CALL("file", FILES, "text", write_file, check_run_generate, "text \"",
         "the bytes of a file are sent"),
    CALL("cache", CACHE, "text", write_cache, check_run_generate, "text \"",
         "a mark for the cache is sent, and its counts come"),
    CALL("sampling", 0, "text", write_sampling, check_run_generate, "text \"",
         "options of sampling are sent, or a warning names what is not"),
    CALL("models", MODELS, NULL, write_hello, check_run_models, "model ",
         "the list of models comes, to its last page"),
    {.name = "cancel",
     .proves = "a stream that is cancelled in its middle closes its connection",
     .needs = STREAM,
     .like = "stream",
     .write = write_hello,
     .run = check_run_cancel,
     .shows = "",
     .full = true},
    {.name = "cancel-push",
     .proves = "a pushed stream that is cancelled closes its connection",
     .needs = STREAM,
     .like = "stream",
     .write = write_hello,
     .run = check_run_cancel_pushed,
     .shows = "",
     .full = true},
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
    {.name = "content-filter",
     .proves = "a refusal of the content is told",
     .like = "text",
     .write = write_hello,
     .run = check_run_filter,
     .shows = "",
     .full = true},
    {.name = "error-of-a-stream",
     .proves = "an error instead of a stream is told",
     .needs = STREAM,
     .like = "stream",
     .answer_like = "error-rate-limit",
     .write = write_hello,
     .run = check_run_stream_error,
     .shows = "",
     .code = BELUGA_ERROR_RATE_LIMIT},
    {.name = "error-in-a-stream",
     .proves = "an error inside a stream of status 200 is told",
     .needs = STREAM,
     .like = "stream",
     .write = write_hello,
     .run = check_run_stream_error,
     .shows = "",
     .full = true},
    WIRE("cut-stream", STREAM, "stream", check_run_cut_stream, 0,
         "a stream that is cut anywhere before its proof of completion is no success"),
    WIRE("cut-body", 0, "text", check_run_cut_body, 0,
         "an answer that is cut anywhere is no success"),
    WIRE("bad-event", STREAM, "stream", check_run_bad_event, BELUGA_ERROR_MALFORMED_RESPONSE,
         "a frame that can't be read ends a stream"),
    WIRE("bad-body", 0, "text", check_run_bad_body, 0, "a body that is no answer is an error"),
    WIRE("html-body", 0, "text", check_run_html, 0, "a web page is an error"),
    WIRE("unknown-events", STREAM, "stream", check_run_unknown, 0,
         "frames of a type that nobody knows are passed over"),
    WIRE("byte-by-byte", STREAM, "stream", check_run_slow, 0,
         "a stream that comes byte by byte gives the same events"),
    {.name = NULL},
};

const char *check_scenario_name(size_t index, const char **proves)
{
    enum { COUNT = sizeof check_scenarios / sizeof *check_scenarios - 1 };
    if (index >= COUNT) return NULL;
    if (proves) *proves = check_scenarios[index].proves;
    return check_scenarios[index].name;
}

/* ---- life ------------------------------------------------------------------------------------ */

void check_call_begin(check_call *call, const check_scenario *scenario)
{
    *call = (check_call){.messages = beluga_messages_new()};
    scenario->write(call);
}

void check_call_free(check_call *call)
{
    for (size_t i = 0; i < call->n_tools; i++) beluga_tool_unref(call->tools[i]);
    beluga_messages_free(call->messages);
    *call = (check_call){0};
}
