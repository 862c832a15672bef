/* A budget in US dollars: the costs of a model's calls are added up, and when the budget is spent
 * no further call is sent.
 *
 * A call reserves its cost before it is sent, so that many calls that run at once do not exceed the
 * budget together. The reserved cost is estimated from the input, and from max_tokens for the
 * output. When the call ends, the real cost replaces the reserved one. If no usage was reported, as
 * for a stream that was cancelled, the answer's tokens are estimated; for an attempt without an
 * answer only the usage that was reported counts. */
#include "middleware/layer.h"
#include "middleware/middleware.h"

#define PER_DOLLAR 1e9 /* costs are counted in billionths of a dollar */
#define MOST_COST  ((double)(INT64_MAX / 1024))
enum { BYTES_PER_TOKEN = 4 };

typedef struct budget {
    beluga__layer base;
    beluga_prices *prices; /* owned */
    beluga_price others;   /* for each kind of token, the highest price among the fallback models */
    int64_t most;
    _Atomic int64_t spent; /* includes the costs that running calls have reserved */
} budget;

typedef struct budget_stage {
    beluga__layer_stage base;
    int64_t reserved, used; /* `used` is the cost of the call's earlier attempts */
    beluga_price price;     /* price of the model that answers */
    beluga_usage usage;     /* usage of the current attempt */
    int64_t input_tokens;   /* estimated input tokens of the call */
    int64_t bytes;          /* bytes of content in the current attempt's answer */
    bool answered;          /* the current attempt has delivered content */
    bool settled;
} budget_stage;

static budget *budget_of(const budget_stage *stage)
{
    return beluga__container_of(stage->base.layer, budget, base);
}

static int64_t cost_of(const budget_stage *stage)
{
    double cost = beluga_price_cost(&stage->price, &stage->usage) * PER_DOLLAR;
    if (cost > MOST_COST) return (int64_t)MOST_COST;
    return cost > 0 ? (int64_t)cost : 0;
}

/* Add the cost of an attempt. If the attempt has an answer but no usage was reported, the usage is
 * estimated. That is so for some providers, and for each stream that was cancelled or cut. */
static void end_try(budget_stage *stage)
{
    if (stage->answered && stage->usage.input_total < 0)
        stage->usage.input_total = stage->input_tokens;
    if (stage->answered && stage->usage.output_total < 0)
        stage->usage.output_total = (stage->bytes + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN;
    stage->used += cost_of(stage);
    stage->usage = (beluga_usage)BELUGA_USAGE_INIT;
    stage->answered = false;
    stage->bytes = 0;
}

static void settle(budget_stage *stage)
{
    if (stage->settled) return;
    stage->settled = true;
    end_try(stage);
    atomic_fetch_add(&budget_of(stage)->spent, stage->used - stage->reserved);
}

static void take_metadata(budget_stage *stage, const beluga_event *event)
{
    const budget *self = budget_of(stage);
    const char *provider = event->u.metadata.provider;
    if (beluga_prices_find(self->prices, provider, event->u.metadata.model, &stage->price)) return;
    if (provider && strcmp(provider, stage->base.call->target->provider->name) == 0)
        beluga_prices_find(self->prices, provider, stage->base.call->model_name, &stage->price);
}

static void take_content(budget_stage *stage, size_t bytes)
{
    stage->answered = true;
    stage->bytes += (int64_t)bytes;
}

static void on_event(beluga__sink *sink, const beluga_event *event)
{
    budget_stage *stage = beluga__container_of(sink, budget_stage, base.sink);
    switch (event->kind) {
    case BELUGA_EVENT_METADATA: take_metadata(stage, event); break;
    case BELUGA_EVENT_TEXT: take_content(stage, event->u.text.length); break;
    case BELUGA_EVENT_REASONING: take_content(stage, event->u.reasoning.length); break;
    case BELUGA_EVENT_TOOL_CALL_END: take_content(stage, event->u.tool_call.length); break;
    case BELUGA_EVENT_USAGE: stage->usage = event->u.usage; break;
    case BELUGA_EVENT_RESTART: end_try(stage); break;
    case BELUGA_EVENT_FINISH: stage->answered = true; /* fall through */
    case BELUGA_EVENT_ERROR: settle(stage); break;
    }
    beluga__layer_deliver(&stage->base, event);
}

static double more(double a, double b)
{
    return a > b ? a : b;
}

static beluga_price dearest(const beluga_price *a, const beluga_price *b)
{
    return (beluga_price){more(a->input, b->input), more(a->cache_read, b->cache_read),
                          more(a->cache_write, b->cache_write), more(a->output, b->output)};
}

static void estimate(budget_stage *stage)
{
    const beluga_call *call = stage->base.call;
    bool is_answer = beluga__call_is_answer(call);
    stage->input_tokens = beluga__call_estimate_tokens(call);
    stage->usage.input_total = stage->input_tokens;
    if (is_answer)
        stage->usage.output_total =
            beluga__settings_int(call->settings, BELUGA_OPTION_MAX_TOKENS, 0);
    beluga_price own = stage->price;
    if (is_answer) /* a fallback may answer as well, so reserve the highest price */
        stage->price = dearest(&own, &budget_of(stage)->others);
    stage->reserved = cost_of(stage);
    stage->price = own;
    stage->usage = (beluga_usage)BELUGA_USAGE_INIT;
}

static int reserve(budget_stage *stage, beluga_error *err)
{
    budget *self = budget_of(stage);
    int64_t before = atomic_fetch_add(&self->spent, stage->reserved);
    if (before < self->most && before + stage->reserved <= self->most) return 0;
    atomic_fetch_sub(&self->spent, stage->reserved);
    return beluga_error_set(err, BELUGA_ERROR_BUDGET_EXCEEDED,
                            "the budget of $%.6g is spent: $%.6g are used or reserved, and this "
                            "call may cost another $%.6g",
                            (double)self->most / PER_DOLLAR, (double)before / PER_DOLLAR,
                            (double)stage->reserved / PER_DOLLAR);
}

static int begin(beluga__layer_stage *base, beluga_error *err)
{
    budget_stage *stage = beluga__container_of(base, budget_stage, base);
    const beluga_call *call = base->call;
    beluga_prices_find(budget_of(stage)->prices, call->target->provider->name, call->model_name,
                       &stage->price);
    /* lists of models and token counts cost nothing */
    bool costs = beluga__call_is_answer(call) || call->kind == BELUGA_CALL_EMBED;
    if (costs) estimate(stage);
    int status = costs ? reserve(stage, err) : 0;
    if (status) return status;
    status = beluga__layer_ask(base, err);
    if (status) settle(stage);
    return status;
}

static void cancelled(beluga__layer_stage *base)
{
    settle(beluga__container_of(base, budget_stage, base));
}

static void release(beluga__model *model)
{
    beluga_prices_free(beluga__container_of(model, budget, base.model)->prices);
    beluga__layer_release(model);
}

static const beluga__layer_kind kind = {
    BELUGA__LAYER_OPS_WITH(release), sizeof(budget_stage), begin, on_event, cancelled, NULL};

beluga__model *beluga__budget_new(const beluga__stack_plan *plan, beluga__model *inner)
{
    budget *self = beluga__layer_new(sizeof *self, &kind, plan->runtime, inner);
    if (!self) {
        beluga_prices_free(plan->prices);
        return NULL;
    }
    self->prices = plan->prices;
    for (size_t i = 0; i < plan->n_others; i++) {
        const beluga__target *other = plan->others[i];
        beluga_price price = {0};
        beluga_prices_find(self->prices, other->provider->name, other->model_name, &price);
        self->others = dearest(&self->others, &price);
    }
    self->most =
        (int64_t)(beluga__settings_double(plan->settings, BELUGA_OPTION_BUDGET, 0) * PER_DOLLAR);
    return &self->base.model;
}
