/* HTTP providers that have one fault each, of a kind that authors make; the name says which fault.
 * "chat-sound" has none. A request and an answer look like this:
 *
 *     {"messages": [{"role": "user", "content": "Hi"}], "stream": false, "tools": [...]}
 *     {"id": "a1", "text": "Hello", "finish": "stop", "usage": {"input": 3, "output": 1}}
 */
#include <beluga/provider/provider.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int has_fault(const beluga_call *call, const char *fault)
{
    const char *name = beluga_call_provider(call)->name;
    return strcmp(name + strlen("chat-"), fault) == 0;
}

static void wait_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/* Work until this thread has used this much processor time. */
static void work_ms(long ms)
{
    struct timespec begin, now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    do clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 < ms);
}

/* Leak a block of this size. Its address is kept only until the next call. */
static void lose(size_t size)
{
    static void *_Atomic lost;
    void *before = lost;
    lost = malloc(size);
    /* malloc can't return the same address twice, since the first block was not freed. */
    if (before && before == lost) abort();
}

/* Keep the name of the call's tool. A later call without tools sends it, too. */
static void put_kept(const beluga_call *call, beluga_json_writer *w)
{
    static char kept[64];
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    if (beluga_call_tool_count(call))
        strncpy(kept, beluga_tool_name(beluga_call_tool(call, 0)), sizeof kept - 1);
    else
        beluga_json_put_string(w, "kept", kept);
    pthread_mutex_unlock(&lock);
}

/* ---- requests -------------------------------------------------------------------------------- */

static const char *const roles[] = {"", "system", "user", "assistant", "tool"};

static void warn_of_marks(const beluga_message *message, beluga_http_request *request)
{
    const beluga_part *part;
    for (size_t i = 0; (part = beluga_message_part(message, i)); i++)
        if (part->flags & BELUGA_PART_CACHE) beluga_http_request_warn(request, "there is no cache");
}

static void put_text(const beluga_call *call, beluga_json_writer *w, const beluga_message *message)
{
    size_t n;
    const char *text = beluga_message_text(message, &n);
    if (has_fault(call, "cut") && n > 256) n = 256;
    if (has_fault(call, "nul")) n = strlen(text);
    beluga_json_put_string_n(w, "content", text, n);
}

static void put_calls(const beluga_call *call, beluga_json_writer *w, const beluga_message *message)
{
    const beluga_part *part;
    if (has_fault(call, "no-history")) return;
    beluga_json_begin_array(w, "calls");
    for (size_t i = 0; (part = beluga_message_part(message, i)); i++) {
        if (part->kind != BELUGA_PART_TOOL_CALL) continue;
        beluga_json_begin_object(w, NULL);
        beluga_json_put_string(w, "id", part->id);
        beluga_json_put_string(w, "name", part->name);
        if (!has_fault(call, "history-arguments"))
            beluga_json_put_string_n(w, "arguments", part->text, part->text_length);
        beluga_json_end_object(w);
    }
    beluga_json_end_array(w);
}

static void put_message(const beluga_call *call, beluga_json_writer *w,
                        const beluga_message *message)
{
    beluga_role role = beluga_message_role(message);
    if (role == BELUGA_ROLE_SYSTEM && has_fault(call, "no-system")) return;
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "role", roles[role]);
    put_text(call, w, message);
    if (role == BELUGA_ROLE_AI) put_calls(call, w, message);
    if (role == BELUGA_ROLE_TOOL && !has_fault(call, "result-id"))
        beluga_json_put_string(w, "result_of", beluga_message_tool_call_id(message));
    beluga_json_end_object(w);
}

static void put_messages(const beluga_call *call, beluga_json_writer *w)
{
    size_t n = beluga_call_message_count(call), i = has_fault(call, "last-only") ? n - 1 : 0;
    beluga_json_begin_array(w, "messages");
    for (; i < n; i++) put_message(call, w, beluga_call_message(call, i));
    beluga_json_end_array(w);
}

static void put_tools(const beluga_call *call, beluga_json_writer *w)
{
    if (has_fault(call, "no-tools")) return;
    beluga_json_begin_array(w, "tools");
    for (size_t i = 0; i < beluga_call_tool_count(call); i++) {
        const beluga_tool *tool = beluga_call_tool(call, i);
        size_t n;
        const char *parameters = beluga_tool_parameters(tool, &n);
        beluga_json_begin_object(w, NULL);
        beluga_json_put_string(w, "name", beluga_tool_name(tool));
        beluga_json_put_string(w, "description", beluga_tool_description(tool));
        if (parameters && !has_fault(call, "tool-schema"))
            beluga_json_put_raw(w, "parameters", parameters, n);
        beluga_json_end_object(w);
    }
    beluga_json_end_array(w);
}

static void put_double(const beluga_call *call, beluga_json_writer *w, int key, const char *name)
{
    double value;
    if (beluga_call_get_double(call, key, &value) && !has_fault(call, name))
        beluga_json_put_double(w, name, value);
}

static void put_int(const beluga_call *call, beluga_json_writer *w, int key, const char *name)
{
    int64_t value;
    if (beluga_call_get_int(call, key, &value) && !has_fault(call, name))
        beluga_json_put_int(w, name, value);
}

static void put_stops(const beluga_call *call, beluga_json_writer *w)
{
    size_t n;
    const char *stop;
    beluga_json_begin_array(w, "stops");
    for (size_t i = 0; (stop = beluga_call_get_item(call, BELUGA_OPTION_STOP_SEQUENCES, i, &n));
         i++)
        if (!has_fault(call, "stops")) beluga_json_put_string_n(w, NULL, stop, n);
    beluga_json_end_array(w);
}

static void put_choice(const beluga_call *call, beluga_json_writer *w)
{
    bool on;
    size_t n;
    const char *choice = beluga_call_get_string(call, BELUGA_OPTION_TOOL_CHOICE, &n);
    if (choice && !has_fault(call, "choice")) beluga_json_put_string_n(w, "choice", choice, n);
    if (beluga_call_get_bool(call, BELUGA_OPTION_PARALLEL_TOOL_CALLS, &on))
        beluga_json_put_bool(w, "parallel", on);
    if (beluga_call_get_bool(call, BELUGA_OPTION_JSON_MODE, &on))
        beluga_json_put_bool(w, "json", on);
}

static void put_options(const beluga_call *call, beluga_json_writer *w)
{
    size_t n;
    const char *user = beluga_call_get_string(call, BELUGA_OPTION_USER, &n);
    if (user) beluga_json_put_string_n(w, "user", user, n);
    put_double(call, w, BELUGA_OPTION_TEMPERATURE, "temperature");
    put_double(call, w, BELUGA_OPTION_TOP_P, "top_p");
    put_int(call, w, BELUGA_OPTION_TOP_K, "top_k");
    put_int(call, w, BELUGA_OPTION_MAX_TOKENS, "max_tokens");
    put_double(call, w, BELUGA_OPTION_FREQUENCY_PENALTY, "frequency_penalty");
    put_double(call, w, BELUGA_OPTION_PRESENCE_PENALTY, "presence_penalty");
    put_int(call, w, BELUGA_OPTION_SEED, "seed");
    put_int(call, w, BELUGA_OPTION_REASONING_EFFORT, "effort");
    put_stops(call, w);
    put_choice(call, w);
    const char *schema = beluga_call_get_string(call, BELUGA_OPTION_RESPONSE_SCHEMA, &n);
    if (schema && !has_fault(call, "schema")) beluga_json_put_raw(w, "schema", schema, n);
}

static int encode(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)err;
    beluga_json_writer *w = beluga_http_request_json(request);
    bool streamed = beluga_call_is_streamed(call) && !has_fault(call, "stream-flag");
    if (has_fault(call, "encode-waits")) wait_ms(20);
    for (size_t i = 0; i < beluga_call_message_count(call); i++)
        warn_of_marks(beluga_call_message(call, i), request);
    beluga_http_request_set_path(request, "/chat");
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "model", beluga_call_model(call));
    beluga_json_put_bool(w, "stream", streamed);
    put_messages(call, w);
    if (beluga_call_tool_count(call)) put_tools(call, w);
    put_options(call, w);
    if (has_fault(call, "sticky")) put_kept(call, w);
    beluga_json_end_object(w);
    return 0;
}

static int authorize(beluga_http_request *request, const beluga_credential *credential, int64_t now,
                     beluga_error *err)
{
    (void)now;
    (void)err;
    if (has_fault(credential->call, "authorize-waits")) wait_ms(2);
    beluga_http_request_set_header(request, "X-Key", credential->key);
    return 0;
}

/* ---- answers --------------------------------------------------------------------------------- */

static int emit_halves(beluga_emit *emit, const char *text, size_t n)
{
    int status = beluga_emit_text(emit, text, n / 2);
    return status ? status : beluga_emit_text(emit, text + n / 2, n - n / 2);
}

static int emit_text(beluga_emit *emit, const beluga_json *value)
{
    size_t n;
    const char *text = beluga_json_string(value, &n);
    if (!text) return 0;
    if (has_fault(beluga_emit_call(emit), "halves")) return emit_halves(emit, text, n);
    return beluga_emit_text(emit, text, n);
}

static int emit_call(beluga_emit *emit, const beluga_json *value, uint32_t index)
{
    size_t n;
    const beluga_call *call = beluga_emit_call(emit);
    const char *id = beluga_json_get_string(value, "id", NULL);
    const char *name = beluga_json_get_string(value, "name", NULL);
    const char *arguments = beluga_json_get_string(value, "arguments", &n);
    if (has_fault(call, "one-index")) index = 0;
    int status = name ? beluga_emit_tool_call_begin(emit, index, id, name) : 0;
    if (status || !arguments || has_fault(call, "arguments")) return status;
    return beluga_emit_tool_call_delta(emit, index, arguments, n);
}

static int emit_calls(beluga_emit *emit, const beluga_json *list)
{
    int status = 0;
    for (const beluga_json *c = beluga_json_first(list); c && !status;
         c = beluga_json_next(list, c))
        status = emit_call(emit, c, (uint32_t)beluga_json_get_int(c, "index", 0));
    return status;
}

static int emit_usage(beluga_emit *emit, const beluga_json *counts)
{
    const beluga_call *call = beluga_emit_call(emit);
    beluga_usage usage = BELUGA_USAGE_INIT;
    if (!counts || has_fault(call, "no-usage")) return 0;
    usage.input_total = beluga_json_get_int(counts, "input", -1);
    usage.output_total = beluga_json_get_int(counts, "output", -1);
    if (has_fault(call, "zero-usage")) usage.input_total = usage.output_total = 0;
    return beluga_emit_usage(emit, &usage);
}

static int emit_finish(beluga_emit *emit, const char *word)
{
    static const struct {
        const char *word, *fault;
        beluga_finish_reason reason, wrong;
    } words[] = {
        {"stop", "", BELUGA_FINISH_STOP, BELUGA_FINISH_STOP},
        {"length", "length-stop", BELUGA_FINISH_LENGTH, BELUGA_FINISH_STOP},
        {"length", "length-other", BELUGA_FINISH_LENGTH, BELUGA_FINISH_OTHER},
        {"tool_calls", "calls-stop", BELUGA_FINISH_TOOL_CALLS, BELUGA_FINISH_STOP},
        {"tool_calls", "calls-length", BELUGA_FINISH_TOOL_CALLS, BELUGA_FINISH_LENGTH},
    };
    beluga_finish_reason reason = BELUGA_FINISH_OTHER;
    const beluga_call *call = beluga_emit_call(emit);
    for (size_t i = sizeof words / sizeof *words; i-- > 0;) {
        if (strcmp(word, words[i].word) != 0) continue;
        reason = words[i].reason;
        if (has_fault(call, words[i].fault)) return beluga_emit_finish(emit, words[i].wrong, word);
    }
    return beluga_emit_finish(emit, reason, word);
}

static int emit_id(beluga_emit *emit, const beluga_json *root)
{
    const char *id = beluga_json_get_string(root, "id", NULL);
    return id ? beluga_emit_metadata(emit, id, NULL, 0) : 0;
}

static int emit_error(beluga_emit *emit, const beluga_json *error)
{
    if (has_fault(beluga_emit_call(emit), "error-ignored")) return 0;
    return beluga_emit_failure(emit, BELUGA_ERROR_OVERLOADED,
                               beluga_json_get_string(error, "code", NULL), "it is busy");
}

static int decode(beluga_emit *emit, const char *body, size_t length)
{
    const beluga_json *root;
    bool late = has_fault(beluga_emit_call(emit), "late-id");
    int status = beluga_emit_parse(emit, body, length, &root);
    if (status) return status;
    const beluga_json *error = beluga_json_get(root, "error");
    const char *word = beluga_json_get_string(root, "finish", NULL);
    if (beluga_json_is_object(error)) return emit_error(emit, error);
    if (!late) status = emit_id(emit, root);
    if (!status) status = emit_text(emit, beluga_json_get(root, "text"));
    if (!status && late) status = emit_id(emit, root);
    if (!status) status = emit_calls(emit, beluga_json_get(root, "calls"));
    if (!status) status = emit_usage(emit, beluga_json_get(root, "usage"));
    return status || !word ? status : emit_finish(emit, word);
}

static int decode_response(void *state, const char *body, size_t length, beluga_emit *emit)
{
    (void)state;
    if (has_fault(beluga_emit_call(emit), "leak")) lose(24);
    return decode(emit, body, length);
}

static int decode_event(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    const beluga_call *call = beluga_emit_call(emit);
    (void)state;
    if (has_fault(call, "event-waits")) wait_ms(5);
    if (has_fault(call, "event-works")) work_ms(200);
    if (has_fault(call, "unknown-null") && strstr(frame->data, "something_new")) abort();
    return decode(emit, frame->data, frame->length);
}

static int finish_anyway(void *state, beluga_emit *emit)
{
    (void)state;
    return beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

/* ---- errors, opening ------------------------------------------------------------------------- */

static void describe(const beluga_call *call, const beluga_http_response *response,
                     beluga_error *err)
{
    (void)call;
    size_t n;
    beluga_json_doc *doc;
    const char *body = beluga_http_response_body(response, &n);
    if (beluga_json_parse(body, n, &doc, NULL)) return;
    const beluga_json *error = beluga_json_get(beluga_json_doc_root(doc), "error");
    const char *code = beluga_json_get_string(error, "code", &n);
    if (code) beluga_error_set_provider_code(err, code, n);
    beluga_json_doc_free(doc);
}

static void describe_slowly(const beluga_call *call, const beluga_http_response *response,
                            beluga_error *err)
{
    wait_ms(2);
    describe(call, response, err);
}

/* Fill in the error, but do not free the parsed JSON. */
static void describe_and_lose(const beluga_call *call, const beluga_http_response *response,
                              beluga_error *err)
{
    size_t n;
    beluga_json_doc *doc;
    const char *body = beluga_http_response_body(response, &n);
    if (!beluga_json_parse(body, n, &doc, NULL)) describe(call, response, err);
}

static int open_with_state(const beluga_config *config, void **self, beluga_error *err)
{
    (void)config;
    *self = malloc(24);
    return *self ? 0 : beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory");
}

static void close_with_state(void *self)
{
    free(self);
}

static void close_and_lose(void *self)
{
    (void)self;
}

/* ---- batch jobs ------------------------------------------------------------------------------ */

#include "chat_jobs.h"

/* ---- the tables ------------------------------------------------------------------------------ */

#define CAPABILITIES                                                                        \
    BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_TOOLS | BELUGA_CAPABILITY_PARALLEL_TOOLS | \
        BELUGA_CAPABILITY_SCHEMA | BELUGA_CAPABILITY_REASONING
#define CHAT(fault)                                                                \
    BELUGA_PROVIDER_INIT("chat-" fault), .default_model = "m",                     \
        .base_url = "https://chat.example/v1", .framing = BELUGA_FRAMING_SSE,      \
        .capabilities = CAPABILITIES, .encode_request = encode,                    \
        .decode_response = decode_response, .decode_event = decode_event,          \
        .decode_error = describe, .authorize = authorize, .open = open_with_state, \
        .close = close_with_state

#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#endif

/* The faults that the functions above look up by the provider's name (see has_fault), and "sound",
 * which has none. */
/* clang-format off */
#define FAULTS(XX)                                                                             \
    XX("sound") XX("cut") XX("nul") XX("no-history") XX("history-arguments") XX("result-id")   \
    XX("no-system") XX("last-only") XX("no-tools") XX("tool-schema") XX("temperature")         \
    XX("max_tokens") XX("stops") XX("effort") XX("schema") XX("choice") XX("stream-flag")      \
    XX("encode-waits") XX("authorize-waits") XX("halves") XX("one-index") XX("arguments")      \
    XX("no-usage") XX("zero-usage") XX("length-stop") XX("length-other") XX("calls-stop")      \
    XX("calls-length") XX("late-id") XX("error-ignored") XX("leak") XX("event-waits")          \
    XX("event-works") XX("unknown-null") XX("sticky")
/* clang-format on */

#define TABLE(fault) {CHAT(fault)},
static const beluga_provider tables[] = {FAULTS(TABLE)};
#define TABLE_OF_JOBS(fault) {CHAT("jobs-" fault), .batch = &jobs_api}
static const beluga_provider jobs[] = {TABLE_OF_JOBS("sound"), TABLE_OF_JOBS("id"),
                                       TABLE_OF_JOBS("state"), TABLE_OF_JOBS("page"),
                                       TABLE_OF_JOBS("body")};
#define EMBEDS                                                                            \
    .capabilities = CAPABILITIES | BELUGA_CAPABILITY_EMBED, .encode_embed = encode_embed, \
    .decode_embed = decode_embed
#define TABLE_OF_VECTORS(fault) {CHAT("jobs-" fault), EMBEDS, .batch = &vectors_api}
static const beluga_provider vectors[] = {
    TABLE_OF_VECTORS("vectors"), TABLE_OF_VECTORS("texts"), TABLE_OF_VECTORS("two-vectors"),
    TABLE_OF_VECTORS("no-vectors"), TABLE_OF_VECTORS("one-id")};
static const beluga_provider never = {CHAT("jobs-never"), .batch = &never_api};
static const beluga_provider always = {CHAT("jobs-always"), .batch = &always_api};
static const beluga_provider unsaid = {CHAT("jobs-unsaid"), .batch = &unsaid_api};
static const beluga_provider again = {CHAT("jobs-again"), .batch = &alone_api};
static const beluga_provider again_creates = {CHAT("jobs-again-creates"), .batch = &jobs_api};
static const beluga_provider no_embed = {CHAT("jobs-no-embed"), .batch = &vectors_api};
static const beluga_provider error_waits = {CHAT("error-waits"), .decode_error = describe_slowly};
static const beluga_provider error_leaks = {CHAT("error-leaks"), .decode_error = describe_and_lose};
static const beluga_provider early = {CHAT("early"), .decode_end = finish_anyway};
static const beluga_provider close_leaks = {CHAT("close-leaks"), .close = close_and_lose};

#define T(i) &tables[i]
BELUGA_PLUGIN_PROVIDERS(NULL, T(0), T(1), T(2), T(3), T(4), T(5), T(6), T(7), T(8), T(9), T(10),
                        T(11), T(12), T(13), T(14), T(15), T(16), T(17), T(18), T(19), T(20), T(21),
                        T(22), T(23), T(24), T(25), T(26), T(27), T(28), T(29), T(30), T(31), T(32),
                        T(33), T(34), &jobs[0], &jobs[1], &jobs[2], &jobs[3], &jobs[4], &vectors[0],
                        &vectors[1], &vectors[2], &vectors[3], &vectors[4], &never, &always,
                        &unsaid, &no_embed, &again, &again_creates, &error_waits, &error_leaks,
                        &close_leaks, &early)
