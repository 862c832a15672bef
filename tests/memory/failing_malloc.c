/* This library is preloaded into a program, and runs the program many times, each time with other
 * allocations failing. Before main() the process becomes a server: for each order that it reads
 * from the descriptor ORDERS, it forks; the child runs main(), and the parent waits for the child
 * and writes a report to the descriptor REPORTS. So each run costs only main(), and not the loading
 * of twenty libraries. Every call of malloc can fail: those of the library and those of libcurl,
 * OpenSSL, SQLite, … */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Descriptors that scripts/memory-torture opens. */
enum { ORDERS = 200, REPORTS = 201, OUT = 202, ERR = 203 };

/* Allocations are numbered from 0. If `rate` is 0, none fails at random. */
typedef struct order {
    uint64_t first, last; /* the allocations that fail */
    uint64_t after, rate; /* from number `after` on, one allocation in `rate` fails at random */
    uint64_t seed;
} order;

typedef struct report {
    int32_t status; /* the child's status from waitpid */
    int32_t unused;
    uint64_t asked, failed; /* allocations */
    uint64_t cpu_us;
} report;

static order now = {.first = UINT64_MAX};

/* The parent and the child share these counts. */
typedef struct call_counts {
    atomic_uint_fast64_t asked, failed;
} call_counts;
static call_counts before_main, *counts = &before_main;

/* ---- allocations that fail ------------------------------------------------------------------- */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *pointer, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

/* Return a random number that depends only on `x`, so that threads do not change which numbers
 * fail. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static bool fails(void)
{
    uint64_t i = atomic_fetch_add_explicit(&counts->asked, 1, memory_order_relaxed);
    bool one = i >= now.first && i <= now.last;
    bool some = now.rate && i >= now.after && mix(now.seed * 1000003 + i) % now.rate == 0;
    if (!one && !some) return false;
    atomic_fetch_add_explicit(&counts->failed, 1, memory_order_relaxed);
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *pointer, size_t size)
{
    return fails() ? NULL : __libc_realloc(pointer, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *pointer = fails() ? NULL : __libc_memalign(alignment, size);
    if (pointer) *out = pointer;
    return pointer ? 0 : ENOMEM;
}

/* ---- the server ------------------------------------------------------------------------------ */

static bool read_order(order *next)
{
    ssize_t n;
    do n = read(ORDERS, next, sizeof *next);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof *next;
}

static void give(const void *bytes, size_t n)
{
    if (write(REPORTS, bytes, n) != (ssize_t)n) _exit(1);
}

static void become_the_program(const order *next)
{
    dup2(OUT, STDOUT_FILENO);
    dup2(ERR, STDERR_FILENO);
    for (int fd = ORDERS; fd <= ERR; fd++) close(fd);
    unsetenv("LD_PRELOAD"); /* allocations of programs that this one starts do not fail */
    now = *next;
    atomic_store(&counts->asked, 0);
    atomic_store(&counts->failed, 0);
}

static void wait_for(pid_t child)
{
    report r = {0};
    struct rusage usage;
    give(&child, sizeof child);
    while (wait4(child, &r.status, 0, &usage) < 0)
        if (errno != EINTR) _exit(1);
    r.asked = atomic_load(&counts->asked);
    r.failed = atomic_load(&counts->failed);
    r.cpu_us = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
               (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    give(&r, sizeof r);
}

/* OpenSSL initialises itself once in a process. If memory is missing then, OpenSSL crashes later or
 * waits for itself for ever (version 3.5). We can't mend that, so OpenSSL is initialised before any
 * allocation fails. */
static void begin_openssl(void)
{
    int (*begin)(uint64_t, const void *);
    void *found = dlsym(RTLD_DEFAULT, "OPENSSL_init_ssl");
    memcpy(&begin, &found, sizeof begin);
    if (found) begin(0, NULL);
}

__attribute__((constructor)) static void serve(void)
{
    order next;
    void *page =
        mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) _exit(1);
    counts = page;
    begin_openssl();
    while (read_order(&next)) {
        pid_t child = fork();
        if (child == 0) {
            become_the_program(&next);
            return;
        }
        if (child < 0) _exit(1);
        wait_for(child);
    }
    _exit(0);
}
