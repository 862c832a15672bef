#include "providers/ollama/ollama.h"

#include <stdlib.h>
#include <string.h>

/* ---- tools ----------------------------------------------------------------------------------- */

static void put_tool(beluga__ollama_encoder *e, const beluga_tool *tool)
{
    size_t length;
    const char *parameters = beluga_tool_parameters(tool, &length);
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "type", "function");
    beluga_json_begin_object(e->w, "function");
    beluga_json_put_string(e->w, "name", beluga_tool_name(tool));
    beluga_json_put_string(e->w, "description", beluga_tool_description(tool));
    beluga_json_put_raw(e->w, "parameters", parameters, length);
    beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
    if (!beluga_tool_is_strict(tool) || e->dropped_strict) return;
    e->dropped_strict = true;
    beluga_http_request_warn(e->request, "that a tool is strict is not sent: Ollama does not hold "
                                         "models to their tools' schemas");
}

/* There is no tool_choice; but a model that sees no tools calls none. */
static bool choose(beluga__ollama_encoder *e)
{
    const char *choice = beluga_call_get_string(e->call, BELUGA_OPTION_TOOL_CHOICE, NULL);
    size_t n = beluga_call_tool_count(e->call);
    if (choice && strcmp(choice, "none") == 0) return false;
    if (choice && (!n || strcmp(choice, "auto") != 0))
        beluga_http_request_warn(e->request, "tool_choice is not sent: %s",
                                 n ? "Ollama's models call tools as they like"
                                   : "no tools are bound");
    return n > 0;
}

static void put_tools(beluga__ollama_encoder *e)
{
    bool parallel = true;
    if (!choose(e)) return;
    if (beluga_call_get_bool(e->call, BELUGA_OPTION_PARALLEL_TOOL_CALLS, &parallel) && !parallel)
        beluga_http_request_warn(e->request, "parallel_tool_calls is not sent: Ollama can't be "
                                             "told to call one tool at a time");
    if (!beluga__body_wants(&e->body, "tools")) return;
    beluga_json_begin_array(e->w, "tools");
    for (size_t i = 0, n = beluga_call_tool_count(e->call); i < n; i++)
        put_tool(e, beluga_call_tool(e->call, i));
    beluga_json_end_array(e->w);
}

/* ---- thinking -------------------------------------------------------------------------------- */

static void put_effort(beluga__ollama_encoder *e, int64_t effort)
{
    static const char *const levels[] = {NULL, "low", "low", "medium", "high", "high", "max"};
    const char *level = levels[effort], *name = beluga__reasoning_effort_name(effort);
    if (!level)
        beluga_json_put_bool(e->w, "think", false);
    else
        beluga_json_put_string(e->w, "think", level);
    if (level && strcmp(level, name) != 0)
        beluga_http_request_warn(e->request, "reasoning_effort is sent as %s: Ollama has no %s",
                                 level, name);
}

static void put_think(beluga__ollama_encoder *e)
{
    int64_t effort, budget = 0;
    bool has_effort = beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_EFFORT, &effort);
    bool has_budget = beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_BUDGET, &budget);
    if ((!has_effort && !has_budget) || !beluga__body_wants(&e->body, "think")) return;
    if (has_effort)
        put_effort(e, effort);
    else
        beluga_json_put_bool(e->w, "think", budget > 0);
    if (has_budget && (has_effort || budget))
        beluga_http_request_warn(e->request,
                                 "reasoning_budget is not sent: Ollama can only be told "
                                 "whether, or how hard, to think");
}

/* ---- options --------------------------------------------------------------------------------- */

static void put_num_ctx(beluga__ollama_encoder *e, beluga__body *options)
{
    int64_t tokens;
    if (beluga_call_get_own_int(e->call, "ollama.num_ctx", &tokens) &&
        beluga__body_wants(options, "num_ctx"))
        beluga_json_put_int(e->w, "num_ctx", tokens);
}

static void put_options(beluga__ollama_encoder *e)
{
    const beluga_call *call = e->call;
    beluga__body o;
    beluga__body_begin_object(&e->body, "options", &o);
    put_num_ctx(e, &o);
    beluga__body_put_double(&o, "temperature", call, BELUGA_OPTION_TEMPERATURE);
    beluga__body_put_double(&o, "top_p", call, BELUGA_OPTION_TOP_P);
    beluga__body_put_int(&o, "top_k", call, BELUGA_OPTION_TOP_K);
    beluga__body_put_int(&o, "num_predict", call, BELUGA_OPTION_MAX_TOKENS);
    beluga__body_put_list(&o, "stop", call, BELUGA_OPTION_STOP_SEQUENCES);
    beluga__body_put_int(&o, "seed", call, BELUGA_OPTION_SEED);
    beluga__body_put_double(&o, "presence_penalty", call, BELUGA_OPTION_PRESENCE_PENALTY);
    beluga__body_put_double(&o, "frequency_penalty", call, BELUGA_OPTION_FREQUENCY_PENALTY);
    int code = beluga__body_end_object(&o);
    if (code && !e->status) e->status = beluga_error_set(e->err, code, "no memory for extra_body");
}

/* A number is seconds, and is one only outside of quotes. */
static void put_keep_alive(beluga__ollama_encoder *e)
{
    const char *text = beluga_call_get_own_string(e->call, "ollama.keep_alive", NULL);
    char *end;
    if (!text || !beluga__body_wants(&e->body, "keep_alive")) return;
    long long seconds = strtoll(text, &end, 10);
    if (end != text && !*end)
        beluga_json_put_int(e->w, "keep_alive", seconds);
    else
        beluga_json_put_string(e->w, "keep_alive", text);
}

static void put_format(beluga__ollama_encoder *e)
{
    size_t length;
    bool json_mode = false;
    const char *schema = beluga_call_get_string(e->call, BELUGA_OPTION_RESPONSE_SCHEMA, &length);
    beluga_call_get_bool(e->call, BELUGA_OPTION_JSON_MODE, &json_mode);
    if ((!schema && !json_mode) || !beluga__body_wants(&e->body, "format")) return;
    if (schema)
        beluga_json_put_raw(e->w, "format", schema, length);
    else
        beluga_json_put_string(e->w, "format", "json");
}

static void warn(const beluga__ollama_encoder *e)
{
    if (beluga_call_get_string(e->call, BELUGA_OPTION_USER, NULL))
        beluga_http_request_warn(e->request, "user is not sent: Ollama has no place for it");
    if (beluga_call_get_string(e->call, BELUGA_OPTION_RESPONSE_SCHEMA_NAME, NULL))
        beluga_http_request_warn(e->request,
                                 "response_schema_name is not sent: Ollama has no place for it");
    bool strict = true;
    beluga_call_get_bool(e->call, BELUGA_OPTION_RESPONSE_SCHEMA_STRICT, &strict);
    if (!strict && beluga_call_get_string(e->call, BELUGA_OPTION_RESPONSE_SCHEMA, NULL))
        beluga_http_request_warn(e->request,
                                 "response_schema_strict is on: Ollama enforces every schema");
    beluga__warn_cache_marks(e->call, e->request);
}

/* ---- the request ----------------------------------------------------------------------------- */

static const char *const endpoints[] = {"/api/chat", NULL};

int beluga__ollama_encode_request(const beluga_call *call, beluga_http_request *request,
                                  beluga_error *err)
{
    beluga__ollama_encoder e = {.call = call, .request = request, .err = err};
    beluga__set_path(request, endpoints, "/api/chat");
    int code = beluga__body_begin(&e.body, call, request, err);
    if (code) return code;
    e.w = e.body.writer;
    if (beluga__body_wants(&e.body, "model"))
        beluga_json_put_string(e.w, "model", beluga_call_model(call));
    beluga__ollama_put_messages(&e);
    /* Unlike elsewhere it streams unless told not to. */
    if (beluga__body_wants(&e.body, "stream"))
        beluga_json_put_bool(e.w, "stream", beluga_call_is_streamed(call));
    put_tools(&e);
    put_format(&e);
    put_think(&e);
    put_keep_alive(&e);
    put_options(&e);
    warn(&e);
    code = beluga__body_end(&e.body, e.status ? NULL : err);
    return e.status ? e.status : code;
}

int beluga__ollama_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                      beluga_error *err)
{
    (void)call;
    (void)err;
    beluga_http_request_set_method(request, "GET");
    beluga__set_path(request, endpoints, "/api/tags");
    return 0;
}
