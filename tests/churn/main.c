/*
 * A process that makes calls for a very long time: a million on `mock`, a hundred thousand over
 * loopback HTTP, through every middleware, with faults, cancels, pauses and deadlines at random.
 * Between two rounds nothing runs; at these times memory, descriptors and connections must be the
 * same as after the first rounds.
 *
 *     churn [--mock CALLS] [--http CALLS] [--seed N] [--tap]
 */
#include "peer/peer.h"

#include <beluga/beluga.h>
#include <beluga/cache.h>
#include <beluga/hooks.h>
#include <beluga/providers/mock.h>

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

enum {
    ROUNDS = 20,     /* at the end of each round nothing runs */
    SETTLED = 5,     /* rounds after which all caches are filled */
    IN_FLIGHT = 128, /* concurrent calls */
    PROMPTS = 4000,  /* different prompts; some are repeated while their answer is cached */
    CACHE_BYTES = 1 << 20,
    CACHE_TTL_MS = 5000, /* long enough for repeated prompts on a slow machine, too */
    STUCK_S = 120,       /* seconds without an ended call that count as stuck */
    MOST_CONNECTIONS = IN_FLIGHT + 16
};
/* How much the process may grow after it has settled, including the fragmentation of malloc. */
#define MOST_GROWTH_KB 8192

/* Sanitizers keep freed memory for a while, so that the size of the process says nothing. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RESIDENT_TELLS false
#else
#define RESIDENT_TELLS true
#endif

/* ---- an allocator that counts the memory in use ---------------------------------------------- */

static atomic_size_t held_blocks, held_bytes;

static void count(void *block, int sign)
{
    if (!block) return;
    atomic_fetch_add(&held_blocks, (size_t)sign);
    atomic_fetch_add(&held_bytes, (size_t)sign * malloc_usable_size(block));
}

static void *counted_alloc(void *payload, size_t size)
{
    (void)payload;
    void *block = malloc(size);
    count(block, 1);
    return block;
}

static void *counted_resize(void *payload, void *old, size_t old_size, size_t size)
{
    (void)payload;
    (void)old_size;
    count(old, -1);
    void *block = realloc(old, size);
    count(block ? block : old, 1);
    return block;
}

static void counted_release(void *payload, void *block)
{
    (void)payload;
    count(block, -1);
    free(block);
}

static const beluga_allocator counting = {counted_alloc, counted_resize, counted_release, NULL};

/* ---- resources of the process ---------------------------------------------------------------- */

typedef struct sample {
    size_t blocks, bytes;
    long resident_kb;
    int descriptors;
} sample;

static long resident_kb(void)
{
    long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%ld %ld", &total, &resident) != 2) resident = 0;
    if (file) fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static int descriptors(void)
{
    int n = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder && readdir(folder)) n++;
    if (folder) closedir(folder);
    return n - 3; /* do not count ".", ".." and the descriptor of the folder itself */
}

static sample take_sample(void)
{
    return (sample){atomic_load(&held_blocks), atomic_load(&held_bytes), resident_kb(),
                    descriptors()};
}

/* ---- calls ----------------------------------------------------------------------------------- */

typedef struct churn_run {
    const char *name;
    beluga_client *client;
    beluga_loop *loop;
    beluga_memory_cache *cache;
    beluga_chat_model *models[4];
    int n_models;
    beluga_context *deadline;
    uint64_t random, started, ended, wanted;
    uint64_t answered, cached, by_fallback, cancelled, failed, restarts, refused;
    uint64_t errors[BELUGA_ERROR_COUNT + 1];
    unsigned terminals_twice;
    struct churn_call *freed; /* calls whose handles are freed after the loop's step */
} churn_run;

typedef struct churn_call {
    churn_run *churn;
    struct churn_call *next;
    beluga_op *op;
    beluga_context *context;
    bool ended, from_cache, spare, paused;
} churn_call;

static uint32_t roll(churn_run *c, uint32_t sides)
{
    c->random = c->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(c->random >> 33) % sides;
}

/* Do at random something that a caller may do inside a callback. */
static void meddle(churn_call *call)
{
    switch (roll(call->churn, 60)) {
    case 0: beluga_op_cancel(call->op); return;
    case 1: beluga_context_cancel(call->context); return;
    case 2:
        beluga_op_pause(call->op, true);
        beluga_op_pause(call->op, false);
        return;
    }
}

static void end(churn_call *call, const beluga_event *event)
{
    churn_run *c = call->churn;
    if (call->ended) {
        c->terminals_twice++;
        return;
    }
    call->ended = true;
    c->ended++;
    if (event->kind == BELUGA_EVENT_FINISH) {
        c->answered++;
        c->cached += call->from_cache;
        c->by_fallback += call->spare && !call->from_cache;
    } else {
        int code = event->u.error->code;
        if (code == BELUGA_ERROR_CONTEXT_CANCELED)
            c->cancelled++;
        else
            c->failed++;
        c->errors[-code]++;
    }
    call->next = c->freed;
    c->freed = call;
}

static void on_event(void *payload, const beluga_event *event)
{
    churn_call *call = payload;
    if (event->kind == BELUGA_EVENT_METADATA) {
        call->from_cache = event->u.metadata.cached;
        call->spare = event->u.metadata.model && strcmp(event->u.metadata.model, "spare") == 0;
    }
    if (event->kind == BELUGA_EVENT_RESTART) call->churn->restarts++;
    if (event->kind == BELUGA_EVENT_FINISH || event->kind == BELUGA_EVENT_ERROR)
        end(call, event);
    else
        meddle(call);
}

static void free_call(churn_call *call)
{
    beluga_op_free(call->op);
    beluga_context_unref(call->context);
    free(call);
}

static void free_ended(churn_run *c)
{
    while (c->freed) {
        churn_call *call = c->freed;
        c->freed = call->next;
        free_call(call);
    }
}

static beluga_context *make_context(churn_run *c)
{
    if (roll(c, 50) == 0) return beluga_context_new_timeout(NULL, 1 + roll(c, 40));
    return beluga_context_new_cancellable(NULL);
}

static void start_one(churn_run *c)
{
    char prompt[64];
    beluga_error err;
    churn_call *call = calloc(1, sizeof *call);
    beluga_messages *messages = beluga_messages_new();
    if (!call || !messages) abort();
    snprintf(prompt, sizeof prompt, "What is %u and a half?", roll(c, PROMPTS));
    beluga_messages_add(messages, beluga_human_message(prompt));
    call->churn = c;
    call->context = make_context(c);
    const beluga_option options[] = {beluga_with_restart_delivery(roll(c, 2)),
                                     beluga_with_temperature(roll(c, 2) ? 0.5 : 1)};
    beluga_chat_model *model = c->models[roll(c, (uint32_t)c->n_models)];
    c->started++;
    int (*const begin)(beluga_chat_model *, beluga_loop *, beluga_context *,
                       const beluga_messages *, beluga_event_cb, void *, beluga_op **,
                       beluga_error *, const beluga_option *, size_t) =
        roll(c, 4) ? beluga_stream_start_n : beluga_generate_start_n;
    int status = begin(model, c->loop, call->context, messages, on_event, call, &call->op, &err,
                       options, COUNT_OF(options));
    beluga_messages_free(messages);
    if (!status) return;
    c->ended++;
    c->refused++;
    c->errors[-status]++;
    free_call(call);
}

/* Run until this many calls have started and all have ended. @return 0, or -1 if no call ends for
 * STUCK_S seconds. */
static int run_round(churn_run *c, uint64_t until)
{
    time_t last = time(NULL);
    uint64_t ended = c->ended;
    while (c->started < until || c->ended < c->started) {
        while (c->started < until && c->started - c->ended < IN_FLIGHT) start_one(c);
        if (beluga_loop_wait(c->loop, 1000)) return -1;
        free_ended(c);
        if (c->ended != ended) last = time(NULL);
        ended = c->ended;
        if (time(NULL) - last > STUCK_S) {
            printf("# %s: %" PRIu64 " calls do not end\n", c->name, c->started - c->ended);
            return -1;
        }
    }
    return 0;
}

/* ---- models ---------------------------------------------------------------------------------- */

/* A hook that reads the call, and sometimes refuses the call. */
static int before(void *payload, const beluga_call *call, beluga_error *err)
{
    churn_run *c = payload;
    (void)call;
    if (roll(c, 200)) return 0;
    return beluga_error_set(err, BELUGA_ERROR_INVALID_REQUEST, "not this one");
}

static int look(void *payload, const beluga_call *call, const beluga_event *event,
                beluga_error *err)
{
    churn_run *c = payload;
    (void)call;
    if (event->kind != BELUGA_EVENT_TEXT || roll(c, 2000)) return 0;
    return beluga_error_set(err, BELUGA_ERROR_CONTENT_FILTER, "not that word");
}

static void open_model(churn_run *c, const char *provider, const char *name, const char *fallback,
                       const beluga_hooks *hooks)
{
    beluga_error err;
    beluga_config *config = beluga_config_new(
        beluga_with_model_name(name), beluga_with_env(), beluga_with_fallback(fallback),
        beluga_with_hooks(hooks), beluga_with_cache_ttl_ms(CACHE_TTL_MS),
        beluga_with_cache(beluga_memory_cache_store(c->cache)), beluga_with_prices(CHURN_PRICES),
        beluga_with_budget(1e6), beluga_with_max_tokens(100),
        beluga_with_requests_per_minute(100000000), beluga_with_tokens_per_minute(1000000000),
        beluga_with_max_concurrent_calls(IN_FLIGHT / 2), beluga_with_breaker_failures(10),
        beluga_with_breaker_open_time_ms(20), beluga_with_max_retries(2),
        beluga_with_retry_delay_ms(100), beluga_with_timeout_ms(30000));
    if (!config || beluga_registry_open(beluga_client_registry(c->client), provider, config,
                                        &c->models[c->n_models], &err)) {
        fprintf(stderr, "%s/%s: %s\n", provider, name, config ? err.message : "no memory");
        exit(1);
    }
    beluga_config_free(config);
    c->n_models++;
}

/* Set the server's address and a key in the environment, from which the models and their fallback
 * models get them. */
static void set_environment(const char *url)
{
    if (!url) return;
    setenv("OPENAI_BASE_URL", url, 1);
    setenv("OPENAI_API_KEY", "sk-none", 1);
}

/* ---- one part -------------------------------------------------------------------------------- */

static void print_sample(const churn_run *c, const sample *s)
{
    printf("# %s: %8" PRIu64 " calls, %6zu blocks, %8zu bytes, %7ld kB resident, %3d descriptors\n",
           c->name, c->ended, s->blocks, s->bytes, s->resident_kb, s->descriptors);
    fflush(stdout);
}

static bool complain(const char *what)
{
    printf("# %s\n", what);
    return false;
}

static bool is_flat(const sample *settled, const sample *last)
{
    bool flat = true;
    /* The cache may be full in one sample and nearly empty in the other. */
    if (last->bytes > settled->bytes + 2 * CACHE_BYTES)
        flat = complain("bytes held by the library grow");
    if (last->descriptors > MOST_CONNECTIONS) flat = complain("descriptors grow");
    if (RESIDENT_TELLS && last->resident_kb > settled->resident_kb + MOST_GROWTH_KB)
        flat = complain("the process grows");
    return flat;
}

static void print_outcomes(const churn_run *c, double seconds)
{
    printf("# %s: %.1f s, %.0f calls/s; answered %" PRIu64 " (cache %" PRIu64 ", fallback %" PRIu64
           "), cancelled %" PRIu64 ", failed %" PRIu64 ", refused at the start %" PRIu64
           ", restarts %" PRIu64 "\n",
           c->name, seconds, (double)c->ended / seconds, c->answered, c->cached, c->by_fallback,
           c->cancelled, c->failed, c->refused, c->restarts);
    for (int i = 1; i <= BELUGA_ERROR_COUNT; i++)
        if (c->errors[i])
            printf("# %s:   %s %" PRIu64 "\n", c->name, beluga_error_name(-i), c->errors[i]);
}

static bool all_gone(const sample *before, const sample *after)
{
    bool gone = true;
    if (after->blocks != before->blocks) {
        printf("# %zu blocks are left over\n", after->blocks - before->blocks);
        gone = false;
    }
    if (after->descriptors != before->descriptors) {
        printf("# %d descriptors are left over\n", after->descriptors - before->descriptors);
        gone = false;
    }
    return gone;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool run_rounds(churn_run *c)
{
    sample settled = {0}, last = {0};
    bool good = true;
    double start = seconds_now();
    for (int round = 1; round <= ROUNDS && good; round++) {
        if (run_round(c, c->wanted * (uint64_t)round / ROUNDS)) good = complain("it is stuck");
        last = take_sample();
        print_sample(c, &last);
        if (round == SETTLED) settled = last;
        if (round > SETTLED && good) good = is_flat(&settled, &last);
    }
    print_outcomes(c, seconds_now() - start);
    if (good && c->terminals_twice) good = complain("a call ended twice");
    if (good && (!c->answered || !c->cached || !c->by_fallback || !c->cancelled || !c->failed))
        good = complain("something did not happen at all: too few calls?");
    return good;
}

/* Run one part: over HTTP, or with mock if `url` is NULL. Both parts have models that always fail,
 * so that their breakers open. */
static bool run_part(const char *name, uint64_t calls, uint64_t seed, const char *url)
{
    churn_run c = {.name = name, .random = seed, .wanted = calls};
    const beluga_client_settings settings = {.size = sizeof settings, .allocator = &counting};
    const beluga_hooks hooks = {
        .size = sizeof hooks, .payload = &c, .before = before, .event = look};
    sample first = take_sample();
    c.cache = beluga_memory_cache_new(CACHE_BYTES);
    if (!c.cache || beluga_client_new(&settings, &c.client) || beluga_loop_new(c.client, &c.loop))
        abort();
    set_environment(url);
    if (url) {
        open_model(&c, "openai", "churn", "openai/spare", &hooks);
        open_model(&c, "openai", "down", "openai/spare", &hooks);
    } else {
        open_model(&c, "mock", "churn", "mock/spare", &hooks);
        open_model(&c, "mock", "error-overloaded", "mock/spare", &hooks);
        open_model(&c, "mock", "error-quota_exceeded", "mock/spare", &hooks);
        open_model(&c, "mock", "error-content_filter", "mock/spare", &hooks);
    }
    bool good = run_rounds(&c);
    beluga_loop_free(c.loop);
    free_ended(&c);
    for (int i = 0; i < c.n_models; i++) beluga_chat_model_unref(c.models[i]);
    beluga_client_unref(c.client);
    beluga_memory_cache_free(c.cache);
    sample last = take_sample();
    return all_gone(&first, &last) && good;
}

/* ---- the server, in another process ---------------------------------------------------------- */

static void begin_answer(peer_reply *r, const char *model)
{
    peer_openai_model(r, model);
    peer_openai_begin(r);
    peer_openai_text(r, "One and");
    peer_openai_text(r, " a half");
}

static void add_fault(peer *p, unsigned turn, unsigned turns)
{
    peer_reply *r = peer_reply_new(p);
    peer_reply_match_model(r, "churn");
    peer_reply_turn(r, turn, turns);
    peer_reply_repeat(r, PEER_FOR_EVER);
    switch (turn) {
    case 0: peer_step_reset(r); return;
    case 1: peer_openai_error(r, 500, NULL, NULL, "oops"); return;
    case 2: peer_openai_error(r, 429, "retry-after-ms: 5\r\n", NULL, "slow down"); return;
    case 3:
        begin_answer(r, "churn");
        peer_step_close(r);
        return;
    case 4:
        begin_answer(r, "churn");
        peer_step_reset(r);
        return;
    case 5:
        begin_answer(r, "churn");
        peer_step_sse(r, "{\"choices\":[{");
        peer_step_close(r);
        return;
    case 6: peer_openai_error(r, 400, NULL, "context_length_exceeded", "too long"); return;
    case 7:
        peer_step_split(r, 11, 0);
        peer_openai_stream(r, "in small pieces");
        return;
    case 8:
        peer_openai_stream(r, "and then it closes");
        peer_step_close(r);
        return;
    }
}

static void serve_well(peer *p, const char *model, int streamed)
{
    peer_reply *r = peer_reply_new(p);
    if (model) peer_reply_match_model(r, model);
    peer_reply_match_streamed(r, streamed);
    peer_reply_repeat(r, PEER_FOR_EVER);
    if (model) peer_openai_model(r, model);
    if (streamed)
        peer_openai_stream(r, "One and a half, and a few words more");
    else
        peer_openai_answer(r, "One and a half");
}

static void write_script(peer *p)
{
    enum { FAULTS = 9, TURNS = 40 };
    for (unsigned i = 0; i < FAULTS; i++) add_fault(p, i, TURNS);
    peer_reply *down = peer_reply_new(p);
    peer_reply_match_model(down, "down");
    peer_reply_repeat(down, PEER_FOR_EVER);
    peer_openai_error(down, 503, NULL, NULL, "down");
    serve_well(p, "spare", 1);
    serve_well(p, "spare", 0);
    serve_well(p, NULL, 1);
    serve_well(p, NULL, 0);
}

static _Noreturn void serve(int tell)
{
    const peer_config config = {.kept_requests = 1};
    peer *p = peer_new(&config);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!p) _exit(1);
    write_script(p);
    if (dprintf(tell, "%s", peer_url(p)) < 0) _exit(1);
    close(tell);
    _exit(peer_run(p) ? 1 : 0);
}

static pid_t start_server(char *url, size_t size)
{
    int ends[2];
    if (pipe(ends)) return -1;
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        serve(ends[1]);
    }
    close(ends[1]);
    ssize_t n = pid > 0 ? read(ends[0], url, size - 1) : -1;
    close(ends[0]);
    url[n > 0 ? n : 0] = '\0';
    return n > 0 ? pid : -1;
}

static bool run_http(uint64_t calls, uint64_t seed)
{
    char url[128];
    int status;
    pid_t server = start_server(url, sizeof url);
    if (server < 0) return complain("the server can't be started");
    bool good = run_part("http", calls, seed, url);
    if (waitpid(server, &status, WNOHANG) != 0) return complain("the server ended");
    kill(server, SIGKILL);
    waitpid(server, &status, 0);
    return good;
}

/* ---- main ------------------------------------------------------------------------------------ */

static void report(int number, bool good, const char *name)
{
    printf("%sok %d - %s\n", good ? "" : "not ", number, name);
    fflush(stdout);
}

static uint64_t number_after(int argc, char **argv, const char *name, uint64_t otherwise)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0) return strtoull(argv[i + 1], NULL, 10);
    return otherwise;
}

int main(int argc, char **argv)
{
    uint64_t seed = number_after(argc, argv, "--seed", 42);
    signal(SIGPIPE, SIG_IGN);
    beluga_allocator_set_default(&counting);
    printf("1..2\n# seed %" PRIu64 "\n", seed);
    bool http = run_http(number_after(argc, argv, "--http", 100000), seed);
    report(1, http, "calls over HTTP leave nothing behind");
    bool mock = run_part("mock", number_after(argc, argv, "--mock", 1000000), seed, NULL);
    report(2, mock, "calls on mock leave nothing behind");
    return http && mock ? 0 : 1;
}
