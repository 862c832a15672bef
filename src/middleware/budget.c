/* A budget in US dollars: what calls of a model cost is added up, and when it is spent no further
 * one is sent.
 *
 * A call reserves what it may cost before it is sent, so that many at once do not spend more
 * together than each was allowed alone: its input as estimated, and its output where max_tokens
 * says how long it may get. When it ends what was used takes the place of that. Where nobody told,
 * as of a stream that was cancelled, what was answered is estimated; a try that got no answer
 * counts as far as its usage is known. */
#include "middleware/layer.h"
#include "middleware/middleware.h"

#define PER_DOLLAR 1e9 /* it is counted in billionths */
#define MOST_COST  ((double)(INT64_MAX / 1024))
enum { BYTES_PER_TOKEN = 4 };

typedef struct budget {
    beluga__layer layer;
    beluga_prices *prices; /* owned */
    beluga_price others;   /* the dearest of the fallbacks', each part of it */
    int64_t most;
    _Atomic int64_t spent; /* with what is reserved */
} budget;

typedef struct budget_op {
    beluga__stage op;
    beluga__sink sink;
    beluga__sink *outer;
    beluga__stage *inner;
    budget *self;
    beluga_call *call;
    int64_t reserved, used; /* of tries that are over */
    beluga_price price;     /* of who answers */
    beluga_usage usage;     /* of the try that runs */
    int64_t input_tokens;   /* estimated */
    int64_t bytes;          /* of its answer */
    bool answered;          /* its provider said something */
    bool settled;
} budget_op;

static int64_t cost_of(const budget_op *op)
{
    double cost = beluga_price_cost(&op->price, &op->usage) * PER_DOLLAR;
    if (cost > MOST_COST) return (int64_t)MOST_COST;
    return cost > 0 ? (int64_t)cost : 0;
}

/* Not every provider tells the usage, and none does of a stream that was cancelled or broke off. */
static void estimate_usage(budget_op *op)
{
    if (op->usage.input_total < 0) op->usage.input_total = op->input_tokens;
    if (op->usage.output_total < 0)
        op->usage.output_total = (op->bytes + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN;
}

static void end_try(budget_op *op)
{
    if (op->answered) estimate_usage(op);
    op->used += cost_of(op);
    op->usage = (beluga_usage)BELUGA_USAGE_INIT;
    op->answered = false;
    op->bytes = 0;
}

static void settle(budget_op *op)
{
    if (op->settled) return;
    op->settled = true;
    end_try(op);
    atomic_fetch_add(&op->self->spent, op->used - op->reserved);
}

static void take_metadata(budget_op *op, const beluga_event *event)
{
    const budget *self = op->self;
    const char *provider = event->u.metadata.provider;
    if (beluga_prices_find(self->prices, provider, event->u.metadata.model, &op->price)) return;
    if (provider && strcmp(provider, op->call->target->provider->name) == 0)
        beluga_prices_find(self->prices, provider, op->call->model_name, &op->price);
}

static void take_content(budget_op *op, size_t bytes)
{
    op->answered = true;
    op->bytes += (int64_t)bytes;
}

static void on_event(beluga__sink *sink, const beluga_event *event)
{
    budget_op *op = beluga__container_of(sink, budget_op, sink);
    switch (event->kind) {
    case BELUGA_EVENT_METADATA: take_metadata(op, event); break;
    case BELUGA_EVENT_TEXT: take_content(op, event->u.text.length); break;
    case BELUGA_EVENT_REASONING: take_content(op, event->u.reasoning.length); break;
    case BELUGA_EVENT_TOOL_CALL_END: take_content(op, event->u.tool_call.length); break;
    case BELUGA_EVENT_USAGE: op->usage = event->u.usage; break;
    case BELUGA_EVENT_RESTART: end_try(op); break;
    case BELUGA_EVENT_FINISH: op->answered = true; /* fall through */
    case BELUGA_EVENT_ERROR: settle(op); break;
    }
    op->outer->event(op->outer, event);
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

static void estimate(budget_op *op)
{
    const beluga_call *call = op->call;
    for (size_t i = 0; i < call->n_messages; i++)
        op->input_tokens += beluga_message_estimate_tokens(call->messages[i]);
    op->usage.input_total = op->input_tokens;
    op->usage.output_total = beluga__settings_int(call->settings, BELUGA_OPTION_MAX_TOKENS, 0);
    beluga_price own = op->price;
    op->price = dearest(&own, &op->self->others); /* whoever will answer */
    op->reserved = cost_of(op);
    op->price = own;
    op->usage = (beluga_usage)BELUGA_USAGE_INIT;
}

static int reserve(budget_op *op, beluga_error *err)
{
    budget *self = op->self;
    int64_t before = atomic_fetch_add(&self->spent, op->reserved);
    if (before < self->most && before + op->reserved <= self->most) return 0;
    atomic_fetch_sub(&self->spent, op->reserved);
    return beluga_error_set(
        err, BELUGA_ERROR_BUDGET_EXCEEDED,
        "the budget of $%.6g is spent: $%.6g are used or reserved, and this call may "
        "cost $%.6g",
        (double)self->most / PER_DOLLAR, (double)before / PER_DOLLAR,
        (double)op->reserved / PER_DOLLAR);
}

static int start(beluga__model *model, beluga_call *call, beluga__sink *sink, beluga__stage **out,
                 beluga_error *err)
{
    budget_op *op = beluga__layer_op(call, sizeof *op, err);
    if (!op) return BELUGA_ERROR_NO_MEMORY;
    op->op.ops = model->ops;
    op->sink.event = on_event;
    op->outer = sink;
    op->call = call;
    op->self = (budget *)beluga__layer_of(model);
    beluga_prices_find(op->self->prices, call->target->provider->name, call->model_name,
                       &op->price);
    estimate(op);
    int status = call->list_models ? 0 : reserve(op, err);
    if (status) return status;
    if (call->list_models) op->reserved = 0;
    beluga__model *inner = op->self->layer.inner;
    status = inner->ops->start(inner, call, &op->sink, &op->inner, err);
    if (status)
        settle(op);
    else
        *out = &op->op;
    return status;
}

static void cancel(beluga__stage *base)
{
    budget_op *op = beluga__container_of(base, budget_op, op);
    beluga__stage_cancel(op->inner);
    settle(op);
}

static void pause(beluga__stage *base, bool paused)
{
    beluga__stage_pause(beluga__container_of(base, budget_op, op)->inner, paused);
}

static void release(beluga__model *model)
{
    beluga_prices_free(((budget *)beluga__layer_of(model))->prices);
    beluga__layer_release(model);
}

static const beluga__model_ops budget_ops = {start, cancel, pause, release};

beluga__model *beluga__budget_new(beluga__runtime *runtime, const beluga__settings *settings,
                                  beluga_prices *prices, beluga__target *const *others, size_t n,
                                  beluga__model *inner)
{
    budget *self = beluga__layer_new(sizeof *self, &budget_ops, runtime, inner);
    if (!self) {
        beluga_prices_free(prices);
        return NULL;
    }
    self->prices = prices;
    for (size_t i = 0; i < n; i++) {
        beluga_price price = {0};
        beluga_prices_find(prices, others[i]->provider->name, others[i]->model_name, &price);
        self->others = dearest(&self->others, &price);
    }
    self->most = (int64_t)(beluga__settings_double(settings, BELUGA_OPTION_BUDGET, 0) * PER_DOLLAR);
    return &self->layer.model;
}
