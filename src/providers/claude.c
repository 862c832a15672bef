#include "providers/claude.h"

#include "providers/common.h"

#include <string.h>

enum { LEAST_BUDGET = 1024 };

/* ---- generations ----------------------------------------------------------------------------- */

/* The properties of a model are those of the first row whose text is part of the model's name. */
static const struct {
    const char *words;
    beluga__claude model;
} models[] = {
    {"claude-opus-4-6", {BELUGA__THINKING_BOTH, true, false, true, true, 128000}},
    {"claude-sonnet-4-6", {BELUGA__THINKING_BOTH, true, false, true, true, 128000}},
    {"claude-opus-4-5", {BELUGA__THINKING_BUDGET, true, false, true, true, 64000}},
    {"claude-sonnet-4-5", {BELUGA__THINKING_BUDGET, true, false, true, true, 64000}},
    {"claude-haiku-4-5", {BELUGA__THINKING_BUDGET, true, false, true, true, 64000}},
    {"claude-opus-4-1", {BELUGA__THINKING_BUDGET, true, false, true, true, 32000}},
    /* matches 4-2025… */
    {"claude-opus-4-2", {BELUGA__THINKING_BUDGET, true, false, true, false, 32000}},
    {"claude-opus-4-0", {BELUGA__THINKING_BUDGET, true, false, true, false, 32000}},
    {"claude-sonnet-4-2", {BELUGA__THINKING_BUDGET, true, false, true, false, 64000}},
    {"claude-sonnet-4-0", {BELUGA__THINKING_BUDGET, true, false, true, false, 64000}},
    {"claude-3-7", {BELUGA__THINKING_BUDGET, true, false, true, false, 64000}},
    {"claude-3-5", {BELUGA__THINKING_NEVER, true, false, true, false, 8192}},
    {"claude-3-", {BELUGA__THINKING_NEVER, true, false, true, false, 4096}},
    {"claude-v2", {BELUGA__THINKING_NEVER, true, false, true, false, 4096}},
    {"claude-2", {BELUGA__THINKING_NEVER, true, false, true, false, 4096}},
    {"claude-instant", {BELUGA__THINKING_NEVER, true, false, true, false, 4096}},
    {"claude-", {BELUGA__THINKING_ADAPTIVE, true, true, false, true, 128000}},
    {"", {BELUGA__THINKING_ANY, false, false, false, false, 0}},
};

beluga__claude beluga__claude_of(const char *model)
{
    size_t i = 0;
    while (!strstr(model, models[i].words)) i++;
    return models[i].model;
}

/* ---- thinking -------------------------------------------------------------------------------- */

const char *beluga__claude_mode_name(beluga__claude_mode mode)
{
    static const char *const names[] = {NULL, "disabled", "enabled", "adaptive"};
    return names[mode];
}

static const char *effort_word(beluga_http_request *request, const beluga__claude *model,
                               int64_t effort)
{
    int64_t sent = effort;
    if (effort == BELUGA_REASONING_EFFORT_NONE) return NULL;
    if (effort == BELUGA_REASONING_EFFORT_MINIMAL) sent = BELUGA_REASONING_EFFORT_LOW;
    if (effort == BELUGA_REASONING_EFFORT_XHIGH && model->no_xhigh)
        sent = BELUGA_REASONING_EFFORT_MAX;
    const char *word = beluga__reasoning_effort_name(sent);
    if (sent != effort)
        beluga_http_request_warn(request,
                                 "reasoning_effort %s is sent as %s, which is the nearest "
                                 "that the model knows",
                                 beluga__reasoning_effort_name(effort), word);
    return word;
}

/* Returns whether tool_choice forces a tool call. The API refuses thinking in this case. */
static bool is_forced(const beluga_call *call)
{
    const char *choice = beluga_call_get_string(call, BELUGA_OPTION_TOOL_CHOICE, NULL);
    return choice && beluga_call_tool_count(call) && strcmp(choice, "auto") != 0 &&
           strcmp(choice, "none") != 0;
}

/* Adjust a budget. It has a minimum, and must leave tokens for the answer. A budget that is too
 * large is reduced so that a quarter of all tokens is left. Returns 0 if the limit is too small for
 * the minimum. */
static int64_t fit_budget(const beluga__claude *model, int64_t asked, int64_t max_tokens,
                          int64_t room)
{
    int64_t most = max_tokens, budget = asked < LEAST_BUDGET ? LEAST_BUDGET : asked;
    if (!most && model->max_tokens && room + budget > model->max_tokens) most = model->max_tokens;
    if (most && budget >= most) budget = most - most / 4;
    if (budget < LEAST_BUDGET) budget = LEAST_BUDGET;
    return most && budget >= most ? 0 : budget;
}

static void warn_of_budget(const beluga_call *call, beluga_http_request *request, int64_t budget)
{
    int64_t asked = budget, effort;
    bool given = beluga_call_get_int(call, BELUGA_OPTION_REASONING_BUDGET, &asked);
    if (!budget)
        beluga_http_request_warn(
            request,
            "thinking is not requested: max_tokens leaves less than the %d tokens that it needs",
            LEAST_BUDGET);
    else if (!given && beluga_call_get_int(call, BELUGA_OPTION_REASONING_EFFORT, &effort))
        beluga_http_request_warn(request,
                                 "reasoning_effort %s is sent as a budget of %lld tokens, "
                                 "since the model accepts only a budget",
                                 beluga__reasoning_effort_name(effort), (long long)budget);
    else if (budget != asked)
        beluga_http_request_warn(request,
                                 "reasoning_budget is sent as %lld: it has to be %d at "
                                 "least, and to leave some of max_tokens",
                                 (long long)budget, LEAST_BUDGET);
}

/* Returns whether the model's last message calls tools but has no signed reasoning. For example,
 * another model may have written the message. */
static bool calls_without_a_thought(const beluga_call *call)
{
    const beluga_message *message = NULL;
    bool calls = false;
    for (size_t i = beluga_call_message_count(call); i > 0; i--) {
        message = beluga_call_message(call, i - 1);
        if (beluga_message_role(message) == BELUGA_ROLE_AI) break;
        message = NULL;
    }
    for (size_t i = 0; i < beluga_message_count(message); i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (part->kind == BELUGA_PART_REASONING && part->signature) return false;
        calls = calls || part->kind == BELUGA_PART_TOOL_CALL;
    }
    return calls;
}

static void plan_budget(const beluga_call *call, beluga_http_request *request,
                        const beluga__claude *model, int64_t room, beluga__claude_plan *plan)
{
    if (calls_without_a_thought(call)) {
        beluga_http_request_warn(request, "thinking is not requested: the model refuses it if its "
                                          "last tool calls lack their reasoning");
        plan->mode = BELUGA__CLAUDE_DISABLED;
        return;
    }

    /* budgets that correspond to the efforts, for models that accept only a budget */
    static const int64_t near_effort[] = {0, 1024, 2048, 8192, 16384, 24576, 31999};
    int64_t effort = BELUGA_REASONING_EFFORT_NONE, asked;
    bool has_budget = beluga_call_get_int(call, BELUGA_OPTION_REASONING_BUDGET, &asked);
    bool has_effort = beluga_call_get_int(call, BELUGA_OPTION_REASONING_EFFORT, &effort);
    if (has_budget && has_effort && model->thinking == BELUGA__THINKING_BUDGET)
        beluga_http_request_warn(request,
                                 "reasoning_effort is not sent: the model accepts only the budget");
    if (!has_budget) asked = near_effort[effort];
    plan->budget = fit_budget(model, asked, plan->max_tokens, room);
    plan->mode = plan->budget ? BELUGA__CLAUDE_ENABLED : BELUGA__CLAUDE_DISABLED;
    warn_of_budget(call, request, plan->budget);
}

static void plan_adaptive(const beluga_call *call, beluga_http_request *request,
                          const beluga__claude *model, beluga__claude_plan *plan)
{
    int64_t budget;
    plan->mode = BELUGA__CLAUDE_ADAPTIVE;
    if (beluga_call_get_int(call, BELUGA_OPTION_REASONING_BUDGET, &budget) &&
        model->thinking == BELUGA__THINKING_ADAPTIVE)
        beluga_http_request_warn(request, "reasoning_budget is not sent: the model decides itself "
                                          "how much to think; use reasoning_effort");
}

static void plan_thinking(const beluga_call *call, beluga_http_request *request,
                          const beluga__claude *model, int64_t room, beluga__claude_plan *plan)
{
    int64_t budget = 0;
    bool has_budget = beluga_call_get_int(call, BELUGA_OPTION_REASONING_BUDGET, &budget);
    if (model->thinking == BELUGA__THINKING_NEVER) {
        beluga_http_request_warn(request, "thinking is not requested: this model can't think");
        plan->effort = NULL;
    } else if (model->known && is_forced(call)) {
        beluga_http_request_warn(
            request,
            "thinking is not requested: the model refuses it if tool_choice forces a tool call");
        plan->mode = BELUGA__CLAUDE_DISABLED;
        plan->effort = NULL;
    } else if (model->thinking == BELUGA__THINKING_BUDGET ||
               (has_budget && model->thinking != BELUGA__THINKING_ADAPTIVE)) {
        plan_budget(call, request, model, room, plan);
    } else {
        plan_adaptive(call, request, model, plan);
    }
}

beluga__claude_plan beluga__claude_plan_of(const beluga_call *call, beluga_http_request *request,
                                           const beluga__claude *model, int64_t room)
{
    beluga__claude_plan plan = {0};
    int64_t budget = 0, effort = BELUGA_REASONING_EFFORT_NONE;
    bool has_budget = beluga_call_get_int(call, BELUGA_OPTION_REASONING_BUDGET, &budget);
    bool has_effort = beluga_call_get_int(call, BELUGA_OPTION_REASONING_EFFORT, &effort);
    beluga_call_get_int(call, BELUGA_OPTION_MAX_TOKENS, &plan.max_tokens);
    if (!has_budget && !has_effort) return plan;
    if ((has_budget && !budget) || (has_effort && effort == BELUGA_REASONING_EFFORT_NONE)) {
        if (model->thinking != BELUGA__THINKING_NEVER) plan.mode = BELUGA__CLAUDE_DISABLED;
        return plan;
    }
    if (model->thinking != BELUGA__THINKING_BUDGET && model->thinking != BELUGA__THINKING_NEVER)
        plan.effort = effort_word(request, model, effort);
    plan_thinking(call, request, model, room, &plan);
    return plan;
}

/* ---- sampling -------------------------------------------------------------------------------- */

static void warn_of(beluga_http_request *request, const char *option, const char *why)
{
    beluga_http_request_warn(request, "%s is not sent: %s", option, why);
}

beluga__claude_sampling beluga__claude_sampling_of(const beluga_call *call,
                                                   beluga_http_request *request,
                                                   const beluga__claude *model, bool thinks)
{
    double temperature = 1, top_p = 1;
    int64_t top_k;
    beluga__claude_sampling send = {
        .temperature = beluga_call_get_double(call, BELUGA_OPTION_TEMPERATURE, &temperature),
        .top_p = beluga_call_get_double(call, BELUGA_OPTION_TOP_P, &top_p),
        .top_k = beluga_call_get_int(call, BELUGA_OPTION_TOP_K, &top_k),
    };
    bool fixed = model->known && (thinks || model->samples_itself);
    const char *why =
        model->samples_itself ? "the model takes none" : "the model takes none while it thinks";
    if (fixed && temperature != 1) warn_of(request, "temperature", why);
    if (fixed && top_p != 1) warn_of(request, "top_p", why);
    if (fixed && send.top_k) warn_of(request, "top_k", why);
    if (fixed) return (beluga__claude_sampling){false, false, false};
    if (send.temperature && send.top_p && model->one_of_two) {
        warn_of(request, "top_p", "the model takes it or temperature, not both");
        send.top_p = false;
    }
    return send;
}
