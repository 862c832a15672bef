/*
 * System calls fail in turn, in every kind of work of the library. The n-th call of a kind fails
 * with each possible error, either alone or with all later calls; and reads and writes transfer a
 * single byte. Each run must succeed or report the failure as an error, and must not wait for ever.
 * Then a call of the same client must succeed, and no memory or descriptor may be left.
 *
 * TORTURE_SHOW=1 prints the error of each run, and TORTURE_ONLY='a key*' runs only the tests whose
 * names match.
 */
#include "failing.h"
#include "system_programs.h"

#include <beluga/telemetry.h>

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static bool show;

static size_t open_descriptors(void)
{
    size_t n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (readdir(d)) n++;
    closedir(d);
    return n;
}

/* ---- one run --------------------------------------------------------------------------------- */

typedef struct fault {
    int kind, error;
    bool lasting;
    long first;
} fault;

static const char *const kinds[] = {
#define XX(kind, ...) #kind,
    FAILING_KINDS(XX)
#undef XX
};

static char context[512]; /* the text that is printed if the alarm ends this process */

static void hung(int signal)
{
    (void)signal;
    ssize_t n = write(STDERR_FILENO, context, strlen(context));
    n += write(STDERR_FILENO, ": it waits without end\n", 23);
    _exit(n < 0 ? 3 : 2);
}

static void arm(bool armed)
{
    atomic_store(&failing_get()->armed, armed);
}

static void plan(const fault *f)
{
    failing_plan *p = failing_get();
    arm(false);
    p->kind = f->kind;
    p->fault = f->error;
    p->lasting = f->lasting;
    p->first = f->first;
    atomic_store(&p->seen, 0);
    atomic_store(&p->hits, 0);
}

static void close_bench(bench *b)
{
    beluga_error err = {0};
    beluga_chat_model_unref(b->model);
    if (b->telemetry) beluga_telemetry_shutdown(b->telemetry, 1000 * PATIENCE_S / 4);
    beluga_telemetry_unref(b->telemetry);
    if (b->client && beluga_client_close(b->client, 1000 * PATIENCE_S / 4, &err))
        fail_msg("%s: close: %s", context, err.message);
}

/* Fail if an error has no message. */
static void check_error(int status, const beluga_error *err)
{
    if (!*err->message) fail_msg("%s: %d without a message", context, status);
    if (show)
        fprintf(stderr, "%s: %s: %s (%s)\n", context, beluga_error_name(status), err->message,
                err->cause);
}

static void call_again(const program *p, bench *b)
{
    beluga_error err = {0};
    int status = p->again ? p->again(b, &err) : p->call(b, &err);
    if (status) fail_msg("%s: a further call: %s (%s)", context, err.message, err.cause);
}

/* Run a program with a fault. Returns how many calls failed. */
static long run(const program *p, const fault *f)
{
    bench b = {.client = NULL};
    beluga_error err = {0};
    snprintf(context, sizeof context, "%s, %s number %ld%s fails with %s", p->name, kinds[f->kind],
             f->first + 1, f->lasting ? " and later" : "",
             f->error == SHORT ? "a byte" : strerrorname_np(f->error));
    if (p->prepare) p->prepare();
    alarm(PATIENCE_S);
    plan(f);
    arm(true);
    int status = p->open(&b, &err);
    if (!status) status = p->call(&b, &err);
    arm(false);
    if (status) check_error(status, &err);
    bool interrupted = f->error == EINTR || f->error == SHORT || f->error == EAGAIN;
    if (status && !atomic_load(&failing_get()->hits)) fail_msg("%s: %s", context, err.message);
    if (status && interrupted && f->kind != FAILING_thread && f->kind != FAILING_spawn &&
        f->kind != FAILING_fork)
        fail_msg("%s, which is no failure: %s (%s)", context, err.message, err.cause);
    if (status == BELUGA_ERROR_TIMEOUT) fail_msg("%s: nobody told, and it was waited for", context);
    if (b.model) call_again(p, &b);
    arm(true);
    close_bench(&b);
    arm(false);
    if (p->check) p->check(status == 0);
    if (show)
        fprintf(stderr, "%s: %u s: %s\n", context, PATIENCE_S - alarm(0), status ? "failed" : "ok");
    alarm(0);
    return atomic_load(&failing_get()->hits);
}

/* Fail if memory or descriptors are left. The threads of a pool that has ended may keep descriptors
 * open a moment longer, so wait. */
static void check_leftovers(size_t descriptors)
{
    for (int i = 0; i < 6000 && (atomic_load(&memory.live) || open_descriptors() > descriptors);
         i++)
        poll(NULL, 0, 10);
    if (atomic_load(&memory.live))
        fail_msg("%s: %zu bytes of memory are left", context, atomic_load(&memory.live));
    if (open_descriptors() > descriptors)
        fail_msg("%s: %zu descriptors more", context, open_descriptors() - descriptors);
}

static void torture_with(const program *p, int kind, int error, bool lasting)
{
    size_t descriptors = open_descriptors();
    for (long n = 0;; n++) {
        long hits = run(p, &(fault){kind, error, lasting, n});
        check_leftovers(descriptors);
        if (!hits) return;
    }
}

static void torture_program(void **state)
{
    static const int faults[][4] = {
#define XX(kind, ...) {__VA_ARGS__},
        FAILING_KINDS(XX)
#undef XX
    };
    const program *p = *state;
    /* The first run makes the objects that are made only once. */
    run(p, &(fault){.kind = FAILING_COUNT - 1, .error = EIO, .first = -1});
    for (int kind = 0; kind < FAILING_COUNT; kind++)
        for (int i = 0; i < 4 && faults[kind][i]; i++) {
            int error = faults[kind][i];
            torture_with(p, kind, error, false);
            if (error != EINTR && error != EAGAIN) torture_with(p, kind, error, true);
        }
}

int main(void)
{
    struct CMUnitTest *tests = calloc(n_programs, sizeof *tests);
    show = getenv("TORTURE_SHOW");
    const char *only = getenv("TORTURE_ONLY");
    for (size_t i = 0; tests && i < n_programs; i++)
        tests[i] = (struct CMUnitTest){.name = programs[i].name,
                                       .test_func = torture_program,
                                       .initial_state = (void *)(uintptr_t)&programs[i]};
    signal(SIGALRM, hung);
    signal(SIGPIPE, SIG_IGN);
    if (!tests || !programs_begin()) return 1;
    const beluga_allocator counted = meter_allocator(&memory);
    beluga_allocator_set_default(&counted);
    cmocka_set_test_filter(only);
    int status = _cmocka_run_group_tests("programs", tests, n_programs, NULL, NULL);
    beluga_allocator_set_default(NULL);
    free(tests);
    return programs_end() ? status : 1;
}
