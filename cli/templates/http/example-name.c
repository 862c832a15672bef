/* The provider example-name: a model that is reached by HTTP.
 *
 * Each function here is pure: it converts a call into a request, or bytes into events. The library
 * does connections, keys, retries, timeouts, cancelling, batches, logs, traces and metrics. The
 * four places to change for your API are numbered; fixtures/check/ has the answers of the example's
 * API. */
#include <beluga/provider/provider.h>

#include <string.h>

/* ---- 1. a call becomes a request ------------------------------------------------------------- */

/* The options that the API has, and their names in its requests. The library warns about other
 * options. */
static const beluga_option_field fields[] = {
    {.key = BELUGA_OPTION_MAX_TOKENS, .name = "max_tokens"},
    {.key = BELUGA_OPTION_TEMPERATURE, .name = "temperature", .maximum = 1},
    {.key = BELUGA_OPTION_STOP_SEQUENCES, .name = "stop"},
    {.key = BELUGA_OPTION_TOOL_CHOICE, .name = "tool_choice"},
    {.key = BELUGA_OPTION_PARALLEL_TOOL_CALLS, .name = "parallel_calls"},
    {.key = BELUGA_OPTION_END},
};

static const char *role_name(beluga_role role)
{
    switch (role) {
    case BELUGA_ROLE_SYSTEM: return "system";
    case BELUGA_ROLE_AI: return "assistant";
    case BELUGA_ROLE_TOOL: return "tool";
    default: return "user";
    }
}

static void put_call(beluga_json_writer *w, const beluga_part *part)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "id", part->id);
    beluga_json_put_string(w, "name", part->name);
    beluga_json_put_string_n(w, "arguments", part->text, part->text_length);
    beluga_json_end_object(w);
}

/* If the API can't represent a part of the message, warn the caller; never drop it silently. */
static void put_calls(beluga_json_writer *w, const beluga_message *message,
                      beluga_http_request *request)
{
    const beluga_part *part;
    bool open = false;
    for (size_t i = 0; (part = beluga_message_part(message, i)) != NULL; i++) {
        if (part->flags & BELUGA_PART_CACHE)
            beluga_http_request_warn(request, "marks for the cache have no effect on example-name");
        if (part->kind == BELUGA_PART_TOOL_CALL) {
            if (!open) beluga_json_begin_array(w, "calls");
            open = true;
            put_call(w, part);
        } else if (part->kind != BELUGA_PART_TEXT) {
            beluga_http_request_warn(request, "example-name takes text only: a part was left out");
        }
    }
    if (open) beluga_json_end_array(w);
}

static void put_message(beluga_json_writer *w, const beluga_message *message,
                        beluga_http_request *request)
{
    size_t length;
    const char *text = beluga_message_text(message, &length);
    const char *call = beluga_message_tool_call_id(message);
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "role", role_name(beluga_message_role(message)));
    if (call) beluga_json_put_string(w, "call", call);
    beluga_json_put_string_n(w, "content", text, length);
    if (beluga_message_is_tool_error(message)) beluga_json_put_bool(w, "failed", true);
    put_calls(w, message, request);
    beluga_json_end_object(w);
}

static void put_tools(beluga_json_writer *w, const beluga_call *call)
{
    size_t n = beluga_call_tool_count(call), length;
    if (!n) return;
    beluga_json_begin_array(w, "tools");
    for (size_t i = 0; i < n; i++) {
        const beluga_tool *tool = beluga_call_tool(call, i);
        const char *parameters = beluga_tool_parameters(tool, &length);
        beluga_json_begin_object(w, NULL);
        beluga_json_put_string(w, "name", beluga_tool_name(tool));
        beluga_json_put_string(w, "description", beluga_tool_description(tool));
        beluga_json_put_raw(w, "parameters", parameters, length);
        beluga_json_end_object(w);
    }
    beluga_json_end_array(w);
}

static int encode_request(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)err;
    beluga_json_writer *w = beluga_http_request_json(request);
    beluga_http_request_set_path(request, "/chat");
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "model", beluga_call_model(call));
    beluga_json_put_bool(w, "stream", beluga_call_is_streamed(call));
    beluga_http_request_put_options(request, call, fields);
    beluga_json_begin_array(w, "messages");
    for (size_t i = 0; i < beluga_call_message_count(call); i++)
        put_message(w, beluga_call_message(call, i), request);
    beluga_json_end_array(w);
    put_tools(w, call);
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

/* The meaning of the API's finish words. A word that is not in the table does not count as success,
 * and is reported to the caller. */
static beluga_finish_reason reason_of(const char *word)
{
    static const struct {
        const char *word;
        beluga_finish_reason reason;
    } words[] = {
        {"stop", BELUGA_FINISH_STOP},
        {"length", BELUGA_FINISH_LENGTH},
        {"calls", BELUGA_FINISH_TOOL_CALLS},
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

/* Emit an error that arrives in place of an answer. */
static int emit_error(const beluga_json *error, beluga_emit *emit)
{
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_STREAM, "%s", beluga_error_text(BELUGA_ERROR_STREAM));
    describe(error, &err);
    return beluga_emit_error(emit, &err);
}

/* [{"index": 0, "id": "c1", "name": "look", "arguments": "{\"a\""}, {"index": 0, "arguments":
 * ":1}"}]: a call with a name begins, and its arguments come in pieces, also in later events. */
static int emit_calls(const beluga_json *calls, beluga_emit *emit)
{
    int status = 0;
    size_t n;
    for (const beluga_json *c = beluga_json_first(calls); c; c = beluga_json_next(calls, c)) {
        uint32_t index = (uint32_t)beluga_json_get_int(c, "index", 0);
        const char *id = beluga_json_get_string(c, "id", NULL);
        const char *name = beluga_json_get_string(c, "name", NULL);
        const char *arguments = beluga_json_get_string(c, "arguments", &n);
        if (name) status = beluga_emit_tool_call_begin(emit, index, id, name);
        if (!status && arguments) status = beluga_emit_tool_call_delta(emit, index, arguments, n);
        if (status) break;
    }
    return status;
}

/* {"id": "a1", "text": "Hello", "calls": [], "finish": "stop", "usage": {"input": 3, "output": 1}};
 * a streamed answer consists of several such objects. Only the last one has "finish", which proves
 * that the answer is complete. */
static int decode(const char *json, size_t length, beluga_emit *emit)
{
    size_t n;
    const beluga_json *root;
    int status = beluga_emit_parse(emit, json, length, &root);
    if (status) return status;
    const beluga_json *error = beluga_json_get(root, "error");
    if (beluga_json_is_object(error)) return emit_error(error, emit);
    const char *id = beluga_json_get_string(root, "id", NULL);
    const char *text = beluga_json_get_string(root, "text", &n);
    const char *finish = beluga_json_get_string(root, "finish", NULL);
    if (id) status = beluga_emit_metadata(emit, id, NULL, 0);
    if (!status && text) status = beluga_emit_text(emit, text, n);
    if (!status) status = emit_calls(beluga_json_get(root, "calls"), emit);
    if (!status) status = emit_usage(beluga_json_get(root, "usage"), emit);
    return status || !finish ? status : beluga_emit_finish(emit, reason_of(finish), finish);
}

static int decode_response(void *state, const char *body, size_t length, beluga_emit *emit)
{
    (void)state;
    return decode(body, length, emit);
}

/* Decode one event of a stream. To keep data between events, set state_size and use `state`. */
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

static const char *const tones[] = {"friendly", "formal", NULL};

static const beluga_own_option options[] = {
    {.name = "example-name.tone",
     .meaning = "how the answer sounds",
     .type = BELUGA_OPTION_STRING,
     .words = tones,
     .field = "tone"},
    {.name = NULL},
};

static const beluga_provider provider = {
    BELUGA_PROVIDER_INIT("example-name"),
    .default_model = "chat-1",
    .base_url = "https://api.example-name.example/v1",
    .key_variables = key_variables,
    .options = options,
    .framing = BELUGA_FRAMING_SSE,
    .capabilities =
        BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_TOOLS | BELUGA_CAPABILITY_PARALLEL_TOOLS,
    .encode_request = encode_request,
    .decode_response = decode_response,
    .decode_event = decode_event,
    .decode_error = decode_error,
};

BELUGA_REGISTER_PROVIDER(example_name_provider, provider)
