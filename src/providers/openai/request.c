#include "providers/openai/openai.h"

#include <stdio.h>
#include <string.h>

/* ---- tools ----------------------------------------------------------------------------------- */

void beluga__openai_put_tool(beluga_json_writer *w, const beluga_tool *tool, bool strict)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "type", "function");
    beluga_json_begin_object(w, "function");
    beluga__put_tool_members(w, tool, "parameters");
    if (strict) beluga_json_put_bool(w, "strict", true);
    beluga_json_end_object(w);
    beluga_json_end_object(w);
}

static void put_tool(beluga__encoder *e, const beluga_tool *tool)
{
    beluga__openai_put_tool(e->w, tool, beluga_tool_is_strict(tool));
}

void beluga__openai_put_tool_choice(beluga__encoder *e, const char *choice, const char *object)
{
    if (!beluga__body_wants(&e->body, "tool_choice")) return;
    if (!beluga__names_a_tool(choice)) {
        beluga_json_put_string(e->w, "tool_choice", choice);
        return;
    }
    beluga_json_begin_object(e->w, "tool_choice");
    beluga_json_put_string(e->w, "type", "function");
    if (object) beluga_json_begin_object(e->w, object);
    beluga_json_put_string(e->w, "name", choice);
    if (object) beluga_json_end_object(e->w);
    beluga_json_end_object(e->w);
}

static bool is(const beluga__openai_encoder *e, uint32_t quirk)
{
    return e->host->quirks & quirk;
}

/* Write the tools and their options. Hosts refuse the options if no tools are sent. */
static void put_tools(beluga__openai_encoder *e)
{
    const char *choice;
    if (!beluga__has_tools(&e->base, &choice)) return;
    if (is(e, BELUGA__OPENAI_NO_TOOLS)) {
        beluga_http_request_warn(e->request, "tools are not sent: %s takes none", e->name);
        return;
    }
    beluga__put_tools(&e->base, put_tool);
    if (choice) beluga__openai_put_tool_choice(&e->base, choice, "function");
    beluga__body_put(&e->body, "parallel_tool_calls", e->call, BELUGA_OPTION_PARALLEL_TOOL_CALLS);
}

/* ---- options --------------------------------------------------------------------------------- */

/* Write the limit of tokens. OpenAI's own hosts refuse "max_tokens" for newer models, and other
 * hosts may not know "max_completion_tokens". */
static void put_max_tokens(beluga__openai_encoder *e)
{
    bool newer =
        is(e, BELUGA__OPENAI_MAX_COMPLETION_TOKENS) || beluga__openai_is_own_host(e->request);
    if (beluga_call_has_own(e->call)) {
        char option[80];
        snprintf(option, sizeof option, "%s.max_completion_tokens", e->name);
        beluga_call_get_own_bool(e->call, option, &newer);
    }
    beluga__body_put(&e->body, newer ? "max_completion_tokens" : "max_tokens", e->call,
                     BELUGA_OPTION_MAX_TOKENS);
}

/* Returns whether the host accepts a field. Warns if it does not and the caller has set the
 * field. */
static bool takes(beluga__openai_encoder *e, uint32_t quirk, const char *field, bool is_set)
{
    if (!is(e, quirk)) return true;
    if (is_set && beluga__body_wants(&e->body, field))
        beluga_http_request_warn(e->request, "%s is not sent: %s takes none", field, e->name);
    return false;
}

static void put_optional(beluga__openai_encoder *e)
{
    const char *seed = is(e, BELUGA__OPENAI_MISTRAL) ? "random_seed" : "seed";
    int64_t value;
    if (takes(e, BELUGA__OPENAI_NO_STOP, "stop",
              beluga_call_get_item(e->call, BELUGA_OPTION_STOP_SEQUENCES, 0, NULL)))
        beluga__body_put(&e->body, "stop", e->call, BELUGA_OPTION_STOP_SEQUENCES);
    if (takes(e, BELUGA__OPENAI_NO_SEED, seed,
              beluga_call_get_int(e->call, BELUGA_OPTION_SEED, &value)))
        beluga__body_put(&e->body, seed, e->call, BELUGA_OPTION_SEED);
    if (takes(e, BELUGA__OPENAI_NO_USER, "user",
              beluga_call_get_string(e->call, BELUGA_OPTION_USER, NULL)))
        beluga__body_put(&e->body, "user", e->call, BELUGA_OPTION_USER);
    if (is(e, BELUGA__OPENAI_TOP_K))
        beluga__body_put(&e->body, "top_k", e->call, BELUGA_OPTION_TOP_K);
    else if (beluga_call_get_int(e->call, BELUGA_OPTION_TOP_K, &value) &&
             beluga__body_wants(&e->body, "top_k"))
        beluga_http_request_warn(e->request, "top_k is not sent: Chat Completions has no such "
                                             "field (for a host that accepts it, use extra_body)");
}

static void put_sampling(beluga__openai_encoder *e)
{
    beluga__body *body = &e->body;
    beluga__body_put(body, "temperature", e->call, BELUGA_OPTION_TEMPERATURE);
    beluga__body_put(body, "top_p", e->call, BELUGA_OPTION_TOP_P);
    put_max_tokens(e);
    beluga__body_put(body, "frequency_penalty", e->call, BELUGA_OPTION_FREQUENCY_PENALTY);
    beluga__body_put(body, "presence_penalty", e->call, BELUGA_OPTION_PRESENCE_PENALTY);
    put_optional(e);
}

/* ---- reasoning ------------------------------------------------------------------------------- */

/* Write the reasoning effort. If the host does not have this effort, the nearest one is sent, with
 * a warning. */
static void put_effort(beluga__openai_encoder *e, int64_t effort)
{
    const char *wanted = beluga__reasoning_effort_name(effort);
    const char *word = e->host->efforts ? e->host->efforts[effort] : wanted;
    if (!word) {
        beluga_http_request_warn(
            e->request, "reasoning_effort %s is not sent: %s has no such effort", wanted, e->name);
        return;
    }
    if (strcmp(word, wanted) != 0)
        beluga_http_request_warn(e->request,
                                 "reasoning_effort %s is sent as %s, the nearest that %s has",
                                 wanted, word, e->name);
    beluga_json_put_string(e->w, "reasoning_effort", word);
}

/* Warn that reasoning can only be turned on or off, so that any effort turns it on. */
static void warn_of_switch(const beluga__openai_encoder *e, int64_t effort)
{
    beluga_http_request_warn(e->request,
                             "reasoning_effort %s turns reasoning on: %s has no levels of effort",
                             beluga__reasoning_effort_name(effort), e->name);
}

/* Write "prompt_mode", without which Mistral's reasoning models do not reason. */
static void put_prompt_mode(beluga__openai_encoder *e, int64_t effort)
{
    if (effort != BELUGA_REASONING_EFFORT_NONE) {
        warn_of_switch(e, effort);
        beluga_json_put_string(e->w, "prompt_mode", "reasoning");
        return;
    }
    beluga_http_request_warn(e->request, "reasoning_effort none is sent as prompt_mode null: this "
                                         "model's reasoning can't be turned off");
    beluga_json_put_null(e->w, "prompt_mode");
}

static void put_grade(beluga__openai_encoder *e, int64_t effort)
{
    bool off = effort == BELUGA_REASONING_EFFORT_NONE;
    bool magistral =
        is(e, BELUGA__OPENAI_MISTRAL) && strstr(beluga_call_model(e->call), "magistral");
    if (is(e, BELUGA__OPENAI_ENABLE_THINKING)) {
        if (!beluga__body_wants(&e->body, "enable_thinking")) return;
        if (!off) warn_of_switch(e, effort);
        beluga_json_put_bool(e->w, "enable_thinking", !off);
    } else if (magistral) {
        if (beluga__body_wants(&e->body, "prompt_mode")) put_prompt_mode(e, effort);
    } else if (off && is(e, BELUGA__OPENAI_THINKING_OFF)) {
        if (!beluga__body_wants(&e->body, "thinking")) return;
        beluga_json_begin_object(e->w, "thinking");
        beluga_json_put_string(e->w, "type", "disabled");
        beluga_json_end_object(e->w);
    } else if (beluga__body_wants(&e->body, "reasoning_effort")) {
        put_effort(e, effort);
    }
}

/* Write a reasoning budget, which OpenRouter accepts in an object of its own, instead of an effort.
 * Returns whether the budget was sent. */
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

/* Ask MiniMax for separate reasoning. Without this member it sends reasoning as "<think>…</think>"
 * in the text. */
static void put_reasoning_split(beluga__openai_encoder *e)
{
    if (is(e, BELUGA__OPENAI_REASONING_SPLIT) && beluga__body_wants(&e->body, "reasoning_split"))
        beluga_json_put_bool(e->w, "reasoning_split", true);
}

static void put_reasoning(beluga__openai_encoder *e)
{
    int64_t effort, budget;
    put_reasoning_split(e);
    bool graded = beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_EFFORT, &effort);
    bool limited = beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_BUDGET, &budget);
    if (limited && put_budget_object(e, budget, graded)) return;
    if (graded) put_grade(e, effort);
    if (limited && is(e, BELUGA__OPENAI_ENABLE_THINKING))
        beluga__body_put(&e->body, "thinking_budget", e->call, BELUGA_OPTION_REASONING_BUDGET);
    else if (limited)
        beluga_http_request_warn(e->request,
                                 "reasoning_budget is not sent: Chat Completions has only "
                                 "reasoning_effort");
}

/* ---- the answer's form ----------------------------------------------------------------------- */

void beluga__openai_put_schema(beluga__encoder *e, const beluga__answer_form *form)
{
    const char *name = beluga_call_get_string(e->call, BELUGA_OPTION_RESPONSE_SCHEMA_NAME, NULL);
    bool strict;
    beluga_json_put_string(e->w, "name", name ? name : "answer");
    beluga_json_put_raw(e->w, "schema", form->schema, form->n_schema);
    if (beluga_call_get_bool(e->call, BELUGA_OPTION_RESPONSE_SCHEMA_STRICT, &strict))
        beluga_json_put_bool(e->w, "strict", strict);
}

static void put_response_format(beluga__openai_encoder *e)
{
    beluga__answer_form form = beluga__answer_form_of(e->call);
    if (!form.is_json || !takes(e, BELUGA__OPENAI_NO_FORM, "response_format", true) ||
        !beluga__body_wants(&e->body, "response_format"))
        return;
    if (form.schema && is(e, BELUGA__OPENAI_NO_SCHEMA)) {
        beluga_http_request_warn(e->request,
                                 "response_schema is not sent: %s can be asked for "
                                 "any JSON only",
                                 e->name);
        form.schema = NULL;
    }
    beluga_json_begin_object(e->w, "response_format");
    beluga_json_put_string(e->w, "type", form.schema ? "json_schema" : "json_object");
    if (form.schema) {
        beluga_json_begin_object(e->w, "json_schema");
        beluga__openai_put_schema(&e->base, &form);
        beluga_json_end_object(e->w);
    }
    beluga_json_end_object(e->w);
}

/* Write the stream option without which a stream does not report its usage. */
static void put_stream_options(beluga__openai_encoder *e)
{
    if (!beluga_call_is_streamed(e->call) || is(e, BELUGA__OPENAI_NO_STREAM_OPTIONS) ||
        !beluga__body_wants(&e->body, "stream_options"))
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

void beluga__openai_set_path(beluga_http_request *request, const char *path)
{
    static const char *const endpoints[] = {"/chat/completions", "/responses", "/embeddings", NULL};
    beluga__set_path(request, endpoints, path);
}

void beluga__openai_set_head(const beluga_call *call, beluga_http_request *request,
                             const char *path)
{
    beluga__openai_set_path(request, path);
    if (!beluga_call_has_own(call)) return;
    set_own_header(call, request, "organization", "OpenAI-Organization");
    set_own_header(call, request, "project", "OpenAI-Project");
}

int beluga__openai_encode_as(const beluga__openai_host *host, const beluga_call *call,
                             beluga_http_request *request, beluga_error *err)
{
    beluga__openai_encoder e = {.host = host};
    beluga__openai_set_head(call, request, "/chat/completions");
    int code = beluga__encoder_begin(&e.base, call, request, err);
    if (code) return code;
    beluga__put_model(&e.base);
    beluga__openai_put_messages(&e);
    beluga__put_stream(&e.base);
    put_stream_options(&e);
    put_sampling(&e);
    put_reasoning(&e);
    put_tools(&e);
    put_response_format(&e);
    return beluga__encoder_end(&e.base);
}

int beluga__openai_encode_count_as(const beluga__openai_host *host, const beluga_call *call,
                                   beluga_http_request *request, beluga_error *err)
{
    static const char *const endpoints[] = {"/v1/chat/completions", "/chat/completions", NULL};
    beluga__openai_encoder e = {.host = host};
    beluga__set_path(request, endpoints, host->count_path);
    int code = beluga__encoder_begin(&e.base, call, request, err);
    if (code) return code;
    beluga__put_model(&e.base);
    beluga__openai_put_messages(&e);
    put_tools(&e);
    return beluga__encoder_end(&e.base);
}

int beluga__openai_encode_list_models(const beluga_call *call, beluga_http_request *request,
                                      beluga_error *err)
{
    (void)err;
    beluga_http_request_set_method(request, "GET");
    beluga__openai_set_head(call, request, "/models");
    return 0;
}
