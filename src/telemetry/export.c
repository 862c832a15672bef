/* The exporter's thread takes the recorded spans and numbers, makes OTLP messages and sends them.
 * Calls never wait for it. */
#include "telemetry/export.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/new_file.h"
#include "base/thread.h"
#include "telemetry/encode.h"
#include "telemetry/otlp.h"

#include <stdio.h>
#include <unistd.h>

enum { STACK_BYTES = 256 * 1024, GRACE_MS = 250 };

/* --- destinations ----------------------------------------------------------------------------- */

/* Write an export as one line of the file. Several processes may write to one file, since it is
 * opened with O_APPEND. If the last line was not written completely, it is ended first. If the file
 * can't be opened now, for example since no file descriptor is left, a later export tries again. */
static int write_line(beluga__exporter *e, const ProtobufCMessage *message)
{
    if (e->file < 0) e->file = beluga__telemetry_open_file(e->t->settings.file);
    if (e->file < 0) return BELUGA_ERROR_NETWORK;
    beluga__buf_clear(&e->body);
    if (e->torn) beluga__buf_putc(&e->body, '\n');
    if (beluga__encode_json(&e->body, message) || beluga__buf_putc(&e->body, '\n'))
        return BELUGA_ERROR_NO_MEMORY;
    e->torn = beluga__file_write(e->file, e->body.data, e->body.length) != 0;
    return e->torn ? BELUGA_ERROR_NETWORK : 0;
}

static beluga__export_result print(beluga__exporter *e, const ProtobufCMessage *message)
{
    const beluga__telemetry_setup *s = &e->t->settings;
    beluga__buf_clear(&e->body);
    if (beluga__encode_text(&e->body, message)) return BELUGA__REFUSED;
    s->print(s->print_payload, e->body.data, e->body.length);
    return BELUGA__EXPORTED;
}

/* Write a message to the file, and send or print it, as the settings say. */
static beluga__export_result deliver(beluga__exporter *e, const beluga__signal *signal,
                                     const char *name, const ProtobufCMessage *message,
                                     int64_t deadline_ns, int64_t *rejected)
{
    beluga__export_result result = BELUGA__EXPORTED;
    bool lost = e->t->settings.file && write_line(e, message) != 0;
    *rejected = 0;
    if (lost)
        beluga__telemetry_log(e->t, BELUGA_LOG_WARN, "telemetry.export_failed", name,
                              "the file can't be written");
    if (signal->output == BELUGA__OUTPUT_OTLP)
        result = beluga__otlp_send(e, signal, name, message, deadline_ns, rejected);
    else if (signal->output == BELUGA__OUTPUT_CONSOLE)
        result = print(e, message);
    return lost && result == BELUGA__EXPORTED ? BELUGA__REFUSED : result;
}

/* --- spans ------------------------------------------------------------------------------------ */

static int64_t deadline_after(int64_t ms)
{
    return ms ? beluga__ends_ns(ms) : INT64_MAX;
}

/* Take all spans from the queue. Returns them as a list, the oldest one first. */
static beluga__span *take_all(beluga_telemetry *t)
{
    beluga__span *stack = atomic_exchange(&t->incoming, NULL), *list = NULL;
    while (stack) {
        beluga__span *next = stack->next;
        stack->next = list;
        list = stack;
        stack = next;
    }
    return list;
}

static void count_dropped(beluga_telemetry *t, beluga__drop why, uint64_t n)
{
    if (n) atomic_fetch_add_explicit(&t->dropped[why], n, memory_order_relaxed);
}

/* Close the queue, then empty it. A thread that adds a span first adds it and then checks whether
 * the queue is closed, so at least one of the two threads sees the span and frees it. */
void beluga__export_discard(beluga_telemetry *t)
{
    uint32_t n = 0;
    atomic_store(&t->closed, true);
    for (beluga__span *span = take_all(t), *next; span; span = next, n++) {
        next = span->next;
        beluga__span_give_back(&t->pool, span);
    }
    atomic_fetch_sub_explicit(&t->queued, n, memory_order_relaxed);
    count_dropped(t, BELUGA__DROP_EXPORT, n);
}

static bool export_batch(beluga__exporter *e, beluga__span *const *spans, size_t n)
{
    beluga_telemetry *t = e->t;
    beluga__arena arena;
    int64_t rejected = 0;
    beluga__arena_init(&arena, &t->allocator, NULL, 0, BELUGA__MAX_EXPORT_BYTES);
    Otlp__TraceRequest *request = beluga__encode_spans(t, &arena, spans, n);
    beluga__export_result result = BELUGA__REFUSED;
    if (request)
        result = deliver(e, &t->settings.traces, "traces", &request->base,
                         deadline_after(t->settings.export_timeout_ms), &rejected);
    uint64_t lost = result != BELUGA__EXPORTED ? n : rejected > 0 ? (uint64_t)rejected : 0;
    count_dropped(t, request ? BELUGA__DROP_EXPORT : BELUGA__DROP_MEMORY, lost);
    beluga__arena_free(&arena);
    for (size_t i = 0; i < n; i++) beluga__span_give_back(&t->pool, spans[i]);
    atomic_fetch_sub_explicit(&t->queued, (uint32_t)n, memory_order_relaxed);
    return result == BELUGA__EXPORTED;
}

/* Export the spans in batches. The last batch may be smaller than the others. */
static int export_spans(beluga__exporter *e)
{
    beluga_telemetry *t = e->t;
    size_t most = (size_t)t->settings.max_batch;
    beluga__span *list = take_all(t), **batch;
    int status = 0;
    if (!list) return 0;
    batch = beluga__alloc(&t->allocator, most * sizeof *batch);
    while (list) {
        beluga__span *one;
        /* if there is no memory for a batch, the spans are sent one by one */
        beluga__span **spans = batch ? batch : &one;
        size_t n = 0;
        for (; list && n < (batch ? most : 1); list = list->next) spans[n++] = list;
        if (!export_batch(e, spans, n)) status = BELUGA_ERROR_NETWORK;
    }
    beluga__release(&t->allocator, batch);
    return status;
}

/* --- metrics ---------------------------------------------------------------------------------- */

static int export_metrics(beluga__exporter *e)
{
    beluga_telemetry *t = e->t;
    beluga__arena arena;
    bool empty, delta = t->settings.delta;
    int64_t now = beluga__telemetry_wall_ns(t, beluga__now_ns()), rejected;
    if (t->settings.metrics.output == BELUGA__OUTPUT_NONE && !t->settings.file) return 0;
    beluga__arena_init(&arena, &t->allocator, NULL, 0, BELUGA__MAX_EXPORT_BYTES);
    Otlp__MetricsRequest *request = beluga__encode_metrics(
        t, &arena, delta, delta ? e->metrics_since_ns : t->began_ns, now, &empty);
    int status = request || empty ? 0 : BELUGA_ERROR_NO_MEMORY;
    if (request &&
        deliver(e, &t->settings.metrics, "metrics", &request->base,
                deadline_after(t->settings.metric_timeout_ms), &rejected) != BELUGA__EXPORTED)
        status = BELUGA_ERROR_NETWORK;
    e->metrics_since_ns = now;
    beluga__arena_free(&arena);
    return status;
}

/* --- the thread ------------------------------------------------------------------------------- */

typedef struct schedule {
    int64_t spans_ns, metrics_ns; /* times at which the next exports are due */
    bool stop;
    uint64_t flush; /* number of the last flush that was requested */
} schedule;

/* Wait until a batch is full, an export is due, or a flush or the end is requested. */
static void wait_for_work(beluga_telemetry *t, schedule *turn)
{
    pthread_mutex_lock(&t->lock);
    for (;;) {
        int64_t now = beluga__now_ns();
        int64_t next = turn->spans_ns < turn->metrics_ns ? turn->spans_ns : turn->metrics_ns;
        bool full = atomic_load_explicit(&t->queued, memory_order_relaxed) >= t->settings.max_batch;
        turn->stop = t->stopping;
        turn->flush = t->flush_wanted;
        if (turn->stop || turn->flush > t->flush_done || full || now >= next) break;
        beluga__wait_until(&t->wake, &t->lock, next);
    }
    pthread_mutex_unlock(&t->lock);
}

static void answer_flush(beluga_telemetry *t, const schedule *turn, int status)
{
    pthread_mutex_lock(&t->lock);
    if (turn->flush > t->flush_done) {
        t->flush_done = turn->flush;
        t->flush_status = status;
        pthread_cond_broadcast(&t->done);
    }
    if (t->flush_done == t->flush_wanted && !t->stopping)
        atomic_store_explicit(&t->deadline_ns, INT64_MAX, memory_order_relaxed);
    pthread_mutex_unlock(&t->lock);
}

static void one_turn(beluga__exporter *e, schedule *turn)
{
    beluga_telemetry *t = e->t;
    bool all = turn->stop || turn->flush > t->flush_done;
    /* measured again each time, since the two clocks drift apart, and the wall clock may be set */
    atomic_store_explicit(&t->wall_offset_ns, beluga__clock_ns(CLOCK_REALTIME) - beluga__now_ns(),
                          memory_order_relaxed);
    int status = export_spans(e);
    turn->spans_ns = beluga__ends_ns(t->settings.schedule_delay_ms);
    if (all || beluga__now_ns() >= turn->metrics_ns) {
        int metrics = export_metrics(e);
        turn->metrics_ns = beluga__ends_ns(t->settings.metric_interval_ms);
        if (!status) status = metrics;
    }
    answer_flush(t, turn, status);
}

static void finish(beluga__exporter *e)
{
    beluga_telemetry *t = e->t;
    if (e->loop) beluga__network_loop_destroy(e->loop);
    beluga__buf_free(&e->body);
    if (e->file >= 0) close(e->file);
    beluga__release(&t->allocator, e);
    beluga__export_discard(t);
    /* Release the thread's reference before signalling its end, so that the thread uses nothing any
     * longer when the threads that wait for it continue. */
    pthread_mutex_lock(&t->lock);
    t->exporter = NULL;
    t->ended = true;
    bool last = atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) == 1;
    pthread_cond_broadcast(&t->done);
    pthread_mutex_unlock(&t->lock);
    if (last) beluga__telemetry_destroy(t);
}

static void *work(void *argument)
{
    beluga__exporter *e = argument;
    beluga_telemetry *t = e->t;
    schedule turn = {.spans_ns = beluga__ends_ns(t->settings.schedule_delay_ms),
                     .metrics_ns = beluga__ends_ns(t->settings.metric_interval_ms)};
    do {
        wait_for_work(t, &turn);
        one_turn(e, &turn);
    } while (!turn.stop);
    finish(e);
    return NULL;
}

/* --- starting and stopping -------------------------------------------------------------------- */

static void no_reference(beluga__runtime *runtime)
{
    (void)runtime;
}

static beluga__exporter *new_exporter(beluga_telemetry *t)
{
    beluga__exporter *e = beluga__zalloc(&t->allocator, sizeof *e);
    if (!e) return NULL;
    e->t = t;
    e->runtime.allocator = t->allocator;
    e->runtime.ref = e->runtime.unref = no_reference;
    e->metrics_since_ns = t->began_ns;
    beluga__buf_init(&e->body, &t->allocator, BELUGA__MAX_EXPORT_BYTES);
    e->file = -1;
    return e;
}

void beluga__export_start(beluga_telemetry *t)
{
    pthread_mutex_lock(&t->lock);
    if (!atomic_load_explicit(&t->has_thread, memory_order_relaxed) && !t->stopping) {
        beluga__exporter *e = new_exporter(t);
        atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
        bool runs = e && beluga__thread_start(&e->t->thread, STACK_BYTES, work, e) == 0;
        if (!runs) {
            if (e && e->file >= 0) close(e->file);
            beluga__release(&t->allocator, e);
            atomic_fetch_sub_explicit(&t->refs, 1, memory_order_relaxed);
        }
        t->exporter = runs ? e : NULL;
        t->joinable = runs;
        atomic_store_explicit(&t->has_thread, runs, memory_order_release);
    }
    pthread_mutex_unlock(&t->lock);
}

void beluga__export_wake(beluga_telemetry *t)
{
    pthread_mutex_lock(&t->lock);
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
}

/* Wake the thread, and require that running exports end by this time. The caller holds the lock. */
static void hurry(beluga_telemetry *t, int64_t end)
{
    if (end < beluga__hurry_ns(t))
        atomic_store_explicit(&t->deadline_ns, end, memory_order_relaxed);
    pthread_cond_signal(&t->wake);
}

/* Returns the number of spans whose export failed. If it increases during a flush, the flush fails,
 * even if the failed export began before it. */
static uint64_t failed_exports(const beluga_telemetry *t)
{
    return atomic_load_explicit(&t->dropped[BELUGA__DROP_EXPORT], memory_order_relaxed);
}

int beluga__export_flush(beluga_telemetry *t, int64_t timeout_ms)
{
    int64_t end = beluga__ends_ns(timeout_ms),
            patience = end + (int64_t)GRACE_MS * BELUGA__NS_PER_MS;
    int status = BELUGA_ERROR_TIMEOUT;
    pthread_mutex_lock(&t->lock);
    if (!atomic_load_explicit(&t->has_thread, memory_order_relaxed) || t->stopping) {
        pthread_mutex_unlock(&t->lock);
        return 0;
    }
    uint64_t mine = ++t->flush_wanted, failed = failed_exports(t);
    hurry(t, end);
    while (t->flush_done < mine && !t->ended && beluga__now_ns() < patience)
        beluga__wait_until(&t->done, &t->lock, patience);
    if (t->flush_done >= mine) status = t->flush_status;
    if (!status && failed_exports(t) != failed) status = BELUGA_ERROR_NETWORK;
    pthread_mutex_unlock(&t->lock);
    return status;
}

/* If the thread has ended, join it, so that even the memory that libraries keep for each thread is
 * freed. If it has not ended, for example because it waits for a name server, detach it. */
static void part_with_thread(beluga_telemetry *t)
{
    pthread_mutex_lock(&t->lock);
    bool mine = t->joinable, ended = t->ended;
    t->joinable = false;
    pthread_mutex_unlock(&t->lock);
    if (mine && ended)
        pthread_join(t->thread, NULL);
    else if (mine)
        pthread_detach(t->thread);
}

int beluga__export_stop(beluga_telemetry *t, int64_t timeout_ms)
{
    int64_t end = beluga__ends_ns(timeout_ms),
            patience = end + (int64_t)GRACE_MS * BELUGA__NS_PER_MS;
    int status = 0;
    pthread_mutex_lock(&t->lock);
    bool first = !t->stopping;
    uint64_t failed = failed_exports(t);
    t->stopping = true;
    bool has_thread = atomic_load_explicit(&t->has_thread, memory_order_relaxed);
    if (has_thread) {
        t->flush_wanted += first;
        hurry(t, end);
        while (!t->ended && beluga__now_ns() < patience)
            beluga__wait_until(&t->done, &t->lock, patience);
        status = !t->ended ? BELUGA_ERROR_TIMEOUT : first ? t->flush_status : 0;
        if (!status && failed_exports(t) != failed) status = BELUGA_ERROR_NETWORK;
    }
    pthread_mutex_unlock(&t->lock);
    if (!has_thread) beluga__export_discard(t);
    if (first) part_with_thread(t);
    return status;
}

bool beluga__export_has_ended(beluga_telemetry *t)
{
    pthread_mutex_lock(&t->lock);
    bool ended = t->ended || !atomic_load_explicit(&t->has_thread, memory_order_relaxed);
    pthread_mutex_unlock(&t->lock);
    return ended;
}

void beluga__export_stop_soon(beluga_telemetry *t)
{
    pthread_mutex_lock(&t->lock);
    t->stopping = true;
    t->flush_wanted++;
    hurry(t, beluga__now_ns());
    pthread_mutex_unlock(&t->lock);
    part_with_thread(t);
}
