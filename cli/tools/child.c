#include "tools/child.h"

#include "base/clock.h"
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* LONGEST_NAP_MS: longest sleep between two checks. GRACE_MS: time for a process group to end after
 * SIGTERM. READS: maximum number of reads between two checks. */
enum { LONGEST_NAP_MS = 32, GRACE_MS = 1000, READS = 256 };

/* The keeper is a shell that leads the process group. It waits for a line of input, which nobody
 * writes. When this process ends, for whatever reason, the keeper's input ends, and it kills the
 * group. Until the keeper is reaped, no other group can get its number. */
static const char keeper_script[] =
    "read -r line; trap '' TERM; kill -s TERM 0; sleep 1; kill -s KILL 0";

/* The pipes between this process and the process group of the program. */
enum { IN, OUT, ERR, LIFE, PIPES };

typedef struct running_child {
    const child_program *program;
    child_outcome *outcome;
    pid_t keeper, pid;
    int in, out, err, life; /* our ends of the pipes; -1: closed */
    size_t written;
    int64_t end_ns;
    int status;
    bool ended; /* the program has ended and was reaped */
} running_child;

static void close_end(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

/* ---- the start ------------------------------------------------------------------------------- */

/* Start the keeper, which has no output, and the program. */
static int spawn_both(running_child *c, int pipes[PIPES][2])
{
    static const char *const keeper[] = {"/bin/sh", "-c", keeper_script, NULL};
    const child_program *p = c->program;
    beluga__spawning s = {
        .argv = keeper, .env = (const char *const *)p->env, .fds = {pipes[LIFE][0]}, .n_fds = 1};
    int rc = beluga__spawn(&c->keeper, &s);
    if (rc) {
        c->keeper = 0;
        return rc;
    }
    s = (beluga__spawning){.argv = (const char *const *)p->argv,
                           .env = (const char *const *)p->env,
                           .cwd = p->cwd,
                           .fds = {pipes[IN][0], pipes[OUT][1], pipes[ERR][1]},
                           .n_fds = 3,
                           .group = c->keeper};
    return beluga__spawn(&c->pid, &s);
}

static void wait_for(pid_t pid, int *status)
{
    while (waitpid(pid, status, 0) < 0 && errno == EINTR) continue;
}

static void end_keeper(running_child *c)
{
    if (c->keeper) {
        kill(c->keeper, SIGKILL);
        wait_for(c->keeper, NULL);
    }
    close_end(&c->life);
}

static void take_end(int *ours, int *end)
{
    *ours = *end;
    *end = -1;
}

static int start(running_child *c)
{
    int pipes[PIPES][2], rc = beluga__pipes_open(pipes, PIPES);
    if (rc) return rc;
    rc = spawn_both(c, pipes);
    take_end(&c->in, &pipes[IN][1]);
    take_end(&c->out, &pipes[OUT][0]);
    take_end(&c->err, &pipes[ERR][0]);
    take_end(&c->life, &pipes[LIFE][1]);
    beluga__pipes_close(pipes, PIPES);
    const int own[] = {c->in, c->out, c->err};
    for (int i = 0; i < 3; i++) fcntl(own[i], F_SETFL, O_NONBLOCK);
    return rc;
}

/* ---- input and output ------------------------------------------------------------------------ */

/* Write input to the program. It may end or close its input without reading everything. */
static void feed(running_child *c)
{
    const child_program *p = c->program;
    while (c->in >= 0 && c->written < p->input_length) {
        ssize_t n = write(c->in, p->input + c->written, p->input_length - c->written);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) break;
        c->written += (size_t)n;
    }
    close_end(&c->in);
}

static void keep_out(running_child *c, const char *bytes, size_t n)
{
    child_outcome *o = c->outcome;
    size_t room = c->program->max_output - o->out.length;
    if (text_add(&o->out, bytes, n < room ? n : room)) o->end = CHILD_NO_MEMORY;
    if (n > room) o->end = CHILD_OVERFLOWED;
}

/* Keep the last bytes that the program wrote to stderr. */
static void keep_said(running_child *c, const char *bytes, size_t n)
{
    child_outcome *o = c->outcome;
    if (n > sizeof o->said) {
        bytes += n - sizeof o->said;
        n = sizeof o->said;
    }
    size_t kept = sizeof o->said - n < o->n_said ? sizeof o->said - n : o->n_said;
    memmove(o->said, o->said + o->n_said - kept, kept);
    memcpy(o->said + kept, bytes, n);
    o->n_said = kept + n;
}

static void drain(running_child *c, int *fd, void (*keep)(running_child *, const char *, size_t))
{
    char bytes[4096];
    for (int i = 0; i < READS && *fd >= 0; i++) {
        ssize_t n = read(*fd, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0)
            close_end(fd);
        else
            keep(c, bytes, (size_t)n);
    }
}

static void exchange(running_child *c)
{
    feed(c);
    drain(c, &c->out, keep_out);
    drain(c, &c->err, keep_said);
}

static bool has_ended(running_child *c)
{
    if (c->ended) return true;
    pid_t got = waitpid(c->pid, &c->status, WNOHANG);
    return c->ended = got == c->pid || (got < 0 && errno != EINTR);
}

/* Sleep for some milliseconds. If the sleep took much longer, this process was stopped meanwhile,
 * and the additional time does not count for the time limit. */
static void nap(running_child *c, int ms)
{
    struct pollfd p[] = {{.fd = c->in, .events = POLLOUT},
                         {.fd = c->out, .events = POLLIN},
                         {.fd = c->err, .events = POLLIN}};
    int64_t from = beluga__now_ns();
    poll(p, 3, ms);
    int64_t took = beluga__now_ns() - from;
    if (took > 1000 * BELUGA__NS_PER_MS) c->end_ns += took;
}

/* Read the output until the program has ended, or must be ended. Child processes of the program may
 * hold the pipes open for longer; their output is not waited for. */
static void hear_out(running_child *c)
{
    child_outcome *o = c->outcome;
    for (int ms = 1;; ms = ms < LONGEST_NAP_MS ? 2 * ms : ms) {
        bool late = beluga__now_ns() >= c->end_ns;
        bool over = has_ended(c); /* checked before reading, so that all output from before the
                                   * program's end is read */
        exchange(c);
        if (over || o->end == CHILD_OVERFLOWED || o->end == CHILD_NO_MEMORY) return;
        if (beluga_context_is_cancelled(c->program->context)) o->end = CHILD_CANCELLED;
        if (late) o->end = CHILD_LATE;
        if (o->end != CHILD_EXITED) return;
        nap(c, ms);
    }
}

/* ---- the end --------------------------------------------------------------------------------- */

static void end_by_force(running_child *c)
{
    int64_t end_ns = beluga__now_ns() + GRACE_MS * BELUGA__NS_PER_MS;
    kill(-c->keeper, SIGTERM);
    kill(-c->keeper, SIGCONT); /* a stopped process can't react to SIGTERM */
    close_end(&c->in);
    close_end(&c->out);
    close_end(&c->err);
    while (!has_ended(c) && beluga__now_ns() < end_ns) poll(NULL, 0, 1);
    kill(-c->keeper, SIGKILL);
    if (!c->ended) wait_for(c->pid, &c->status);
    c->ended = true;
}

static void judge(running_child *c)
{
    child_outcome *o = c->outcome;
    if (o->end != CHILD_EXITED) return;
    if (WIFSIGNALED(c->status)) o->end = CHILD_SIGNALLED;
    o->code = WIFSIGNALED(c->status) ? WTERMSIG(c->status) : WEXITSTATUS(c->status);
}

void child_run(const child_program *program, child_outcome *outcome)
{
    running_child c = {.program = program,
                       .outcome = outcome,
                       .in = -1,
                       .out = -1,
                       .err = -1,
                       .life = -1,
                       .end_ns = beluga__now_ns() + program->timeout_ms * BELUGA__NS_PER_MS};
    *outcome = (child_outcome){.end = CHILD_EXITED};
    int rc = start(&c);
    if (rc) {
        outcome->end = CHILD_NOT_STARTED;
        outcome->code = rc;
    } else {
        hear_out(&c);
        if (!c.ended) end_by_force(&c);
        judge(&c);
    }
    close_end(&c.in);
    close_end(&c.out);
    close_end(&c.err);
    end_keeper(&c);
}

void child_free(child_outcome *outcome)
{
    text_free(&outcome->out);
}
