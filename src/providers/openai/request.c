#include "providers/openai/openai.h"

#include <string.h>

/* A request being written. What is wrong with its messages sticks in `status`. */
struct encoder {
    const beluga_call *call;
    beluga_http_request *request;
    beluga_error *err;
    beluga__body body;
    beluga_json_writer *w;
    int status;
    bool dropped_reasoning, dropped_mark; /* already warned about */
};

static void fail(struct encoder *e, int code, const char *what)
{
    if (!e->status) e->status = beluga_error_set(e->err, code, "%s", what);
}

/* ---- parts of messages ----------------------------------------------------------------------- */

static void put_text(struct encoder *e, const beluga_part *part)
{
    beluga_json_put_string(e->w, "type", "text");
    beluga_json_put_string_n(e->w, "text", part->text, part->text_length);
}

static void put_data_url(struct encoder *e, const char *key, const beluga_part *part)
{
    char prefix[160];
    const char *media_type = part->media_type;
    size_t n = strlen(media_type);
    if (n > sizeof prefix - sizeof "data:;base64,") {
        fail(e, BELUGA_ERROR_INVALID_INPUT, "a part's media type is too long");
        return;
    }
    memcpy(prefix, "data:", 5);
    memcpy(prefix + 5, media_type, n);
    memcpy(prefix + 5 + n, ";base64,", sizeof ";base64,");
    beluga_json_put_base64(e->w, key, prefix, part->data, part->data_length);
}

static void put_image(struct encoder *e, const beluga_part *part)
{
    beluga_json_put_string(e->w, "type", "image_url");
    beluga_json_begin_object(e->w, "image_url");
    if (part->url)
        beluga_json_put_string(e->w, "url", part->url);
    else
        put_data_url(e, "url", part);
    beluga_json_end_object(e->w);
}

static const char *audio_format(const char *media_type)
{
    static const char *const types[][2] = {
        {"audio/wav", "wav"}, {"audio/x-wav", "wav"}, {"audio/wave", "wav"}, {"audio/vnd.wave", "wav"},
        {"audio/mpeg", "mp3"}, {"audio/mp3", "mp3"}};
    for (size_t i = 0; media_type && i < sizeof types / sizeof *types; i++)
        if (strcmp(media_type, types[i][0]) == 0) return types[i][1];
    return NULL;
}

static void put_audio(struct encoder *e, const beluga_part *part)
{
    const char *format = audio_format(part->media_type);
    if (part->url || !format) {
        fail(e, BELUGA_ERROR_NOT_SUPPORTED, "openai takes audio as bytes of type audio/wav or audio/mpeg only");
        return;
    }
    beluga_json_put_string(e->w, "type", "input_audio");
    beluga_json_begin_object(e->w, "input_audio");
    beluga_json_put_base64(e->w, "data", "", part->data, part->data_length);
    beluga_json_put_string(e->w, "format", format);
    beluga_json_end_object(e->w);
}

static void put_file(struct encoder *e, const beluga_part *part)
{
    if (part->url && strncmp(part->url, "data:", 5) != 0) {
        fail(e, BELUGA_ERROR_NOT_SUPPORTED, "openai takes files as bytes or data: URLs only");
        return;
    }
    beluga_json_put_string(e->w, "type", "file");
    beluga_json_begin_object(e->w, "file");
    beluga_json_put_string(e->w, "filename", part->name ? part->name : "file");
    if (part->url)
        beluga_json_put_string(e->w, "file_data", part->url);
    else
        put_data_url(e, "file_data", part);
    beluga_json_end_object(e->w);
}

static void put_part(struct encoder *e, const beluga_part *part)
{
    beluga_json_begin_object(e->w, NULL);
    switch (part->kind) {
    case BELUGA_PART_TEXT: put_text(e, part); break;
    case BELUGA_PART_IMAGE: put_image(e, part); break;
    case BELUGA_PART_AUDIO: put_audio(e, part); break;
    case BELUGA_PART_FILE: put_file(e, part); break;
    default: fail(e, BELUGA_ERROR_NOT_SUPPORTED, "openai can't take a part of this kind from this role");
    }
    beluga_json_end_object(e->w);
}

/* ---- messages -------------------------------------------------------------------------------- */

/* Parts that are not "content" in this protocol. */
static bool is_beside_content(const beluga_part *part)
{
    return part->kind == BELUGA_PART_TOOL_CALL || part->kind == BELUGA_PART_REASONING;
}

static size_t content_count(const beluga_message *message, bool ai, const beluga_part **first)
{
    size_t count = 0;
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (ai && is_beside_content(part)) continue;
        if (!count++) *first = part;
    }
    return count;
}

/* One text is a string, which every host understands; anything else an array of parts. */
static void put_content(struct encoder *e, const beluga_message *message, bool ai)
{
    const beluga_part *first = NULL;
    size_t count = content_count(message, ai, &first);
    if (!count && ai && beluga_message_count(message)) {
        beluga_json_put_null(e->w, "content");
    } else if (!count) {
        beluga_json_put_string(e->w, "content", "");
    } else if (count == 1 && first->kind == BELUGA_PART_TEXT) {
        beluga_json_put_string_n(e->w, "content", first->text, first->text_length);
    } else {
        beluga_json_begin_array(e->w, "content");
        for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
            const beluga_part *part = beluga_message_part(message, i);
            if (!ai || !is_beside_content(part)) put_part(e, part);
        }
        beluga_json_end_array(e->w);
    }
}

/* Only the human's messages may hold more than text. */
static void want_text_only(struct encoder *e, const beluga_message *message)
{
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        uint32_t kind = beluga_message_part(message, i)->kind;
        if (kind == BELUGA_PART_IMAGE || kind == BELUGA_PART_AUDIO || kind == BELUGA_PART_FILE)
            fail(e, BELUGA_ERROR_NOT_SUPPORTED,
                 "openai takes images, audio and files in human messages only");
    }
}

static void put_tool_call(struct encoder *e, const beluga_part *part)
{
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "id", part->id ? part->id : "");
    beluga_json_put_string(e->w, "type", "function");
    beluga_json_begin_object(e->w, "function");
    beluga_json_put_string(e->w, "name", part->name ? part->name : "");
    if (part->text_length)
        beluga_json_put_string_n(e->w, "arguments", part->text, part->text_length);
    else
        beluga_json_put_string(e->w, "arguments", "{}");
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
}

static void put_tool_calls(struct encoder *e, const beluga_message *message)
{
    bool open = false;
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (part->kind == BELUGA_PART_REASONING && !e->dropped_reasoning) {
            e->dropped_reasoning = true;
            beluga_http_request_warn(e->request, "the reasoning of earlier answers is not sent back: "
                                                 "Chat Completions has no place for it");
        }
        if (part->kind != BELUGA_PART_TOOL_CALL) continue;
        if (!open) beluga_json_begin_array(e->w, "tool_calls");
        open = true;
        put_tool_call(e, part);
    }
    if (open) beluga_json_end_array(e->w);
}

static void put_tool_result(struct encoder *e, const beluga_message *message)
{
    const char *id = beluga_message_tool_call_id(message);
    if (!id) fail(e, BELUGA_ERROR_INVALID_INPUT, "a tool's message does not say which call it answers");
    if (beluga_message_is_tool_error(message) && !e->dropped_mark) {
        e->dropped_mark = true;
        beluga_http_request_warn(e->request, "that a tool failed is told by its text alone: "
                                             "Chat Completions has no mark for it");
    }
    beluga_json_put_string(e->w, "tool_call_id", id);
}

static const char *role_name(beluga_role role)
{
    switch (role) {
    case BELUGA_ROLE_SYSTEM: return "system";
    case BELUGA_ROLE_AI: return "assistant";
    case BELUGA_ROLE_TOOL: return "tool";
    default: return "user";
    }
}

static void put_message(struct encoder *e, const beluga_message *message)
{
    beluga_role role = beluga_message_role(message);
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "role", role_name(role));
    if (role == BELUGA_ROLE_TOOL) put_tool_result(e, message);
    if (role != BELUGA_ROLE_HUMAN) want_text_only(e, message);
    put_content(e, message, role == BELUGA_ROLE_AI);
    if (role == BELUGA_ROLE_AI) put_tool_calls(e, message);
    beluga_json_end_object(e->w);
}

static void put_messages(struct encoder *e)
{
    if (!beluga__body_wants(&e->body, "messages")) return;
    beluga_json_begin_array(e->w, "messages");
    for (size_t i = 0, n = beluga_call_message_count(e->call); i < n; i++)
        put_message(e, beluga_call_message(e->call, i));
    beluga_json_end_array(e->w);
}

/* ---- tools ----------------------------------------------------------------------------------- */

static void put_tool(struct encoder *e, const beluga_tool *tool)
{
    size_t length;
    const char *parameters = beluga_tool_parameters(tool, &length);
    const char *description = beluga_tool_description(tool);
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "type", "function");
    beluga_json_begin_object(e->w, "function");
    beluga_json_put_string(e->w, "name", beluga_tool_name(tool));
    if (*description) beluga_json_put_string(e->w, "description", description);
    beluga_json_put_raw(e->w, "parameters", parameters, length);
    if (beluga_tool_is_strict(tool)) beluga_json_put_bool(e->w, "strict", true);
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
}

static void put_tool_choice(struct encoder *e, const char *choice)
{
    if (!beluga__body_wants(&e->body, "tool_choice")) return;
    if (strcmp(choice, "auto") == 0 || strcmp(choice, "none") == 0 || strcmp(choice, "required") == 0) {
        beluga_json_put_string(e->w, "tool_choice", choice);
        return;
    }
    beluga_json_begin_object(e->w, "tool_choice");
    beluga_json_put_string(e->w, "type", "function");
    beluga_json_begin_object(e->w, "function");
    beluga_json_put_string(e->w, "name", choice);
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
}

/* Hosts refuse the options about tools where there are none. */
static void put_tools(struct encoder *e)
{
    size_t n = beluga_call_tool_count(e->call);
    const char *choice = beluga_call_get_string(e->call, BELUGA_OPTION_TOOL_CHOICE, NULL);
    if (!n) {
        if (choice && strcmp(choice, "none") != 0)
            beluga_http_request_warn(e->request, "tool_choice is not sent: no tools are bound");
        return;
    }
    if (beluga__body_wants(&e->body, "tools")) {
        beluga_json_begin_array(e->w, "tools");
        for (size_t i = 0; i < n; i++) put_tool(e, beluga_call_tool(e->call, i));
        beluga_json_end_array(e->w);
    }
    if (choice) put_tool_choice(e, choice);
    beluga__body_put_bool(&e->body, "parallel_tool_calls", e->call, BELUGA_OPTION_PARALLEL_TOOL_CALLS);
}

/* ---- options --------------------------------------------------------------------------------- */

static bool ends_with(const char *text, size_t n, const char *end)
{
    size_t length = strlen(end);
    return n >= length && memcmp(text + n - length, end, length) == 0;
}

/* OpenAI's own hosts, api.openai.com and those of its regions, refuse "max_tokens" for newer models;
 * other hosts may not know "max_completion_tokens". */
static bool is_openai_host(const char *url)
{
    const char *host = strstr(url, "://");
    if (!host) return false;
    host += 3;
    size_t n = strcspn(host, "/:?");
    return ends_with(host, n, ".api.openai.com") || (n == 14 && ends_with(host, n, "api.openai.com"));
}

static void put_max_tokens(struct encoder *e)
{
    bool newer = is_openai_host(beluga_http_request_url(e->request));
    beluga_call_get_own_bool(e->call, "openai.max_completion_tokens", &newer);
    beluga__body_put_int(&e->body, newer ? "max_completion_tokens" : "max_tokens", e->call,
                         BELUGA_OPTION_MAX_TOKENS);
}

static void put_sampling(struct encoder *e)
{
    const beluga__body *body = &e->body;
    int64_t value;
    beluga__body_put_double(body, "temperature", e->call, BELUGA_OPTION_TEMPERATURE);
    beluga__body_put_double(body, "top_p", e->call, BELUGA_OPTION_TOP_P);
    put_max_tokens(e);
    beluga__body_put_double(body, "frequency_penalty", e->call, BELUGA_OPTION_FREQUENCY_PENALTY);
    beluga__body_put_double(body, "presence_penalty", e->call, BELUGA_OPTION_PRESENCE_PENALTY);
    beluga__body_put_list(body, "stop", e->call, BELUGA_OPTION_STOP_SEQUENCES);
    beluga__body_put_int(body, "seed", e->call, BELUGA_OPTION_SEED);
    beluga__body_put_string(body, "user", e->call, BELUGA_OPTION_USER);
    if (beluga_call_get_int(e->call, BELUGA_OPTION_TOP_K, &value) && beluga__body_wants(body, "top_k"))
        beluga_http_request_warn(e->request, "top_k is not sent: Chat Completions has none "
                                             "(a host that takes it gets it by extra_body)");
}

static void put_reasoning(struct encoder *e)
{
    int64_t value;
    if (beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_EFFORT, &value) &&
        beluga__body_wants(&e->body, "reasoning_effort"))
        beluga_json_put_string(e->w, "reasoning_effort", beluga__reasoning_effort_name(value));
    if (beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_BUDGET, &value))
        beluga_http_request_warn(e->request, "reasoning_budget is not sent: Chat Completions has only "
                                             "reasoning_effort");
}

static void put_schema(struct encoder *e, const char *schema, size_t length)
{
    const char *name = beluga_call_get_string(e->call, BELUGA_OPTION_RESPONSE_SCHEMA_NAME, NULL);
    bool strict;
    beluga_json_put_string(e->w, "type", "json_schema");
    beluga_json_begin_object(e->w, "json_schema");
    beluga_json_put_string(e->w, "name", name ? name : "answer");
    beluga_json_put_raw(e->w, "schema", schema, length);
    if (beluga_call_get_bool(e->call, BELUGA_OPTION_RESPONSE_SCHEMA_STRICT, &strict))
        beluga_json_put_bool(e->w, "strict", strict);
    beluga_json_end_object(e->w);
}

static void put_response_format(struct encoder *e)
{
    size_t length;
    bool json_mode = false;
    const char *schema = beluga_call_get_string(e->call, BELUGA_OPTION_RESPONSE_SCHEMA, &length);
    beluga_call_get_bool(e->call, BELUGA_OPTION_JSON_MODE, &json_mode);
    if ((!schema && !json_mode) || !beluga__body_wants(&e->body, "response_format")) return;
    beluga_json_begin_object(e->w, "response_format");
    if (schema)
        put_schema(e, schema, length);
    else
        beluga_json_put_string(e->w, "type", "json_object");
    beluga_json_end_object(e->w);
}

static void put_stream(struct encoder *e)
{
    if (!beluga_call_is_streamed(e->call)) return;
    if (beluga__body_wants(&e->body, "stream")) beluga_json_put_bool(e->w, "stream", true);
    if (!beluga__body_wants(&e->body, "stream_options")) return;
    beluga_json_begin_object(e->w, "stream_options");
    beluga_json_put_bool(e->w, "include_usage", true);
    beluga_json_end_object(e->w);
}

/* ---- the request ----------------------------------------------------------------------------- */

static void set_account(const beluga_call *call, beluga_http_request *request)
{
    const char *organization = beluga_call_get_own_string(call, "openai.organization", NULL);
    const char *project = beluga_call_get_own_string(call, "openai.project", NULL);
    if (organization) beluga_http_request_set_header(request, "OpenAI-Organization", organization);
    if (project) beluga_http_request_set_header(request, "OpenAI-Project", project);
}

int beluga__openai_encode_request(const beluga_call *call, beluga_http_request *request,
                                  beluga_error *err)
{
    struct encoder e = {.call = call, .request = request, .err = err};
    beluga_http_request_set_path(request, "/chat/completions");
    set_account(call, request);
    int code = beluga__body_begin(&e.body, call, request, err);
    if (code) return code;
    e.w = e.body.writer;
    if (beluga__body_wants(&e.body, "model"))
        beluga_json_put_string(e.w, "model", beluga_call_model(call));
    put_messages(&e);
    put_stream(&e);
    put_sampling(&e);
    put_reasoning(&e);
    put_tools(&e);
    put_response_format(&e);
    code = beluga__body_end(&e.body, e.status ? NULL : err);
    return e.status ? e.status : code;
}

int beluga__openai_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                      beluga_error *err)
{
    (void)err;
    beluga_http_request_set_method(request, "GET");
    beluga_http_request_set_path(request, "/models");
    set_account(call, request);
    return 0;
}
