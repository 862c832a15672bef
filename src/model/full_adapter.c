/* The adapter for full providers, which do not use the library's HTTP. It runs a provider's
 * functions on the loop, also after a delay, offers threads for blocking work, and enforces the
 * rules for events.
 *
 * Blocking work gets an emit of its own, in a beluga__remote. An event that the work emits is
 * copied, sent through the loop's mailbox and applied on the loop. The remote may outlive the call,
 * so a worker whose call was cancelled finds a flag instead of freed memory. */
#include "base/clock.h"
#include "base/hint.h"
#include "base/mem.h"
#include "model/call_kind.h"
#include "model/claims.h"
#include "model/emit.h"
#include "model/handle.h"
#include "model/watchdog.h"
#include "schema/event.h"

#include <pthread.h>

/* A worker waits before it emits while more than this many bytes of events wait for the loop. */
enum { MAX_REMOTE_BYTES = 1 << 20 };

typedef struct guarded guarded;

typedef struct full_stage {
    beluga__stage stage;
    beluga_emit emit;
    beluga__task task;
    beluga__timer timer;
    int (*next)(beluga_emit *emit, void *argument);
    void *argument;
    /* in the arena; NULL until the first turn has ended without ending the call */
    guarded *guard;
    beluga__remote *remote; /* work on the thread pool, or NULL */
    bool started;
    bool paused;
} full_stage;

/* The watchdog of a call. It is made after the first turn, if that turn did not end the call. */
struct guarded {
    beluga__watchdog dog;
    full_stage *stage;
};

struct beluga__remote {
    atomic_uint refs;
    beluga_emit emit;  /* the emit of the worker */
    full_stage *stage; /* used on the loop's thread only; NULL when the call is over */
    beluga_call *call;
    beluga__mailbox *mailbox;
    int (*work)(beluga_emit *emit, void *argument); /* NULL: the provider uses threads of its own */
    /* called when a provider's own thread may emit again after it was refused; may be NULL */
    void (*wake)(void *argument);
    void *argument;
    void (*release)(void *argument);
    int result;
    /* the handle that the worker gets for `emit`; it must not be dereferenced */
    beluga_emit *given;
    bool misused; /* another thread used the worker's emit */
    beluga__mail done;
    pthread_mutex_t lock;
    pthread_cond_t room;
    size_t bytes;   /* size of the events on their way to the loop */
    size_t ignored; /* number of events that the worker emitted after the call was cancelled */
    bool cancelled;
    /* a provider's own thread was refused for lack of room, and waits for `wake` */
    bool wants_room;
    bool lost; /* an event was lost for lack of memory, so all later events are refused */
};

/* An event on its way to the loop, followed by everything that it points to. */
typedef struct event_mail {
    beluga__mail mail;
    beluga__remote *remote;
    size_t size;
    beluga__any_event what;
    _Alignas(16) char room[];
} event_mail;

/* --- the end of a call ------------------------------------------------------------------------ */

static void remote_detach(beluga__remote *remote);

static void let_go(full_stage *self)
{
    beluga_loop *loop = self->emit.call->loop;
    beluga__task_cancel(&self->task);
    beluga__timer_clear(loop, &self->timer);
    if (self->guard) beluga__watchdog_stop(&self->guard->dog);
    if (self->remote) remote_detach(self->remote);
    self->remote = NULL;
    beluga__emit_free(&self->emit);
}

/* Check whether the call has ended; called after every turn of the provider. Returns true if the
 * call has ended; then the stage may be gone. */
static bool settle(full_stage *self, int status, const beluga_error *err)
{
    if (!self->emit.sink) return true;
    beluga__emit_check_turns(&self->emit);
    if (status < 0) beluga__emit_fail(&self->emit, status, err);
    bool content = beluga__emit_take_brought(&self->emit) & BELUGA__BROUGHT_CONTENT;
    if (content && self->guard) beluga__watchdog_progress(&self->guard->dog);
    bool ended = self->emit.failed || self->emit.finished;
    if (!ended && (self->next || self->remote)) return false;
    /* The provider neither ended the answer nor requested a later turn, so the caller would wait
     * forever. */
    if (!ended) {
        beluga_error closed;
        beluga_error_set(&closed, BELUGA_ERROR_STREAM_CLOSED,
                         "the provider stopped without a finish or an error");
        beluga__hint_set_rule(&closed, BELUGA__RULE_ENDS);
        beluga__emit_fail(&self->emit, closed.code, &closed);
    }
    beluga__emit_complete(&self->emit);
    if (!self->emit.sink) return true; /* a callback cancelled the call */
    let_go(self);
    beluga__emit_deliver(&self->emit);
    return true;
}

static void cancel_provider(full_stage *self)
{
    beluga__target *target = self->emit.call->target;
    beluga_emit *given = self->emit.given;
    uintptr_t before = beluga__turn_begin(given);
    target->provider->cancel(target->self, given);
    beluga__turn_end(given, before);
}

static void cancel(beluga__stage *stage)
{
    full_stage *self = beluga__container_of(stage, full_stage, stage);
    if (!self->emit.sink) return;
    /* cleared first, so that events that the provider emits in its cancel function are dropped */
    self->emit.sink = NULL;
    if (self->started) cancel_provider(self);
    let_go(self);
}

static void barked(beluga__watchdog *dog, const beluga_error *err)
{
    full_stage *self = beluga__container_of(dog, guarded, dog)->stage;
    beluga_error final = *err;
    /* A running thread can't be killed. A retry would start the same work again while the first
     * still runs, and both would take longer. */
    if (self->remote) final.retryable = 0;
    cancel_provider(self);
    settle(self, final.code, &final);
}

/* --- the beginning ---------------------------------------------------------------------------- */

/* Start the watchdog; called when the first turn has ended and the call still runs. */
static void guard(full_stage *self)
{
    beluga_call *call = self->emit.call;
    guarded *made = beluga__arena_alloc(&call->arena, sizeof *made);
    if (!made) {
        cancel_provider(self);
        settle(self, BELUGA_ERROR_NO_MEMORY, NULL);
        return;
    }
    made->stage = self;
    self->guard = made;
    beluga__watchdog_init(&made->dog, call, barked);
    beluga__watchdog_start(&made->dog);
    if (self->paused) beluga__watchdog_pause(&made->dog, true);
}

static void begin(beluga__task *task)
{
    full_stage *self = beluga__container_of(task, full_stage, task);
    beluga_call *call = self->emit.call;
    beluga_error err;
    err.code = 0;
    const char *warnings[BELUGA__CLAIMS];
    self->started = true;
    beluga__emit_start(&self->emit, warnings, beluga__claims_check(call, false, warnings));
    if (self->emit.sink && call->stands_in) beluga__emit_head(&self->emit);
    if (!self->emit.sink) return; /* a callback cancelled the call */
    beluga_emit *given = self->emit.given;
    uintptr_t before = beluga__turn_begin(given);
    int status = call->target->provider->start(call->target->self, call, given, &err);
    beluga__turn_end(given, before);
    if (!settle(self, status, &err)) guard(self);
}

static int start(beluga__model *model, beluga_call *call, beluga__sink *sink, beluga__stage **stage,
                 beluga_error *err)
{
    if (!beluga__call_kind_starts(call)) return beluga__call_kind_refuse(call, err);
    full_stage *self = beluga__arena_zalloc(&call->arena, sizeof *self);
    if (!self) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
    self->stage.ops = model->ops;
    beluga__emit_init(&self->emit, call, sink);
    if (beluga__emit_use_handle(&self->emit))
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
    self->emit.owner = self;
    self->emit.full = true;
    self->task.run = begin;
    call->loop->ops->defer(call->loop, &self->task);
    *stage = &self->stage;
    return 0;
}

static void pause_stage(beluga__stage *stage, bool paused)
{
    full_stage *self = beluga__container_of(stage, full_stage, stage);
    self->paused = paused;
    /* A provider's own timers keep running during a pause, and the caller queues the events that
     * come meanwhile. */
    if (self->emit.sink && self->guard) beluga__watchdog_pause(&self->guard->dog, paused);
}

static const beluga__model_ops full_ops = {.start = start, .cancel = cancel, .pause = pause_stage};
static beluga__model full_adapter = {&full_ops};

beluga__model *beluga__full_adapter_new(beluga__runtime *runtime)
{
    (void)runtime; /* this adapter has no state of its own */
    return &full_adapter;
}

/* --- a delay ---------------------------------------------------------------------------------- */

static void go_on(full_stage *self)
{
    int (*next)(beluga_emit *, void *) = self->next;
    self->next = NULL;
    beluga__watchdog_feed(&self->guard->dog);
    beluga_emit *given = self->emit.given;
    uintptr_t before = beluga__turn_begin(given);
    int status = next(given, self->argument);
    beluga__turn_end(given, before);
    settle(self, status, NULL);
}

static void timer_fired(beluga__timer *timer)
{
    go_on(beluga__container_of(timer, full_stage, timer));
}

static void task_run(beluga__task *task)
{
    go_on(beluga__container_of(task, full_stage, task));
}

int beluga__full_after(beluga_emit *emit, int64_t delay_ms, int (*next)(beluga_emit *, void *),
                       void *argument)
{
    full_stage *self = emit->owner;
    beluga_loop *loop = emit->call->loop;
    if (!emit->sink) return BELUGA_ERROR_CONTEXT_CANCELED;
    if (self->next || !next) return BELUGA_ERROR_INVALID_INPUT;
    self->next = next;
    self->argument = argument;
    self->timer.fire = timer_fired;
    self->task.run = task_run;
    if (delay_ms > 0)
        loop->ops->timer_set(loop, &self->timer, beluga__ends_ns(delay_ms));
    else
        loop->ops->defer(loop, &self->task);
    return 0;
}

/* --- work that blocks ------------------------------------------------------------------------- */

static void remote_unref(beluga__remote *remote)
{
    if (atomic_fetch_sub_explicit(&remote->refs, 1, memory_order_acq_rel) != 1) return;
    beluga_call *call = remote->call;
    beluga__emit_free(&remote->emit);
    beluga__mailbox_unref(remote->mailbox);
    pthread_mutex_destroy(&remote->lock);
    pthread_cond_destroy(&remote->room);
    if (!remote->work && remote->release) remote->release(remote->argument);
    beluga__release(call->arena.allocator, remote);
    beluga__call_unref(call);
}

static void remote_detach(beluga__remote *remote)
{
    pthread_mutex_lock(&remote->lock);
    remote->cancelled = true;
    pthread_cond_broadcast(&remote->room);
    pthread_mutex_unlock(&remote->lock);
    remote->stage = NULL;
    if (remote->wake) remote->wake(remote->argument);
    remote_unref(remote);
}

static void arrived(beluga__mail *mail, beluga_loop *loop)
{
    event_mail *m = beluga__container_of(mail, event_mail, mail);
    beluga__remote *remote = m->remote;
    pthread_mutex_lock(&remote->lock);
    remote->bytes -= m->size;
    bool wake = remote->wants_room && remote->bytes < MAX_REMOTE_BYTES / 2;
    if (wake) remote->wants_room = false;
    pthread_cond_broadcast(&remote->room);
    pthread_mutex_unlock(&remote->lock);
    if (wake && loop && remote->wake) remote->wake(remote->argument);
    full_stage *self = loop ? remote->stage : NULL;
    if (self) {
        beluga__watchdog_feed(&self->guard->dog);
        if (beluga__handle_is_misused(remote->given)) beluga__emit_misused(&self->emit);
        beluga__emit_apply(&self->emit, &m->what.event);
        settle(self, 0, NULL);
    }
    beluga__release(remote->call->arena.allocator, m);
    remote_unref(remote);
}

bool beluga__remote_is_cancelled(beluga__remote *remote)
{
    pthread_mutex_lock(&remote->lock);
    bool cancelled = remote->cancelled;
    pthread_mutex_unlock(&remote->lock);
    return cancelled;
}

/* Returns whether a worker must wait before it emits. A thread that runs a loop must not wait,
 * since that loop may be the one that must handle the events first; then *stuck is set. */
static bool waits(const beluga__remote *remote, size_t size, bool *stuck)
{
    bool full = !remote->cancelled && remote->bytes && remote->bytes + size > MAX_REMOTE_BYTES;
    *stuck = full && !remote->work && beluga__inside;
    return full && !*stuck;
}

/* Count the bytes of an event as being sent. The worker waits here while too many bytes are being
 * sent, unless the call is cancelled. Returns 0, or why the event must not be sent. */
static int reserve(beluga__remote *remote, size_t size)
{
    bool stuck;
    pthread_mutex_lock(&remote->lock);
    while (waits(remote, size, &stuck)) pthread_cond_wait(&remote->room, &remote->lock);
    if (remote->cancelled) remote->ignored++;
    int status = remote->cancelled ? BELUGA_ERROR_CONTEXT_CANCELED
                 : remote->lost    ? BELUGA_ERROR_NO_MEMORY
                 : stuck           ? BELUGA_ERROR_INVALID_INPUT
                                   : 0;
    if (!status) remote->bytes += size;
    pthread_mutex_unlock(&remote->lock);
    return status;
}

static int lose(beluga__remote *remote, size_t size)
{
    pthread_mutex_lock(&remote->lock);
    remote->bytes -= size;
    remote->lost = true;
    pthread_mutex_unlock(&remote->lock);
    return BELUGA_ERROR_NO_MEMORY;
}

int beluga__remote_post(beluga__remote *remote, const beluga_event *event)
{
    size_t size = sizeof(event_mail) + beluga__event_room(event);
    int status = reserve(remote, size);
    if (status) return status;
    event_mail *m = beluga__alloc(remote->call->arena.allocator, size);
    if (!m) return lose(remote, size);
    m->mail = (beluga__mail){.run = arrived};
    m->remote = remote;
    m->size = size;
    beluga__event_copy(&m->what.event, event, m->room);
    atomic_fetch_add_explicit(&remote->refs, 1, memory_order_relaxed);
    beluga__mailbox_post(remote->mailbox, &m->mail);
    return event->kind == BELUGA_EVENT_ERROR && event->u.error ? event->u.error->code : 0;
}

static void work_done(beluga__mail *mail, beluga_loop *loop)
{
    beluga__remote *remote = beluga__container_of(mail, beluga__remote, done);
    full_stage *self = loop ? remote->stage : NULL;
    if (self) {
        self->remote = NULL;
        if (remote->misused) beluga__emit_misused(&self->emit);
        remote->stage = NULL;
        remote_unref(remote);
        settle(self, remote->result, NULL);
    }
    remote_unref(remote);
}

/* Log how many events a provider emitted after its call was cancelled. Such a provider blocks a
 * pool thread that other calls need, so its author should learn of it. */
static void log_ignored(const beluga__remote *remote, size_t ignored)
{
    const beluga__target *target = remote->call->target;
    if (ignored < 2) return;
    beluga__log(target->runtime, BELUGA_LOG_WARN, "provider.ignores_cancel",
                BELUGA__TEXT_FIELD("provider", target->provider->name),
                BELUGA__NUMBER_FIELD("events", (int64_t)ignored));
}

static void work_run(void *argument)
{
    beluga__remote *remote = argument;
    const beluga__runtime *outside = beluga__enter(remote->call->target->runtime);
    uintptr_t before = beluga__turn_begin(remote->given);
    remote->result = remote->work(remote->given, remote->argument);
    beluga__turn_end(remote->given, before);
    remote->misused = beluga__handle_is_misused(remote->given);
    beluga__emit_free(&remote->emit); /* this frees the handle, so the worker can't emit any more */
    log_ignored(remote, remote->ignored);
    if (remote->lost && remote->result >= 0) remote->result = BELUGA_ERROR_NO_MEMORY;
    if (remote->release) remote->release(remote->argument);
    beluga__mailbox_post(remote->mailbox, &remote->done);
    beluga__leave(outside);
}

/* Make the remote of a call, with one reference for the stage and one for the worker. */
static int remote_new(full_stage *self, beluga__remote **out)
{
    beluga_call *call = self->emit.call;
    beluga__mailbox *mailbox;
    int status = beluga__loop_mailbox(call->loop, &mailbox);
    if (status) return status;
    beluga__remote *remote = beluga__zalloc(call->arena.allocator, sizeof *remote);
    if (!remote) return BELUGA_ERROR_NO_MEMORY;
    beluga__emit_init(&remote->emit, call, NULL);
    remote->emit.remote = remote;
    atomic_init(&remote->refs, 2);
    beluga__call_ref(call);
    remote->stage = self;
    remote->call = call;
    remote->mailbox = beluga__mailbox_ref(mailbox);
    remote->done.run = work_done;
    pthread_mutex_init(&remote->lock, NULL);
    pthread_cond_init(&remote->room, NULL);
    *out = remote;
    return 0;
}

/* Release both references to a remote whose work could not be started. Returns `status`. */
static int remote_drop(beluga__remote *remote, int status)
{
    remote->release = NULL;
    remote_unref(remote);
    remote_unref(remote);
    return status;
}

int beluga__full_run_blocking(beluga_emit *emit, int (*work)(beluga_emit *, void *), void *argument,
                              void (*release_argument)(void *))
{
    full_stage *self = emit->owner;
    beluga_call *call = emit->call;
    if (!emit->sink) return BELUGA_ERROR_CONTEXT_CANCELED;
    if (self->remote || !work) return BELUGA_ERROR_INVALID_INPUT;
    beluga__remote *remote = NULL;
    int status = remote_new(self, &remote);
    if (status) return status;
    remote->work = work;
    if (beluga__emit_use_handle(&remote->emit)) return remote_drop(remote, BELUGA_ERROR_NO_MEMORY);
    remote->given = remote->emit.given;
    remote->argument = argument;
    remote->release = release_argument;
    status = call->target->runtime->submit(call->target->runtime, work_run, remote);
    if (status) return remote_drop(remote, status);
    self->remote = remote;
    return 0;
}

/* --- the provider's own threads --------------------------------------------------------------- */

int beluga__full_attach(beluga_emit *emit, beluga_emit **attached, void (*wake)(void *),
                        void *argument, void (*release_argument)(void *))
{
    full_stage *self = emit->owner;
    if (!emit->sink) return BELUGA_ERROR_CONTEXT_CANCELED;
    if (self->remote) return BELUGA_ERROR_INVALID_INPUT;
    beluga__remote *remote = NULL;
    int status = remote_new(self, &remote);
    if (status) return status;
    beluga_emit *handle = beluga__handle_new(&remote->emit);
    if (!handle) return remote_drop(remote, BELUGA_ERROR_NO_MEMORY);
    remote->wake = wake;
    remote->argument = argument;
    remote->release = release_argument;
    beluga__handle_share(handle);
    self->remote = remote;
    *attached = handle;
    return 0;
}

static void hold(beluga_emit *emit)
{
    atomic_fetch_add_explicit(&emit->remote->refs, 1, memory_order_relaxed);
}

beluga_emit *beluga__attached_hold(const beluga_emit *attached)
{
    return beluga__handle_pin(attached, hold);
}

void beluga__attached_release(beluga_emit *emit)
{
    remote_unref(emit->remote);
}

/* Post the last mail, which takes over the worker's reference. */
void beluga_emit_detach(beluga_emit *attached, int status)
{
    beluga_emit *emit = beluga__attached_hold(attached);
    if (!emit) return;
    beluga__remote *remote = emit->remote;
    if (beluga__handle_close(attached)) {
        const beluga__runtime *outside = beluga__enter(remote->call->target->runtime);
        pthread_mutex_lock(&remote->lock);
        remote->result = remote->lost && status >= 0 ? BELUGA_ERROR_NO_MEMORY : status;
        size_t ignored = remote->ignored;
        pthread_mutex_unlock(&remote->lock);
        log_ignored(remote, ignored);
        beluga__mailbox_post(remote->mailbox, &remote->done);
        beluga__leave(outside);
    }
    remote_unref(remote);
}

bool beluga_emit_has_room(beluga_emit *given)
{
    beluga_emit *emit = beluga__attached_hold(given);
    if (!emit) return true;
    beluga__remote *remote = emit->remote;
    pthread_mutex_lock(&remote->lock);
    bool room = remote->cancelled || remote->bytes < MAX_REMOTE_BYTES / 2;
    remote->wants_room = !room;
    pthread_mutex_unlock(&remote->lock);
    remote_unref(remote);
    return room;
}
