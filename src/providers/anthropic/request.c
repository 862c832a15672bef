#include "providers/anthropic/anthropic.h"
#include "providers/embed.h"

#include <beluga/providers/anthropic.h>

#include <stdio.h>
#include <string.h>

/* ---- tools ----------------------------------------------------------------------------------- */

static void put_tool(beluga__encoder *e, const beluga_tool *tool)
{
    beluga_json_begin_object(e->w, NULL);
    beluga__put_tool_members(e->w, tool, "input_schema");
    if (beluga_tool_is_strict(tool)) beluga_json_put_bool(e->w, "strict", true);
    beluga_json_end_object(e->w);
}

/* Write "tool_choice", which also contains the option that turns off parallel tool calls. */
static void put_tool_choice(beluga__claude_encoder *e, const char *choice)
{
    bool parallel = true;
    const char *type = beluga__claude_choice(choice);
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
    beluga__encoder_end_object(&e->base, &object);
}

static void put_tools(beluga__claude_encoder *e)
{
    const char *choice;
    if (!beluga__has_tools(&e->base, &choice)) return;
    beluga__put_tools(&e->base, put_tool);
    put_tool_choice(e, choice);
}

/* ---- options --------------------------------------------------------------------------------- */

/* Write "max_tokens", which the API requires. If the caller sets no limit, it is large enough for
 * an answer and its thinking, but not above the model's own maximum. */
static void put_max_tokens(beluga__claude_encoder *e)
{
    int64_t tokens = e->plan.max_tokens, most = e->model.max_tokens;
    if (!tokens) {
        tokens = BELUGA_ANTHROPIC_MAX_TOKENS + e->plan.budget;
        if (most && tokens > most) tokens = most;
    }
    if (beluga__body_wants(&e->body, "max_tokens")) beluga_json_put_int(e->w, "max_tokens", tokens);
}

static void put_sampling(beluga__claude_encoder *e)
{
    beluga__body metadata;
    beluga__claude_sampling send =
        beluga__claude_sampling_of(e->call, e->request, &e->model, beluga__claude_thinks(&e->plan));
    put_max_tokens(e);
    if (send.temperature) beluga__claude_put_temperature(e, &e->body);
    if (send.top_p) beluga__body_put(&e->body, "top_p", e->call, BELUGA_OPTION_TOP_P);
    if (send.top_k) beluga__body_put(&e->body, "top_k", e->call, BELUGA_OPTION_TOP_K);
    beluga__body_put_stops(&e->body, "stop_sequences", e->call, e->request);
    beluga__body_begin_object(&e->body, "metadata", &metadata);
    beluga__body_put(&metadata, "user_id", e->call, BELUGA_OPTION_USER);
    beluga__encoder_end_object(&e->base, &metadata);
    beluga__put_stream(&e->base);
}

/* Options for which the API has no field. */
static const beluga_option_field missing[] = {BELUGA__NO_SEED_NO_PENALTIES,
                                              {.key = BELUGA_OPTION_END}};

/* ---- the form of the answer ------------------------------------------------------------------ */

static void put_output_config(beluga__claude_encoder *e)
{
    beluga__answer_form form = beluga__answer_form_of(e->call);
    beluga__body config;
    beluga__body_begin_object(&e->body, "output_config", &config);
    if (e->plan.effort && beluga__body_wants(&config, "effort"))
        beluga_json_put_string(e->w, "effort", e->plan.effort);
    if (form.schema && beluga__body_wants(&config, "format")) {
        beluga_json_begin_object(e->w, "format");
        beluga_json_put_string(e->w, "type", "json_schema");
        beluga_json_put_raw(e->w, "schema", form.schema, form.n_schema);
        beluga_json_end_object(e->w);
    }
    beluga__encoder_end_object(&e->base, &config);
}

static void warn_of_form(beluga__claude_encoder *e)
{
    beluga__answer_form form = beluga__answer_form_of(e->call);
    if (form.is_json && !form.schema)
        beluga_http_request_warn(e->request, "json_mode is not sent: anthropic has none; give a "
                                             "response_schema");
    if (!form.schema) return;
    if (beluga_call_get_string(e->call, BELUGA_OPTION_RESPONSE_SCHEMA_NAME, NULL))
        beluga_http_request_warn(e->request,
                                 "response_schema_name is not sent: anthropic has none");
    if (beluga__is_schema_loose(e->call))
        beluga_http_request_warn(e->request, "response_schema_strict is on: anthropic enforces "
                                             "every schema");
}

/* ---- the request ----------------------------------------------------------------------------- */

static const char *const endpoints[] = {"/v1/messages", NULL};

void beluga__anthropic_set_head(const beluga_call *call, beluga_http_request *request,
                                const char *path)
{
    const char *beta = beluga_call_get_own_string(call, "anthropic.beta", NULL);
    /* The value of ANTHROPIC_BASE_URL does not end in "/v1", unlike the values of other providers'
     * variables, so the path contains it. */
    beluga__set_path(request, endpoints, path);
    beluga_http_request_set_header(request, "anthropic-version", "2023-06-01");
    if (beta) beluga_http_request_set_header(request, "anthropic-beta", beta);
}

int beluga__anthropic_encode_request(const beluga_call *call, beluga_http_request *request,
                                     beluga_error *err)
{
    beluga__claude_encoder e = {.protocol = &beluga__anthropic_protocol};
    beluga__anthropic_set_head(call, request, "/v1/messages");
    int code = beluga__encoder_begin(&e.base, call, request, err);
    if (code) return code;
    e.model = beluga__claude_of(beluga_call_model(call));
    e.plan = beluga__claude_plan_of(call, request, &e.model, BELUGA_ANTHROPIC_MAX_TOKENS);
    beluga__put_model(&e.base);
    put_sampling(&e);
    beluga__claude_put_thinking(&e, &e.body);
    put_output_config(&e);
    put_tools(&e);
    beluga__anthropic_put_messages(&e);
    beluga__body_put_options(&e.body, call, missing);
    warn_of_form(&e);
    return beluga__encoder_end(&e.base);
}

int beluga__anthropic_encode_count(const beluga_call *call, beluga_http_request *request,
                                   beluga_error *err)
{
    beluga__claude_encoder e = {.protocol = &beluga__anthropic_protocol};
    beluga__anthropic_set_head(call, request, "/v1/messages/count_tokens");
    int code = beluga__encoder_begin(&e.base, call, request, err);
    if (code) return code;
    e.model = beluga__claude_of(beluga_call_model(call));
    e.plan = beluga__claude_plan_of(call, request, &e.model, BELUGA_ANTHROPIC_MAX_TOKENS);
    beluga__put_model(&e.base);
    beluga__claude_put_thinking(&e, &e.body);
    put_tools(&e);
    beluga__anthropic_put_messages(&e);
    return beluga__encoder_end(&e.base);
}

int beluga__anthropic_decode_count(const char *body, size_t length, beluga_emit *emit)
{
    return beluga__decode_token_count(body, length, "input_tokens", emit);
}

int beluga__anthropic_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                         beluga_error *err)
{
    (void)err;
    const char *after = beluga_call_page(call);
    beluga_http_request_set_method(request, "GET");
    beluga__anthropic_set_head(call, request, "/v1/models");
    beluga_http_request_add_query(request, "limit", "1000");
    if (after) beluga_http_request_add_query(request, "after_id", after);
    return 0;
}

int beluga__anthropic_authorize(beluga_http_request *request, const beluga_credential *credential,
                                int64_t now, beluga_error *err)
{
    /* This variable holds a token for proxies and for users who signed in, not an API key. */
    bool token = credential->variable && strcmp(credential->variable, "ANTHROPIC_AUTH_TOKEN") == 0;
    (void)now;
    return beluga__set_key(request, credential, "x-api-key", "anthropic.bearer", token, err);
}
