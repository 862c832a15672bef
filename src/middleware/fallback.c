/* Fallback and routing: other models answer the same question when one can't, and the first to be
 * asked may be another one each time.
 *
 * Each of them is a target with its whole stack, so that its retries, breaker and limits are its
 * own. A call goes to the next one after an error of a class that another model may not have, while
 * nothing of the answer was delivered, or where it may be taken back. When all have failed the
 * caller gets the first one's error: what came later must not hide it. */
#include "middleware/layer.h"
#include "middleware/middleware.h"

#include "base/mem.h"
#include "schema/event.h"

#include <stdio.h>

enum { ROUTING_IN_ORDER, ROUTING_ROUND_ROBIN, ROUTING_WEIGHTED };

typedef struct fallback {
    beluga__layer layer;
    int64_t routing;
    _Atomic uint64_t turn;
    int64_t own_weight, total_weight;
    size_t n; /* of others */
    struct other {
        beluga__target *target; /* shared */
        int64_t weight;
    } others[];
} fallback;

typedef struct fallback_op {
    beluga__stage op;
    beluga__sink sink;
    beluga__sink *outer;
    beluga__stage *inner;
    fallback *self;
    beluga_call *call;
    beluga__task next; /* ops deliver nothing inside start, so a failed one is followed later */
    size_t first;      /* who was asked first: 0 is the model itself, then the others */
    size_t asked;      /* how many have been */
    int attempts;
    bool delivered, paused;
    beluga_error *error; /* the first one's, in the arena */
} fallback_op;

/* --- which errors ----------------------------------------------------------------------------- */

/* What is the fault of the question, or of who asks, is the same everywhere. */
static bool leads_on_by_default(const beluga_error *err)
{
    switch (err->code) {
    case BELUGA_ERROR_QUOTA_EXCEEDED:
    case BELUGA_ERROR_NOT_FOUND:
    case BELUGA_ERROR_INVALID_MODEL:
    case BELUGA_ERROR_MODEL_NOT_AVAILABLE:
    case BELUGA_ERROR_INVALID_RESPONSE:
    case BELUGA_ERROR_CONTEXT_LENGTH: /* another model may take more */
    case BELUGA_ERROR_CIRCUIT_OPEN:
    case BELUGA_ERROR_BUDGET_EXCEEDED:
    /* The same model is not always asked again after these, but another may do better. */
    case BELUGA_ERROR_TIMEOUT:
    case BELUGA_ERROR_STREAM_TIMEOUT:
    case BELUGA_ERROR_EMPTY_RESPONSE:
    case BELUGA_ERROR_MALFORMED_RESPONSE: return true;
    case BELUGA_ERROR_CONTEXT_CANCELED:
    case BELUGA_ERROR_CONTEXT_TIMEOUT:
    case BELUGA_ERROR_NO_MEMORY:
    case BELUGA_ERROR_FORKED: return false;
    }
    return err->retryable;
}

static bool leads_on(const fallback_op *op, const beluga_error *err)
{
    const beluga__setting *list = &op->call->settings->known[BELUGA_OPTION_FALLBACK_ON];
    if (!list->type) return leads_on_by_default(err);
    for (const beluga__item *item = list->value.items; item; item = item->next)
        if (beluga_error_code_from_name(item->value.string) == err->code) return true;
    return false;
}

/* --- whose turn it is ------------------------------------------------------------------------- */

static int64_t weight_of(const fallback *f, size_t index)
{
    return index ? f->others[index - 1].weight : f->own_weight;
}

static size_t choose_weighted(const fallback *f, beluga_loop *loop)
{
    int64_t at = (int64_t)(beluga__loop_random(loop) % (uint64_t)f->total_weight);
    size_t index = 0;
    while (index < f->n && at >= weight_of(f, index)) at -= weight_of(f, index++);
    return index;
}

static size_t choose_first(fallback *f, const beluga_call *call)
{
    if (call->list_models) return 0;
    if (f->routing == ROUTING_ROUND_ROBIN)
        return (size_t)(atomic_fetch_add(&f->turn, 1) % (f->n + 1));
    return f->routing == ROUTING_WEIGHTED ? choose_weighted(f, call->loop) : 0;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void tell_others(beluga_error *err, const beluga_error *last)
{
    char text[sizeof err->cause + sizeof last->message];
    int n = snprintf(text, sizeof text, "%s%s%s%s%s, too, failed: %s", err->cause,
                     *err->cause ? "; " : "", last->provider,
                     *last->provider && *last->model ? "/" : "", last->model, last->message);
    beluga_error_set_cause(err, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

/* That there is no memory is about the caller, and has to be told whatever came before. */
static beluga_error final_error(const fallback_op *op, const beluga_error *last)
{
    if (!op->error || last->code == BELUGA_ERROR_NO_MEMORY) return *last;
    beluga_error err = *op->error;
    tell_others(&err, last);
    return err;
}

static void give_up(fallback_op *op, const beluga_error *last)
{
    beluga_error err = final_error(op, last);
    err.attempts = op->attempts;
    beluga__sink_error(op->outer, &err);
}

/* --- from one to the next --------------------------------------------------------------------- */

static int ask(fallback_op *op, beluga_error *err)
{
    fallback *f = op->self;
    size_t index = op->asked++;
    /* The first one is not asked again in its old place. */
    index = index == 0 ? op->first : index <= op->first ? index - 1 : index;
    beluga__target *target = index ? f->others[index - 1].target : NULL;
    beluga_call *call = op->call;
    beluga__model *inner = f->layer.inner;
    if (target) {
        int status = beluga__call_derive(op->call, target, &call, err);
        if (status) return status;
        inner = target->stack;
    }
    int status = inner->ops->start(inner, call, &op->sink, &op->inner, err);
    if (status) beluga__call_locate(call, err);
    return status;
}

static void keep_first_error(fallback_op *op, const beluga_error *err)
{
    op->attempts += err->attempts;
    if (op->error) return;
    op->error = beluga__arena_alloc(&op->call->arena, sizeof *op->error);
    if (op->error) *op->error = *err;
}

static void log_next(const fallback_op *op, const beluga_error *err)
{
    beluga__log(op->self->layer.runtime, BELUGA_LOG_WARN, "fallback",
                BELUGA__TEXT_FIELD("provider", err->provider),
                BELUGA__TEXT_FIELD("model", err->model),
                BELUGA__TEXT_FIELD("error", beluga_error_name(err->code)),
                BELUGA__NUMBER_FIELD("models_left", (int64_t)(op->self->n + 1 - op->asked)));
}

/* Returns whether the next one will be asked. */
static bool go_on(fallback_op *op, const beluga_error *err)
{
    bool told = op->delivered && !op->call->restartable;
    if (told || op->asked > op->self->n || op->call->list_models || !leads_on(op, err))
        return false;
    keep_first_error(op, err);
    log_next(op, err);
    beluga_event restart = {.kind = BELUGA_EVENT_RESTART};
    op->delivered = false;
    op->outer->event(op->outer, &restart); /* also of usage and ids that went before the failure */
    if (op->outer) op->call->loop->ops->defer(op->call->loop, &op->next);
    return true;
}

static void failed(fallback_op *op, const beluga_error *err)
{
    op->inner = NULL;
    if (!go_on(op, err)) give_up(op, err);
}

static void ask_next(beluga__task *task)
{
    fallback_op *op = beluga__container_of(task, fallback_op, next);
    beluga_error err;
    if (ask(op, &err))
        failed(op, &err);
    else if (op->paused)
        beluga__stage_pause(op->inner, true);
}

static void on_event(beluga__sink *sink, const beluga_event *event)
{
    fallback_op *op = beluga__container_of(sink, fallback_op, sink);
    if (event->kind == BELUGA_EVENT_ERROR) {
        failed(op, event->u.error);
        return;
    }
    if (event->kind == BELUGA_EVENT_RESTART) op->delivered = false;
    if (!op->delivered) op->delivered = beluga__event_is_content(event);
    op->outer->event(op->outer, event);
}

/* --- a model ---------------------------------------------------------------------------------- */

static int start(beluga__model *model, beluga_call *call, beluga__sink *sink, beluga__stage **out,
                 beluga_error *err)
{
    fallback_op *op = beluga__layer_op(call, sizeof *op, err);
    beluga_error unset;
    if (!op) return BELUGA_ERROR_NO_MEMORY;
    if (!err) err = &unset;
    op->op.ops = model->ops;
    op->sink.event = on_event;
    op->outer = sink;
    op->call = call;
    op->self = (fallback *)beluga__layer_of(model);
    op->next.run = ask_next;
    op->first = choose_first(op->self, call);
    int status = ask(op, err);
    while (status && op->asked <= op->self->n && !call->list_models && leads_on(op, err)) {
        keep_first_error(op, err);
        log_next(op, err);
        status = ask(op, err);
    }
    if (!status) {
        *out = &op->op;
        return 0;
    }
    *err = final_error(op, err);
    return err->code;
}

static void cancel(beluga__stage *base)
{
    fallback_op *op = beluga__container_of(base, fallback_op, op);
    op->outer = NULL;
    beluga__task_cancel(&op->next);
    beluga__stage_cancel(op->inner);
    op->inner = NULL;
}

static void pause(beluga__stage *base, bool paused)
{
    fallback_op *op = beluga__container_of(base, fallback_op, op);
    op->paused = paused;
    beluga__stage_pause(op->inner, paused);
}

static void release(beluga__model *model)
{
    fallback *f = (fallback *)beluga__layer_of(model);
    for (size_t i = 0; i < f->n; i++) beluga__target_unref(f->others[i].target);
    beluga__layer_release(model);
}

static const beluga__model_ops fallback_ops = {start, cancel, pause, release};

beluga__model *beluga__fallback_new(beluga__runtime *runtime, const beluga__settings *settings,
                                    beluga__target *const *others, size_t n, beluga__model *inner)
{
    fallback *f =
        beluga__layer_new(sizeof *f + n * sizeof *f->others, &fallback_ops, runtime, inner);
    if (!f) return NULL;
    f->routing = beluga__settings_int(settings, BELUGA_OPTION_ROUTING, ROUTING_IN_ORDER);
    f->own_weight = f->total_weight = beluga__settings_int(settings, BELUGA_OPTION_WEIGHT, 1);
    f->n = n;
    for (size_t i = 0; i < n; i++) {
        f->others[i].target = beluga__target_ref(others[i]);
        f->others[i].weight = beluga__settings_int(&others[i]->settings, BELUGA_OPTION_WEIGHT, 1);
        f->total_weight += f->others[i].weight;
    }
    return &f->layer.model;
}
