#include "model/command.h"

#include "base/clock.h"
#include "base/fork_lock.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* So many reads in a turn: the time-out is looked at between turns. */
enum { LONGEST_NAP_MS = 50, READS = 64 };

static int64_t in_ms(int64_t ms)
{
    return beluga__now_ns() + ms * BELUGA__NS_PER_MS;
}

/* Milliseconds until then; 0: it is over. */
static int left_until(int64_t end_ns)
{
    int64_t left = (end_ns - beluga__now_ns()) / BELUGA__NS_PER_MS;
    return left > 0 ? (int)left : 0;
}

/* --- a file ----------------------------------------------------------------------------------- */

ssize_t beluga__read_all(int fd, char *buffer, size_t size)
{
    int64_t end_ns = in_ms(BELUGA__COMMAND_TIMEOUT_MS);
    size_t n = 0;
    while (n < size) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int left = left_until(end_ns);
        if (!left) return errno = ETIMEDOUT, -1;
        int ready = poll(&p, 1, left);
        if (ready < 0 && errno == EINTR) continue;
        if (ready < 0) return -1;
        if (!ready) continue;
        ssize_t got = read(fd, buffer + n, size - n);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) return (ssize_t)n;
        n += (size_t)got;
    }
    return errno = EFBIG, -1;
}

/* --- a child ---------------------------------------------------------------------------------- */

/* One of its streams, as far as there is room. */
typedef struct outlet {
    int fd; /* -1: it has ended */
    char *buffer;
    size_t size, n;
    bool overflowed;
} outlet;

typedef struct child {
    pid_t pid;
    struct child *next; /* of those that run */
    outlet out, err;
    int64_t end_ns;
    int status;
    bool ended; /* and was waited for */
} child;

/* Those that run, for the end of the process. A number stays a child's own as long as nobody has
 * waited for it, so that is done under the lock, too. */
static beluga__fork_lock running_lock = {.mutex = PTHREAD_MUTEX_INITIALIZER};
static child *running;

/* In a forked child they are the parent's, and not to be touched. */
static void lock_running(void)
{
    if (beluga__fork_lock_take(&running_lock)) running = NULL;
}

static void leave_running(const child *c)
{
    child **link = &running;
    while (*link && *link != c) link = &(*link)->next;
    if (*link) *link = c->next;
}

static void close_outlet(outlet *o)
{
    if (o->fd >= 0) close(o->fd);
    o->fd = -1;
}

/* The host's streams and descriptors are none of its business: it gets nothing to read, what it
 * writes comes here, and all else is closed. */
static void arrange(posix_spawn_file_actions_t *actions, int out, int err)
{
    posix_spawn_file_actions_init(actions);
    posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(actions, err, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
}

static int spawn_shell(pid_t *pid, const char *command, int out, int err)
{
    extern char **environ;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    char *const argv[] = {"sh", "-c", (char *)(uintptr_t)command, NULL};
    sigemptyset(&none);
    sigemptyset(&usual); /* what the host may ignore, and programs count on */
    sigaddset(&usual, SIGPIPE);
    sigaddset(&usual, SIGCHLD);
    arrange(&actions, out, err);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    int rc = posix_spawn(pid, "/bin/sh", &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return rc;
}

/* A pipe whose ends are none of the three streams: a host may have closed those, and what is put
 * in their place in the child must not be one of its own sources. Returns 0, or errno. */
static int open_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC)) return errno;
    for (int i = 0; i < 2; i++) {
        if (ends[i] > STDERR_FILENO) continue;
        int moved = fcntl(ends[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        int why = errno;
        close(ends[i]);
        ends[i] = moved;
        if (moved >= 0) continue;
        close(ends[!i]);
        return why;
    }
    return 0;
}

static int start(child *c, const char *command)
{
    int out[2], err[2], rc = open_pipe(out);
    if (rc) return rc;
    rc = open_pipe(err);
    if (rc) {
        close(out[0]);
        close(out[1]);
        return rc;
    }
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    fcntl(err[0], F_SETFL, O_NONBLOCK);
    rc = spawn_shell(&c->pid, command, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    c->out.fd = out[0];
    c->err.fd = err[0];
    if (!rc) {
        lock_running();
        c->next = running;
        running = c;
        beluga__fork_lock_release(&running_lock);
        return 0;
    }
    close_outlet(&c->out);
    close_outlet(&c->err);
    return rc;
}

/* Read what is there now; what finds no room is read all the same, so that nobody waits. */
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

/* Whether it has gone. Where the host ignores SIGCHLD nobody learns with what status. */
static bool has_ended(child *c)
{
    if (c->ended) return true;
    lock_running();
    pid_t got = waitpid(c->pid, &c->status, WNOHANG);
    c->ended = got == c->pid || (got < 0 && errno != EINTR);
    if (c->ended) leave_running(c);
    beluga__fork_lock_release(&running_lock);
    return c->ended;
}

/* Until its output has ended and it has gone: it may do one long before the other. Whoever else
 * holds its stderr, such as a daemon that it started, is not waited for. */
static bool hear_out(child *c)
{
    int nap = 1;
    while (c->out.fd >= 0 || !has_ended(c)) {
        struct pollfd p[2] = {{.fd = c->out.fd, .events = POLLIN},
                              {.fd = c->err.fd, .events = POLLIN}};
        int left = left_until(c->end_ns);
        if (!left || c->out.overflowed) return false;
        if (c->out.fd < 0 && left > nap) left = nap;
        if (c->out.fd < 0 && nap < LONGEST_NAP_MS) nap *= 2;
        if (poll(p, 2, left) < 0 && errno != EINTR) return false;
        drain(&c->out);
        drain(&c->err);
    }
    drain(&c->err);
    return !c->out.overflowed;
}

/* Where the host waits for all children, its number may be another's already. */
static bool is_ours(const child *c)
{
    siginfo_t info;
    return !waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT);
}

/* A host that ends, as by Ctrl-C, which does not reach them, leaves none behind. */
__attribute__((destructor)) static void end_running(void)
{
    lock_running();
    for (child *c = running; c; c = c->next)
        if (is_ours(c)) kill(-c->pid, SIGKILL);
    beluga__fork_lock_release(&running_lock);
}

static void end(child *c)
{
    close_outlet(&c->out);
    close_outlet(&c->err);
    if (c->ended) return;
    lock_running();
    leave_running(c);
    bool ours = is_ours(c);
    if (ours) kill(-c->pid, SIGKILL);
    beluga__fork_lock_release(&running_lock);
    while (ours && waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR) continue;
}

/* --- what came of it -------------------------------------------------------------------------- */

/* The last line that it said on stderr is mostly what it died of. */
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
    if (!heard && c->out.overflowed)
        beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "%s printed more than %zu bytes", what,
                         c->out.size);
    else if (!heard)
        beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "%s gave no answer in time", what);
    else if (has_succeeded(c))
        beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "%s gave nothing", what);
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
                             char *buffer, size_t size, beluga_error *err)
{
    char said[BELUGA__MAX_COMMAND_WORDS];
    child c = {.out = {.fd = -1, .buffer = buffer, .size = size},
               .err = {.fd = -1, .buffer = said, .size = sizeof said},
               .end_ns = in_ms(timeout_ms)};
    int rc = start(&c, command);
    if (rc) {
        char text[128];
        const char *why = strerror_r(rc, text, sizeof text);
        beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "%s can't be started", what);
        beluga_error_set_cause(err, why, strlen(why));
        return -1;
    }
    bool heard = hear_out(&c);
    end(&c);
    if (heard && has_succeeded(&c) && c.out.n) return (ssize_t)c.out.n;
    return fail(&c, heard, what, err);
}
