/* The provider example-name: a model behind HTTP.
 *
 * Each function here is pure: it turns a call into a request, or bytes into events. Connections,
 * keys, retries, timeouts, cancelling, batches, logs, traces and metrics are the library's. The
 * four places to change for your API are numbered; fixtures/ holds what the tests send and expect.
 */
#include <beluga/provider/provider.h>

#include <string.h>

/* ---- 1. a call becomes a request ------------------------------------------------------------- */

static const char *role_name(beluga_role role)
{
    switch (role) {
    case BELUGA_ROLE_SYSTEM: return "system";
    case BELUGA_ROLE_AI: return "assistant";
    case BELUGA_ROLE_TOOL: return "tool";
    default: return "user";
    }
}

/* What an API can not take is told to the caller, never dropped in silence. */
static void put_message(beluga_json_writer *w, const beluga_message *message,
                        beluga_http_request *request)
{
    const beluga_part *part;
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "role", role_name(beluga_message_role(message)));
    beluga_json_put_string(w, "content", beluga_message_text(message, NULL));
    beluga_json_end_object(w);
    for (size_t i = 0; (part = beluga_message_part(message, i)) != NULL; i++)
        if (part->kind != BELUGA_PART_TEXT)
            beluga_http_request_warn(request, "example-name takes text only: a part was left out");
        else if (part->flags & BELUGA_PART_CACHE)
            beluga_http_request_warn(request, "marks for the cache have no effect on example-name");
}

static void warn_of_the_rest(const beluga_call *call, beluga_http_request *request)
{
    int64_t effort;
    if (beluga_call_tool_count(call))
        beluga_http_request_warn(request, "tools have no effect on example-name");
    if (beluga_call_get_string(call, BELUGA_OPTION_RESPONSE_SCHEMA, NULL))
        beluga_http_request_warn(request, "response_schema has no effect on example-name");
    if (beluga_call_get_int(call, BELUGA_OPTION_REASONING_EFFORT, &effort))
        beluga_http_request_warn(request, "reasoning_effort has no effect on example-name");
}

static int encode_request(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)err;
    warn_of_the_rest(call, request);
    beluga_json_writer *w = beluga_http_request_json(request);
    const char *tone = beluga_call_get_own_string(call, "example-name.tone", NULL);
    double temperature;
    beluga_http_request_set_path(request, "/chat");
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "model", beluga_call_model(call));
    beluga_json_put_bool(w, "stream", beluga_call_is_streamed(call));
    if (beluga_call_get_double(call, BELUGA_OPTION_TEMPERATURE, &temperature))
        beluga_json_put_double(w, "temperature", temperature);
    if (tone) beluga_json_put_string(w, "tone", tone);
    beluga_json_begin_array(w, "messages");
    for (size_t i = 0; i < beluga_call_message_count(call); i++)
        put_message(w, beluga_call_message(call, i), request);
    beluga_json_end_array(w);
    beluga_json_end_object(w);
    return 0;
}

/* ---- 2. an answer becomes events ------------------------------------------------------------- */

static int emit_usage(const beluga_json *counts, beluga_emit *emit)
{
    beluga_usage usage = BELUGA_USAGE_INIT;
    if (!counts) return 0;
    usage.input_total = beluga_json_get_int(counts, "input", -1);
    usage.output_total = beluga_json_get_int(counts, "output", -1);
    return beluga_emit_usage(emit, &usage);
}

/* What the API's words mean. A word that is not in the table is no success: the caller is told. */
static beluga_finish_reason reason_of(const char *word)
{
    static const struct {
        const char *word;
        beluga_finish_reason reason;
    } words[] = {
        {"stop", BELUGA_FINISH_STOP},
        {"length", BELUGA_FINISH_LENGTH},
        {"filtered", BELUGA_FINISH_CONTENT_FILTER},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i].word) == 0) return words[i].reason;
    return BELUGA_FINISH_OTHER;
}

static void describe(const beluga_json *error, beluga_error *err)
{
    size_t n;
    const char *code = beluga_json_get_string(error, "code", &n);
    if (code) beluga_error_set_provider_code(err, code, n);
    const char *message = beluga_json_get_string(error, "message", &n);
    if (message) beluga_error_set_cause(err, message, n);
}

/* An error may also come where an answer should be. */
static int emit_error(const beluga_json *error, beluga_emit *emit)
{
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_STREAM, "%s", beluga_error_text(BELUGA_ERROR_STREAM));
    describe(error, &err);
    return beluga_emit_error(emit, &err);
}

/* {"text": "Hello", "finish": "stop", "usage": {"input": 3, "output": 1}}; a streamed answer is
 * several of them, and only the last says "finish": that is the proof that the answer is complete.
 */
static int decode(const char *json, size_t length, beluga_emit *emit)
{
    enum { TEXT, FINISH, USAGE, ERROR, COUNT };
    static const beluga_json_name names[COUNT] = {
        [TEXT] = BELUGA_JSON_NAME("text"),
        [FINISH] = BELUGA_JSON_NAME("finish"),
        [USAGE] = BELUGA_JSON_NAME("usage"),
        [ERROR] = BELUGA_JSON_NAME("error"),
    };
    const beluga_json *root, *m[COUNT];
    size_t n;
    int status = beluga_emit_parse(emit, json, length, &root);
    if (status) return status;
    beluga_json_pick(root, names, COUNT, m);
    if (beluga_json_is_object(m[ERROR])) return emit_error(m[ERROR], emit);
    const char *text = beluga_json_string(m[TEXT], &n);
    const char *finish = beluga_json_string(m[FINISH], NULL);
    if (text) status = beluga_emit_text(emit, text, n);
    if (status == 0) status = emit_usage(m[USAGE], emit);
    return status || !finish ? status : beluga_emit_finish(emit, reason_of(finish), finish);
}

static int decode_response(void *state, const char *body, size_t length, beluga_emit *emit)
{
    (void)state;
    return decode(body, length, emit);
}

/* For what must be remembered between events there is `state`: set state_size. */
static int decode_event(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    (void)state;
    return decode(frame->data, frame->length, emit);
}

/* ---- 3. errors ------------------------------------------------------------------------------- */

/* {"error": {"code": "busy", "message": "Come back later."}}. `err` has the code that the status
 * means. */
static void decode_error(const beluga_call *call, const beluga_http_response *response,
                         beluga_error *err)
{
    (void)call;
    size_t length;
    beluga_json_doc *doc;
    const char *body = beluga_http_response_body(response, &length);
    if (beluga_json_parse(body, length, &doc, NULL)) return;
    describe(beluga_json_get(beluga_json_doc_root(doc), "error"), err);
    beluga_json_doc_free(doc);
}

/* ---- 4. the table ---------------------------------------------------------------------------- */

static const char *const key_variables[] = {"EXAMPLE_NAME_API_KEY", NULL};

static const beluga_own_option options[] = {
    {.name = "example-name.tone", .meaning = "friendly or formal", .type = BELUGA_OPTION_STRING},
    {.name = NULL},
};

static const beluga_provider provider = {
    BELUGA_PROVIDER_INIT("example-name"),
    .default_model = "chat-1",
    .base_url = "https://api.example-name.example/v1",
    .key_variables = key_variables,
    .options = options,
    .framing = BELUGA_FRAMING_SSE,
    .capabilities = BELUGA_CAPABILITY_STREAM,
    .encode_request = encode_request,
    .decode_response = decode_response,
    .decode_event = decode_event,
    .decode_error = decode_error,
};

BELUGA_REGISTER_PROVIDER(example_name_provider, provider)
