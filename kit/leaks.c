#include "kit/leaks.h"

#include "base/clock.h"
#include "kit/exchange.h"
#include "kit/hinder.h"
#include "kit/open.h"
#include "kit/perform.h"
#include "kit/watch.h"

#include <dirent.h>
#ifdef HAVE_MALLINFO2
#include <malloc.h>
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    ROUND_CALLS = 40, /* calls of each kind in a round */
    /* most rounds; one more round runs before them, to fill caches, and is not counted */
    ROUNDS = 12,
    SETTLE_MS = 1000, /* longest wait after a round for work that outlives its calls */
    LEAD = 3, /* the check ends early after this many more rounds without growth than with growth */
    LEAST_BLOCK_BYTES = 16 /* the smallest block of any allocator */
};

/* ---- an allocator that counts blocks --------------------------------------------------------- */

typedef struct meter {
    atomic_llong live; /* number of live blocks */
    atomic_ullong allocations, bytes;
    struct meter *next;
} meter;

static void *meter_alloc(void *payload, size_t size)
{
    meter *m = payload;
    void *block = malloc(size);
    if (!block) return NULL;
    atomic_fetch_add(&m->live, 1);
    atomic_fetch_add(&m->allocations, 1);
    atomic_fetch_add(&m->bytes, size);
    return block;
}

static void *meter_resize(void *payload, void *pointer, size_t old_size, size_t size)
{
    meter *m = payload;
    void *block = realloc(pointer, size);
    if (!block) return NULL;
    if (!pointer) atomic_fetch_add(&m->live, 1);
    atomic_fetch_add(&m->allocations, 1);
    atomic_fetch_add(&m->bytes, size > old_size ? size - old_size : 0);
    return block;
}

static void meter_release(void *payload, void *pointer)
{
    meter *m = payload;
    if (pointer) atomic_fetch_sub(&m->live, 1);
    free(pointer);
}

/* A list of meters that still have live blocks. Their allocators may still be called, so these
 * meters are never freed. */
static meter *kept;

static void meter_free(meter *m, bool is_closed)
{
    if (is_closed && !atomic_load(&m->live)) {
        free(m);
        return;
    }
    m->next = kept;
    kept = m;
}

/* ---- a separate client ----------------------------------------------------------------------- */

typedef struct bench {
    check_run *run;
    meter *meter;
    beluga_client *client;
    beluga_chat_model *model;
} bench;

/* Play whole answers, alternating with streams if the provider has streams. */
static bool play_both(check_run *run)
{
    if (!check_streams(run)) return check_play_for_ever(run, false, 0);
    return check_play_for_ever(run, false, 2) && check_play_for_ever(run, true, 0);
}

/* Each thread of the client caches blocks for later use. So the client gets a
 * single thread beside the loop's: the blocks that a further thread keeps would look like a
 * leak. */
static bool open_bench(bench *b, check_run *run)
{
    meter *m = b->meter = calloc(1, sizeof *b->meter);
    const beluga_allocator allocator = {meter_alloc, meter_resize, meter_release, m};
    bool measures = strcmp(run->scenario->category, CHECK_BENCHMARKS) == 0;
    const beluga_client_settings settings = {
        .size = sizeof settings, .allocator = &allocator, .max_threads = measures ? 0 : 1};
    b->run = run;
    check_call_begin(run);
    if (!m || beluga_client_new(&settings, &b->client)) {
        check_problem(run, "no client could be made");
        free(m);
        return false;
    }
    if (!run->settings->base && check_register(run, beluga_client_registry(b->client)))
        check_problem(run, "it can't be registered: %s", run->error.message);
    return !run->problems.length;
}

/* Close the bench. @return the number of blocks that were not freed. */
static long long close_bench(bench *b)
{
    beluga_error err;
    check_let_go(b->model);
    int status = beluga_client_close(b->client, check_patience_ms(b->run), &err);
    if (status) check_problem(b->run, "its client can't be closed: %s", err.message);
    long long left = atomic_load(&b->meter->live);
    meter_free(b->meter, !status);
    check_call_end(b->run);
    *b = (bench){0};
    return left;
}

static bool open_model(bench *b)
{
    b->model = check_open(b->run, beluga_client_registry(b->client));
    b->run->model = b->model;
    return b->model != NULL;
}

static void ask(bench *b, check_action *how)
{
    how(b->run);
    check_text_clear(&b->run->story);
    if (!b->run->finished && !b->run->problems.length)
        check_problem(b->run, "a call fails: %s", b->run->error.message);
}

/* Open, use and close a model many times. @return whether all calls succeeded. */
static bool live(bench *b)
{
    for (int i = 0; i < ROUND_CALLS && !b->run->problems.length; i++) {
        if (!open_model(b)) break;
        ask(b, check_generate);
        if (check_streams(b->run)) ask(b, check_stream);
        check_let_go(b->model);
        b->model = b->run->model = NULL;
    }
    return !b->run->problems.length;
}

/* ---- leaks ----------------------------------------------------------------------------------- */

/* Under a sanitizer the C library's count of bytes does not change, and this function returns the
 * count instead. */
extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

/* Return the bytes that the C library's heap has in use. musl does not count them: 0. */
static size_t heap_bytes(void)
{
    if (__sanitizer_get_current_allocated_bytes) return __sanitizer_get_current_allocated_bytes();
#ifdef HAVE_MALLINFO2
    return mallinfo2().uordblks + mallinfo2().hblkhd;
#else
    return 0;
#endif
}

/* A function that makes one round of calls. It reports a problem if it can't continue. */
typedef bool round_of_calls(bench *b);

/* Work of a cancelled call may end later than its call, and only then frees blocks of the client
 * and the provider. Wait until the client has no more blocks than before the round. */
static void settle(bench *b, long long live)
{
    for (int i = 0; i < SETTLE_MS && atomic_load(&b->meter->live) > live; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Run one more round. Returns how many bytes of memory it added. */
static size_t grow(bench *b, round_of_calls *calls)
{
    long long live = atomic_load(&b->meter->live);
    size_t before = heap_bytes();
    calls(b);
    settle(b, live);
    size_t after = heap_bytes();
    return after > before ? after - before : 0;
}

/* Check that memory does not grow. A leak makes it grow in nearly every round, while a cache stops
 * growing. A single round proves nothing: a cache may grow in it, or freed memory may hide memory
 * that was lost. */
static void want_no_growth(check_run *run, bench *b, round_of_calls *calls, const char *when)
{
    int quiet = 0, loud = 0;
    size_t grown = 0;
    while (quiet + loud < ROUNDS && quiet - loud < LEAD && !run->problems.length) {
        size_t more = grow(b, calls);
        bool grew = more >= (size_t)ROUND_CALLS * LEAST_BLOCK_BYTES;
        quiet += !grew;
        loud += grew;
        if (grew) grown = more;
    }
    if (loud <= quiet || run->problems.length) return;
    run->rules->leaking = run->scenario->name;
    check_problem(run, "want no growth, got about %zu bytes more each time that %s",
                  grown / ROUND_CALLS, when);
}

/* If one of the checks for leaks finds a leak, the later ones would find it, too, so only the first
 * one reports it. */
static void check_growth(check_run *run, round_of_calls *calls, const char *when)
{
    bench b = {0};
    const char **leaking = &run->rules->leaking;
    if (*leaking && strcmp(*leaking, run->scenario->name) != 0) {
        check_text_printf(&run->reason, "the check %s already reported lost memory", *leaking);
        return;
    }
    if (!heap_bytes()) {
        check_text_printf(&run->reason, "this C library does not count the memory in use");
        return;
    }
    if (open_bench(&b, run) && calls(&b)) want_no_growth(run, &b, calls, when);
    if (b.client) close_bench(&b);
}

void check_run_memory(check_run *run)
{
    if (play_both(run)) check_growth(run, live, "a model was opened, called and let go");
}

static bool open_and_close(bench *b)
{
    for (int i = 0; i < ROUND_CALLS && open_model(b); i++) {
        check_let_go(b->model);
        b->model = b->run->model = NULL;
    }
    return !b->run->problems.length;
}

void check_run_memory_open(check_run *run)
{
    check_growth(run, open_and_close,
                 "a model was opened and let go: close must free what open made");
}

/* ---- leaks of calls that fail ---------------------------------------------------------------- */

/* Play a refusal, an answer that can't be read and a stream that ends too early, in turn. */
static bool play_failures(check_run *run)
{
    static const char error[] = "{\"error\":{\"code\":\"zq\",\"type\":\"zq\",\"message\":\"no\"}}";
    if (!run->peer) return true;
    bool streams = check_streams(run);
    if (!check_load_usual_answer(run, streams)) return false;
    unsigned turns = streams ? 3 : 2;
    for (unsigned i = 0; i < turns; i++) {
        peer_reply *reply = peer_reply_new(run->peer);
        peer_reply_repeat(reply, PEER_FOR_EVER);
        if (i + 1 < turns) peer_reply_turn(reply, 0, turns - i);
        if (i == 0) peer_step_json(reply, 500, error);
        if (i == 1) peer_step_json(reply, 200, "{\"a\":");
        if (i == 2) check_answer_play(&run->answer, reply, run->answer.ends[0], CHECK_END_POLITE);
    }
    return true;
}

static void fail_behind_http(check_run *run)
{
    check_generate(run);
    check_generate(run);
    if (check_streams(run)) check_stream(run);
}

static void fail_inside(check_run *run)
{
    if (check_streams(run)) check_cancel_pushed(run);
    if (!watch_is_watching()) return;
    if (check_streams(run)) check_cancel_at_work(run);
    watch_fail(WATCH_RUN_BLOCKING);
    check_generate(run);
    watch_fail(WATCH_NONE);
    watch_call_is_over();
}

/* Make one round of failing calls. Loading a plug-in gives it the library's functions, so watching
 * begins here, afterwards. */
static bool fail(bench *b)
{
    check_run *run = b->run;
    if (!run->peer && run->settings->plugin && !watch_is_watching())
        watch_begin(run->settings->plugin, false);
    for (int i = 0; i < ROUND_CALLS && open_model(b); i++) {
        if (run->peer)
            fail_behind_http(run);
        else
            fail_inside(run);
        run->breach = 0;
        check_text_clear(&run->story);
        check_let_go(b->model);
        b->model = run->model = NULL;
    }
    return !run->problems.length;
}

void check_run_memory_errors(check_run *run)
{
    if (!play_failures(run)) return;
    check_growth(run, fail,
                 run->peer ? "a call failed: decode_error and the decoders must free what they "
                             "made, a parsed JSON with beluga_json_doc_free"
                           : "a call was cancelled, or refused by beluga_emit_run_blocking: free "
                             "what start made in release, and where there is no release");
    watch_end();
}

void check_run_allocator(check_run *run)
{
    bench b = {0};
    if (play_both(run) && open_bench(&b, run)) live(&b);
    if (!b.client) return;
    long long left = close_bench(&b);
    if (!run->problems.length && left)
        check_problem(run, "want all blocks of a closed client to be freed, got %lld left", left);
}

static size_t count_descriptors(void)
{
    size_t n = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder && readdir(folder)) n++;
    if (folder) closedir(folder);
    return n;
}

/* Return the number of open descriptors. Wait a moment if there are more than `want`, since the
 * peer closes its end of a connection later than the client. */
static size_t settled_descriptors(check_run *run, size_t want)
{
    enum { MOST_MS = 1000 };
    const struct timespec moment = {.tv_nsec = 1000000};
    if (run->peer) peer_wait_all_closed(run->peer, (int)check_patience_ms(run));
    int64_t until = beluga__now_ms() + MOST_MS;
    size_t n = count_descriptors();
    while (n > want && beluga__now_ms() < until) {
        nanosleep(&moment, NULL);
        n = count_descriptors();
    }
    return n;
}

void check_run_descriptors(check_run *run)
{
    bench b = {0};
    if (!play_both(run)) return;
    size_t before = count_descriptors();
    if (open_bench(&b, run)) live(&b);
    if (!b.client) return;
    close_bench(&b);
    if (run->problems.length) return;
    size_t after = settled_descriptors(run, before);
    if (after > before)
        check_problem(run, "want %zu open descriptors as before, got %zu", before, after);
}

/* ---- benchmarks ------------------------------------------------------------------------------ */

enum { MEASURED_MS = 200, MAX_OPERATIONS = 20000, THREADS = 8, MANY = 100 };

static void end_measure(bench *b, int64_t begun_ns, uint64_t operations)
{
    b->run->measure = (check_measure){
        .nanoseconds = (double)(beluga__now_ns() - begun_ns) / (double)operations,
        .bytes = (double)atomic_load(&b->meter->bytes) / (double)operations,
        .allocations = (double)atomic_load(&b->meter->allocations) / (double)operations,
        .operations = operations,
    };
}

static void begin_measure(bench *b)
{
    atomic_store(&b->meter->bytes, 0);
    atomic_store(&b->meter->allocations, 0);
}

static void measure(bench *b, void (*operation)(bench *b))
{
    uint64_t n = 0;
    operation(b); /* the first operation opens descriptors that later ones reuse */
    begin_measure(b);
    int64_t begun = beluga__now_ns();
    while (n < MAX_OPERATIONS && beluga__now_ns() - begun < MEASURED_MS * 1000000LL &&
           !b->run->problems.length) {
        operation(b);
        n++;
    }
    if (n && !b->run->problems.length) end_measure(b, begun, n);
}

static void measure_alone(check_run *run, bool streamed, void (*operation)(bench *b))
{
    bench b = {0};
    if (check_play_for_ever(run, streamed, 0) && open_bench(&b, run) && open_model(&b))
        measure(&b, operation);
    if (b.client) close_bench(&b);
}

static void generate(bench *b)
{
    ask(b, check_generate);
}

static void stream(bench *b)
{
    ask(b, check_stream);
}

static void bind(bench *b)
{
    beluga_chat_model *bound = NULL;
    if (beluga_bind_tools(b->model, b->run->call.tools, b->run->call.n_tools, &bound,
                          &b->run->error))
        check_problem(b->run, "tools can't be bound: %s", b->run->error.message);
    beluga_chat_model_unref(bound);
}

void check_run_measure_generate(check_run *run)
{
    measure_alone(run, false, generate);
}

void check_run_measure_stream(check_run *run)
{
    if (check_streams(run))
        measure_alone(run, true, stream);
    else
        check_text_puts(&run->reason, "not claimed");
}

void check_run_measure_bind(check_run *run)
{
    measure_alone(run, false, bind);
}

typedef struct worker {
    bench bench;
    check_run run;
    pthread_t thread;
    bool started;
} worker;

static void *work(void *payload)
{
    worker *w = payload;
    for (int i = 0; i < MANY && !w->run.problems.length; i++) ask(&w->bench, check_generate);
    return NULL;
}

static void start_worker(bench *b, worker *w)
{
    check_run_copy(&w->run, b->run);
    w->bench = (bench){.run = &w->run, .model = b->model};
    w->started = pthread_create(&w->thread, NULL, work, w) == 0;
}

static void end_worker(bench *b, worker *w)
{
    if (w->started) pthread_join(w->thread, NULL);
    check_run_end_copy(b->run, &w->run, !b->run->problems.length);
    if (!w->started) check_problem(b->run, "no thread could be made");
}

static void measure_at_once(bench *b)
{
    worker workers[THREADS];
    begin_measure(b);
    int64_t begun = beluga__now_ns();
    for (int i = 0; i < THREADS; i++) start_worker(b, &workers[i]);
    for (int i = 0; i < THREADS; i++) end_worker(b, &workers[i]);
    if (!b->run->problems.length) end_measure(b, begun, (uint64_t)THREADS * MANY);
}

void check_run_measure_at_once(check_run *run)
{
    bench b = {0};
    if (check_play_for_ever(run, false, 0) && open_bench(&b, run) && open_model(&b))
        measure_at_once(&b);
    if (b.client) close_bench(&b);
}
