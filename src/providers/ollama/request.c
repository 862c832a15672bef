#include "providers/embed.h"
#include "providers/ollama/ollama.h"

#include <stdlib.h>
#include <string.h>

/* ---- tools ----------------------------------------------------------------------------------- */

static void put_tool(beluga__encoder *e, const beluga_tool *tool)
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
    if (beluga_tool_is_strict(tool))
        beluga__encoder_warn_once(
            e, BELUGA__LOST_STRICTNESS,
            "the strictness of a tool is not sent: Ollama does not enforce the schemas of tools");
}

/* Returns whether tools are sent. Ollama has no tool_choice, but without tools in the request a
 * model can't call any. */
static bool wants_tools(beluga__encoder *e)
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

static void put_tools(beluga__encoder *e)
{
    bool parallel = true;
    if (!wants_tools(e)) return;
    if (beluga_call_get_bool(e->call, BELUGA_OPTION_PARALLEL_TOOL_CALLS, &parallel) && !parallel)
        beluga_http_request_warn(e->request, "parallel_tool_calls is not sent: Ollama can't be "
                                             "told to call one tool at a time");
    beluga__put_tools(e, put_tool);
}

/* ---- thinking -------------------------------------------------------------------------------- */

static void put_effort(beluga__encoder *e, int64_t effort)
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

static void put_think(beluga__encoder *e)
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

static void put_num_ctx(beluga__body *options, const beluga_call *call, beluga_json_writer *w)
{
    int64_t tokens;
    if (beluga_call_get_own_int(call, "ollama.num_ctx", &tokens) &&
        beluga__body_wants(options, "num_ctx"))
        beluga_json_put_int(w, "num_ctx", tokens);
}

static void put_options(beluga__encoder *e)
{
    static const beluga_option_field fields[] = {
        {.key = BELUGA_OPTION_TEMPERATURE, .name = "temperature"},
        {.key = BELUGA_OPTION_TOP_P, .name = "top_p"},
        {.key = BELUGA_OPTION_TOP_K, .name = "top_k"},
        {.key = BELUGA_OPTION_MAX_TOKENS, .name = "num_predict"},
        {.key = BELUGA_OPTION_STOP_SEQUENCES, .name = "stop"},
        {.key = BELUGA_OPTION_SEED, .name = "seed"},
        {.key = BELUGA_OPTION_PRESENCE_PENALTY, .name = "presence_penalty"},
        {.key = BELUGA_OPTION_FREQUENCY_PENALTY, .name = "frequency_penalty"},
        {.key = BELUGA_OPTION_USER},
        {.key = BELUGA_OPTION_RESPONSE_SCHEMA_NAME},
        {.key = BELUGA_OPTION_END},
    };
    beluga__body options;
    beluga__body_begin_object(&e->body, "options", &options);
    put_num_ctx(&options, e->call, e->w);
    beluga__body_put_options(&options, e->call, fields);
    beluga__encoder_end_object(e, &options);
}

/* Write "keep_alive". A number means seconds, and Ollama accepts it only without quotes. */
static void put_keep_alive(beluga__body *body, const beluga_call *call, beluga_json_writer *w)
{
    const char *text = beluga_call_get_own_string(call, "ollama.keep_alive", NULL);
    char *end;
    if (!text || !beluga__body_wants(body, "keep_alive")) return;
    long long seconds = strtoll(text, &end, 10);
    if (end != text && !*end)
        beluga_json_put_int(w, "keep_alive", seconds);
    else
        beluga_json_put_string(w, "keep_alive", text);
}

static void put_format(beluga__encoder *e)
{
    beluga__answer_form form = beluga__answer_form_of(e->call);
    if (!form.is_json || !beluga__body_wants(&e->body, "format")) return;
    if (form.schema)
        beluga_json_put_raw(e->w, "format", form.schema, form.n_schema);
    else
        beluga_json_put_string(e->w, "format", "json");
}

static void warn(beluga__encoder *e)
{
    if (beluga__answer_form_of(e->call).schema && beluga__is_schema_loose(e->call))
        beluga_http_request_warn(e->request,
                                 "response_schema_strict is on: Ollama enforces every schema");
    beluga__warn_cache_marks(e->call, e->request);
}

/* ---- the request ----------------------------------------------------------------------------- */

static const char *const endpoints[] = {"/api/chat", "/api/embed", NULL};

int beluga__ollama_encode_request(const beluga_call *call, beluga_http_request *request,
                                  beluga_error *err)
{
    beluga__encoder e = {0};
    beluga__set_path(request, endpoints, "/api/chat");
    int code = beluga__encoder_begin(&e, call, request, err);
    if (code) return code;
    beluga__put_model(&e);
    beluga__ollama_put_messages(&e);
    /* Unlike other services, Ollama streams by default. */
    if (beluga__body_wants(&e.body, "stream"))
        beluga_json_put_bool(e.w, "stream", beluga_call_is_streamed(call));
    put_tools(&e);
    put_format(&e);
    put_think(&e);
    put_keep_alive(&e.body, call, e.w);
    put_options(&e);
    warn(&e);
    return beluga__encoder_end(&e);
}

int beluga__ollama_encode_embed(const beluga_call *call, beluga_http_request *request,
                                beluga_error *err)
{
    beluga__embed_request e;
    beluga__body options;
    beluga__set_path(request, endpoints, "/api/embed");
    int code = beluga__embed_begin(&e, call, request, err);
    if (code) return code;
    beluga__embed_put_model(&e, "model");
    beluga__embed_put_inputs(&e, "input");
    /* by default Ollama cuts a text that is too long and reports no error */
    if (beluga__body_wants(&e.body, "truncate")) beluga_json_put_bool(e.w, "truncate", false);
    beluga__body_put(&e.body, "dimensions", call, BELUGA_OPTION_DIMENSIONS);
    beluga__embed_put_type(&e, "input_type", NULL, "Ollama");
    put_keep_alive(&e.body, call, e.w);
    beluga__body_begin_object(&e.body, "options", &options);
    put_num_ctx(&options, call, e.w);
    code = beluga__body_end_object(&options);
    int ended = beluga__embed_end(&e);
    return code ? code : ended;
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
