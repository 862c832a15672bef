#include "providers/embed.h"
#include "providers/openai/embed.h"
#include "providers/responses/responses.h"

#include <string.h>

/* ---- tools ----------------------------------------------------------------------------------- */

/* Write a tool. "strict" is always written: without it the API makes the tool strict, and most
 * schemas do not meet the rules for strict tools. */
static void put_tool(beluga__encoder *e, const beluga_tool *tool)
{
    beluga_json_begin_object(e->w, NULL);
    beluga_json_put_string(e->w, "type", "function");
    beluga__put_tool_members(e->w, tool, "parameters");
    beluga_json_put_bool(e->w, "strict", beluga_tool_is_strict(tool));
    beluga_json_end_object(e->w);
}

static void put_tools(beluga__encoder *e)
{
    const char *choice;
    if (!beluga__has_tools(e, &choice)) return;
    beluga__put_tools(e, put_tool);
    if (choice) beluga__openai_put_tool_choice(e, choice, NULL);
    beluga__body_put(&e->body, "parallel_tool_calls", e->call, BELUGA_OPTION_PARALLEL_TOOL_CALLS);
}

/* ---- reasoning ------------------------------------------------------------------------------- */

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* Returns whether a model may reason. These families do not reason, and refuse options for
 * reasoning; all newer families reason. */
static bool may_reason(const char *model)
{
    static const char *const families[] = {"gpt-3", "gpt-4", "chatgpt", "gpt-5-chat"};
    if (starts_with(model, "ft:")) model += strlen("ft:");
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (starts_with(model, families[i])) return false;
    return true;
}

static void put_store(beluga__encoder *e)
{
    bool store = false;
    beluga_call_get_own_bool(e->call, "openai-responses.store", &store);
    bool encrypted = !store && may_reason(beluga_call_model(e->call));
    beluga_call_get_own_bool(e->call, "openai-responses.encrypted_reasoning", &encrypted);
    if (beluga__body_wants(&e->body, "store")) beluga_json_put_bool(e->w, "store", store);
    if (!encrypted || !beluga__body_wants(&e->body, "include")) return;
    beluga_json_begin_array(e->w, "include");
    beluga_json_put_string(e->w, NULL, "reasoning.encrypted_content");
    beluga_json_end_array(e->w);
}

static void put_reasoning(beluga__encoder *e)
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
    beluga__encoder_end_object(e, &reasoning);
}

/* ---- options --------------------------------------------------------------------------------- */

static void put_format(beluga__encoder *e)
{
    beluga__answer_form form = beluga__answer_form_of(e->call);
    beluga__body text;
    beluga__body_begin_object(&e->body, "text", &text);
    if (form.is_json && beluga__body_wants(&text, "format")) {
        beluga_json_begin_object(e->w, "format");
        beluga_json_put_string(e->w, "type", form.schema ? "json_schema" : "json_object");
        if (form.schema) beluga__openai_put_schema(e, &form);
        beluga_json_end_object(e->w);
    }
    beluga__encoder_end_object(e, &text);
}

static void put_sampling(beluga__encoder *e)
{
    static const beluga_option_field fields[] = {
        {.key = BELUGA_OPTION_MAX_TOKENS, .name = "max_output_tokens"},
        {.key = BELUGA_OPTION_TEMPERATURE, .name = "temperature"},
        {.key = BELUGA_OPTION_TOP_P, .name = "top_p"},
        {.key = BELUGA_OPTION_USER, .name = "user"},
        {.key = BELUGA_OPTION_STOP_SEQUENCES},
        {.key = BELUGA_OPTION_SEED},
        {.key = BELUGA_OPTION_TOP_K},
        {.key = BELUGA_OPTION_FREQUENCY_PENALTY},
        {.key = BELUGA_OPTION_PRESENCE_PENALTY},
        {.key = BELUGA_OPTION_END},
    };
    beluga__body_put_options(&e->body, e->call, fields);
    beluga__put_stream(e);
}

static void warn_about_the_rest(beluga__encoder *e)
{
    int64_t n;
    if (beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_BUDGET, &n))
        beluga_http_request_warn(e->request, "reasoning_budget is not sent: Responses has only "
                                             "reasoning_effort");
}

/* ---- the request ----------------------------------------------------------------------------- */

int beluga__responses_encode_count(const beluga_call *call, beluga_http_request *request,
                                   beluga_error *err)
{
    beluga__encoder e = {0};
    beluga__openai_set_head(call, request, "/responses/input_tokens");
    int code = beluga__encoder_begin(&e, call, request, err);
    if (code) return code;
    beluga__put_model(&e);
    beluga__responses_put_input(&e);
    put_reasoning(&e);
    put_tools(&e);
    put_format(&e);
    return beluga__encoder_end(&e);
}

/* Write a request for embeddings, whose endpoint is the same as for Chat Completions. */
int beluga__responses_encode_embed(const beluga_call *call, beluga_http_request *request,
                                   beluga_error *err)
{
    static const beluga__openai_host plain;
    return beluga__openai_encode_embed_as(&plain, call, request, err);
}

int beluga__responses_decode_count(const char *body, size_t length, beluga_emit *emit)
{
    return beluga__decode_token_count(body, length, "input_tokens", emit);
}

int beluga__responses_encode_request(const beluga_call *call, beluga_http_request *request,
                                     beluga_error *err)
{
    beluga__encoder e = {0};
    beluga__openai_set_head(call, request, "/responses");
    int code = beluga__encoder_begin(&e, call, request, err);
    if (code) return code;
    beluga__put_model(&e);
    beluga__responses_put_input(&e);
    put_sampling(&e);
    put_store(&e);
    put_reasoning(&e);
    put_tools(&e);
    put_format(&e);
    warn_about_the_rest(&e);
    return beluga__encoder_end(&e);
}
