#include "providers/bedrock/bedrock.h"

#include <stdio.h>
#include <string.h>

enum { MAX_MODEL = 2048 * 3 };

static bool is_model(const beluga__bedrock_encoder *e, const char *family)
{
    return strstr(beluga_call_model(e->call), family) != NULL;
}

static void end_object(beluga__bedrock_encoder *e, beluga__body *object)
{
    if (beluga__body_end_object(object))
        beluga__bedrock_fail(e, BELUGA_ERROR_NO_MEMORY, "no memory for extra_body");
}

/* ---- tools ----------------------------------------------------------------------------------- */

static void put_tool(beluga__bedrock_encoder *e, const beluga_tool *tool)
{
    size_t length;
    const char *parameters = beluga_tool_parameters(tool, &length);
    const char *description = beluga_tool_description(tool);
    beluga_json_begin_object(e->w, NULL);
    beluga_json_begin_object(e->w, "toolSpec");
    beluga_json_put_string(e->w, "name", beluga_tool_name(tool));
    if (*description) beluga_json_put_string(e->w, "description", description);
    beluga_json_begin_object(e->w, "inputSchema");
    beluga_json_put_raw(e->w, "json", parameters, length);
    beluga_json_end_object(e->w);
    if (beluga_tool_is_strict(tool)) beluga_json_put_bool(e->w, "strict", true);
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
}

static void put_choice(beluga__bedrock_encoder *e, const char *choice)
{
    bool named = strcmp(choice, "auto") != 0 && strcmp(choice, "required") != 0;
    beluga_json_begin_object(e->w, "toolChoice");
    beluga_json_begin_object(e->w, named ? "tool" : *choice == 'a' ? "auto" : "any");
    if (named) beluga_json_put_string(e->w, "name", choice);
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
}

static bool has_tool_calls(const beluga_call *call)
{
    for (size_t i = 0, n = beluga_call_message_count(call); i < n; i++)
        if (beluga_message_role(beluga_call_message(call, i)) == BELUGA_ROLE_TOOL) return true;
    return false;
}

/* There is no "none", but tools that are not sent are not called; a history with calls wants them,
 * though. */
static bool wants_tools(beluga__bedrock_encoder *e, const char *choice)
{
    bool none = choice && strcmp(choice, "none") == 0;
    if (!beluga_call_tool_count(e->call)) {
        if (choice && !none)
            beluga_http_request_warn(e->request, "tool_choice is not sent: no tools are bound");
        return false;
    }
    if (none && has_tool_calls(e->call))
        beluga_http_request_warn(e->request,
                                 "tool_choice none is not sent: bedrock has none, and wants "
                                 "the tools that were called before");
    return (!none || has_tool_calls(e->call)) && beluga__body_wants(&e->body, "toolConfig");
}

static void put_tools(beluga__bedrock_encoder *e)
{
    const char *choice = beluga_call_get_string(e->call, BELUGA_OPTION_TOOL_CHOICE, NULL);
    bool parallel;
    if (!wants_tools(e, choice)) return;
    beluga_json_begin_object(e->w, "toolConfig");
    beluga_json_begin_array(e->w, "tools");
    for (size_t i = 0, n = beluga_call_tool_count(e->call); i < n; i++)
        put_tool(e, beluga_call_tool(e->call, i));
    beluga_json_end_array(e->w);
    if (choice && strcmp(choice, "none") != 0) put_choice(e, choice);
    beluga_json_end_object(e->w);
    if (beluga_call_get_bool(e->call, BELUGA_OPTION_PARALLEL_TOOL_CALLS, &parallel) && !parallel)
        beluga_http_request_warn(e->request, "parallel_tool_calls is not sent: Converse has none");
}

/* ---- options --------------------------------------------------------------------------------- */

static void put_inference(beluga__bedrock_encoder *e)
{
    beluga__body object;
    beluga__body_begin_object(&e->body, "inferenceConfig", &object);
    beluga__body_put_int(&object, "maxTokens", e->call, BELUGA_OPTION_MAX_TOKENS);
    beluga__body_put_double(&object, "temperature", e->call, BELUGA_OPTION_TEMPERATURE);
    beluga__body_put_double(&object, "topP", e->call, BELUGA_OPTION_TOP_P);
    beluga__body_put_list(&object, "stopSequences", e->call, BELUGA_OPTION_STOP_SEQUENCES);
    end_object(e, &object);
}

/* Each family has its own name for it. */
static void put_top_k(beluga__bedrock_encoder *e, beluga__body *object)
{
    int64_t value;
    if (!beluga_call_get_int(e->call, BELUGA_OPTION_TOP_K, &value)) return;
    if (is_model(e, "anthropic.") || is_model(e, "mistral.")) {
        beluga__body_put_int(object, "top_k", e->call, BELUGA_OPTION_TOP_K);
    } else if (is_model(e, "cohere.")) {
        beluga__body_put_int(object, "k", e->call, BELUGA_OPTION_TOP_K);
    } else if (is_model(e, "amazon.nova")) {
        if (!beluga__body_wants(object, "inferenceConfig")) return;
        beluga_json_begin_object(e->w, "inferenceConfig");
        beluga_json_put_int(e->w, "topK", value);
        beluga_json_end_object(e->w);
    } else {
        beluga_http_request_warn(e->request,
                                 "top_k is not sent: it is not known how this model calls "
                                 "it (extra_body: additionalModelRequestFields)");
    }
}

static void put_thinking(beluga__bedrock_encoder *e, beluga__body *object)
{
    int64_t effort = BELUGA_REASONING_EFFORT_LOW, budget = 0;
    bool has_budget = beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_BUDGET, &budget);
    beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_EFFORT, &effort);
    bool off = effort == BELUGA_REASONING_EFFORT_NONE;
    if (!has_budget && !off) return;
    if (!is_model(e, "anthropic.")) {
        beluga_http_request_warn(e->request,
                                 "%s is not sent: it is not known how this model calls it",
                                 has_budget ? "reasoning_budget" : "reasoning_effort none");
        return;
    }
    if (!beluga__body_wants(object, "thinking")) return;
    off = off || !budget;
    beluga_json_begin_object(e->w, "thinking");
    beluga_json_put_string(e->w, "type", off ? "disabled" : "enabled");
    if (!off) beluga_json_put_int(e->w, "budget_tokens", budget);
    beluga_json_end_object(e->w);
}

static void put_additional(beluga__bedrock_encoder *e)
{
    beluga__body object;
    beluga__body_begin_object(&e->body, "additionalModelRequestFields", &object);
    put_top_k(e, &object);
    put_thinking(e, &object);
    end_object(e, &object);
}

/* The schema goes as a text. */
static void put_schema(beluga__bedrock_encoder *e, const char *schema, size_t length)
{
    const char *name = beluga_call_get_string(e->call, BELUGA_OPTION_RESPONSE_SCHEMA_NAME, NULL);
    beluga_json_begin_object(e->w, "textFormat");
    beluga_json_put_string(e->w, "type", "json_schema");
    beluga_json_begin_object(e->w, "structure");
    beluga_json_begin_object(e->w, "jsonSchema");
    beluga_json_put_string_n(e->w, "schema", schema, length);
    beluga_json_put_string(e->w, "name", name ? name : "answer");
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
}

/* "low" is the least there is; "none" is said elsewhere. */
static void put_effort(beluga__bedrock_encoder *e, beluga__body *object)
{
    int64_t effort;
    if (!beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_EFFORT, &effort)) return;
    if (effort == BELUGA_REASONING_EFFORT_NONE || !beluga__body_wants(object, "effort")) return;
    if (effort == BELUGA_REASONING_EFFORT_MINIMAL) {
        effort = BELUGA_REASONING_EFFORT_LOW;
        beluga_http_request_warn(e->request,
                                 "reasoning_effort minimal is sent as low, which bedrock has");
    }
    beluga_json_put_string(e->w, "effort", beluga__reasoning_effort_name(effort));
}

static void put_output(beluga__bedrock_encoder *e)
{
    size_t length;
    bool json_mode = false;
    beluga__body object;
    const char *schema = beluga_call_get_string(e->call, BELUGA_OPTION_RESPONSE_SCHEMA, &length);
    beluga__body_begin_object(&e->body, "outputConfig", &object);
    if (schema && beluga__body_wants(&object, "textFormat")) put_schema(e, schema, length);
    put_effort(e, &object);
    end_object(e, &object);
    if (beluga_call_get_bool(e->call, BELUGA_OPTION_JSON_MODE, &json_mode) && json_mode && !schema)
        beluga_http_request_warn(e->request, "json_mode is not sent: Converse has only schemas");
}

static void warn_of(beluga__bedrock_encoder *e, bool is_set, const char *name)
{
    if (is_set) beluga_http_request_warn(e->request, "%s is not sent: Converse has none", name);
}

static void warn_of_rest(beluga__bedrock_encoder *e)
{
    const beluga_call *call = e->call;
    double number;
    int64_t integer;
    warn_of(e, beluga_call_get_int(call, BELUGA_OPTION_SEED, &integer), "seed");
    warn_of(e, beluga_call_get_double(call, BELUGA_OPTION_FREQUENCY_PENALTY, &number),
            "frequency_penalty");
    warn_of(e, beluga_call_get_double(call, BELUGA_OPTION_PRESENCE_PENALTY, &number),
            "presence_penalty");
    warn_of(e, beluga_call_get_string(call, BELUGA_OPTION_USER, NULL), "user");
}

/* ---- the request ----------------------------------------------------------------------------- */

/* An id has colons, and slashes where it is an ARN. */
static int set_path(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    char model[MAX_MODEL], path[MAX_MODEL + 32];
    const char *region = beluga__bedrock_region(call);
    if (!beluga__percent_encode(beluga_call_model(call), model, sizeof model))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "the model's id is too long");
    snprintf(path, sizeof path, "/model/%s/converse%s", model,
             beluga_call_is_streamed(call) ? "-stream" : "");
    beluga_http_request_set_path(request, path);
    if (region) beluga__bedrock_set_region(request, region);
    return 0;
}

int beluga__bedrock_encode_request(const beluga_call *call, beluga_http_request *request,
                                   beluga_error *err)
{
    beluga__bedrock_encoder e = {.call = call, .request = request, .err = err};
    int code = set_path(call, request, err);
    if (!code) code = beluga__body_begin(&e.body, call, request, err);
    if (code) return code;
    e.w = e.body.writer;
    beluga__bedrock_put_messages(&e);
    put_inference(&e);
    put_tools(&e);
    put_output(&e);
    put_additional(&e);
    warn_of_rest(&e);
    code = beluga__body_end(&e.body, e.status ? NULL : err);
    return e.status ? e.status : code;
}

/* The list is another service's, at a host of its own. */
int beluga__bedrock_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                       beluga_error *err)
{
    static const char path[] = "/foundation-models";
    const char *region = beluga__bedrock_region(call);
    (void)err;
    beluga_http_request_set_method(request, "GET");
    beluga_http_request_set_path(request, path);
    if (strncmp(beluga_http_request_url(request), BELUGA__BEDROCK_URL,
                sizeof BELUGA__BEDROCK_URL - 1) == 0)
        beluga_http_request_set_url(request, "https://bedrock." BELUGA__BEDROCK_REGION
                                             ".amazonaws.com/foundation-models");
    if (region) beluga__bedrock_set_region(request, region);
    beluga_http_request_add_query(request, "byOutputModality", "TEXT");
    return 0;
}
