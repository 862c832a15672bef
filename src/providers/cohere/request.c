#include "providers/cohere/cohere.h"
#include "providers/embed.h"
#include "providers/openai/openai.h"

#include <beluga/allocator.h>

#include <string.h>

/* ---- tools ----------------------------------------------------------------------------------- */

/* Write the tools. The API can't choose a tool by name; sending only the tool `only` has the same
 * effect. */
static void put_tool_list(beluga__encoder *e, const char *only)
{
    bool strict = false, loose = false;
    if (!beluga__body_wants(&e->body, "tools")) return;
    beluga_json_begin_array(e->w, "tools");
    for (size_t i = 0, n = beluga_call_tool_count(e->call); i < n; i++) {
        const beluga_tool *tool = beluga_call_tool(e->call, i);
        if (only && strcmp(only, beluga_tool_name(tool)) != 0) continue;
        strict = strict || beluga_tool_is_strict(tool);
        loose = loose || !beluga_tool_is_strict(tool);
        beluga__openai_put_tool(e->w, tool, false);
    }
    beluga_json_end_array(e->w);
    if (!strict || !beluga__body_wants(&e->body, "strict_tools")) return;
    beluga_json_put_bool(e->w, "strict_tools", true);
    if (loose)
        beluga_http_request_warn(
            e->request, "every tool is sent as strict: cohere has one setting for all tools");
}

static void put_tool_choice(beluga__encoder *e, const char *choice)
{
    if (!choice || strcmp(choice, "auto") == 0 || !beluga__body_wants(&e->body, "tool_choice"))
        return;
    beluga_json_put_string(e->w, "tool_choice", strcmp(choice, "none") ? "REQUIRED" : "NONE");
}

static void put_tools(beluga__encoder *e)
{
    const char *choice;
    bool parallel;
    if (!beluga__has_tools(e, &choice)) return;
    put_tool_list(e, choice && beluga__names_a_tool(choice) ? choice : NULL);
    put_tool_choice(e, choice);
    if (beluga_call_get_bool(e->call, BELUGA_OPTION_PARALLEL_TOOL_CALLS, &parallel) && !parallel)
        beluga_http_request_warn(e->request,
                                 "parallel_tool_calls is not sent: cohere may always call several");
}

/* ---- options --------------------------------------------------------------------------------- */

static void put_sampling(beluga__encoder *e)
{
    static const beluga_option_field fields[] = {
        {.key = BELUGA_OPTION_TEMPERATURE, .name = "temperature"},
        {.key = BELUGA_OPTION_TOP_P, .name = "p", .minimum = 0.01, .maximum = 0.99},
        {.key = BELUGA_OPTION_TOP_K, .name = "k", .minimum = 0, .maximum = 500},
        {.key = BELUGA_OPTION_MAX_TOKENS, .name = "max_tokens"},
        {.key = BELUGA_OPTION_FREQUENCY_PENALTY, .name = "frequency_penalty", .maximum = 1},
        {.key = BELUGA_OPTION_PRESENCE_PENALTY, .name = "presence_penalty", .maximum = 1},
        {.key = BELUGA_OPTION_STOP_SEQUENCES, .name = "stop_sequences"},
        {.key = BELUGA_OPTION_SEED, .name = "seed"},
        {.key = BELUGA_OPTION_USER},
        {.key = BELUGA_OPTION_END},
    };
    beluga__body *body = &e->body;
    beluga__body_put_options(body, e->call, fields);
    const char *mode = beluga_call_get_own_string(e->call, "cohere.safety_mode", NULL);
    if (mode && beluga__body_wants(body, "safety_mode"))
        beluga_json_put_string(e->w, "safety_mode", mode);
}

/* Write the settings for thinking, which is on or off and may have a budget. */
static void put_thinking(beluga__encoder *e)
{
    beluga__body object;
    int64_t effort = BELUGA_REASONING_EFFORT_NONE, budget = 0;
    bool has_effort = beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_EFFORT, &effort);
    bool has_budget = beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_BUDGET, &budget);
    bool on =
        (!has_effort || effort != BELUGA_REASONING_EFFORT_NONE) && (!has_budget || budget > 0);
    beluga__body_begin_object(&e->body, "thinking", &object);
    if ((has_effort || has_budget) && beluga__body_wants(&object, "type")) {
        if (has_effort && on)
            beluga_http_request_warn(
                e->request,
                "reasoning_effort %s turns reasoning on: cohere has no levels of effort",
                beluga__reasoning_effort_name(effort));
        beluga_json_put_string(e->w, "type", on ? "enabled" : "disabled");
        if (on && has_budget && beluga__body_wants(&object, "token_budget"))
            beluga_json_put_int(e->w, "token_budget", budget);
    }
    beluga__encoder_end_object(e, &object);
}

static void put_response_format(beluga__encoder *e)
{
    beluga__body object;
    beluga__body_begin_object(&e->body, "response_format", &object);
    beluga__answer_form form = beluga__answer_form_of(e->call);
    if (form.is_json && beluga__body_wants(&object, "type")) {
        beluga_json_put_string(e->w, "type", "json_object");
        if (form.schema && beluga__body_wants(&object, "json_schema"))
            beluga_json_put_raw(e->w, "json_schema", form.schema, form.n_schema);
    }
    beluga__encoder_end_object(e, &object);
    if (!form.schema) return;
    if (beluga_call_get_string(e->call, BELUGA_OPTION_RESPONSE_SCHEMA_NAME, NULL))
        beluga_http_request_warn(e->request, "response_schema_name is not sent: cohere has none");
    if (beluga__is_schema_loose(e->call))
        beluga_http_request_warn(e->request,
                                 "response_schema_strict is on: cohere enforces every schema");
}

/* ---- the request ----------------------------------------------------------------------------- */

static const char *const endpoints[] = {"/v2/chat", "/v2/embed", NULL};

int beluga__cohere_encode_request(const beluga_call *call, beluga_http_request *request,
                                  beluga_error *err)
{
    beluga__encoder e = {0};
    beluga__set_path(request, endpoints, "/v2/chat");
    int code = beluga__encoder_begin(&e, call, request, err);
    if (code) return code;
    beluga__put_model(&e);
    beluga__cohere_put_messages(&e);
    beluga__warn_cache_marks(call, request);
    beluga__put_stream(&e);
    put_sampling(&e);
    put_thinking(&e);
    put_tools(&e);
    put_response_format(&e);
    return beluga__encoder_end(&e);
}

/* Write a request for embeddings. The API requires a purpose; if the caller gives none, the texts
 * are sent as documents. */
int beluga__cohere_encode_embed(const beluga_call *call, beluga_http_request *request,
                                beluga_error *err)
{
    static const char *const types[] = {"search_query", "search_document", "clustering",
                                        "classification", "clustering"};
    beluga__embed_request e;
    beluga__set_path(request, endpoints, "/v2/embed");
    int code = beluga__embed_begin(&e, call, request, err);
    if (code) return code;
    beluga__embed_put_model(&e, "model");
    beluga__embed_put_inputs(&e, "texts");
    const char *type = beluga__embed_type(&e, types, "cohere");
    if (beluga__body_wants(&e.body, "input_type"))
        beluga_json_put_string(e.w, "input_type", type ? type : "search_document");
    if (beluga__body_wants(&e.body, "embedding_types")) {
        beluga_json_begin_array(e.w, "embedding_types");
        beluga_json_put_string(e.w, NULL, "float");
        beluga_json_end_array(e.w);
    }
    beluga__body_put(&e.body, "output_dimension", call, BELUGA_OPTION_DIMENSIONS);
    return beluga__embed_end(&e);
}

static size_t text_length(const beluga_call *call, size_t index)
{
    size_t length = 0;
    const beluga_part *part;
    for (size_t k = 0; (part = beluga_message_part(beluga_call_message(call, index), k)); k++)
        if (part->kind == BELUGA_PART_TEXT) length += part->text_length;
    return length;
}

/* Copy the texts of a message, and a line feed. Returns the number of bytes. */
static size_t copy_texts(const beluga_call *call, size_t index, char *to)
{
    size_t length = 0;
    const beluga_part *part;
    for (size_t k = 0; (part = beluga_message_part(beluga_call_message(call, index), k)); k++) {
        if (part->kind != BELUGA_PART_TEXT || !part->text_length) continue;
        memcpy(to + length, part->text, part->text_length);
        length += part->text_length;
    }
    to[length] = '\n';
    return length + 1;
}

/* Write the texts of all messages as one text. */
static void put_text(beluga__encoder *e)
{
    size_t length = 0, at = 0;
    if (!beluga__body_wants(&e->body, "text")) return;
    for (size_t i = 0; beluga_call_message(e->call, i); i++) length += text_length(e->call, i) + 1;
    const beluga_allocator *allocator = beluga_allocator_default();
    char *text = allocator->alloc(allocator->payload, length);
    if (!text) {
        beluga__encoder_fail(e, BELUGA_ERROR_NO_MEMORY, "no memory for the texts");
        return;
    }
    for (size_t i = 0; beluga_call_message(e->call, i); i++)
        at += copy_texts(e->call, i, text + at);
    beluga_json_put_string_n(e->w, "text", text, at ? at - 1 : 0);
    allocator->release(allocator->payload, text);
}

int beluga__cohere_encode_count(const beluga_call *call, beluga_http_request *request,
                                beluga_error *err)
{
    beluga__encoder e = {0};
    beluga__set_path(request, endpoints, "/v1/tokenize");
    int code = beluga__encoder_begin(&e, call, request, err);
    if (code) return code;
    beluga__put_model(&e);
    put_text(&e);
    beluga__warn_of_texts_only(call, request, "cohere");
    return beluga__encoder_end(&e);
}

int beluga__cohere_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                      beluga_error *err)
{
    const char *page = beluga_call_page(call);
    (void)err;
    beluga_http_request_set_method(request, "GET");
    beluga__set_path(request, endpoints, "/v1/models");
    beluga_http_request_add_query(request, "endpoint", "chat");
    beluga_http_request_add_query(request, "page_size", "1000");
    if (page) beluga_http_request_add_query(request, "page_token", page);
    return 0;
}
