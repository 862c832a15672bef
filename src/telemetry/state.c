#include "telemetry/state.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/new_file.h"
#include "base/secret_memory.h"
#include "base/thread.h"
#include "telemetry/ids.h"

#include <fcntl.h>

/* --- fork ------------------------------------------------------------------------------------- */

static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static beluga_telemetry *all;

static void before_fork(void)
{
    pthread_mutex_lock(&all_lock);
    for (beluga_telemetry *t = all; t; t = t->next) pthread_mutex_lock(&t->lock);
}

static void after_fork(void)
{
    for (beluga_telemetry *t = all; t; t = t->next) pthread_mutex_unlock(&t->lock);
    pthread_mutex_unlock(&all_lock);
}

static void init_waiting(beluga_telemetry *t)
{
    pthread_mutex_init(&t->lock, NULL);
    beluga__cond_init(&t->wake);
    beluga__cond_init(&t->done);
}

static void begin_anew(beluga_telemetry *t)
{
    beluga__ids_seed(t);
    atomic_store(&t->wall_offset_ns, beluga__clock_ns(CLOCK_REALTIME) - beluga__now_ns());
    t->began_ns = beluga__telemetry_wall_ns(t, beluga__now_ns());
    atomic_store(&t->deadline_ns, INT64_MAX);
}

/* Reset telemetry in a forked child. The child has no exporter thread yet, and the parent exports
 * the spans and numbers that it recorded. The exporter's loop and file belong to the parent, so
 * they are left alone. */
static void start_over(beluga_telemetry *t)
{
    init_waiting(t);
    if (atomic_load(&t->has_thread))
        atomic_fetch_sub(&t->refs, 1); /* the thread's reference; the child has no thread */
    atomic_store(&t->has_thread, false);
    t->exporter = NULL;
    t->joinable = false;
    t->ended = t->stopping;
    atomic_store(&t->closed, t->stopping);
    t->flush_wanted = t->flush_done = 0;
    atomic_store(&t->incoming, NULL);
    atomic_store(&t->queued, 0);
    for (int i = 0; i < BELUGA__DROPS; i++) atomic_store(&t->dropped[i], 0);
    memset(t->dropped_before, 0, sizeof t->dropped_before);
    beluga__span_pool_reset(&t->pool);
    beluga__subjects_reset(&t->subjects);
    begin_anew(t);
}

static void in_child(void)
{
    for (beluga_telemetry *t = all; t; t = t->next) start_over(t);
    pthread_mutex_init(&all_lock, NULL);
}

static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork, in_child);
}

static void enlist(beluga_telemetry *t)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    pthread_mutex_lock(&all_lock);
    t->next = all;
    t->link = &all;
    if (all) all->link = &t->next;
    all = t;
    pthread_mutex_unlock(&all_lock);
}

static void delist(beluga_telemetry *t)
{
    pthread_mutex_lock(&all_lock);
    *t->link = t->next;
    if (t->next) t->next->link = t->link;
    pthread_mutex_unlock(&all_lock);
}

/* --- the log ---------------------------------------------------------------------------------- */

void beluga__telemetry_log(beluga_telemetry *t, beluga_log_level level, const char *event,
                           const char *signal, const char *what)
{
    const beluga_log_field fields[] = {BELUGA__TEXT_FIELD("signal", signal),
                                       BELUGA__TEXT_FIELD("message", what)};
    if (t->log)
        beluga__log_record(t->log, t->log_payload, level, event, fields,
                           sizeof fields / sizeof *fields);
}

/* --- making and freeing ----------------------------------------------------------------------- */

void beluga__telemetry_destroy(beluga_telemetry *t)
{
    delist(t);
    /* spans that were never exported may own further blocks of memory */
    beluga__span *span = atomic_load(&t->incoming), *next;
    for (; span; span = next) {
        next = span->next;
        beluga__span_give_back(&t->pool, span);
    }
    beluga__subjects_free(&t->subjects);
    beluga__span_pool_free(&t->pool);
    beluga__arena_free(&t->arena);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->wake);
    pthread_cond_destroy(&t->done);
    beluga_allocator allocator = t->allocator;
    beluga__release(&allocator, t);
}

beluga_telemetry *beluga__telemetry_alloc(const beluga_allocator *allocator, beluga_log_fn log,
                                          void *log_payload)
{
    beluga_telemetry *t = beluga__zalloc(allocator, sizeof *t);
    if (!t) return NULL;
    t->allocator = *allocator;
    t->log = log;
    t->log_payload = log_payload;
    atomic_init(&t->users, 1);
    atomic_init(&t->refs, 1);
    init_waiting(t);
    beluga__arena_init(&t->arena, beluga__secret_allocator(), NULL, 0, BELUGA__MAX_CONFIG_BYTES);
    beluga__span_pool_init(&t->pool, &t->allocator, &t->lock);
    beluga__subjects_init(&t->subjects, &t->allocator, &t->lock);
    begin_anew(t);
    enlist(t);
    return t;
}

/* Open the file. With O_NONBLOCK, opening a pipe without a reader fails instead of waiting. */
int beluga__telemetry_open_file(const char *path)
{
    int file = beluga__file_open(path, O_WRONLY | O_APPEND | O_NONBLOCK, BELUGA__PRIVATE_MODE);
    if (file >= 0) /* a line must be written completely, so O_NONBLOCK is removed again */
        fcntl(file, F_SETFL, O_APPEND);
    return file;
}
