/* The loop. One step runs the waiting tasks, then reads the ready descriptors (one of them is the
 * mailbox), then runs the due timers. The timers come last, since a timer must not fail a call for
 * lack of bytes that can already be read. For the same reason a timer runs only if it was due
 * before the descriptors were polled: more bytes may have come since, especially while the process
 * was suspended. */
#include "transport/loop.h"

#include "base/clock.h"
#include "base/context.h"
#include "base/mem.h"
#include "loop/rooms.h"

#include <poll.h>
#include <sys/random.h>
#include <unistd.h>

/* --- tasks and timers ------------------------------------------------------------------------- */

/* Note that work is due at `when_ns`, perhaps earlier than the last step planned. */
static void plan_earlier(beluga__network_loop *loop, int64_t when_ns)
{
    if (when_ns < loop->plan_ns) loop->plan_ns = when_ns;
}

/* Make the host program's descriptor readable at this time. If there is no file descriptor for a
 * timer, make it readable now, so that the host program steps the loop again at once. */
static void arm(beluga__network_loop *loop, int64_t deadline_ns)
{
    if (beluga__poller_arm(&loop->poller, deadline_ns)) beluga__poller_wake(&loop->poller);
}

static void defer(beluga_loop *base, beluga__task *task)
{
    beluga__network_loop *loop = beluga__loop_of(base);
    if (task->queued) return;
    task->queued = true;
    bool first = beluga__list_empty(&loop->tasks);
    beluga__list_append(&loop->tasks, &task->node);
    if (!loop->hosted || loop->stepping) return;
    if (first) plan_earlier(loop, beluga__now_ns());
    beluga__loop_wake(loop);
}

static int reserve(beluga_loop *base)
{
    enum { OWN = 16 }; /* places for libcurl's timer and the timers of transfers that drain */
    return beluga__timers_reserve(&beluga__loop_of(base)->timers,
                                  (base->active + 1) * BELUGA__TIMERS_PER_CALL + OWN);
}

static void timer_set(beluga_loop *base, beluga__timer *timer, int64_t deadline_ns)
{
    beluga__network_loop *loop = beluga__loop_of(base);
    /* this can't fail, since `reserve` was called before */
    if (beluga__timers_set(&loop->timers, timer, deadline_ns)) return;
    if (!loop->stepping) plan_earlier(loop, deadline_ns);
    if (!loop->stepping && beluga__loop_is_watched(loop, true)) arm(loop, deadline_ns);
}

static void timer_clear(beluga_loop *base, beluga__timer *timer)
{
    beluga__timers_clear(&beluga__loop_of(base)->timers, timer);
}

/* Move all nodes of `from` to the beginning of `to`. */
static void splice(beluga__list *to, beluga__list *from)
{
    if (beluga__list_empty(from)) return;
    from->next->prev = to;
    from->prev->next = to->next;
    to->next->prev = from->prev;
    to->next = from->next;
    beluga__list_init(from);
}

/* Run the waiting tasks, up to a limit, so that the step ends even if tasks defer further tasks or
 * thousands of calls begin at once. */
static void run_tasks(beluga__network_loop *loop)
{
    if (beluga__list_empty(&loop->tasks)) return;
    beluga__list due;
    beluga__list_init(&due);
    splice(&due, &loop->tasks);
    for (int i = 0; i < BELUGA__MAX_STEP_EVENTS && !beluga__list_empty(&due); i++) {
        beluga__task *task = beluga__container_of(due.next, beluga__task, node);
        beluga__list_remove(&task->node);
        task->queued = false;
        task->run(task);
    }
    splice(&loop->tasks, &due);
}

static void run_timers(beluga__network_loop *loop)
{
    beluga__timer *timer;
    for (int i = 0; i < BELUGA__MAX_STEP_EVENTS; i++) {
        if (!(timer = beluga__timers_pop(&loop->timers, loop->look_ns))) return;
        timer->fire(timer);
    }
}

/* --- cancellation ----------------------------------------------------------------------------- */

/* A context under which calls of this loop run. When the context is cancelled, its descriptor
 * becomes readable and stays so, since other loops may watch it, too. So this loop stops watching
 * it then. */
typedef struct cancel_entry {
    beluga__list node;
    beluga__list watchers;
    beluga__watch watch;
    beluga_context *context;
    beluga__network_loop *loop;
    bool fired;
} cancel_entry;

static beluga__list *bucket_of(beluga__network_loop *loop, const beluga_context *context)
{
    return &loop->cancels[((uintptr_t)context >> 5) * 0x9e3779b97f4a7c15u >> 56];
}

static void context_cancelled(beluga__watch *watch, int events)
{
    (void)events;
    cancel_entry *entry = beluga__container_of(watch, cancel_entry, watch);
    if (entry->fired) return;
    entry->fired = true;
    beluga__poller_del(&entry->loop->poller, watch);
    /* The watchers only defer tasks, so the list does not change during this iteration. */
    for (beluga__list *n = entry->watchers.next; n != &entry->watchers; n = n->next) {
        beluga__cancel_watch *w = beluga__container_of(n, beluga__cancel_watch, node);
        w->cancelled(w);
    }
}

static int make_buckets(beluga__network_loop *loop)
{
    if (loop->cancels) return 0;
    loop->cancels = beluga__alloc(&loop->base.runtime->allocator,
                                  BELUGA__CANCEL_BUCKETS * sizeof *loop->cancels);
    if (!loop->cancels) return BELUGA_ERROR_NO_MEMORY;
    for (int i = 0; i < BELUGA__CANCEL_BUCKETS; i++) beluga__list_init(&loop->cancels[i]);
    return 0;
}

static int new_entry(beluga__network_loop *loop, beluga_context *context, cancel_entry **out)
{
    cancel_entry *entry = beluga__zalloc(&loop->base.runtime->allocator, sizeof *entry);
    if (!entry) return BELUGA_ERROR_NO_MEMORY;
    entry->watch = (beluga__watch){context->wake.fd, context_cancelled};
    entry->context = context;
    entry->loop = loop;
    beluga__list_init(&entry->watchers);
    int status = beluga__poller_add(&loop->poller, &entry->watch, BELUGA__POLL_READ);
    if (status) {
        beluga__release(&loop->base.runtime->allocator, entry);
        return status;
    }
    beluga__list_append(bucket_of(loop, context), &entry->node);
    *out = entry;
    return 0;
}

static int watch_cancel(beluga_loop *base, beluga_context *context, beluga__cancel_watch *watch)
{
    beluga__network_loop *loop = beluga__loop_of(base);
    cancel_entry *entry = NULL;
    int status = beluga__loop_poller(loop);
    if (!status) status = make_buckets(loop);
    if (status) return status;
    beluga__list *bucket = bucket_of(loop, context);
    for (beluga__list *n = bucket->next; n != bucket && !entry; n = n->next) {
        cancel_entry *e = beluga__container_of(n, cancel_entry, node);
        if (e->context == context && !e->fired) entry = e;
    }
    if (!entry) status = new_entry(loop, context, &entry);
    if (status) return status;
    watch->entry = entry;
    beluga__list_append(&entry->watchers, &watch->node);
    return 0;
}

static void unwatch_cancel(beluga_loop *base, beluga__cancel_watch *watch)
{
    beluga__network_loop *loop = beluga__loop_of(base);
    cancel_entry *entry = watch->entry;
    if (!entry) return;
    watch->entry = NULL;
    beluga__list_remove(&watch->node);
    if (!beluga__list_empty(&entry->watchers)) return;
    if (!entry->fired) beluga__poller_del(&loop->poller, &entry->watch);
    beluga__list_remove(&entry->node);
    beluga__release(&loop->base.runtime->allocator, entry);
}

/* --- file descriptors that other code watches with this loop ---------------------------------- */

static int watch_fd(beluga_loop *base, beluga__watch *watch, int events)
{
    beluga__network_loop *loop = beluga__loop_of(base);
    int status = beluga__loop_poller(loop);
    if (!status && beluga__poller_add(&loop->poller, watch, events))
        status = BELUGA_ERROR_LIMIT_EXCEEDED;
    return status;
}

static void unwatch_fd(beluga_loop *base, beluga__watch *watch)
{
    beluga__poller_del(&beluga__loop_of(base)->poller, watch);
}

/* --- mail ------------------------------------------------------------------------------------- */

static void mail_came(beluga__watch *watch, int events)
{
    (void)events;
    beluga__network_loop *loop = beluga__container_of(watch, beluga__network_loop, mail_watch);
    beluga__mailbox_read(loop->base.mailbox, &loop->base);
}

static int open_mailbox(beluga_loop *base)
{
    beluga__network_loop *loop = beluga__loop_of(base);
    beluga__mailbox *box;
    int status = beluga__loop_poller(loop);
    if (!status) status = beluga__mailbox_new(loop->base.runtime, &box);
    if (status) return status;
    loop->mail_watch = (beluga__watch){beluga__mailbox_fd(box), mail_came};
    if (beluga__poller_add(&loop->poller, &loop->mail_watch, BELUGA__POLL_READ)) {
        beluga__mailbox_unref(box);
        return BELUGA_ERROR_LIMIT_EXCEEDED;
    }
    loop->base.mailbox = box;
    return 0;
}

/* Close the mailbox of a loop that becomes idle. Otherwise mail would wait until the loop is leased
 * again, and the references in the mail would keep the client from being freed. */
void beluga__loop_close_mailbox(beluga__network_loop *loop)
{
    beluga__mailbox *box = loop->base.mailbox;
    if (!box) return;
    beluga__poller_del(&loop->poller, &loop->mail_watch);
    loop->base.mailbox = NULL;
    beluga__mailbox_close(box);
    beluga__mailbox_unref(box);
}

/* --- the clock -------------------------------------------------------------------------------- */

/* Set the loop's time. If the loop runs much later than planned, it could not read meanwhile: the
 * process was suspended, a callback blocked, or the machine was busy. Timeouts do not count that
 * time. */
static void take_time(beluga__network_loop *loop, int64_t now)
{
    int64_t late = now - (loop->plan_ns > loop->seen_ns ? loop->plan_ns : loop->seen_ns);
    if (late > (int64_t)BELUGA__LATE_MS * BELUGA__NS_PER_MS) {
        loop->base.unpolled_ns += late;
        loop->base.stops++;
    }
    loop->seen_ns = loop->plan_ns = loop->base.now_ns = now;
}

static void read_clock(beluga__network_loop *loop)
{
    take_time(loop, beluga__now_ns());
}

/* Begin a step. If this is the first step after a pause in which nobody ran the loop, timeouts do
 * not count that pause. */
static void begin_turn(beluga__network_loop *loop)
{
    int64_t now = beluga__now_ns();
    if (loop->left_ns) {
        loop->base.unpolled_ns += now - loop->left_ns;
        loop->seen_ns = loop->plan_ns = now;
        loop->left_ns = 0;
    }
    take_time(loop, now);
}

/* --- a step ----------------------------------------------------------------------------------- */

/* Returns whether the last poll found descriptors that are left for the next step. */
static bool has_more_ready(const beluga__network_loop *loop)
{
    return loop->has_poller && beluga__poller_has_more(&loop->poller);
}

/* Returns whether timers may run. No call may time out while its bytes wait to be read, so timers
 * wait until no ready descriptor is left. If some descriptors are always ready, timers wait only
 * until every descriptor must have been read once. */
static bool may_run_timers(beluga__network_loop *loop, int n_ready)
{
    bool more = n_ready == BELUGA__MAX_STEP_EVENTS || has_more_ready(loop) ||
                beluga__http_holds(loop->http);
    if (more && !loop->behind) {
        loop->behind = loop->base.active + 1;
        return false;
    }
    size_t read = (size_t)n_ready + 1;
    loop->behind = more && loop->behind > read ? loop->behind - read : 0;
    return !loop->behind;
}

static int64_t next_due_ms(beluga__network_loop *loop)
{
    if (!beluga__list_empty(&loop->tasks) || beluga__http_due(loop->http)) return 0;
    if (has_more_ready(loop)) return 0;
    int64_t next = beluga__timers_next(&loop->timers);
    if (next == INT64_MAX) return -1;
    int64_t left = next - beluga__now_ns();
    return left <= 0 ? 0 : (left + BELUGA__NS_PER_MS - 1) / BELUGA__NS_PER_MS;
}

static int wait_ms(beluga__network_loop *loop, int64_t timeout_ms)
{
    int64_t due = timeout_ms ? next_due_ms(loop) : 0;
    if (due < 0 || (timeout_ms >= 0 && timeout_ms < due)) due = timeout_ms;
    return due > INT32_MAX ? INT32_MAX : (int)due;
}

/* Set the time at which the host program's descriptor becomes readable, or make it readable now if
 * the loop has work. Ready descriptors make it readable without help. */
static void rearm(beluga__network_loop *loop)
{
    bool more = !beluga__list_empty(&loop->tasks) || beluga__http_due(loop->http);
    int64_t next = beluga__timers_next(&loop->timers);
    loop->plan_ns = more || has_more_ready(loop) ? loop->seen_ns : next;
    if (!beluga__loop_is_watched(loop, more || next != INT64_MAX)) return;
    if (more)
        beluga__poller_wake(&loop->poller);
    else if (next != INT64_MAX)
        arm(loop, next);
}

static int wait_ready(beluga__network_loop *loop, int wait)
{
    int n = beluga__poller_wait(&loop->poller, wait);
    read_clock(loop);
    return n;
}

/* Call the watches of ready descriptors, up to the limit of a step. `n` were called in this step
 * already; returns the new number. */
static int call_ready(beluga__network_loop *loop, int n)
{
    while (n < BELUGA__MAX_STEP_EVENTS && beluga__loop_has_room(loop, BELUGA__READ_BYTES)) {
        loop->turn_bytes = 0;
        if (!beluga__poller_call(&loop->poller)) break;
        n++;
    }
    return n;
}

/* Poll the descriptors. If the wait ended without an event, it may have been interrupted by a
 * signal, or this thread may run much later than the wait ended. So the descriptors are polled
 * again before timers run. */
static void look(beluga__network_loop *loop, int wait)
{
    loop->look_ns = loop->base.now_ns;
    loop->plan_ns = wait < 0 ? INT64_MAX : loop->seen_ns + (int64_t)wait * BELUGA__NS_PER_MS;
    int n = wait_ready(loop, wait);
    if (!n && wait) {
        loop->look_ns = loop->base.now_ns;
        n = wait_ready(loop, 0);
    }
    loop->share = (size_t)BELUGA__TURN_STEPS * BELUGA__MAX_STEP_BYTES / (size_t)(n ? n : 1);
}

/* Let all calls read in turn: first from descriptors that the last step left, then held transfers,
 * then from descriptors that a new poll finds ready. The poll happens even if held transfers fill
 * the step; the descriptors that it finds are then read first in the next step. Returns the number
 * of descriptors whose watch was called. */
static int read_ready(beluga__network_loop *loop, int wait)
{
    int n = call_ready(loop, 0);
    beluga__http_resume(loop->http);
    if (has_more_ready(loop)) return n;
    look(loop, beluga__loop_has_room(loop, BELUGA__READ_BYTES) ? wait : 0);
    return call_ready(loop, n);
}

static int turn(beluga__network_loop *loop, int64_t timeout_ms, const bool *done)
{
    loop->step_bytes = loop->turn_bytes = 0;
    begin_turn(loop);
    /* Tasks run first. A call that needs no network ends in them, so it never needs the poller. */
    bool had_tasks = !beluga__list_empty(&loop->tasks);
    run_tasks(loop);
    if (done && *done) return 0;
    /* If the loop's only call has just begun, nothing can be read before its request was sent, so
     * the poll is skipped. If a host program watches the loop's descriptor, the poll is needed to
     * make the descriptor unreadable again. */
    if (!loop->watched && loop->base.active == 1 && beluga__http_is_fresh(loop->http)) {
        beluga__http_step(loop->http);
        return 0;
    }
    int wait = had_tasks ? 0 : wait_ms(loop, timeout_ms), n_ready = 0;
    if (loop->has_poller || wait != 0) {
        int status = beluga__loop_poller(loop);
        if (status) return status;
        n_ready = read_ready(loop, wait);
        read_clock(loop);
    } else
        loop->look_ns = loop->base.now_ns;
    if (loop->http) beluga__http_step(loop->http);
    if (may_run_timers(loop, n_ready)) run_timers(loop);
    return 0;
}

int beluga__loop_turn(beluga__network_loop *loop, int64_t timeout_ms, const bool *done)
{
    if (loop->stepping) return BELUGA_ERROR_RECURSIVE;
    const beluga__runtime *before = beluga__enter(loop->base.runtime);
    loop->stepping = true;
    int status = turn(loop, timeout_ms, done);
    loop->stepping = false;
    rearm(loop);
    beluga__leave(before);
    return status;
}

int beluga__loop_run(beluga__network_loop *loop, const bool *done)
{
    int status = beluga__loop_forked(loop) ? BELUGA_ERROR_FORKED : 0;
    while (!status && !*done) status = beluga__loop_turn(loop, -1, done);
    if (loop->base.active) loop->left_ns = beluga__now_ns();
    return status;
}

void beluga__loop_abort_all(beluga__network_loop *loop)
{
    while (!beluga__list_empty(&loop->base.operations)) {
        beluga__running *run =
            beluga__container_of(loop->base.operations.next, beluga__running, node);
        run->abort(run);
    }
}

/* --- making and freeing a loop ---------------------------------------------------------------- */

const beluga__loop_ops beluga__network_ops = {
    .reserve = reserve,
    .defer = defer,
    .timer_set = timer_set,
    .timer_clear = timer_clear,
    .watch_cancel = watch_cancel,
    .unwatch_cancel = unwatch_cancel,
    .transfer_start = beluga__http_transfer_start,
    .transfer_cancel = beluga__http_transfer_cancel,
    .transfer_finish = beluga__http_transfer_finish,
    .transfer_pause = beluga__http_transfer_pause,
    .watch = watch_fd,
    .unwatch = unwatch_fd,
    .open_mailbox = open_mailbox,
    .wait = beluga_loop_wait,
};

static uint64_t seed(const void *salt)
{
    uint64_t value = 0;
    if (getrandom(&value, sizeof value, GRND_NONBLOCK) != sizeof value)
        value = (uint64_t)beluga__now_ns() ^ (uintptr_t)salt ^ ((uint64_t)getpid() << 32);
    return value ? value : 1;
}

int beluga__network_loop_new(beluga__runtime *runtime, bool hosted, beluga__network_loop **out)
{
    beluga__network_loop *loop = beluga__zalloc(&runtime->allocator, sizeof *loop);
    *out = NULL;
    if (!loop) return BELUGA_ERROR_NO_MEMORY;
    loop->base.ops = beluga__loop_ops_of(runtime);
    loop->base.runtime = runtime;
    loop->base.random = seed(loop);
    loop->base.now_ns = loop->seen_ns = beluga__now_ns();
    loop->plan_ns = INT64_MAX;
    loop->base.generation = beluga__fork_generation();
    loop->hosted = hosted;
    loop->share = BELUGA__MAX_STEP_BYTES;
    beluga__list_init(&loop->tasks);
    beluga__list_init(&loop->base.operations);
    beluga__timers_init(&loop->timers, &runtime->allocator);
    beluga__json_scratch_init(&loop->base.scratch, &runtime->allocator);
    loop->base.scratch.lenient = true;
    int status = hosted ? beluga__loop_poller(loop) : 0;
    if (status) {
        beluga__release(&runtime->allocator, loop);
        return status;
    }
    *out = loop;
    return 0;
}

void beluga__network_loop_destroy(beluga__network_loop *loop)
{
    beluga_loop *base = &loop->base;
    loop->stepping = true;
    beluga__loop_abort_all(loop);
    /* A waiting task may outlive the loop, so it must not stay in the loop's list. */
    while (!beluga__list_empty(&loop->tasks))
        beluga__task_cancel(beluga__container_of(loop->tasks.next, beluga__task, node));
    beluga__http_free(loop->http);
    if (base->mailbox) beluga__mailbox_close(base->mailbox);
    beluga__mailbox_unref(base->mailbox);
    if (loop->has_poller) beluga__poller_close(&loop->poller);
    beluga__timers_free(&loop->timers);
    beluga__json_scratch_free(&base->scratch);
    beluga__loop_keep(base, NULL, 0);
    beluga__rooms_free(base);
    beluga__release(&base->runtime->allocator, loop->cancels);
    beluga__release(&base->runtime->allocator, loop);
}

void beluga_loop_free(beluga_loop *base)
{
    if (!base) return;
    beluga__network_loop *loop = beluga__loop_of(base);
    /* A forked child must not touch its parent's connections, not even to close them. */
    if (beluga__loop_forked(loop)) return;
    beluga__runtime *runtime = base->runtime;
    beluga__network_loop_destroy(loop);
    runtime->unref(runtime);
}

/* Returns the descriptor, and notes that a host program watches it from now on. The host program
 * may call this at any time, and on another thread than the loop's. */
int beluga_loop_fd(beluga_loop *base)
{
    beluga__network_loop *loop = beluga__loop_of(base);
    if (!atomic_exchange(&loop->watched, true) && atomic_load(&loop->waits))
        beluga__poller_signal(&loop->poller);
    return loop->poller.fd;
}

int beluga_loop_step(beluga_loop *base)
{
    beluga__network_loop *loop = beluga__loop_of(base);
    return beluga__loop_forked(loop) ? BELUGA_ERROR_FORKED : beluga__loop_turn(loop, 0, NULL);
}

int64_t beluga_loop_timeout_ms(beluga_loop *base)
{
    return next_due_ms(beluga__loop_of(base));
}

int beluga_loop_wait(beluga_loop *base, int64_t timeout_ms)
{
    beluga__network_loop *loop = beluga__loop_of(base);
    return beluga__loop_forked(loop) ? BELUGA_ERROR_FORKED
                                     : beluga__loop_turn(loop, timeout_ms, NULL);
}

size_t beluga_loop_active(const beluga_loop *base)
{
    return base->active;
}
