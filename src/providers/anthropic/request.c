#include "providers/anthropic/anthropic.h"

#include <beluga/providers/anthropic.h>
#include <stdio.h>
#include <string.h>

static void end_object(beluga__anthropic_encoder *e, beluga__body *object)
{
    if (beluga__body_end_object(object))
        beluga__anthropic_fail(e, BELUGA_ERROR_NO_MEMORY, "no memory for the request");
}

/* ---- tools ----------------------------------------------------------------------------------- */

static void put_tool(beluga__anthropic_encoder *e, const beluga_tool *tool)
{
    size_t length;
    const char *schema = beluga_tool_parameters(tool, &length);
    const char *description = beluga_tool_description(tool);
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "name", beluga_tool_name(tool));
    if (*description) beluga_json_put_string(e->w, "description", description);
    beluga_json_put_raw(e->w, "input_schema", schema, length);
    if (beluga_tool_is_strict(tool)) beluga_json_put_bool(e->w, "strict", true);
    beluga_json_end_object(e->w);
}

static const char *choice_type(const char *choice)
{
    if (!choice || strcmp(choice, "auto") == 0) return "auto";
    if (strcmp(choice, "none") == 0) return "none";
    return strcmp(choice, "required") == 0 ? "any" : "tool";
}

/* Several calls at once are on unless they are turned off, here of all places. */
static void put_tool_choice(beluga__anthropic_encoder *e, const char *choice)
{
    bool parallel = true;
    const char *type = choice_type(choice);
    beluga__body object;
    beluga_call_get_bool(e->call, BELUGA_OPTION_PARALLEL_TOOL_CALLS, &parallel);
    beluga__body_begin_object(&e->body, "tool_choice", &object);
    if (choice || !parallel || object.extra) {
        bool ours = beluga__body_wants(&object, "type");
        if (ours) beluga_json_put_string(e->w, "type", type);
        if (ours && strcmp(type, "tool") == 0) beluga_json_put_string(e->w, "name", choice);
    }
    if (!parallel && strcmp(type, "none") != 0 &&
        beluga__body_wants(&object, "disable_parallel_tool_use"))
        beluga_json_put_bool(e->w, "disable_parallel_tool_use", true);
    end_object(e, &object);
}

static void put_tools(beluga__anthropic_encoder *e)
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
    put_tool_choice(e, choice);
}

/* ---- options --------------------------------------------------------------------------------- */

/* What the caller leaves open is as much as was always left, and what thinking takes; no model may
 * be asked for more than it has. */
static void put_max_tokens(beluga__anthropic_encoder *e)
{
    int64_t tokens = e->plan.max_tokens, most = e->model.max_tokens;
    if (!tokens) {
        tokens = BELUGA_ANTHROPIC_MAX_TOKENS + e->plan.budget;
        if (most && tokens > most) tokens = most;
    }
    if (beluga__body_wants(&e->body, "max_tokens")) beluga_json_put_int(e->w, "max_tokens", tokens);
}

static void put_temperature(beluga__anthropic_encoder *e)
{
    double value;
    if (!beluga_call_get_double(e->call, BELUGA_OPTION_TEMPERATURE, &value) ||
        !beluga__body_wants(&e->body, "temperature"))
        return;
    if (value > 1)
        beluga_http_request_warn(e->request, "temperature %g is sent as 1: anthropic takes 0 to 1",
                                 value);
    beluga_json_put_double(e->w, "temperature", value > 1 ? 1 : value);
}

static void put_user(beluga__anthropic_encoder *e)
{
    beluga__body metadata;
    beluga__body_begin_object(&e->body, "metadata", &metadata);
    beluga__body_put_string(&metadata, "user_id", e->call, BELUGA_OPTION_USER);
    end_object(e, &metadata);
}

static void put_sampling(beluga__anthropic_encoder *e)
{
    beluga__claude_sampling send =
        beluga__claude_sampling_of(e->call, e->request, &e->model, beluga__claude_thinks(&e->plan));
    put_max_tokens(e);
    if (send.temperature) put_temperature(e);
    if (send.top_p) beluga__body_put_double(&e->body, "top_p", e->call, BELUGA_OPTION_TOP_P);
    if (send.top_k) beluga__body_put_int(&e->body, "top_k", e->call, BELUGA_OPTION_TOP_K);
    beluga__body_put_stops(&e->body, "stop_sequences", e->call, e->request);
    put_user(e);
    if (beluga_call_is_streamed(e->call) && beluga__body_wants(&e->body, "stream"))
        beluga_json_put_bool(e->w, "stream", true);
}

/* ---- reasoning and the form of the answer ---------------------------------------------------- */

/* The newest models show nothing of what they think unless they are asked to. */
static void put_thinking(beluga__anthropic_encoder *e)
{
    const beluga__claude_plan *plan = &e->plan;
    beluga__body object;
    beluga__body_begin_object(&e->body, "thinking", &object);
    if (plan->mode && beluga__body_wants(&object, "type")) {
        beluga_json_put_string(e->w, "type", beluga__claude_mode_name(plan->mode));
        if (plan->mode == BELUGA__CLAUDE_ENABLED && beluga__body_wants(&object, "budget_tokens"))
            beluga_json_put_int(e->w, "budget_tokens", plan->budget);
        if (plan->mode == BELUGA__CLAUDE_ADAPTIVE && e->model.known &&
            beluga__body_wants(&object, "display"))
            beluga_json_put_string(e->w, "display", "summarized");
    }
    end_object(e, &object);
}

static void put_format(beluga__anthropic_encoder *e, beluga__body *config)
{
    size_t length;
    const char *schema = beluga_call_get_string(e->call, BELUGA_OPTION_RESPONSE_SCHEMA, &length);
    if (!schema || !beluga__body_wants(config, "format")) return;
    beluga_json_begin_object(e->w, "format");
    beluga_json_put_string(e->w, "type", "json_schema");
    beluga_json_put_raw(e->w, "schema", schema, length);
    beluga_json_end_object(e->w);
}

static void put_output_config(beluga__anthropic_encoder *e)
{
    beluga__body config;
    beluga__body_begin_object(&e->body, "output_config", &config);
    if (e->plan.effort && beluga__body_wants(&config, "effort"))
        beluga_json_put_string(e->w, "effort", e->plan.effort);
    put_format(e, &config);
    end_object(e, &config);
}

/* ---- what there is no place for -------------------------------------------------------------- */

static void warn_about_numbers(beluga__anthropic_encoder *e)
{
    int64_t seed;
    double penalty;
    if (beluga_call_get_int(e->call, BELUGA_OPTION_SEED, &seed))
        beluga_http_request_warn(e->request, "seed is not sent: anthropic has none");
    if (beluga_call_get_double(e->call, BELUGA_OPTION_FREQUENCY_PENALTY, &penalty))
        beluga_http_request_warn(e->request, "frequency_penalty is not sent: anthropic has none");
    if (beluga_call_get_double(e->call, BELUGA_OPTION_PRESENCE_PENALTY, &penalty))
        beluga_http_request_warn(e->request, "presence_penalty is not sent: anthropic has none");
}

static void warn_about_format(beluga__anthropic_encoder *e)
{
    bool on = false, strict = true;
    bool schema = beluga_call_get_string(e->call, BELUGA_OPTION_RESPONSE_SCHEMA, NULL);
    beluga_call_get_bool(e->call, BELUGA_OPTION_JSON_MODE, &on);
    beluga_call_get_bool(e->call, BELUGA_OPTION_RESPONSE_SCHEMA_STRICT, &strict);
    if (on && !schema)
        beluga_http_request_warn(e->request, "json_mode is not sent: anthropic has none; give a "
                                             "response_schema");
    if (schema && beluga_call_get_string(e->call, BELUGA_OPTION_RESPONSE_SCHEMA_NAME, NULL))
        beluga_http_request_warn(e->request,
                                 "response_schema_name is not sent: anthropic has none");
    if (schema && !strict)
        beluga_http_request_warn(e->request, "response_schema_strict is on: anthropic enforces "
                                             "every schema");
}

/* ---- the request ----------------------------------------------------------------------------- */

static const char *const endpoints[] = {"/v1/messages", NULL};

static void set_head(const beluga_call *call, beluga_http_request *request, const char *path)
{
    const char *beta = beluga_call_get_own_string(call, "anthropic.beta", NULL);
    /* The variable has no "/v1" in it, but those of other providers do. */
    beluga__set_path(request, endpoints, path);
    beluga_http_request_set_header(request, "anthropic-version", "2023-06-01");
    if (beta) beluga_http_request_set_header(request, "anthropic-beta", beta);
}

int beluga__anthropic_encode_request(const beluga_call *call, beluga_http_request *request,
                                     beluga_error *err)
{
    beluga__anthropic_encoder e = {.call = call, .request = request, .err = err};
    set_head(call, request, "/v1/messages");
    int code = beluga__body_begin(&e.body, call, request, err);
    if (code) return code;
    e.w = e.body.writer;
    e.model = beluga__claude_of(beluga_call_model(call));
    e.plan = beluga__claude_plan_of(call, request, &e.model, BELUGA_ANTHROPIC_MAX_TOKENS);
    if (beluga__body_wants(&e.body, "model"))
        beluga_json_put_string(e.w, "model", beluga_call_model(call));
    put_sampling(&e);
    put_thinking(&e);
    put_output_config(&e);
    put_tools(&e);
    beluga__anthropic_look_at_messages(&e);
    beluga__anthropic_put_system(&e);
    beluga__anthropic_put_messages(&e);
    warn_about_numbers(&e);
    warn_about_format(&e);
    code = beluga__body_end(&e.body, e.status ? NULL : err);
    return e.status ? e.status : code;
}

int beluga__anthropic_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                         beluga_error *err)
{
    (void)err;
    const char *after = beluga_call_page(call);
    beluga_http_request_set_method(request, "GET");
    set_head(call, request, "/v1/models");
    beluga_http_request_add_query(request, "limit", "1000");
    if (after) beluga_http_request_add_query(request, "after_id", after);
    return 0;
}

int beluga__anthropic_authorize(beluga_http_request *request, const beluga_credential *credential,
                                int64_t now, beluga_error *err)
{
    /* This variable holds a token for proxies and for people who signed in, not an API key. */
    bool token = credential->variable && strcmp(credential->variable, "ANTHROPIC_AUTH_TOKEN") == 0;
    (void)now;
    return beluga__set_key(request, credential, "x-api-key", "anthropic.bearer", token, err);
}
