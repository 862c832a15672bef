#include "providers/openai/openai.h"

#include <stdio.h>
#include <string.h>

/* ---- tools ----------------------------------------------------------------------------------- */

void beluga__openai_put_tool(beluga_json_writer *w, const beluga_tool *tool, bool strict)
{
    size_t length;
    const char *parameters = beluga_tool_parameters(tool, &length);
    const char *description = beluga_tool_description(tool);
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "type", "function");
    beluga_json_begin_object(w, "function");
    beluga_json_put_string(w, "name", beluga_tool_name(tool));
    if (*description) beluga_json_put_string(w, "description", description);
    beluga_json_put_raw(w, "parameters", parameters, length);
    if (strict) beluga_json_put_bool(w, "strict", true);
    beluga_json_end_object(w);
    beluga_json_end_object(w);
}

static void put_tool(beluga__openai_encoder *e, const beluga_tool *tool)
{
    beluga__openai_put_tool(e->w, tool, beluga_tool_is_strict(tool));
}

static void put_tool_choice(beluga__openai_encoder *e, const char *choice)
{
    if (!beluga__body_wants(&e->body, "tool_choice")) return;
    if (strcmp(choice, "auto") == 0 || strcmp(choice, "none") == 0 ||
        strcmp(choice, "required") == 0) {
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

static bool is(const beluga__openai_encoder *e, uint32_t quirk)
{
    return e->host->quirks & quirk;
}

/* Hosts refuse the options about tools where there are none. */
static void put_tools(beluga__openai_encoder *e)
{
    size_t n = beluga_call_tool_count(e->call);
    const char *choice = beluga_call_get_string(e->call, BELUGA_OPTION_TOOL_CHOICE, NULL);
    if (!n) {
        if (choice && strcmp(choice, "none") != 0)
            beluga_http_request_warn(e->request, "tool_choice is not sent: no tools are bound");
        return;
    }
    if (is(e, BELUGA__OPENAI_NO_TOOLS)) {
        beluga_http_request_warn(e->request, "tools are not sent: %s takes none", e->name);
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

/* ---- options --------------------------------------------------------------------------------- */

static bool ends_with(const char *text, size_t n, const char *end)
{
    size_t length = strlen(end);
    return n >= length && memcmp(text + n - length, end, length) == 0;
}

/* OpenAI's own hosts, api.openai.com and those of its regions, refuse "max_tokens" for newer
 * models; other hosts may not know "max_completion_tokens". */
bool beluga__openai_is_own_host(const char *url)
{
    const char *host = strstr(url, "://");
    if (!host) return false;
    host += 3;
    size_t n = strcspn(host, "/:?");
    return ends_with(host, n, ".api.openai.com") ||
           (n == 14 && ends_with(host, n, "api.openai.com"));
}

static void put_max_tokens(beluga__openai_encoder *e)
{
    bool newer = is(e, BELUGA__OPENAI_MAX_COMPLETION_TOKENS) ||
                 beluga__openai_is_own_host(beluga_http_request_url(e->request));
    char option[80];
    snprintf(option, sizeof option, "%s.max_completion_tokens", e->name);
    if (beluga_call_has_own(e->call)) beluga_call_get_own_bool(e->call, option, &newer);
    beluga__body_put_int(&e->body, newer ? "max_completion_tokens" : "max_tokens", e->call,
                         BELUGA_OPTION_MAX_TOKENS);
}

/* Is a field to be sent that the host does not take? Then the caller is told that it is not. */
static bool is_lost(beluga__openai_encoder *e, uint32_t quirk, const char *field, bool is_set)
{
    if (!is(e, quirk)) return false;
    if (is_set && beluga__body_wants(&e->body, field))
        beluga_http_request_warn(e->request, "%s is not sent: %s takes none", field, e->name);
    return true;
}

static void put_stop(beluga__openai_encoder *e)
{
    bool is_set = beluga_call_get_item(e->call, BELUGA_OPTION_STOP_SEQUENCES, 0, NULL);
    if (!is_lost(e, BELUGA__OPENAI_NO_STOP, "stop", is_set))
        beluga__body_put_list(&e->body, "stop", e->call, BELUGA_OPTION_STOP_SEQUENCES);
}

static void put_seed(beluga__openai_encoder *e)
{
    const char *name = is(e, BELUGA__OPENAI_MISTRAL) ? "random_seed" : "seed";
    int64_t value;
    bool is_set = beluga_call_get_int(e->call, BELUGA_OPTION_SEED, &value);
    if (!is_lost(e, BELUGA__OPENAI_NO_SEED, name, is_set))
        beluga__body_put_int(&e->body, name, e->call, BELUGA_OPTION_SEED);
}

static void put_user(beluga__openai_encoder *e)
{
    bool is_set = beluga_call_get_string(e->call, BELUGA_OPTION_USER, NULL);
    if (!is_lost(e, BELUGA__OPENAI_NO_USER, "user", is_set))
        beluga__body_put_string(&e->body, "user", e->call, BELUGA_OPTION_USER);
}

static void put_top_k(beluga__openai_encoder *e)
{
    int64_t value;
    if (is(e, BELUGA__OPENAI_TOP_K))
        beluga__body_put_int(&e->body, "top_k", e->call, BELUGA_OPTION_TOP_K);
    else if (beluga_call_get_int(e->call, BELUGA_OPTION_TOP_K, &value) &&
             beluga__body_wants(&e->body, "top_k"))
        beluga_http_request_warn(e->request, "top_k is not sent: Chat Completions has none "
                                             "(a host that takes it gets it by extra_body)");
}

static void put_sampling(beluga__openai_encoder *e)
{
    beluga__body *body = &e->body;
    beluga__body_put_double(body, "temperature", e->call, BELUGA_OPTION_TEMPERATURE);
    beluga__body_put_double(body, "top_p", e->call, BELUGA_OPTION_TOP_P);
    put_max_tokens(e);
    beluga__body_put_double(body, "frequency_penalty", e->call, BELUGA_OPTION_FREQUENCY_PENALTY);
    beluga__body_put_double(body, "presence_penalty", e->call, BELUGA_OPTION_PRESENCE_PENALTY);
    put_stop(e);
    put_seed(e);
    put_user(e);
    put_top_k(e);
}

/* ---- reasoning ------------------------------------------------------------------------------- */

/* A host may know fewer grades; what is sent is the nearest, and said. */
static void put_effort(beluga__openai_encoder *e, int64_t effort)
{
    const char *wanted = beluga__reasoning_effort_name(effort);
    const char *word = e->host->efforts ? e->host->efforts[effort] : wanted;
    if (!word) {
        beluga_http_request_warn(e->request, "reasoning_effort %s is not sent: %s has none of it",
                                 wanted, e->name);
        return;
    }
    if (strcmp(word, wanted) != 0)
        beluga_http_request_warn(e->request, "reasoning_effort %s is sent as %s, which %s has",
                                 wanted, word, e->name);
    beluga_json_put_string(e->w, "reasoning_effort", word);
}

/* Where reasoning can be turned on and off only: on by any effort. */
static void warn_of_switch(const beluga__openai_encoder *e, int64_t effort)
{
    beluga_http_request_warn(e->request, "reasoning_effort %s means on: %s has no grades of it",
                             beluga__reasoning_effort_name(effort), e->name);
}

static void put_enable_thinking(beluga__openai_encoder *e, int64_t effort)
{
    bool on = effort != BELUGA_REASONING_EFFORT_NONE;
    if (on) warn_of_switch(e, effort);
    beluga_json_put_bool(e->w, "enable_thinking", on);
}

/* Mistral's models made to reason are told by a mode of the prompt. */
static void put_prompt_mode(beluga__openai_encoder *e, int64_t effort)
{
    if (effort != BELUGA_REASONING_EFFORT_NONE) {
        warn_of_switch(e, effort);
        beluga_json_put_string(e->w, "prompt_mode", "reasoning");
        return;
    }
    beluga_http_request_warn(e->request, "reasoning_effort none is sent as no mode of the prompt: "
                                         "this model's reasoning can't be turned off");
    beluga_json_put_null(e->w, "prompt_mode");
}

static void put_thinking_off(beluga__openai_encoder *e)
{
    beluga_json_begin_object(e->w, "thinking");
    beluga_json_put_string(e->w, "type", "disabled");
    beluga_json_end_object(e->w);
}

static void put_grade(beluga__openai_encoder *e, int64_t effort)
{
    bool off = effort == BELUGA_REASONING_EFFORT_NONE;
    bool magistral =
        is(e, BELUGA__OPENAI_MISTRAL) && strstr(beluga_call_model(e->call), "magistral");
    if (is(e, BELUGA__OPENAI_ENABLE_THINKING)) {
        if (beluga__body_wants(&e->body, "enable_thinking")) put_enable_thinking(e, effort);
    } else if (magistral) {
        if (beluga__body_wants(&e->body, "prompt_mode")) put_prompt_mode(e, effort);
    } else if (off && is(e, BELUGA__OPENAI_THINKING_OFF)) {
        if (beluga__body_wants(&e->body, "thinking")) put_thinking_off(e);
    } else if (beluga__body_wants(&e->body, "reasoning_effort")) {
        put_effort(e, effort);
    }
}

/* OpenRouter takes a budget, in an object of its own and instead of a grade. Returns whether it was
 * sent. */
static bool put_budget_object(beluga__openai_encoder *e, int64_t budget, bool graded)
{
    if (!is(e, BELUGA__OPENAI_REASONING_DETAILS) || !beluga__body_wants(&e->body, "reasoning"))
        return false;
    if (graded)
        beluga_http_request_warn(e->request,
                                 "reasoning_effort is not sent: %s takes either it or "
                                 "reasoning_budget",
                                 e->name);
    beluga_json_begin_object(e->w, "reasoning");
    beluga_json_put_int(e->w, "max_tokens", budget);
    beluga_json_end_object(e->w);
    return true;
}

static void put_reasoning(beluga__openai_encoder *e)
{
    int64_t effort, budget;
    bool graded = beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_EFFORT, &effort);
    bool limited = beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_BUDGET, &budget);
    if (limited && put_budget_object(e, budget, graded)) return;
    if (graded) put_grade(e, effort);
    if (limited && is(e, BELUGA__OPENAI_ENABLE_THINKING))
        beluga__body_put_int(&e->body, "thinking_budget", e->call, BELUGA_OPTION_REASONING_BUDGET);
    else if (limited)
        beluga_http_request_warn(e->request,
                                 "reasoning_budget is not sent: Chat Completions has only "
                                 "reasoning_effort");
}

/* ---- the answer's form ----------------------------------------------------------------------- */

static void put_schema(beluga__openai_encoder *e, const char *schema, size_t length)
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

static void put_response_format(beluga__openai_encoder *e)
{
    size_t length;
    bool json_mode = false;
    const char *schema = beluga_call_get_string(e->call, BELUGA_OPTION_RESPONSE_SCHEMA, &length);
    beluga_call_get_bool(e->call, BELUGA_OPTION_JSON_MODE, &json_mode);
    if ((!schema && !json_mode) || !beluga__body_wants(&e->body, "response_format")) return;
    if (schema && is(e, BELUGA__OPENAI_NO_SCHEMA)) {
        beluga_http_request_warn(e->request,
                                 "response_schema is not sent: %s can be asked for "
                                 "any JSON only",
                                 e->name);
        schema = NULL;
    }
    beluga_json_begin_object(e->w, "response_format");
    if (schema)
        put_schema(e, schema, length);
    else
        beluga_json_put_string(e->w, "type", "json_object");
    beluga_json_end_object(e->w);
}

static void put_stream(beluga__openai_encoder *e)
{
    if (!beluga_call_is_streamed(e->call)) return;
    if (beluga__body_wants(&e->body, "stream")) beluga_json_put_bool(e->w, "stream", true);
    if (is(e, BELUGA__OPENAI_NO_STREAM_OPTIONS) || !beluga__body_wants(&e->body, "stream_options"))
        return;
    beluga_json_begin_object(e->w, "stream_options");
    beluga_json_put_bool(e->w, "include_usage", true);
    beluga_json_end_object(e->w);
}

/* ---- the request ----------------------------------------------------------------------------- */

static void set_own_header(const beluga_call *call, beluga_http_request *request,
                           const char *option, const char *header)
{
    char name[96];
    snprintf(name, sizeof name, "%s.%s", beluga_call_provider(call)->name, option);
    const char *value = beluga_call_get_own_string(call, name, NULL);
    if (value) beluga_http_request_set_header(request, header, value);
}

void beluga__openai_set_account(const beluga_call *call, beluga_http_request *request)
{
    if (!beluga_call_has_own(call)) return;
    set_own_header(call, request, "organization", "OpenAI-Organization");
    set_own_header(call, request, "project", "OpenAI-Project");
}

void beluga__openai_set_path(beluga_http_request *request, const char *path)
{
    static const char *const endpoints[] = {"/chat/completions", "/responses", NULL};
    beluga__set_path(request, endpoints, path);
}

int beluga__openai_encode_as(const beluga__openai_host *host, const beluga_call *call,
                             beluga_http_request *request, beluga_error *err)
{
    beluga__openai_encoder e = {.host = host, .call = call, .request = request, .err = err};
    e.name = beluga_call_provider(call)->name;
    beluga__openai_set_path(request, "/chat/completions");
    beluga__openai_set_account(call, request);
    int code = beluga__body_begin(&e.body, call, request, err);
    if (code) return code;
    e.w = e.body.writer;
    if (beluga__body_wants(&e.body, "model"))
        beluga_json_put_string(e.w, "model", beluga_call_model(call));
    beluga__openai_put_messages(&e);
    put_stream(&e);
    put_sampling(&e);
    put_reasoning(&e);
    put_tools(&e);
    put_response_format(&e);
    code = beluga__body_end(&e.body, e.status ? NULL : err);
    return e.status ? e.status : code;
}

int beluga__openai_encode_request(const beluga_call *call, beluga_http_request *request,
                                  beluga_error *err)
{
    return beluga__openai_encode_as(beluga__openai_host_of(call), call, request, err);
}

int beluga__openai_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                      beluga_error *err)
{
    (void)err;
    beluga_http_request_set_method(request, "GET");
    beluga__openai_set_path(request, "/models");
    beluga__openai_set_account(call, request);
    return 0;
}
