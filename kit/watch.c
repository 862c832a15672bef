#include "kit/watch.h"

#include "base/clock.h"
#include "kit/spy.h"

#include <beluga/provider/plugin.h>
#include <beluga/provider/provider.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    MAX_JOBS = 64,   /* most pending callbacks that are watched */
    MAX_EMITS = 256, /* most emits that are watched in the calls of a probe */
    /* emissions allowed after a refused one, since a worker may already be blocked in one */
    MAX_REFUSED = 1
};

/* Notes about an emit. Its address is only compared, never dereferenced. */
typedef struct seen {
    const beluga_emit *emit;
    bool ended;   /* a finish or an error was emitted */
    bool is_over; /* the call of this emit is over */
    bool refused; /* one of its emissions was refused */
    size_t after_refusal;
} seen;

/* A callback that the plug-in gave to beluga_emit_after or beluga_emit_run_blocking. */
typedef struct job {
    int (*work)(beluga_emit *emit, void *argument);
    void (*release)(void *argument);
    void *argument;
    bool used, blocks;
} job;

static struct {
    const beluga_plugin *plugin; /* NULL: no plug-in is watched */
    const beluga_plugin_host *real;
    beluga_plugin_host table;
    pthread_mutex_t lock;
    seen emits[MAX_EMITS];
    bool proves_twice;
    size_t n_emits, after_end, late, refused;
    char first_after_end[32], first_late[32];
    int unknown_reason; /* an unknown finish reason that was emitted; 0: none */
    pthread_cond_t changed;
    job jobs[MAX_JOBS];
    size_t working; /* number of blocking work functions that have not returned */
    int attached;   /* number of emits that were attached (beluga_emit_attach) and are not detached
                       yet */
    watch_failure failing;
    size_t failures;
    int64_t hold_until_ms; /* the end of the hold; 0: no work is held */
    bool is_holding;
} watch = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* Whether this thread runs blocking work now. */
static _Thread_local bool is_working;

/* ---- notes ----------------------------------------------------------------------------------- */

static seen *find(const beluga_emit *emit)
{
    for (size_t i = 0; i < watch.n_emits; i++)
        if (watch.emits[i].emit == emit) return &watch.emits[i];
    if (watch.n_emits == MAX_EMITS) return NULL;
    watch.emits[watch.n_emits] = (seen){.emit = emit};
    return &watch.emits[watch.n_emits++];
}

static void note_first(char *first, size_t size, const char *what)
{
    size_t n = strnlen(what, size - 1);
    if (*first) return;
    memcpy(first, what, n);
    first[n] = '\0';
}

/* Returns whether an emission may follow the end of an answer: usage and metadata may, and a finish
 * if the protocol proves the end twice. */
static bool may_follow(const char *what)
{
    if (watch.proves_twice && strcmp(what, "finish") == 0) return true;
    return strcmp(what, "usage") == 0 || strcmp(what, "metadata") == 0;
}

static void note_after_end(const seen *s, const char *what)
{
    if (s->is_over) {
        watch.late++;
        note_first(watch.first_late, sizeof watch.first_late, what);
    } else if (!may_follow(what)) {
        watch.after_end++;
        note_first(watch.first_after_end, sizeof watch.first_after_end, what);
    }
}

/* Wait until another thread changes `watch`, or until the time is up, which is noticed up to a
 * second late. The caller holds the lock. @return false when the time is up. */
static bool wait_until(int64_t until_ms)
{
    int64_t left = until_ms - beluga__now_ms();
    struct timespec moment;
    if (left <= 0) return false;
    clock_gettime(CLOCK_REALTIME, &moment);
    moment.tv_sec += left / 1000 + 1; /* the clock may jump, so it is read again afterwards */
    pthread_cond_timedwait(&watch.changed, &watch.lock, &moment);
    return true;
}

static void hold(void)
{
    if (!is_working || !watch.hold_until_ms) return;
    watch.is_holding = true;
    pthread_cond_broadcast(&watch.changed);
    while (watch.hold_until_ms && wait_until(watch.hold_until_ms)) continue;
}

static void note(const beluga_emit *emit, const char *what, bool ends)
{
    pthread_mutex_lock(&watch.lock);
    hold();
    seen *s = find(emit);
    if (s && s->ended) note_after_end(s, what);
    if (s && s->refused && !s->ended && ++s->after_refusal > MAX_REFUSED) watch.refused++;
    if (watch.refused) pthread_cond_broadcast(&watch.changed);
    if (s) s->ended |= ends;
    pthread_mutex_unlock(&watch.lock);
}

/* Note a refused emission. An emission out of turn is a different fault. */
static int note_status(const beluga_emit *emit, int status)
{
    if (status >= 0 || status == BELUGA_ERROR_INVALID_INPUT) return status;
    pthread_mutex_lock(&watch.lock);
    seen *s = find(emit);
    if (s) s->refused = true;
    pthread_mutex_unlock(&watch.lock);
    return status;
}

/* ---- the wrapping functions ------------------------------------------------------------------ */

#define WATCHED(what, ends, call) \
    note(emit, what, ends);       \
    return note_status(emit, watch.real->call)

static int text(beluga_emit *emit, const char *s, size_t n)
{
    WATCHED("text", false, beluga_emit_text(emit, s, n));
}

static int reasoning(beluga_emit *emit, const char *s, size_t n)
{
    WATCHED("reasoning", false, beluga_emit_reasoning(emit, s, n));
}

static int tool_call_begin(beluga_emit *emit, uint32_t index, const char *id, const char *name)
{
    WATCHED("a tool call", false, beluga_emit_tool_call_begin(emit, index, id, name));
}

static int tool_call_delta(beluga_emit *emit, uint32_t index, const char *s, size_t n)
{
    WATCHED("a tool call", false, beluga_emit_tool_call_delta(emit, index, s, n));
}

static int tool_call_end(beluga_emit *emit, uint32_t index)
{
    WATCHED("a tool call", false, beluga_emit_tool_call_end(emit, index));
}

static int tool_call(beluga_emit *emit, uint32_t index, const char *id, const char *name,
                     const char *s, size_t n)
{
    WATCHED("a tool call", false, beluga_emit_tool_call(emit, index, id, name, s, n));
}

static int state(beluga_emit *emit, beluga_part_kind of, uint32_t index, const char *s, size_t n)
{
    WATCHED("state", false, beluga_emit_state(emit, of, index, s, n));
}

static int metadata(beluga_emit *emit, const char *id, const char *model, int64_t created)
{
    WATCHED("metadata", false, beluga_emit_metadata(emit, id, model, created));
}

static int usage(beluga_emit *emit, const beluga_usage *counts)
{
    WATCHED("usage", false, beluga_emit_usage(emit, counts));
}

static bool is_reason(beluga_finish_reason reason)
{
    static const char unknown[] = "unknown";
    return reason == BELUGA_FINISH_UNKNOWN ||
           strcmp(beluga_finish_reason_name(reason), unknown) != 0;
}

static int finish(beluga_emit *emit, beluga_finish_reason reason, const char *raw)
{
    if (!is_reason(reason)) watch.unknown_reason = (int)reason;
    WATCHED("finish", true, beluga_emit_finish(emit, reason, raw));
}

/* beluga_emit_error() returns the code of `err` itself, so its result does not show a refusal and
 * is not recorded. */
static int error(beluga_emit *emit, const beluga_error *err)
{
    note(emit, "error", true);
    return watch.real->beluga_emit_error(emit, err);
}

BELUGA_PRINTF(4, 5)
static int failure(beluga_emit *emit, int code, const char *provider_code, const char *format, ...)
{
    char message[sizeof((beluga_error *)0)->message];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    note(emit, "error", true);
    return watch.real->beluga_emit_failure(emit, code, provider_code, "%s", message);
}

static int failure_text(beluga_emit *emit, int code, const char *provider_code, const char *text,
                        size_t length)
{
    note(emit, "error", true);
    return watch.real->beluga_emit_failure_text(emit, code, provider_code, text, length);
}

/* Plug-ins in other languages ask for the functions by their names. */
static void (*find_watched(const char *name))(void)
{
#define IS_IT(function) \
    if (strcmp(name, #function) == 0) return (void (*)(void))watch.table.function;
    BELUGA_PLUGIN_FUNCTION_MAP(IS_IT)
#undef IS_IT
    return watch.real->find(name);
}

/* ---- callbacks ------------------------------------------------------------------------------- */

static job *keep_job(job given)
{
    job *kept = NULL;
    pthread_mutex_lock(&watch.lock);
    for (size_t i = 0; i < MAX_JOBS && !kept; i++)
        if (!watch.jobs[i].used) kept = &watch.jobs[i];
    if (kept) *kept = given;
    if (kept) watch.working += given.blocks;
    pthread_mutex_unlock(&watch.lock);
    return kept;
}

static void free_job(job *j)
{
    pthread_mutex_lock(&watch.lock);
    watch.working -= j->blocks;
    *j = (job){0};
    pthread_cond_broadcast(&watch.changed);
    pthread_mutex_unlock(&watch.lock);
}

static bool fails(watch_failure which)
{
    pthread_mutex_lock(&watch.lock);
    bool failed = watch.failing == which;
    watch.failures += failed;
    pthread_mutex_unlock(&watch.lock);
    return failed;
}

static int run_next(beluga_emit *emit, void *argument)
{
    job j = *(job *)argument;
    free_job(argument);
    static const char name[] = "what beluga_emit_after called";
    spy_cost cost = spy_begin(name);
    int status = j.work(emit, j.argument);
    spy_end(name, cost);
    return spy_note_status(name, status);
}

static int after(beluga_emit *emit, int64_t delay_ms, int (*next)(beluga_emit *, void *),
                 void *argument)
{
    if (fails(WATCH_AFTER)) return BELUGA_ERROR_NO_MEMORY;
    job *j = next ? keep_job((job){next, NULL, argument, true, false}) : NULL;
    if (!j) return watch.real->beluga_emit_after(emit, delay_ms, next, argument);
    int status = watch.real->beluga_emit_after(emit, delay_ms, run_next, j);
    if (status) free_job(j);
    return status;
}

static int run_work(beluga_emit *emit, void *argument)
{
    const job *j = argument;
    is_working = true;
    int status = j->work(emit, j->argument);
    is_working = false;
    return spy_note_status("what beluga_emit_run_blocking called", status);
}

static void release_work(void *argument)
{
    job *j = argument;
    if (j->release) j->release(j->argument);
    free_job(j);
}

static int run_blocking(beluga_emit *emit, int (*work)(beluga_emit *, void *), void *argument,
                        void (*release)(void *))
{
    if (fails(WATCH_RUN_BLOCKING)) return BELUGA_ERROR_NO_MEMORY;
    job *j = work ? keep_job((job){work, release, argument, true, true}) : NULL;
    if (!j) return watch.real->beluga_emit_run_blocking(emit, work, argument, release);
    int status = watch.real->beluga_emit_run_blocking(emit, run_work, j, release_work);
    if (status) free_job(j);
    return status;
}

static void count_attached(int more)
{
    pthread_mutex_lock(&watch.lock);
    watch.attached += more;
    pthread_cond_broadcast(&watch.changed);
    pthread_mutex_unlock(&watch.lock);
}

static int attach(beluga_emit *emit, beluga_emit **attached, void (*wake)(void *), void *argument,
                  void (*release)(void *))
{
    if (fails(WATCH_ATTACH)) return BELUGA_ERROR_NO_MEMORY;
    count_attached(1); /* an engine may detach before this returns */
    int status = watch.real->beluga_emit_attach(emit, attached, wake, argument, release);
    if (status) count_attached(-1);
    return status;
}

static void detach(beluga_emit *attached, int status)
{
    watch.real->beluga_emit_detach(attached, status);
    count_attached(-1);
}

static void *alloc(beluga_emit *emit, size_t size)
{
    return fails(WATCH_ALLOC) ? NULL : watch.real->beluga_emit_alloc(emit, size);
}

void watch_fail(watch_failure which)
{
    pthread_mutex_lock(&watch.lock);
    watch.failing = which;
    watch.failures = 0;
    pthread_mutex_unlock(&watch.lock);
}

size_t watch_failures(void)
{
    pthread_mutex_lock(&watch.lock);
    size_t n = watch.failures;
    pthread_mutex_unlock(&watch.lock);
    return n;
}

void watch_hold(int64_t patience_ms)
{
    pthread_mutex_lock(&watch.lock);
    watch.hold_until_ms = beluga__now_ms() + patience_ms;
    watch.is_holding = false;
    pthread_mutex_unlock(&watch.lock);
}

bool watch_is_holding(void)
{
    pthread_mutex_lock(&watch.lock);
    bool holds = watch.is_holding;
    pthread_mutex_unlock(&watch.lock);
    return holds;
}

void watch_let_go(void)
{
    pthread_mutex_lock(&watch.lock);
    watch.hold_until_ms = 0;
    pthread_cond_broadcast(&watch.changed);
    pthread_mutex_unlock(&watch.lock);
}

bool watch_wait_for_work(int64_t patience_ms)
{
    int64_t until = beluga__now_ms() + patience_ms;
    pthread_mutex_lock(&watch.lock);
    while (watch.working && !watch.refused && wait_until(until)) continue;
    bool none = !watch.working || watch.refused;
    pthread_mutex_unlock(&watch.lock);
    return none;
}

bool watch_wait_for_detach(int64_t patience_ms)
{
    int64_t until = beluga__now_ms() + patience_ms;
    pthread_mutex_lock(&watch.lock);
    while (watch.attached > 0 && wait_until(until)) continue;
    bool all = watch.attached <= 0;
    pthread_mutex_unlock(&watch.lock);
    return all;
}

static void put_between(beluga_plugin_host *table)
{
    table->beluga_emit_after = after;
    table->beluga_emit_run_blocking = run_blocking;
    table->beluga_emit_alloc = alloc;
    table->beluga_emit_text = text;
    table->beluga_emit_reasoning = reasoning;
    table->beluga_emit_tool_call_begin = tool_call_begin;
    table->beluga_emit_tool_call_delta = tool_call_delta;
    table->beluga_emit_tool_call_end = tool_call_end;
    table->beluga_emit_tool_call = tool_call;
    table->beluga_emit_state = state;
    table->beluga_emit_metadata = metadata;
    table->beluga_emit_usage = usage;
    table->beluga_emit_finish = finish;
    table->beluga_emit_error = error;
    table->beluga_emit_failure = failure;
    table->beluga_emit_failure_text = failure_text;
    table->beluga_emit_attach = attach;
    table->beluga_emit_detach = detach;
    table->find = find_watched;
}

/* ---- life ------------------------------------------------------------------------------------ */

const beluga_plugin *watch_find(const char *file)
{
    void *object = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
    if (!object) return NULL;
    const beluga_plugin *plugin = dlsym(object, "beluga_plugin_main");
    dlclose(object); /* the library keeps the plug-in loaded until the process ends */
    return plugin;
}

bool watch_begin(const char *file, bool proves_twice)
{
    const beluga_plugin *plugin = watch_find(file);
    if (!plugin || !plugin->host || !*plugin->host) return false;
    watch.real = *plugin->host;
    if (watch.real->size < sizeof watch.table) return false;
    watch.table = *watch.real;
    watch.proves_twice = proves_twice;
    watch.n_emits = watch.after_end = watch.late = watch.refused = 0;
    *watch.first_after_end = *watch.first_late = '\0';
    watch.unknown_reason = 0;
    watch.attached = 0; /* another provider of the same file may have left some attached */
    put_between(&watch.table);
    watch.plugin = plugin;
    *plugin->host = &watch.table;
    return true;
}

void watch_end(void)
{
    if (watch.plugin) *watch.plugin->host = watch.real;
    watch.plugin = NULL;
}

bool watch_is_watching(void)
{
    return watch.plugin != NULL;
}

void watch_call_is_over(void)
{
    pthread_mutex_lock(&watch.lock);
    for (size_t i = 0; i < watch.n_emits; i++) watch.emits[i].is_over = true;
    /* Callbacks that wait for their time are dropped with their call. */
    for (size_t i = 0; i < MAX_JOBS; i++)
        if (!watch.jobs[i].blocks) watch.jobs[i] = (job){0};
    pthread_mutex_unlock(&watch.lock);
}

/* ---- findings -------------------------------------------------------------------------------- */

void watch_tell(watch_findings out)
{
    pthread_mutex_lock(&watch.lock);
    if (watch.after_end)
        check_text_printf(out.after_end,
                          "want nothing after the end of an answer, got %zu events: %s\n",
                          watch.after_end, watch.first_after_end);
    if (watch.unknown_reason)
        check_text_printf(out.reasons,
                          "want a reason of beluga_finish_reason, got %d: BELUGA_FINISH_OTHER is "
                          "for a word that you do not know\n",
                          watch.unknown_reason);
    if (watch.late)
        check_text_printf(out.late,
                          "want nothing when a call is over, got %zu events through its emit: %s\n",
                          watch.late, watch.first_late);
    if (watch.refused)
        check_text_printf(
            out.refused, "want a return when emitting gives a negative code, got %zu events more\n",
            watch.refused);
    pthread_mutex_unlock(&watch.lock);
}
