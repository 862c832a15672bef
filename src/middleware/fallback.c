/* Fallback and routing: if one model can't answer, other models are asked. Routing chooses the
 * model that is asked first.
 *
 * Each model is a target with a stack of its own, so it has its own retries, breaker and limits.
 * The next model is asked after an error that may not happen with another model, if nothing of the
 * answer was delivered, or if the caller allows a restart. When all models have failed, the caller
 * gets the error of the first one: later errors must not hide it.
 *
 * Only answers may come from another model: names of models, vectors and token counts belong to the
 * model that was asked. */
#include "base/mem.h"
#include "base/mix.h"
#include "middleware/layer.h"
#include "middleware/middleware.h"
#include "schema/event.h"

#include <stdio.h>

/* number of lots that the model with the largest weight draws for a routing_key */
enum { LOTS = 100 };

typedef struct other {
    beluga__target *target; /* a reference */
    int64_t weight;
    uint64_t mark; /* hash of the target's provider, model and URL, for routing_key */
} other;

typedef struct fallback {
    beluga__layer base;
    int64_t routing;
    _Atomic uint64_t turn;
    /* the model's own weight, the sum of all weights, the largest weight */
    int64_t own_weight, total_weight, most;
    size_t n; /* number of `others` */
    other others[];
} fallback;

typedef struct fallback_stage {
    beluga__layer_stage base;
    /* Asks the next model after a failure. This is a task, since a stage must not deliver events
     * while it starts. */
    beluga__task next;
    /* index of the model that was asked first: 0 is the model itself, 1 the first of `others`, and
     * so on */
    size_t first;
    size_t asked;        /* number of models asked so far */
    beluga_error *error; /* error of the model that was asked first; in the arena */
} fallback_stage;

static fallback *fallback_of(const fallback_stage *stage)
{
    return beluga__container_of(stage->base.layer, fallback, base);
}

/* --- errors after which another model is asked ------------------------------------------------ */

/* Returns whether another model is asked after this error by default. A bad request or a bad key
 * fails with every model. */
static bool leads_on_by_default(const beluga_error *err)
{
    switch (err->code) {
    case BELUGA_ERROR_QUOTA_EXCEEDED:
    case BELUGA_ERROR_NOT_FOUND:
    case BELUGA_ERROR_INVALID_MODEL:
    case BELUGA_ERROR_MODEL_NOT_AVAILABLE:
    case BELUGA_ERROR_INVALID_RESPONSE:
    case BELUGA_ERROR_CONTEXT_LENGTH: /* another model may accept more tokens */
    case BELUGA_ERROR_CIRCUIT_OPEN:
    case BELUGA_ERROR_BUDGET_EXCEEDED:
    /* These errors are not always retried on the same model, but another model may succeed. */
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

static bool leads_on(const fallback_stage *stage, const beluga_error *err)
{
    const beluga__setting *list = &stage->base.call->settings->known[BELUGA_OPTION_FALLBACK_ON];
    if (!list->type) return leads_on_by_default(err);
    for (const beluga__item *item = list->value.items; item; item = item->next)
        if (beluga_error_code_from_name(item->value.string) == err->code) return true;
    return false;
}

/* --- the first model to ask ------------------------------------------------------------------- */

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

static uint64_t hash(uint64_t seed, const char *text, size_t n)
{
    uint64_t bits = seed ^ 0xcbf29ce484222325u; /* FNV-1a */
    for (size_t i = 0; i < n; i++) bits = (bits ^ (unsigned char)text[i]) * 0x100000001b3u;
    return beluga__mix(bits);
}

static uint64_t mark_of(const beluga__target *target)
{
    const char *name = target->provider->name, *model = target->model_name, *url = target->base_url;
    uint64_t mark = hash(1, name, strlen(name));
    if (model) mark = hash(mark, model, strlen(model));
    return url ? hash(mark, url, strlen(url)) : mark;
}

/* Choose the model for a routing_key. Each model draws lots for the key, in proportion to its
 * weight (LOTS for the heaviest), and the highest lot wins. So if the list of models changes, most
 * keys keep their model: a key gets another model only if its model is removed, or if a new model
 * wins. */
static size_t choose_kept(const fallback *f, const beluga__setting *key)
{
    const uint64_t bits = hash(0, key->value.string, key->length);
    uint64_t best = 0;
    size_t chosen = 0;
    for (size_t i = 0; i <= f->n; i++) {
        int64_t lots = f->routing == BELUGA_ROUTING_WEIGHTED ? weight_of(f, i) * LOTS / f->most : 1;
        uint64_t lot = bits ^ (i ? f->others[i - 1].mark : 0);
        for (int64_t k = 0; k < lots || k == 0; k++) {
            lot = beluga__mix(lot + 0x9e3779b97f4a7c15u);
            if (lot < best) continue;
            best = lot;
            chosen = i;
        }
    }
    return chosen;
}

static size_t choose_first(fallback *f, const beluga_call *call)
{
    const beluga__setting *key = &call->settings->known[BELUGA_OPTION_ROUTING_KEY];
    if (!beluga__call_is_answer(call) || f->routing == BELUGA_ROUTING_IN_ORDER) return 0;
    if (key->type) return choose_kept(f, key);
    if (f->routing == BELUGA_ROUTING_ROUND_ROBIN)
        return (size_t)(atomic_fetch_add(&f->turn, 1) % (f->n + 1));
    return choose_weighted(f, call->loop);
}

/* --- the end ---------------------------------------------------------------------------------- */

/* Returns the error for the caller: the error of the first model, with a note that another model
 * failed, too. NO_MEMORY is not caused by a model, so it is always reported. */
static beluga_error final_error(const fallback_stage *stage, const beluga_error *last)
{
    if (!stage->error || last->code == BELUGA_ERROR_NO_MEMORY) return *last;
    beluga_error err = *stage->error;
    char text[sizeof err.cause + sizeof last->message];
    int n = snprintf(text, sizeof text, "%s%s%s%s%s failed, too: %s", err.cause,
                     *err.cause ? "; " : "", last->provider,
                     *last->provider && *last->model ? "/" : "", last->model, last->message);
    beluga_error_set_cause(&err, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
    return err;
}

/* --- asking the next model -------------------------------------------------------------------- */

/* Returns the index of the model to ask after `asked` other models. Routing chose the first one;
 * the rest are asked in the order of their indices. */
static size_t index_of(const fallback_stage *stage, size_t asked)
{
    if (asked == 0) return stage->first;
    return asked <= stage->first ? asked - 1 : asked;
}

/* Returns whether two providers use the same protocol: they have the same encoder, or the same
 * protocol name. */
static bool speak_alike(const beluga_provider *a, const beluga_provider *b)
{
    bool said = a->protocol && b->protocol && strcmp(a->protocol, b->protocol) == 0;
    return a->encode_request == b->encode_request || said;
}

/* Returns whether a model can be asked. A body from the option request_body is written for one
 * protocol, so it is sent only to models with this protocol. */
static bool can_ask(const fallback_stage *stage, size_t index)
{
    const beluga_call *call = stage->base.call;
    if (!index || !call->body_given) return true;
    return speak_alike(call->target->provider,
                       fallback_of(stage)->others[index - 1].target->provider);
}

/* Skip models that can't be asked. Returns whether there is a next model. */
static bool has_next(fallback_stage *stage)
{
    size_t n = fallback_of(stage)->n;
    while (stage->asked <= n && !can_ask(stage, index_of(stage, stage->asked))) stage->asked++;
    return stage->asked <= n;
}

/* Start the call on the next model. */
static int ask(fallback_stage *stage, beluga_error *err)
{
    beluga_call *call = stage->base.call;
    beluga__model *inner = stage->base.layer->inner;
    size_t index = index_of(stage, stage->asked++);
    if (index) {
        beluga__target *target = fallback_of(stage)->others[index - 1].target;
        int status = beluga__call_derive(stage->base.call, target, &call, err);
        if (status) return status;
        inner = target->stack;
    }
    int status = beluga__layer_ask_other(&stage->base, inner, call, err);
    if (status) beluga__call_locate(call, err);
    return status;
}

static void keep_first_error(fallback_stage *stage, const beluga_error *err)
{
    stage->base.attempts = (uint16_t)(stage->base.attempts + err->attempts);
    if (stage->error) return;
    stage->error = beluga__arena_alloc(&stage->base.call->arena, sizeof *stage->error);
    if (stage->error) *stage->error = *err;
}

static void log_next(const fallback_stage *stage, const beluga_error *err)
{
    beluga__log(
        stage->base.layer->runtime, BELUGA_LOG_WARN, "fallback",
        BELUGA__TEXT_FIELD("provider", err->provider), BELUGA__TEXT_FIELD("model", err->model),
        BELUGA__TEXT_FIELD("error", beluga_error_name(err->code)),
        BELUGA__NUMBER_FIELD("models_left", (int64_t)(fallback_of(stage)->n + 1 - stage->asked)));
}

/* If the next model can be asked after this error, plan that. Returns whether it was planned. */
static bool go_on(fallback_stage *stage, const beluga_error *err)
{
    bool told = stage->base.delivered && !stage->base.call->restartable;
    if (told || !beluga__call_is_answer(stage->base.call) || !has_next(stage) ||
        !leads_on(stage, err))
        return false;
    keep_first_error(stage, err);
    log_next(stage, err);
    beluga_event restart = {.kind = BELUGA_EVENT_RESTART, .u.error = err};
    stage->base.delivered = false;
    /* a RESTART also takes back usage and ids that were delivered */
    beluga__layer_deliver(&stage->base, &restart);
    if (!beluga__layer_is_over(&stage->base))
        stage->base.call->loop->ops->defer(stage->base.call->loop, &stage->next);
    return true;
}

static void failed(fallback_stage *stage, const beluga_error *err)
{
    stage->base.inner = NULL;
    if (go_on(stage, err)) return;
    beluga_error last = final_error(stage, err);
    last.attempts = stage->base.attempts;
    beluga__sink_error(stage->base.outer, &last);
}

static void ask_next(beluga__task *task)
{
    fallback_stage *stage = beluga__container_of(task, fallback_stage, next);
    beluga_error err;
    if (ask(stage, &err)) failed(stage, &err);
}

/* Deliver METADATA. Its number of attempts includes the attempts of the models that failed
 * before. */
static void deliver_metadata(const fallback_stage *stage, const beluga_event *event)
{
    beluga_event told = *event;
    told.u.metadata.attempts += stage->base.attempts;
    beluga__layer_deliver(&stage->base, &told);
}

static void on_event(beluga__sink *sink, const beluga_event *event)
{
    fallback_stage *stage = beluga__container_of(sink, fallback_stage, base.sink);
    if (event->kind == BELUGA_EVENT_ERROR) {
        failed(stage, event->u.error);
        return;
    }
    /* The caller gets the error of the first model, so only that model's refusal is delivered. */
    if (event->kind == BELUGA_EVENT_RAW && event->u.raw.refused && stage->error) return;
    if (event->kind == BELUGA_EVENT_METADATA) {
        deliver_metadata(stage, event);
        return;
    }
    if (event->kind == BELUGA_EVENT_RESTART) stage->base.delivered = false;
    if (!stage->base.delivered) stage->base.delivered = beluga__event_is_final(event);
    beluga__layer_deliver(&stage->base, event);
}

/* --- a model ---------------------------------------------------------------------------------- */

static int begin(beluga__layer_stage *base, beluga_error *err)
{
    fallback_stage *stage = beluga__container_of(base, fallback_stage, base);
    stage->next.run = ask_next;
    stage->first = choose_first(fallback_of(stage), base->call);
    if (!can_ask(stage, stage->first)) stage->first = 0;
    int status = ask(stage, err);
    while (status && beluga__call_is_answer(base->call) && has_next(stage) &&
           leads_on(stage, err)) {
        keep_first_error(stage, err);
        log_next(stage, err);
        status = ask(stage, err);
    }
    if (!status) return 0;
    *err = final_error(stage, err);
    return err->code;
}

static void cancelled(beluga__layer_stage *base)
{
    beluga__task_cancel(&beluga__container_of(base, fallback_stage, base)->next);
}

static void release(beluga__model *model)
{
    fallback *f = beluga__container_of(model, fallback, base.model);
    for (size_t i = 0; i < f->n; i++) beluga__target_unref(f->others[i].target);
    beluga__layer_release(model);
}

static const beluga__layer_kind kind = {
    BELUGA__LAYER_OPS_WITH(release), sizeof(fallback_stage), begin, on_event, cancelled, NULL};

beluga__model *beluga__fallback_new(const beluga__stack_plan *plan, beluga__model *inner)
{
    const size_t n = plan->n_others, size = sizeof(fallback) + n * sizeof(other);
    fallback *f = beluga__layer_new(size, &kind, plan->runtime, inner);
    if (!f) return NULL;
    f->routing =
        beluga__settings_int(plan->settings, BELUGA_OPTION_ROUTING, BELUGA_ROUTING_IN_ORDER);
    f->own_weight = f->total_weight = beluga__settings_int(plan->settings, BELUGA_OPTION_WEIGHT, 1);
    f->most = f->own_weight;
    f->n = n;
    for (size_t i = 0; i < n; i++) {
        beluga__target *target = beluga__target_ref(plan->others[i]);
        f->others[i].target = target;
        f->others[i].weight = beluga__settings_int(&target->settings, BELUGA_OPTION_WEIGHT, 1);
        f->others[i].mark = mark_of(target);
        f->total_weight += f->others[i].weight;
        if (f->others[i].weight > f->most) f->most = f->others[i].weight;
    }
    return &f->base.model;
}
