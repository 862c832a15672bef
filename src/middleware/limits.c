/* Limits: a maximum number of requests and tokens per minute, and of calls that run at once. A call
 * waits for its turn. If it would wait longer than `limit_wait`, it is refused.
 *
 * Requests and tokens are spread evenly by the generic cell rate algorithm (GCRA), with a burst of
 * one second: each rate has a time at which the next call conforms. A call reserves its turn in
 * both rates together, under the lock, or in neither. The tokens of a call are estimated when it
 * starts, and corrected when its usage is known. If a provider reports its own limits, the next
 * call may have to wait for these, too. */
#include "base/clock.h"
#include "base/fork_lock.h"
#include "base/mem.h"
#include "base/sum.h"
#include "middleware/layer.h"
#include "middleware/middleware.h"

enum { DEFAULT_WAIT_MS = 60000 };
#define MINUTE_NS ((int64_t)60 * 1000 * BELUGA__NS_PER_MS)
#define SECOND_NS ((int64_t)1000 * BELUGA__NS_PER_MS)

typedef struct rate {
    int64_t cost_ns; /* nanoseconds for each request or token; 0: no limit */
    /* GCRA's theoretical arrival time (monotonic clock): the time at which the requests or tokens
     * taken so far are within the limit again */
    int64_t next_ns;
} rate;

typedef struct ticket ticket;

typedef struct limits {
    beluga__layer base;
    int64_t most_calls; /* maximum number of calls that run at once; 0: no limit */
    int64_t wait_ns;
    beluga__fork_lock lock; /* guards the fields below */
    rate requests, tokens;
    int64_t held_ns; /* the provider asked callers to wait until this time */
    int64_t running;
    ticket *first, **last; /* queue of calls that wait for a place among the running calls */
} limits;

typedef struct limits_stage {
    beluga__layer_stage base;
    beluga__timer timer; /* runs until the call's turn, or until `deadline_ns` */
    ticket *ticket;      /* set while the call waits for a place among the running calls */
    int64_t deadline_ns; /* time until which the call may wait */
    int64_t reserved;    /* tokens taken from the rate for this call */
    bool counted;        /* the call has a place among the running calls */
    bool has_turn;       /* the call has reserved a turn in the rates and is not sent yet */
    bool settled;        /* `reserved` is the real usage, not an estimate */
} limits_stage;

static limits *limits_of(const limits_stage *stage)
{
    return beluga__container_of(stage->base.layer, limits, base);
}

/* An entry of the queue. It outlives the stage, since the mail that grants the call a place may be
 * under way when the call is cancelled. */
struct ticket {
    beluga__mail mail;
    ticket *next;
    limits *owner;
    /* NULL when the call no longer waits; used on the loop's thread only */
    limits_stage *stage;
    beluga__mailbox *mailbox;
    beluga__target *target; /* a reference; keeps this layer alive */
    bool granted;
};

/* Take the lock. The calls of the parent do not run in a forked child, so there the counts are
 * reset. */
static void take_lock(limits *l)
{
    if (!beluga__fork_lock_take(&l->lock)) return;
    l->running = 0;
    l->first = NULL;
    l->last = &l->first;
}

/* --- rates, under the lock -------------------------------------------------------------------- */

/* Returns the earliest time at which the limit allows another request or token. */
static int64_t turn_of(const rate *r, int64_t now_ns)
{
    int64_t burst = r->cost_ns > SECOND_NS ? 0 : SECOND_NS - r->cost_ns;
    return r->cost_ns && r->next_ns - burst > now_ns ? r->next_ns - burst : now_ns;
}

static void take(rate *r, int64_t now_ns, int64_t n)
{
    if (!r->cost_ns) return;
    if (r->next_ns < now_ns) r->next_ns = now_ns;
    r->next_ns = beluga__add(r->next_ns, beluga__multiply(r->cost_ns, n));
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Reserve the earliest time that both rates allow, unless it is after the deadline. Returns this
 * time, which is called the turn of the call. */
static int64_t reserve(limits *l, int64_t now_ns, int64_t tokens, int64_t deadline_ns)
{
    take_lock(l);
    int64_t turn =
        later(later(turn_of(&l->requests, now_ns), turn_of(&l->tokens, now_ns)), l->held_ns);
    if (turn <= now_ns || turn <= deadline_ns) {
        take(&l->requests, turn, 1);
        take(&l->tokens, turn, tokens);
    }
    beluga__fork_lock_release(&l->lock);
    return turn;
}

/* Correct a rate by the difference between estimated and used tokens. */
static void settle(limits *l, int64_t estimated, int64_t used)
{
    if (!l->tokens.cost_ns) return;
    take_lock(l);
    l->tokens.next_ns =
        beluga__add(l->tokens.next_ns, beluga__multiply(used - estimated, l->tokens.cost_ns));
    beluga__fork_lock_release(&l->lock);
}

/* Give back the turn of a call that was not sent. Calls that wait for a later turn keep their
 * times. */
static void give_back_turn(limits *l, int64_t tokens)
{
    take_lock(l);
    l->requests.next_ns -= l->requests.cost_ns;
    l->tokens.next_ns =
        beluga__add(l->tokens.next_ns, -beluga__multiply(l->tokens.cost_ns, tokens));
    beluga__fork_lock_release(&l->lock);
}

static void hold_until(limits *l, int64_t when_ns)
{
    take_lock(l);
    if (when_ns > l->held_ns) l->held_ns = when_ns;
    beluga__fork_lock_release(&l->lock);
}

/* --- maximum number of calls at once ---------------------------------------------------------- */

static void free_ticket(ticket *t)
{
    const beluga_allocator *allocator = &t->owner->base.runtime->allocator;
    beluga__target *target = t->target;
    beluga__mailbox_unref(t->mailbox);
    beluga__release(allocator, t);
    beluga__target_unref(target);
}

/* Give a free place to the call that has waited longest. The caller holds the lock; it posts the
 * returned ticket after releasing the lock. */
static ticket *grant_next(limits *l)
{
    ticket *t = l->first;
    if (!t || l->running >= l->most_calls) return NULL;
    l->first = t->next;
    if (!l->first) l->last = &l->first;
    t->granted = true;
    l->running++;
    return t;
}

static void give_back_place(limits *l)
{
    take_lock(l);
    if (l->running > 0) l->running--;
    ticket *t = grant_next(l);
    beluga__fork_lock_release(&l->lock);
    if (t) beluga__mailbox_post(t->mailbox, &t->mail);
}

static void leave(limits_stage *stage)
{
    if (!stage->counted) return;
    stage->counted = false;
    give_back_place(limits_of(stage));
}

/* Remove the call from the queue. If it was granted a place meanwhile, give the place to the next
 * call. */
static void withdraw(limits_stage *stage)
{
    limits *l = limits_of(stage);
    ticket *t = stage->ticket;
    if (!t) return;
    stage->ticket = NULL;
    t->stage = NULL;
    take_lock(l);
    bool granted = t->granted;
    ticket **at = &l->first;
    while (!granted && *at && *at != t) at = &(*at)->next;
    if (!granted && *at) {
        *at = t->next;
        if (!t->next) l->last = at;
    }
    beluga__fork_lock_release(&l->lock);
    if (!granted) free_ticket(t);
}

/* --- waiting ---------------------------------------------------------------------------------- */

static int refuse(const limits_stage *stage, int64_t wait_ns, const char *what, beluga_error *err)
{
    int64_t wait_ms = wait_ns / BELUGA__NS_PER_MS + 1;
    beluga_error_set(err, BELUGA_ERROR_RATE_LIMIT, "the limit set for this model is reached: %s",
                     what);
    beluga_error_set_provider_code(err, "local_limit", 11);
    if (wait_ns > 0) err->retry_after_ms = wait_ms;
    beluga__call_locate(stage->base.call, err);
    return BELUGA_ERROR_RATE_LIMIT;
}

/* End the call with an error that is not retryable: a retry would only wait again. */
static void fail(limits_stage *stage, const beluga_error *err)
{
    leave(stage);
    beluga__sink_error(stage->base.outer, err);
}

static void return_turn(limits_stage *stage)
{
    if (stage->has_turn) give_back_turn(limits_of(stage), stage->reserved);
    stage->has_turn = false;
}

static int pass_on(limits_stage *stage, beluga_error *err)
{
    int status = beluga__layer_ask(&stage->base, err);
    /* the call was not sent, for example because an open breaker refused it */
    if (status) return_turn(stage);
    stage->has_turn = false;
    return status;
}

static void pass_on_later(limits_stage *stage)
{
    beluga_error err;
    if (pass_on(stage, &err)) fail(stage, &err);
}

static void set_timer(limits_stage *stage, int64_t when_ns)
{
    stage->base.call->loop->ops->timer_set(stage->base.call->loop, &stage->timer, when_ns);
}

/* Reserve a turn for a call that has a place among the running calls. Returns 0 if the call may
 * begin now, 1 if it must wait, or an error code. */
static int take_turn(limits_stage *stage, beluga_error *err)
{
    int64_t now_ns = beluga__now_ns();
    int64_t turn = reserve(limits_of(stage), now_ns, stage->reserved, stage->deadline_ns);
    stage->has_turn = turn <= now_ns || turn <= stage->deadline_ns;
    if (turn <= now_ns) return 0;
    if (!stage->has_turn)
        return refuse(stage, turn - now_ns,
                      "requests_per_minute, tokens_per_minute, or the provider's own limit", err);
    set_timer(stage, turn);
    return 1;
}

static void take_turn_later(limits_stage *stage)
{
    beluga_error err;
    int status = take_turn(stage, &err);
    if (status < 0)
        fail(stage, &err);
    else if (!status)
        pass_on_later(stage);
}

static void timer_fired(beluga__timer *timer)
{
    limits_stage *stage = beluga__container_of(timer, limits_stage, timer);
    if (!stage->ticket) {
        pass_on_later(stage);
        return;
    }
    beluga_error err;
    withdraw(stage);
    refuse(stage, 0, "max_concurrent_calls", &err);
    fail(stage, &err);
}

/* Take the place that the mail grants to a call, or give the place back if the call no longer
 * waits. Runs on the loop's thread, or on any thread if the loop was freed. */
static void granted(beluga__mail *mail, beluga_loop *loop)
{
    ticket *t = beluga__container_of(mail, ticket, mail);
    limits_stage *stage = loop ? t->stage : NULL;
    if (!stage) {
        give_back_place(t->owner);
        free_ticket(t);
        return;
    }
    stage->ticket = NULL;
    stage->counted = true;
    free_ticket(t);
    beluga__timer_clear(loop, &stage->timer);
    take_turn_later(stage);
}

static int new_ticket(limits_stage *stage, ticket **out)
{
    beluga__mailbox *mailbox;
    int status = beluga__loop_mailbox(stage->base.call->loop, &mailbox);
    if (status) return status;
    ticket *t = beluga__zalloc(&stage->base.layer->runtime->allocator, sizeof *t);
    if (!t) return BELUGA_ERROR_NO_MEMORY;
    t->mail.run = granted;
    t->owner = limits_of(stage);
    t->stage = stage;
    t->mailbox = beluga__mailbox_ref(mailbox);
    t->target = beluga__target_ref(stage->base.call->target);
    *out = t;
    return 0;
}

/* Take a place among the running calls. Returns 0 if the call has a place now, 1 if it must wait,
 * or an error code. */
static int take_place(limits_stage *stage, beluga_error *err)
{
    limits *l = limits_of(stage);
    if (!l->most_calls) return 0;
    ticket *t;
    int status = new_ticket(stage, &t);
    if (status)
        return beluga_error_set(err, status, "no %s for the call",
                                status == BELUGA_ERROR_NO_MEMORY ? "memory" : "descriptors");
    take_lock(l);
    stage->counted = l->running < l->most_calls && !l->first;
    bool waits = !stage->counted && l->wait_ns > 0;
    if (stage->counted) l->running++;
    if (waits) {
        *l->last = t;
        l->last = &t->next;
    }
    beluga__fork_lock_release(&l->lock);
    if (!waits) free_ticket(t);
    if (stage->counted) return 0;
    if (!waits) return refuse(stage, 0, "max_concurrent_calls", err);
    stage->ticket = t;
    set_timer(stage, stage->deadline_ns);
    return 1;
}

/* --- events ----------------------------------------------------------------------------------- */

static void heed_headers(limits *l, const beluga_rate_limits *r)
{
    int64_t wait_ms = r->requests_remaining == 0 ? r->requests_reset_ms : -1;
    if (r->tokens_remaining == 0 && r->tokens_reset_ms > wait_ms) wait_ms = r->tokens_reset_ms;
    if (wait_ms > 0) hold_until(l, beluga__ends_ns(wait_ms));
}

static void heed_error(limits *l, const beluga_error *err)
{
    bool limited = err->code == BELUGA_ERROR_RATE_LIMIT || err->code == BELUGA_ERROR_OVERLOADED;
    if (limited && err->retry_after_ms > 0) hold_until(l, beluga__ends_ns(err->retry_after_ms));
}

static void take_usage(limits_stage *stage, const beluga_usage *usage)
{
    int64_t used = (usage->input_total > 0 ? usage->input_total : 0) +
                   (usage->output_total > 0 ? usage->output_total : 0);
    if (!used) return;
    settle(limits_of(stage), stage->reserved, used);
    stage->reserved = used; /* some providers repeat the usage in every chunk */
    stage->settled = true;
}

static void on_event(beluga__sink *sink, const beluga_event *event)
{
    limits_stage *stage = beluga__container_of(sink, limits_stage, base.sink);
    switch (event->kind) {
    case BELUGA_EVENT_METADATA:
        if (event->u.metadata.rate_limits)
            heed_headers(limits_of(stage), event->u.metadata.rate_limits);
        break;
    case BELUGA_EVENT_USAGE: take_usage(stage, &event->u.usage); break;
    case BELUGA_EVENT_RESTART:
        /* the usage of the next attempt is added to the usage of this attempt */
        if (stage->settled) stage->reserved = 0;
        break;
    case BELUGA_EVENT_ERROR: heed_error(limits_of(stage), event->u.error); /* fall through */
    case BELUGA_EVENT_FINISH: leave(stage); break;
    }
    beluga__layer_deliver(&stage->base, event);
}

/* --- a model ---------------------------------------------------------------------------------- */

/* Estimate the input and output tokens of a call; the reported usage corrects this later. */
static int64_t estimate(const beluga_call *call)
{
    if (call->kind == BELUGA_CALL_COUNT) return 0;
    bool is_answer = beluga__call_is_answer(call);
    int64_t most =
        is_answer ? beluga__settings_int(call->settings, BELUGA_OPTION_MAX_TOKENS, 0) : 0;
    return beluga__add(most, beluga__call_estimate_tokens(call));
}

static int begin(beluga__layer_stage *base, beluga_error *err)
{
    limits_stage *stage = beluga__container_of(base, limits_stage, base);
    limits *l = limits_of(stage);
    stage->timer.fire = timer_fired;
    stage->deadline_ns = beluga__now_ns() + l->wait_ns;
    stage->reserved = l->tokens.cost_ns ? estimate(base->call) : 0;
    int status = take_place(stage, err);
    if (!status) status = take_turn(stage, err);
    if (!status) status = pass_on(stage, err);
    if (status < 0) leave(stage);
    return status < 0 ? status : 0;
}

static void cancelled(beluga__layer_stage *base)
{
    limits_stage *stage = beluga__container_of(base, limits_stage, base);
    beluga__timer_clear(base->call->loop, &stage->timer);
    withdraw(stage);
    return_turn(stage);
    leave(stage);
}

static void release(beluga__model *model)
{
    beluga__fork_lock_destroy(&beluga__container_of(model, limits, base.model)->lock);
    beluga__layer_release(model);
}

static const beluga__layer_kind kind = {
    BELUGA__LAYER_OPS_WITH(release), sizeof(limits_stage), begin, on_event, cancelled, NULL};

static int64_t cost_of(const beluga__settings *settings, int key)
{
    int64_t per_minute = beluga__settings_int(settings, key, 0);
    return per_minute ? MINUTE_NS / per_minute : 0;
}

beluga__model *beluga__limits_new(const beluga__stack_plan *plan, beluga__model *inner)
{
    const beluga__settings *settings = plan->settings;
    limits *l = beluga__layer_new(sizeof *l, &kind, plan->runtime, inner);
    if (!l) return NULL;
    beluga__fork_lock_init(&l->lock);
    l->requests.cost_ns = cost_of(settings, BELUGA_OPTION_REQUESTS_PER_MINUTE);
    l->tokens.cost_ns = cost_of(settings, BELUGA_OPTION_TOKENS_PER_MINUTE);
    l->most_calls = beluga__settings_int(settings, BELUGA_OPTION_MAX_CONCURRENT_CALLS, 0);
    l->wait_ns = BELUGA__NS_PER_MS *
                 beluga__settings_int(settings, BELUGA_OPTION_LIMIT_WAIT, DEFAULT_WAIT_MS);
    l->last = &l->first;
    return &l->base.model;
}
