#include "providers/responses/responses.h"

#include <string.h>

/* ---- tools ----------------------------------------------------------------------------------- */

/* Without a word on it a tool is strict here, which most schemas are not made for. */
static void put_tool(beluga__responses_encoder *e, const beluga_tool *tool)
{
    size_t length;
    const char *parameters = beluga_tool_parameters(tool, &length);
    const char *description = beluga_tool_description(tool);
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "type", "function");
    beluga_json_put_string(e->w, "name", beluga_tool_name(tool));
    if (*description) beluga_json_put_string(e->w, "description", description);
    beluga_json_put_raw(e->w, "parameters", parameters, length);
    beluga_json_put_bool(e->w, "strict", beluga_tool_is_strict(tool));
    beluga_json_end_object(e->w);
}

static void put_tool_choice(beluga__responses_encoder *e, const char *choice)
{
    if (!beluga__body_wants(&e->body, "tool_choice")) return;
    if (strcmp(choice, "auto") == 0 || strcmp(choice, "none") == 0 ||
        strcmp(choice, "required") == 0) {
        beluga_json_put_string(e->w, "tool_choice", choice);
        return;
    }
    beluga_json_begin_object(e->w, "tool_choice");
    beluga_json_put_string(e->w, "type", "function");
    beluga_json_put_string(e->w, "name", choice);
    beluga_json_end_object(e->w);
}

static void put_tools(beluga__responses_encoder *e)
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
    beluga__body_put_bool(&e->body, "parallel_tool_calls", e->call,
                          BELUGA_OPTION_PARALLEL_TOOL_CALLS);
}

/* ---- reasoning ------------------------------------------------------------------------------- */

static bool wants_store(const beluga__responses_encoder *e)
{
    bool store = false;
    beluga_call_get_own_bool(e->call, "openai-responses.store", &store);
    return store;
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* Families that do not reason refuse to be asked for it; every newer one does. */
static bool may_reason(const char *model)
{
    static const char *const families[] = {"gpt-3", "gpt-4", "chatgpt", "gpt-5-chat"};
    if (starts_with(model, "ft:")) model += strlen("ft:");
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (starts_with(model, families[i])) return false;
    return true;
}

static void put_store(beluga__responses_encoder *e)
{
    bool store = wants_store(e), encrypted = !store && may_reason(beluga_call_model(e->call));
    beluga_call_get_own_bool(e->call, "openai-responses.encrypted_reasoning", &encrypted);
    if (beluga__body_wants(&e->body, "store")) beluga_json_put_bool(e->w, "store", store);
    if (!encrypted || !beluga__body_wants(&e->body, "include")) return;
    beluga_json_begin_array(e->w, "include");
    beluga_json_put_string(e->w, NULL, "reasoning.encrypted_content");
    beluga_json_end_array(e->w);
}

static void end_object(beluga__responses_encoder *e, beluga__body *object)
{
    if (beluga__body_end_object(object))
        beluga__responses_fail(e, BELUGA_ERROR_NO_MEMORY, "no memory for the request");
}

static void put_reasoning(beluga__responses_encoder *e)
{
    beluga__body reasoning;
    int64_t value;
    const char *summary =
        beluga_call_get_own_string(e->call, "openai-responses.reasoning_summary", NULL);
    beluga__body_begin_object(&e->body, "reasoning", &reasoning);
    if (beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_EFFORT, &value) &&
        beluga__body_wants(&reasoning, "effort"))
        beluga_json_put_string(e->w, "effort", beluga__reasoning_effort_name(value));
    if (summary && beluga__body_wants(&reasoning, "summary"))
        beluga_json_put_string(e->w, "summary", summary);
    end_object(e, &reasoning);
}

/* ---- options --------------------------------------------------------------------------------- */

static void put_schema(beluga__responses_encoder *e, const char *schema, size_t length)
{
    const char *name = beluga_call_get_string(e->call, BELUGA_OPTION_RESPONSE_SCHEMA_NAME, NULL);
    bool strict;
    beluga_json_put_string(e->w, "type", "json_schema");
    beluga_json_put_string(e->w, "name", name ? name : "answer");
    beluga_json_put_raw(e->w, "schema", schema, length);
    if (beluga_call_get_bool(e->call, BELUGA_OPTION_RESPONSE_SCHEMA_STRICT, &strict))
        beluga_json_put_bool(e->w, "strict", strict);
}

static void put_format(beluga__responses_encoder *e)
{
    size_t length;
    bool json_mode = false;
    beluga__body text;
    const char *schema = beluga_call_get_string(e->call, BELUGA_OPTION_RESPONSE_SCHEMA, &length);
    beluga_call_get_bool(e->call, BELUGA_OPTION_JSON_MODE, &json_mode);
    beluga__body_begin_object(&e->body, "text", &text);
    if ((schema || json_mode) && beluga__body_wants(&text, "format")) {
        beluga_json_begin_object(e->w, "format");
        if (schema)
            put_schema(e, schema, length);
        else
            beluga_json_put_string(e->w, "type", "json_object");
        beluga_json_end_object(e->w);
    }
    end_object(e, &text);
}

static void put_sampling(beluga__responses_encoder *e)
{
    beluga__body_put_int(&e->body, "max_output_tokens", e->call, BELUGA_OPTION_MAX_TOKENS);
    beluga__body_put_double(&e->body, "temperature", e->call, BELUGA_OPTION_TEMPERATURE);
    beluga__body_put_double(&e->body, "top_p", e->call, BELUGA_OPTION_TOP_P);
    beluga__body_put_string(&e->body, "user", e->call, BELUGA_OPTION_USER);
    if (beluga_call_is_streamed(e->call) && beluga__body_wants(&e->body, "stream"))
        beluga_json_put_bool(e->w, "stream", true);
}

static void warn(beluga__responses_encoder *e, const char *name)
{
    if (beluga__body_wants(&e->body, name))
        beluga_http_request_warn(e->request, "%s is not sent: Responses has none", name);
}

static void warn_about_the_rest(beluga__responses_encoder *e)
{
    int64_t n;
    double x;
    if (beluga_call_get_item(e->call, BELUGA_OPTION_STOP_SEQUENCES, 0, NULL)) warn(e, "stop");
    if (beluga_call_get_int(e->call, BELUGA_OPTION_SEED, &n)) warn(e, "seed");
    if (beluga_call_get_int(e->call, BELUGA_OPTION_TOP_K, &n)) warn(e, "top_k");
    if (beluga_call_get_double(e->call, BELUGA_OPTION_FREQUENCY_PENALTY, &x))
        warn(e, "frequency_penalty");
    if (beluga_call_get_double(e->call, BELUGA_OPTION_PRESENCE_PENALTY, &x))
        warn(e, "presence_penalty");
    if (beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_BUDGET, &n))
        beluga_http_request_warn(e->request, "reasoning_budget is not sent: Responses has only "
                                             "reasoning_effort");
}

/* ---- the request ----------------------------------------------------------------------------- */

int beluga__responses_encode_request(const beluga_call *call, beluga_http_request *request,
                                     beluga_error *err)
{
    beluga__responses_encoder e = {.call = call, .request = request, .err = err};
    beluga__openai_set_path(request, "/responses");
    beluga__openai_set_account(call, request);
    int code = beluga__body_begin(&e.body, call, request, err);
    if (code) return code;
    e.w = e.body.writer;
    if (beluga__body_wants(&e.body, "model"))
        beluga_json_put_string(e.w, "model", beluga_call_model(call));
    beluga__responses_put_input(&e);
    put_sampling(&e);
    put_store(&e);
    put_reasoning(&e);
    put_tools(&e);
    put_format(&e);
    warn_about_the_rest(&e);
    code = beluga__body_end(&e.body, e.status ? NULL : err);
    return e.status ? e.status : code;
}
