/* bench-go [PROVIDER...]: four benchmarks of each provider (default: `mock`), printed as Go's
 * testing package does: a line "pkg: PROVIDER", then name and processors, iterations, ns/op, B/op,
 * allocs/op. Memory is what all threads allocate with the process's default allocator. */
#include "memory.h"
#include "support.h"
#include "work.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LONG_ENOUGH_NS 300000000
#define MOST           ((size_t)100 * 1000 * 1000)

enum { MAX_THREADS = 64 };

typedef struct share {
    const work *work;
    void *fixture;
    size_t n;
} share;

static void *do_share(void *argument)
{
    share *s = argument;
    s->work->run(s->fixture, s->n);
    return NULL;
}

/* All threads call the same model. */
static void run_on_threads(const work *w, void *fixture, size_t n, size_t threads)
{
    pthread_t ids[MAX_THREADS];
    share shares[MAX_THREADS];
    for (size_t i = 0; i < threads; i++) {
        shares[i] = (share){w, fixture, n / threads + (i < n % threads)};
        if (pthread_create(&ids[i], NULL, do_share, &shares[i])) give_up(w->name, "no thread");
    }
    for (size_t i = 0; i < threads; i++) pthread_join(ids[i], NULL);
}

static void run(const work *w, void *fixture, size_t n, size_t threads)
{
    if (threads > 1)
        run_on_threads(w, fixture, n, threads);
    else
        w->run(fixture, n);
}

/* Repeat with larger counts until a run takes long enough to be measured, as Go does. */
static void benchmark(const char *name, const char *what, size_t threads, size_t processors)
{
    const work *w = work_find(what);
    void *fixture = w->open();
    int64_t spent = 0;
    size_t n = 100;
    memory_count before, after;
    for (run(w, fixture, n, threads);; n *= 4) {
        before = memory_counted();
        int64_t start = wall_ns();
        run(w, fixture, n, threads);
        spent = wall_ns() - start;
        after = memory_counted();
        if (spent >= LONG_ENOUGH_NS || n >= MOST) break;
    }
    w->close(fixture);
    char label[64];
    snprintf(label, sizeof label, "Benchmark%s-%zu", name, processors);
    printf("%-30s %10zu %11.0f ns/op %8zu B/op %6zu allocs/op\n", label, n,
           (double)spent / (double)n, (after.bytes - before.bytes + n / 2) / n,
           (after.allocations - before.allocations + n / 2) / n);
    fflush(stdout);
}

static void benchmark_provider(const char *provider, size_t threads, size_t processors)
{
    work_provider = provider;
    printf("pkg: %s\n", provider);
    benchmark("Generate", "generate", 1, processors);
    benchmark("StreamChat", "stream_chat", 1, processors);
    benchmark("BindTools", "bind_tools", 1, processors);
    benchmark("ConcurrentGenerate", "generate", threads, processors);
}

int main(int argc, char **argv)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    size_t processors = online < 1 ? 1 : (size_t)online;
    size_t threads = processors < 2 ? 2 : processors > MAX_THREADS ? MAX_THREADS : processors;
    beluga_allocator_set_default(&memory_counting);
    if (argc < 2) benchmark_provider(work_provider, threads, processors);
    for (int i = 1; i < argc; i++) benchmark_provider(argv[i], threads, processors);
    return 0;
}
