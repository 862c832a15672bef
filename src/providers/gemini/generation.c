/* "generationConfig": how to sample, how to think, and in what form to answer. */
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

/* Models before Gemini 3 take a number of tokens, later ones a level. */
static bool takes_budget(const char *model)
{
    int version = beluga__gemini_version(model);
    return version == 1 || version == 2;
}

static int64_t budget_of(int64_t effort)
{
    static const int64_t budgets[] = {0, 512, 1024, 8192, 24576, 24576, 24576};
    return budgets[effort];
}

static const char *level_of(int64_t effort)
{
    static const char *const levels[] = {"MINIMAL", "MINIMAL", "LOW", "MEDIUM",
                                         "HIGH",    "HIGH",    "HIGH"};
    return levels[effort];
}

static void put_thinking(beluga__gemini_encoder *e, int64_t budget, const char *level)
{
    bool wanted = budget > 0;
    beluga_json_begin_object(e->w, "thinkingConfig");
    if (level)
        beluga_json_put_string(e->w, "thinkingLevel", level);
    else
        beluga_json_put_int(e->w, "thinkingBudget", budget);
    if (wanted) beluga_json_put_bool(e->w, "includeThoughts", true);
    beluga_json_end_object(e->w);
}

static void put_effort(beluga__gemini_encoder *e, int64_t effort)
{
    bool by_level = !takes_budget(beluga_call_model(e->call));
    const char *name = beluga__reasoning_effort_name(effort);
    if (effort > BELUGA_REASONING_EFFORT_HIGH)
        beluga_http_request_warn(e->request, "reasoning_effort is sent as high: Gemini has no %s",
                                 name);
    if (effort == BELUGA_REASONING_EFFORT_NONE && by_level)
        beluga_http_request_warn(e->request, "reasoning_effort is sent as minimal: this model's "
                                             "reasoning can't be turned off");
    put_thinking(e, budget_of(effort), by_level ? level_of(effort) : NULL);
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

/* ---- the rest -------------------------------------------------------------------------------- */

static void put_format(beluga__gemini_encoder *e, beluga__body *config)
{
    size_t length;
    bool json_mode = false;
    const char *schema = beluga_call_get_string(e->call, BELUGA_OPTION_RESPONSE_SCHEMA, &length);
    beluga_call_get_bool(e->call, BELUGA_OPTION_JSON_MODE, &json_mode);
    if (!schema && !json_mode) return;
    if (beluga__body_wants(config, "responseMimeType"))
        beluga_json_put_string(e->w, "responseMimeType", "application/json");
    if (schema && beluga__body_wants(config, "responseJsonSchema"))
        beluga_json_put_raw(e->w, "responseJsonSchema", schema, length);
}

void beluga__gemini_put_generation_config(beluga__gemini_encoder *e)
{
    const beluga_call *call = e->call;
    beluga__body c;
    beluga__body_begin_object(&e->body, "generationConfig", &c);
    beluga__body_put_double(&c, "temperature", call, BELUGA_OPTION_TEMPERATURE);
    beluga__body_put_double(&c, "topP", call, BELUGA_OPTION_TOP_P);
    beluga__body_put_int(&c, "topK", call, BELUGA_OPTION_TOP_K);
    beluga__body_put_int(&c, "maxOutputTokens", call, BELUGA_OPTION_MAX_TOKENS);
    beluga__body_put_list(&c, "stopSequences", call, BELUGA_OPTION_STOP_SEQUENCES);
    beluga__body_put_int(&c, "seed", call, BELUGA_OPTION_SEED);
    beluga__body_put_double(&c, "presencePenalty", call, BELUGA_OPTION_PRESENCE_PENALTY);
    beluga__body_put_double(&c, "frequencyPenalty", call, BELUGA_OPTION_FREQUENCY_PENALTY);
    put_format(e, &c);
    put_reasoning(e, &c);
    int code = beluga__body_end_object(&c);
    if (code && !e->status) e->status = beluga_error_set(e->err, code, "no memory for extra_body");
}
