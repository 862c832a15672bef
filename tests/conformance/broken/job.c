/* Full providers whose work blocks, correct except for one fault each, which their names say.
 * "job-sound" has no fault. They answer with the last message, a few bytes at a time. */
#include <beluga/provider/provider.h>

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int is_faulty(const beluga_call *call, const char *fault)
{
    const char *name = beluga_call_provider(call)->name;
    return strcmp(name + strlen("job-"), fault) == 0;
}

static void wait_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/* 24 bytes. */
typedef struct job {
    const char *text;
    size_t length;
    int faults;
} job;

enum { DEAF = 1, KEPT = 2, CUT = 4 };

/* ---- the work -------------------------------------------------------------------------------- */

/* Return the offset at which the character that begins at `at` ends. */
static size_t next(const job *j, size_t at)
{
    if (j->faults & CUT) return at + 3 < j->length ? at + 3 : j->length;
    do at++;
    while (at < j->length && (j->text[at] & 0xc0) == 0x80);
    return at;
}

static int work(beluga_emit *emit, void *argument)
{
    const job *j = argument;
    int status = 0;
    for (size_t at = 0, end; at < j->length && !status; at = end) {
        end = next(j, at);
        status = beluga_emit_text(emit, j->text + at, end - at);
        if (j->faults & DEAF) status = 0;
        if (j->faults & DEAF) wait_ms(1);
    }
    return status ? status : beluga_emit_finish(emit, BELUGA_FINISH_STOP, "end");
}

static void release(void *argument)
{
    job *j = argument;
    if (!(j->faults & KEPT)) free(j);
}

static int faults_of(const beluga_call *call)
{
    if (is_faulty(call, "deaf")) return DEAF;
    if (is_faulty(call, "leak")) return KEPT;
    return is_faulty(call, "cut") ? CUT : 0;
}

/* ---- a call ---------------------------------------------------------------------------------- */

static int start(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    (void)self;
    (void)err;
    job *j = malloc(sizeof *j);
    if (!j) return BELUGA_ERROR_NO_MEMORY;
    const beluga_message *last = beluga_call_message(call, beluga_call_message_count(call) - 1);
    j->text = beluga_message_text(last, &j->length);
    j->faults = faults_of(call);
    int status = beluga_emit_run_blocking(emit, work, j, release);
    if (status && !is_faulty(call, "lost")) free(j);
    return is_faulty(call, "careless") ? 0 : status;
}

static void cancel(void *self, beluga_emit *emit)
{
    (void)self;
    (void)emit;
}

static void cancel_slowly(void *self, beluga_emit *emit)
{
    cancel(self, emit);
    wait_ms(100);
}

static int open_with_state(const beluga_config *config, void **self, beluga_error *err)
{
    (void)config;
    *self = malloc(24);
    return *self ? 0 : beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory");
}

static void close_with_state(void *self)
{
    free(self);
}

static void close_and_lose(void *self)
{
    (void)self;
}

/* ---- on the loop ----------------------------------------------------------------------------- */

static int go_on(beluga_emit *emit, void *argument)
{
    const beluga_call *call = argument;
    if (is_faulty(call, "after-waits")) wait_ms(2);
    int status = beluga_emit_text(emit, "later", 5);
    return status ? status : beluga_emit_finish(emit, BELUGA_FINISH_STOP, "end");
}

static int start_later(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    (void)self;
    (void)err;
    int status = beluga_emit_text(emit, "now and ", 8);
    if (status) return status;
    status = beluga_emit_after(emit, 1, go_on, (void *)(uintptr_t)call);
    return is_faulty(call, "after-careless") ? 0 : status;
}

/* ---- on a separate thread -------------------------------------------------------------------- */

static void *run_engine(void *argument)
{
    beluga_emit *emit = argument;
    int status = beluga_emit_text(emit, "engine", 6);
    if (!status) status = beluga_emit_finish(emit, BELUGA_FINISH_STOP, "end");
    if (!is_faulty(beluga_emit_call(emit), "engine-kept")) beluga_emit_detach(emit, status);
    return NULL;
}

static int start_engine(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    beluga_emit *attached;
    pthread_t thread;
    (void)self;
    (void)call;
    (void)err;
    int status = beluga_emit_attach(emit, &attached, NULL, NULL, NULL);
    if (status) return status;
    if (pthread_create(&thread, NULL, run_engine, attached)) {
        beluga_emit_detach(attached, BELUGA_ERROR_NO_MEMORY);
        return 0;
    }
    pthread_detach(thread);
    return 0;
}

#define TABLE(fault, begin, stop, end)                                      \
    {                                                                       \
        BELUGA_PROVIDER_INIT("job-" fault),                                 \
        .default_model = "j",                                               \
        .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_LOCAL, \
        .open = open_with_state,                                            \
        .close = end,                                                       \
        .start = begin,                                                     \
        .cancel = stop,                                                     \
    }
static const beluga_provider tables[] = {
    TABLE("sound", start, cancel, close_with_state),
    TABLE("deaf", start, cancel, close_with_state),
    TABLE("leak", start, cancel, close_with_state),
    TABLE("lost", start, cancel, close_with_state),
    TABLE("cut", start, cancel, close_with_state),
    TABLE("careless", start, cancel, close_with_state),
    TABLE("cancel-waits", start, cancel_slowly, close_with_state),
    TABLE("close-leaks", start, cancel, close_and_lose),
    TABLE("after-sound", start_later, cancel, close_with_state),
    TABLE("after-waits", start_later, cancel, close_with_state),
    TABLE("after-careless", start_later, cancel, close_with_state),
    TABLE("engine-sound", start_engine, cancel, close_with_state),
    TABLE("engine-kept", start_engine, cancel, close_with_state),
};

BELUGA_PLUGIN_PROVIDERS(NULL, &tables[0], &tables[1], &tables[2], &tables[3], &tables[4],
                        &tables[5], &tables[6], &tables[7], &tables[8], &tables[9], &tables[10],
                        &tables[11], &tables[12])
