#include "keys/command.h"

#include "base/clock.h"
#include "base/errno_text.h"
#include "base/limits.h"
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* READS: number of reads between two checks of the timeout; LONGEST_NAP_MS: longest time between
 * two checks whether the command has exited. */
enum { LONGEST_NAP_MS = 64, READS = 64 };

static int64_t in_ms(int64_t ms)
{
    return beluga__now_ns() + ms * BELUGA__NS_PER_MS;
}

/* Returns the milliseconds until a time. 0: the time has passed, so only bytes that are available
 * at once are read. */
static int left_until(int64_t end_ns)
{
    int64_t left = (end_ns - beluga__now_ns()) / BELUGA__NS_PER_MS;
    return left > 0 ? (int)left : 0;
}

/* --- reading a descriptor --------------------------------------------------------------------- */

ssize_t beluga__read_all(int fd, char *buffer, size_t size)
{
    int64_t end_ns = in_ms(BELUGA__COMMAND_TIMEOUT_MS);
    size_t n = 0;
    while (n < size) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int left = left_until(end_ns);
        int ready = poll(&p, 1, left);
        if (ready < 0 && errno == EINTR) continue;
        if (ready < 0) return -1;
        if (!ready && !left) {
            errno = ETIMEDOUT;
            return -1;
        }
        if (!ready) continue;
        ssize_t got = read(fd, buffer + n, size - n);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) return (ssize_t)n;
        n += (size_t)got;
    }
    errno = EFBIG;
    return -1;
}

/* --- running a command ------------------------------------------------------------------------ */

/* An output stream of the command, and a buffer for the bytes that fit. */
typedef struct outlet {
    int fd; /* -1: the stream has ended */
    char *buffer;
    size_t size, n;
    bool overflowed;
} outlet;

typedef struct child {
    pid_t pid;
    outlet out, err;
    int life[2]; /* a pipe, see beluga__spawn_tie */
    int64_t end_ns;
    const atomic_bool *unwanted; /* set by another thread at any time; see given_up */
    bool given_up;               /* `unwanted` was set when it was last checked */
    int status;
    bool ended; /* the command has ended, and its exit status was collected */
} child;

/* The pipes between this process and the command. For GATE see `gated`, for LIFE see
 * beluga__spawn_tie. */
enum { GATE, OUT, ERR, LIFE, PIPES };

static void close_outlet(outlet *o)
{
    if (o->fd >= 0) close(o->fd);
    o->fd = -1;
}

/* The shell waits for a line from its input, the gate, before it runs the command. If the input
 * ends first, the shell exits. */
static const char gated[] = "read -r beluga_gate && exec /bin/sh -c \"$1\" sh </dev/null";

/* Start the shell. It does not inherit the host program's streams and descriptors: it reads and
 * writes pipes of this process, and has the pipe through which the kernel kills it when the host
 * program exits. */
static int spawn_shell(pid_t *pid, const char *command, int pipes[PIPES][2])
{
    extern char **environ;
    const char *const argv[] = {"/bin/sh", "-c", gated, "sh", command, NULL};
    const beluga__spawning s = {
        .argv = argv,
        .env = (const char *const *)environ,
        .fds = {pipes[GATE][0], pipes[OUT][1], pipes[ERR][1], pipes[LIFE][0]},
        .n_fds = PIPES,
    };
    return beluga__spawn(pid, &s);
}

/* Returns whether the process id still belongs to the child. If the host program has waited for all
 * its children, another process may already have that id. */
static bool is_ours(const child *c)
{
    siginfo_t info;
    return !waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT);
}

static void end(child *c)
{
    close_outlet(&c->out);
    close_outlet(&c->err);
    /* clear O_ASYNC, so that closing the pipe does not kill processes that an ended command left
     * running */
    fcntl(c->life[0], F_SETFL, 0);
    beluga__pipes_close(&c->life, 1);
    if (c->ended || !is_ours(c)) return;
    kill(-c->pid, SIGKILL);
    while (waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR) continue;
}

/* Write the line after which the shell runs the command. (If the host program exits before this,
 * the shell reads the end of its input and exits.) This process still has the reading end open, so
 * writing raises no SIGPIPE even if the shell is gone. Returns 0 or an errno. */
static int open_gate(int gate[2])
{
    ssize_t n;
    do n = write(gate[1], "\n", 1);
    while (n < 0 && errno == EINTR);
    return n < 0 ? errno : 0;
}

static int start(child *c, const char *command)
{
    int pipes[PIPES][2], rc = beluga__pipes_open(pipes, PIPES);
    if (rc) return rc;
    c->out.fd = pipes[OUT][0];
    c->err.fd = pipes[ERR][0];
    memcpy(c->life, pipes[LIFE], sizeof c->life);
    fcntl(c->out.fd, F_SETFL, O_NONBLOCK);
    fcntl(c->err.fd, F_SETFL, O_NONBLOCK);
    rc = spawn_shell(&c->pid, command, pipes);
    close(pipes[OUT][1]);
    close(pipes[ERR][1]);
    c->ended = rc != 0;
    if (!rc) {
        beluga__spawn_tie(c->pid, c->life[0]);
        rc = open_gate(pipes[GATE]);
    }
    beluga__pipes_close(&pipes[GATE], 1);
    if (rc) end(c);
    return rc;
}

/* Read the output that is available. Bytes that don't fit are read and dropped, so that the command
 * does not block. */
static void drain(outlet *o)
{
    char spare[512];
    for (int i = 0; i < READS && o->fd >= 0; i++) {
        bool room = o->n < o->size;
        ssize_t got =
            read(o->fd, room ? o->buffer + o->n : spare, room ? o->size - o->n : sizeof spare);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) close_outlet(o);
        if (got > 0 && room) o->n += (size_t)got;
        if (got > 0 && !room) o->overflowed = true;
    }
}

/* Returns whether the command has ended. If the host program ignores SIGCHLD, the exit status is
 * not known. */
static bool has_ended(child *c)
{
    if (c->ended) return true;
    pid_t got = waitpid(c->pid, &c->status, WNOHANG);
    return c->ended = got == c->pid || (got < 0 && errno != EINTR);
}

/* Returns whether the key is no longer wanted, and notes this in `given_up`: the key may be wanted
 * again a moment later, but the error must still say why the command was stopped. */
static bool is_unwanted(child *c)
{
    c->given_up = c->unwanted && atomic_load_explicit(c->unwanted, memory_order_relaxed);
    return c->given_up;
}

/* Returns whether the command has ended and its output was read. A daemon that the command started
 * may still have the output open; that delays the end only as long as nothing was printed. */
static bool is_heard_out(child *c)
{
    if (!has_ended(c) || (c->out.fd >= 0 && !c->out.n)) return false;
    drain(&c->out);
    drain(&c->err);
    return true;
}

/* Wait for output for at most `ms`. If the wait takes much longer, this process was suspended, and
 * the command gets that time in addition. */
static void nap(child *c, int ms)
{
    struct pollfd p[2] = {{.fd = c->out.fd, .events = POLLIN}, {.fd = c->err.fd, .events = POLLIN}};
    int64_t from = beluga__now_ns();
    /* the result is not needed, since the caller reads the streams and checks the child */
    poll(p, 2, ms);
    int64_t took = beluga__now_ns() - from;
    if (took > (int64_t)BELUGA__LATE_MS * BELUGA__NS_PER_MS) c->end_ns += took;
}

/* Returns whether the command ended in time. Available output is read before the time is
 * checked. */
static bool hear_out(child *c)
{
    for (int ms = 1;; ms = ms < LONGEST_NAP_MS ? 2 * ms : ms) {
        bool over = beluga__now_ns() >= c->end_ns;
        drain(&c->out);
        drain(&c->err);
        if (!c->out.overflowed && is_heard_out(c)) return !c->out.overflowed;
        if (over || c->out.overflowed || is_unwanted(c)) return false;
        /* the waits are short, since poll does not notice that the command has exited */
        nap(c, ms);
    }
}

/* --- the result ------------------------------------------------------------------------------- */

/* Set the error's cause to the last line of stderr, which usually says why the command failed. */
static void tell_cause(const outlet *said, beluga_error *err)
{
    const char *text = said->buffer;
    size_t n = said->n, first = 0;
    while (n && strchr(" \t\r\n", text[n - 1])) n--;
    if (n && !said->overflowed)
        for (first = n; first && text[first - 1] != '\n';) first--;
    if (n) beluga_error_set_cause(err, text + first, n - first);
}

static bool has_succeeded(const child *c)
{
    return WIFEXITED(c->status) && WEXITSTATUS(c->status) == 0;
}

static ssize_t fail(const child *c, bool heard, const char *what, beluga_error *err)
{
    if (!heard && c->given_up)
        beluga_error_set(err, BELUGA_ERROR_CONTEXT_CANCELED,
                         "%s was stopped, since no call waits for it any more", what);
    else if (!heard && c->out.overflowed)
        beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "%s printed more than %zu bytes", what,
                         c->out.size);
    else if (!heard)
        beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "%s took too long", what);
    else if (has_succeeded(c))
        beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "%s printed nothing", what);
    else if (WIFSIGNALED(c->status))
        beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "%s failed: signal %d", what,
                         WTERMSIG(c->status));
    else
        beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "%s failed: exit status %d", what,
                         WEXITSTATUS(c->status));
    tell_cause(&c->err, err);
    return -1;
}

ssize_t beluga__command_read(const char *command, const char *what, int64_t timeout_ms,
                             const atomic_bool *unwanted, char *buffer, size_t size,
                             beluga_error *err)
{
    char said[BELUGA__MAX_COMMAND_WORDS];
    child c = {.out = {.fd = -1, .buffer = buffer, .size = size},
               .err = {.fd = -1, .buffer = said, .size = sizeof said},
               .end_ns = in_ms(timeout_ms),
               .unwanted = unwanted};
    int rc = start(&c, command);
    if (rc) {
        char text[128];
        const char *why = beluga__errno_text(rc, text, sizeof text);
        beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "%s can't be started", what);
        beluga_error_set_cause(err, why, strlen(why));
        return -1;
    }
    bool heard = hear_out(&c);
    end(&c);
    if (heard && has_succeeded(&c) && c.out.n) return (ssize_t)c.out.n;
    return fail(&c, heard, what, err);
}
