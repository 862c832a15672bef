/* The lifetime of an MCP server: its references, and its thread, which runs the session on its own
 * loop. */
#include "base/clock.h"
#include "base/context.h"
#include "base/limits.h"
#include "base/thread.h"
#include "mcp/mcp.h"

enum { STACK_BYTES = 256 * 1024 };

/* --- state that other threads see ------------------------------------------------------------- */

/* Get a reference to the mailbox, or NULL. The caller holds the lock. */
static beluga__mailbox *borrow_mailbox(beluga_mcp *mcp)
{
    return mcp->mailbox ? beluga__mailbox_ref(mcp->mailbox) : NULL;
}

static void post(beluga__mailbox *mailbox, beluga__mail *mail)
{
    if (!mailbox) {
        mail->run(mail, NULL);
        return;
    }
    beluga__mailbox_post(mailbox, mail);
    beluga__mailbox_unref(mailbox);
}

void beluga__mcp_post(beluga_mcp *mcp, beluga__mail *mail)
{
    pthread_mutex_lock(&mcp->lock);
    beluga__mailbox *mailbox = borrow_mailbox(mcp);
    pthread_mutex_unlock(&mcp->lock);
    post(mailbox, mail);
}

static void end_opening(beluga_mcp *mcp)
{
    beluga__guard_end(&mcp->guard);
    beluga__task_cancel(&mcp->give_up);
    if (mcp->loop) beluga__timer_clear(mcp->loop, &mcp->late);
    beluga_context_unref(mcp->context);
    mcp->context = NULL;
}

/* Set the result of the opening; this is done once. `err` is NULL if the opening succeeded. */
static void publish(beluga_mcp *mcp, const beluga_error *err)
{
    beluga__mcp_opening *report = mcp->report;
    end_opening(mcp);
    mcp->report = NULL;
    pthread_mutex_lock(&mcp->lock);
    if (err) mcp->err = *err;
    mcp->opened = true;
    pthread_cond_broadcast(&mcp->changed);
    pthread_mutex_unlock(&mcp->lock);
    if (!report) return;
    if (err) report->err = *err;
    beluga__mailbox_post(report->mailbox, &report->mail);
}

/* --- events of the session -------------------------------------------------------------------- */

static void opened(void *owner, const beluga_error *err)
{
    beluga_mcp *mcp = owner;
    pthread_mutex_lock(&mcp->lock);
    bool first = !mcp->opened;
    mcp->about = mcp->session.about;
    pthread_mutex_unlock(&mcp->lock);
    if (!first) return;
    publish(mcp, err);
    if (err) beluga__mcp_session_close(&mcp->session);
}

static void listed(void *owner, beluga__mcp_catalogue *catalogue)
{
    beluga_mcp *mcp = owner;
    pthread_mutex_lock(&mcp->lock);
    beluga__mcp_catalogue *before = mcp->catalogue;
    mcp->catalogue = catalogue;
    mcp->changes++;
    pthread_mutex_unlock(&mcp->lock);
    beluga__mcp_catalogue_unref(before);
}

static void closed(void *owner)
{
    beluga_mcp *mcp = owner;
    mcp->over = true;
}

/* --- the thread ------------------------------------------------------------------------------- */

static void give_up_with(beluga_mcp *mcp, int status)
{
    beluga_error err;
    beluga_error_set(&err, status, "MCP server %s: %s", mcp->place.name, beluga_error_text(status));
    publish(mcp, &err);
    beluga__mcp_session_close(&mcp->session);
}

static void give_up(beluga__task *task)
{
    give_up_with(beluga__container_of(task, beluga_mcp, give_up), BELUGA_ERROR_CONTEXT_CANCELED);
}

static void context_cancelled(beluga__guard *guard)
{
    beluga_mcp *mcp = beluga__container_of(guard, beluga_mcp, guard);
    mcp->loop->ops->defer(mcp->loop, &mcp->give_up);
}

static void context_late(beluga__timer *timer)
{
    give_up_with(beluga__container_of(timer, beluga_mcp, late), BELUGA_ERROR_CONTEXT_TIMEOUT);
}

static void end_wanted(beluga__mail *mail, beluga_loop *loop)
{
    beluga_mcp *mcp = beluga__container_of(mail, beluga_mcp, end);
    if (loop) beluga__mcp_session_close(&mcp->session);
}

/* Make the thread's loop and the wire. */
static int prepare(beluga_mcp *mcp, beluga__mcp_wire **wire, beluga_error *err)
{
    beluga__mailbox *mailbox;
    int status = mcp->runtime->lease_loop(mcp->runtime, &mcp->loop);
    if (!status) status = mcp->loop->ops->reserve(mcp->loop);
    if (!status) status = beluga__loop_mailbox(mcp->loop, &mailbox);
    if (!status) {
        *wire = mcp->place.url ? beluga__mcp_http_new(mcp->runtime)
                               : beluga__mcp_stdio_new(mcp->runtime);
        if (!*wire) status = BELUGA_ERROR_NO_MEMORY;
    }
    if (status)
        return beluga_error_set(err, status, "MCP server %s: %s", mcp->place.name,
                                beluga_error_text(status));
    pthread_mutex_lock(&mcp->lock);
    mcp->mailbox = beluga__mailbox_ref(mailbox);
    pthread_mutex_unlock(&mcp->lock);
    return 0;
}

static void watch_context(beluga_mcp *mcp)
{
    beluga_error err;
    int64_t deadline = beluga__context_deadline_ns(mcp->context);
    mcp->give_up.run = give_up;
    mcp->late.fire = context_late;
    if (deadline != INT64_MAX) mcp->loop->ops->timer_set(mcp->loop, &mcp->late, deadline);
    int status = beluga__guard_start(&mcp->guard, mcp->loop, mcp->context, &mcp->arena,
                                     context_cancelled, &err);
    if (status) give_up_with(mcp, status);
}

static bool is_unwanted(beluga_mcp *mcp)
{
    pthread_mutex_lock(&mcp->lock);
    bool unwanted = mcp->unwanted;
    pthread_mutex_unlock(&mcp->lock);
    return unwanted;
}

static void serve(beluga_mcp *mcp, beluga__mcp_wire *wire)
{
    static const beluga__mcp_session_events events = {opened, listed, closed};
    beluga__mcp_session_init(&mcp->session, mcp->loop, wire, &mcp->place, &mcp->choice,
                             mcp->connect_ms, &events, mcp);
    mcp->loop->active++;
    watch_context(mcp);
    if (is_unwanted(mcp)) beluga__mcp_session_close(&mcp->session);
    if (!mcp->over) beluga__mcp_session_open(&mcp->session);
    while (!mcp->over) mcp->loop->ops->wait(mcp->loop, -1);
    mcp->loop->active--;
    beluga__mcp_session_end(&mcp->session);
}

static void release(beluga_mcp *mcp)
{
    if (atomic_fetch_sub_explicit(&mcp->holders, 1, memory_order_acq_rel) != 1) return;
    beluga__runtime *runtime = mcp->runtime;
    beluga__mcp_catalogue_unref(mcp->catalogue);
    pthread_mutex_destroy(&mcp->lock);
    pthread_cond_destroy(&mcp->changed);
    beluga__arena_free(&mcp->arena);
    beluga__release(&runtime->allocator, mcp);
    runtime->unref(runtime);
}

/* End the thread's work: close the mailbox, and give back the loop. Calls whose mail was not read
 * by then fail. */
static void finish(beluga_mcp *mcp, beluga__mcp_wire *wire)
{
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_STREAM_CLOSED, "MCP server %s is closed", mcp->place.name);
    if (!mcp->opened) publish(mcp, &err);
    pthread_mutex_lock(&mcp->lock);
    beluga__mailbox *mailbox = mcp->mailbox;
    mcp->mailbox = NULL;
    pthread_mutex_unlock(&mcp->lock);
    if (mailbox) beluga__mailbox_unref(mailbox);
    if (mcp->loop) mcp->runtime->give_back_loop(mcp->runtime, mcp->loop);
    if (wire) wire->ops->free(wire);
    pthread_mutex_lock(&mcp->lock);
    mcp->ended = true;
    pthread_cond_broadcast(&mcp->changed);
    pthread_mutex_unlock(&mcp->lock);
    release(mcp);
}

static void *run(void *argument)
{
    beluga_mcp *mcp = argument;
    beluga_error err;
    beluga__mcp_wire *wire = NULL;
    const beluga__runtime *before = beluga__enter(mcp->runtime);
    if (prepare(mcp, &wire, &err))
        publish(mcp, &err);
    else
        serve(mcp, wire);
    beluga__leave(before);
    finish(mcp, wire);
    return NULL;
}

/* --- opening for a loop of the host program --------------------------------------------------- */

/* Remove the opening from the host program's loop. After this the host program's callback is not
 * called. */
static void leave_loop(beluga__mcp_opening *o)
{
    if (!o || !o->loop) return;
    beluga__list_remove(&o->running.node);
    o->loop->active--;
    o->loop = NULL;
    o->mcp->opening = NULL;
}

static void abort_opening(beluga__running *running)
{
    leave_loop(beluga__container_of(running, beluga__mcp_opening, running));
}

static void free_opening(beluga__mcp_opening *o)
{
    beluga__mailbox_unref(o->mailbox);
    beluga__release(o->allocator, o);
}

static void told(beluga__mail *mail, beluga_loop *loop)
{
    beluga__mcp_opening *o = beluga__container_of(mail, beluga__mcp_opening, mail);
    const beluga__mcp_opening over = *o;
    if (loop) leave_loop(o);
    free_opening(o);
    if (loop && over.loop) over.cb(over.payload, over.mcp, over.err.code ? &over.err : NULL);
}

static int new_opening(beluga_mcp *mcp, beluga_loop *loop, beluga_mcp_cb cb, void *payload)
{
    beluga__mailbox *mailbox;
    int status = beluga__loop_mailbox(loop, &mailbox);
    if (status) return status;
    beluga__mcp_opening *o = beluga__zalloc(&mcp->runtime->allocator, sizeof *o);
    if (!o) return BELUGA_ERROR_NO_MEMORY;
    *o = (beluga__mcp_opening){.mail = {.run = told},
                               .running = {.abort = abort_opening},
                               .mailbox = beluga__mailbox_ref(mailbox),
                               .loop = loop,
                               .mcp = mcp,
                               .cb = cb,
                               .payload = payload,
                               .allocator = &mcp->runtime->allocator};
    beluga__list_append(&loop->operations, &o->running.node);
    loop->active++;
    mcp->opening = mcp->report = o;
    return 0;
}

/* --- making and freeing ----------------------------------------------------------------------- */

static beluga_mcp *allocate(beluga__runtime *runtime)
{
    beluga_mcp *mcp = beluga__zalloc(&runtime->allocator, sizeof *mcp);
    if (!mcp) return NULL;
    atomic_init(&mcp->users, 1);
    atomic_init(&mcp->holders, 2);
    mcp->runtime = runtime;
    runtime->ref(runtime);
    mcp->generation = beluga__fork_generation();
    mcp->end.run = end_wanted;
    beluga__arena_init(&mcp->arena, &runtime->allocator, NULL, 0, BELUGA__MAX_MCP_SETTINGS);
    mcp->arena.secret = true;
    pthread_mutex_init(&mcp->lock, NULL);
    beluga__cond_init(&mcp->changed);
    return mcp;
}

int beluga__mcp_new(beluga__runtime *runtime, const beluga_mcp_settings *settings,
                    beluga_context *ctx, beluga_loop *loop, beluga_mcp_cb cb, void *payload,
                    beluga_mcp **out, beluga_error *err)
{
    *out = NULL;
    beluga_mcp *mcp = allocate(runtime);
    if (!mcp) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for an MCP server");
    int status = beluga__mcp_take_settings(mcp, settings, err);
    if (!status && loop && (status = new_opening(mcp, loop, cb, payload)))
        beluga_error_set(err, status, "MCP server %s: %s", settings->name,
                         beluga_error_text(status));
    mcp->context = status ? NULL : beluga_context_ref(ctx);
    mcp->joinable = true;
    if (!status && beluga__thread_start(&mcp->thread, STACK_BYTES, run, mcp))
        status = beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                                  "MCP server %s: no thread can be started", settings->name);
    if (!status) {
        *out = mcp;
        return 0;
    }
    beluga__mcp_opening *o = mcp->opening;
    leave_loop(o);
    if (o) free_opening(o);
    beluga_context_unref(mcp->context);
    release(mcp);
    release(mcp);
    return status;
}

int beluga__mcp_await(beluga_mcp *mcp, beluga_error *err)
{
    pthread_mutex_lock(&mcp->lock);
    while (!mcp->opened) pthread_cond_wait(&mcp->changed, &mcp->lock);
    int status = mcp->err.code;
    if (status && err) *err = mcp->err;
    pthread_mutex_unlock(&mcp->lock);
    return status;
}

beluga_mcp *beluga_mcp_ref(beluga_mcp *mcp)
{
    if (mcp) atomic_fetch_add_explicit(&mcp->users, 1, memory_order_relaxed);
    return mcp;
}

/* Tell the thread that the server must end, unless it was told before. */
static void end(beluga_mcp *mcp)
{
    leave_loop(mcp->opening);
    pthread_mutex_lock(&mcp->lock);
    bool first = !mcp->unwanted;
    mcp->unwanted = true;
    beluga__mailbox *mailbox = first ? borrow_mailbox(mcp) : NULL;
    pthread_mutex_unlock(&mcp->lock);
    if (mailbox) post(mailbox, &mcp->end);
}

/* Join or detach the thread. If `wait` is true, the thread is joined, so that even the memory that
 * libraries keep for each thread is freed before this returns. */
static void part_with_thread(beluga_mcp *mcp, bool wait)
{
    pthread_mutex_lock(&mcp->lock);
    while (wait && !mcp->ended) pthread_cond_wait(&mcp->changed, &mcp->lock);
    bool mine = mcp->joinable;
    mcp->joinable = false;
    pthread_mutex_unlock(&mcp->lock);
    if (mine && wait)
        pthread_join(mcp->thread, NULL);
    else if (mine)
        pthread_detach(mcp->thread);
}

/* Release a reference. A forked child does not have the server's thread, so there the server is not
 * ended. */
void beluga_mcp_unref(beluga_mcp *mcp)
{
    if (!mcp || atomic_fetch_sub_explicit(&mcp->users, 1, memory_order_acq_rel) != 1) return;
    if (beluga__mcp_is_forked(mcp)) return;
    end(mcp);
    part_with_thread(mcp, false);
    release(mcp);
}

void beluga_mcp_close(beluga_mcp *mcp)
{
    if (!mcp) return;
    if (!beluga__mcp_is_forked(mcp)) {
        end(mcp);
        part_with_thread(mcp, true);
    }
    beluga_mcp_unref(mcp);
}
