/* Writes "generationConfig": sampling, thinking, and the form of the answer. */
#include "providers/gemini/gemini.h"

#include <string.h>

/* ---- thinking -------------------------------------------------------------------------------- */

int beluga__gemini_version(const char *model)
{
    static const char family[] = "gemini-";
    const char *at = strstr(model, family);
    char digit = at ? at[sizeof family - 1] : '0';
    return digit >= '0' && digit <= '9' ? digit - '0' : 0;
}

/* Returns whether a model accepts a thinking budget in tokens. Gemini 3 and later models accept a
 * level instead. */
static bool takes_budget(const char *model)
{
    int version = beluga__gemini_version(model);
    return version == 1 || version == 2;
}

static void put_thinking(beluga__gemini_encoder *e, int64_t budget, const char *level)
{
    beluga_json_begin_object(e->w, "thinkingConfig");
    if (level)
        beluga_json_put_string(e->w, "thinkingLevel", level);
    else
        beluga_json_put_int(e->w, "thinkingBudget", budget);
    if (budget > 0) beluga_json_put_bool(e->w, "includeThoughts", true);
    beluga_json_end_object(e->w);
}

static void put_effort(beluga__gemini_encoder *e, int64_t effort)
{
    static const int64_t budgets[] = {0, 512, 1024, 8192, 24576, 24576, 24576};
    static const char *const levels[] = {"MINIMAL", "MINIMAL", "LOW", "MEDIUM",
                                         "HIGH",    "HIGH",    "HIGH"};
    bool by_level = !takes_budget(beluga_call_model(e->call));
    const char *name = beluga__reasoning_effort_name(effort);
    if (effort > BELUGA_REASONING_EFFORT_HIGH)
        beluga_http_request_warn(e->request, "reasoning_effort is sent as high: Gemini has no %s",
                                 name);
    if (effort == BELUGA_REASONING_EFFORT_NONE && by_level)
        beluga_http_request_warn(e->request, "reasoning_effort is sent as minimal: this model's "
                                             "reasoning can't be turned off");
    put_thinking(e, budgets[effort], by_level ? levels[effort] : NULL);
}

static void put_reasoning(beluga__gemini_encoder *e, beluga__body *config)
{
    int64_t effort, budget;
    bool has_effort = beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_EFFORT, &effort);
    bool has_budget = beluga_call_get_int(e->call, BELUGA_OPTION_REASONING_BUDGET, &budget);
    if ((!has_effort && !has_budget) || !beluga__body_wants(config, "thinkingConfig")) return;
    if (has_effort && has_budget)
        beluga_http_request_warn(e->request, "reasoning_effort is not sent: Gemini takes either it "
                                             "or reasoning_budget");
    if (has_budget)
        put_thinking(e, budget, NULL);
    else
        put_effort(e, effort);
}

/* ---- other options --------------------------------------------------------------------------- */

static void put_format(beluga__gemini_encoder *e, beluga__body *config)
{
    beluga__answer_form form = beluga__answer_form_of(e->call);
    if (!form.is_json) return;
    if (beluga__body_wants(config, "responseMimeType"))
        beluga_json_put_string(e->w, "responseMimeType", "application/json");
    if (form.schema && beluga__body_wants(config, "responseJsonSchema"))
        beluga_json_put_raw(e->w, "responseJsonSchema", form.schema, form.n_schema);
}

void beluga__gemini_put_generation_config(beluga__gemini_encoder *e)
{
    static const beluga_option_field fields[] = {
        {.key = BELUGA_OPTION_TEMPERATURE, .name = "temperature"},
        {.key = BELUGA_OPTION_TOP_P, .name = "topP"},
        {.key = BELUGA_OPTION_TOP_K, .name = "topK"},
        {.key = BELUGA_OPTION_MAX_TOKENS, .name = "maxOutputTokens"},
        {.key = BELUGA_OPTION_STOP_SEQUENCES, .name = "stopSequences"},
        {.key = BELUGA_OPTION_SEED, .name = "seed"},
        {.key = BELUGA_OPTION_PRESENCE_PENALTY, .name = "presencePenalty"},
        {.key = BELUGA_OPTION_FREQUENCY_PENALTY, .name = "frequencyPenalty"},
        {.key = BELUGA_OPTION_USER},
        {.key = BELUGA_OPTION_RESPONSE_SCHEMA_NAME},
        {.key = BELUGA_OPTION_END},
    };
    beluga__body config;
    beluga__body_begin_object(&e->body, "generationConfig", &config);
    beluga__body_put_options(&config, e->call, fields);
    put_format(e, &config);
    put_reasoning(e, &config);
    beluga__encoder_end_object(&e->base, &config);
}
