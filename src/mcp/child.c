#include "mcp/child.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIFE_FD = STDERR_FILENO + 1 };

/* The pipes between this process and the child; LIFE: see hold_on_to. */
enum { IN, OUT, ERR, LIFE, PIPES };

/* --- the environment -------------------------------------------------------------------------- */

/* Variables that a child gets from this process: what programs need to run, and nothing that may be
 * a secret. A name that ends in "_" stands for all that begin with it. */
static const char *const handed_on[] = {
    "HOME", "LANG", "LC_", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER", "XDG_",
};

static bool is_handed_on(const char *entry)
{
    for (size_t i = 0; i < sizeof handed_on / sizeof *handed_on; i++) {
        size_t n = strlen(handed_on[i]);
        if (strncmp(entry, handed_on[i], n) == 0 && (entry[n] == '=' || handed_on[i][n - 1] == '_'))
            return true;
    }
    return false;
}

/* Returns whether a list of "NAME=value" sets the variable of an entry. */
static bool sets(const char *const *list, const char *entry)
{
    size_t n = strcspn(entry, "=") + 1;
    for (; list && *list; list++)
        if (strncmp(*list, entry, n) == 0) return true;
    return false;
}

static size_t count(const char *const *list)
{
    size_t n = 0;
    while (list && list[n]) n++;
    return n;
}

/* Returns the child's variables; the list alone is the caller's, who releases it. */
static const char **make_environment(const beluga_allocator *allocator, const char *const *given)
{
    extern char **environ;
    const char *const *ours = (const char *const *)environ;
    size_t n = 0;
    const char **list = beluga__alloc(allocator, (count(ours) + count(given) + 1) * sizeof *list);
    if (!list) return NULL;
    for (size_t i = 0; ours && ours[i]; i++)
        if (is_handed_on(ours[i]) && !sets(given, ours[i])) list[n++] = ours[i];
    for (size_t i = 0; given && given[i]; i++) list[n++] = given[i];
    list[n] = NULL;
    return list;
}

/* --- pipes ------------------------------------------------------------------------------------ */

/* Open a pipe whose ends are none of the three standard streams, which a host may have closed.
 * Returns 0, or errno. */
static int open_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC)) return errno;
    for (int i = 0; i < 2; i++) {
        if (ends[i] > LIFE_FD) continue;
        int moved = fcntl(ends[i], F_DUPFD_CLOEXEC, LIFE_FD + 1), why = errno;
        close(ends[i]);
        ends[i] = moved;
        if (moved >= 0) continue;
        close(ends[!i]);
        return why;
    }
    return 0;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static void close_pipes(int pipes[PIPES][2], int n)
{
    while (n--) {
        close_fd(&pipes[n][0]);
        close_fd(&pipes[n][1]);
    }
}

static int open_pipes(int pipes[PIPES][2])
{
    for (int i = 0; i < PIPES; i++) {
        int rc = open_pipe(pipes[i]);
        if (!rc) continue;
        close_pipes(pipes, i);
        return rc;
    }
    return 0;
}

/* --- the start -------------------------------------------------------------------------------- */

static int arrange(posix_spawn_file_actions_t *actions, int pipes[PIPES][2], const char *cwd)
{
    int rc = posix_spawn_file_actions_adddup2(actions, pipes[IN][0], STDIN_FILENO);
    if (!rc) rc = posix_spawn_file_actions_adddup2(actions, pipes[OUT][1], STDOUT_FILENO);
    if (!rc) rc = posix_spawn_file_actions_adddup2(actions, pipes[ERR][1], STDERR_FILENO);
    if (!rc) rc = posix_spawn_file_actions_adddup2(actions, pipes[LIFE][0], LIFE_FD);
    if (!rc) rc = posix_spawn_file_actions_addclosefrom_np(actions, LIFE_FD + 1);
    if (!rc && cwd) rc = posix_spawn_file_actions_addchdir_np(actions, cwd);
    return rc;
}

/* The child begins with the usual signals, in a group of its own. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setpgroup(attributes, 0);
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                    POSIX_SPAWN_SETPGROUP);
}

static int spawn(pid_t *pid, const beluga__child_command *c, int pipes[PIPES][2])
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    const beluga_allocator *allocator = beluga_allocator_default();
    size_t n_args = count(c->args);
    const char **environment = make_environment(allocator, c->env);
    const char **argv = beluga__alloc(allocator, (n_args + 2) * sizeof *argv);
    int rc = environment && argv ? 0 : ENOMEM;
    if (!rc) {
        argv[0] = c->command;
        for (size_t i = 0; i <= n_args; i++) argv[i + 1] = n_args ? c->args[i] : NULL;
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
        rc = arrange(&actions, pipes, c->cwd);
        if (!rc) rc = set_attributes(&attributes);
        if (!rc)
            rc = posix_spawnp(pid, c->command, &actions, &attributes, (char *const *)argv,
                              (char *const *)environment);
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
    beluga__release(allocator, argv);
    beluga__release(allocator, environment);
    return rc;
}

/* When this process ends in any way, the child must end, too. No byte is ever written to this pipe:
 * the kernel closes its writing end when this process is gone, and then kills the child's whole
 * group, because the child holds the reading end. */
static void hold_on_to(beluga__child *child, int pipe[2])
{
    fcntl(pipe[0], F_SETOWN, -child->pid);
    fcntl(pipe[0], F_SETSIG, SIGKILL);
    fcntl(pipe[0], F_SETFL, O_ASYNC);
    child->life = pipe[1];
    pipe[1] = -1;
}

static void take(int *fd, int *end)
{
    *fd = *end;
    *end = -1;
    fcntl(*fd, F_SETFL, O_NONBLOCK);
}

static int fail(int rc, const beluga__child_command *c, beluga_error *err)
{
    char text[128];
    const char *why = strerror_r(rc, text, sizeof text);
    if (rc == ENOMEM) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory");
    if (rc == EMFILE || rc == ENFILE || rc == EAGAIN)
        return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED, "\"%.200s\" can't be started: %s",
                                c->command, why);
    if (rc == ENOENT && c->cwd && access(c->cwd, X_OK))
        return beluga_error_set(err, BELUGA_ERROR_NOT_FOUND, "the folder \"%.200s\" of cwd: %s",
                                c->cwd, why);
    if (rc == ENOENT && !strchr(c->command, '/'))
        return beluga_error_set(err, BELUGA_ERROR_NOT_FOUND,
                                "there is no command \"%.200s\" in PATH: install it, or name it by "
                                "its whole path",
                                c->command);
    return beluga_error_set(err, rc == ENOENT ? BELUGA_ERROR_NOT_FOUND : BELUGA_ERROR_INVALID_INPUT,
                            "\"%.200s\" can't be run: %s", c->command, why);
}

int beluga__child_start(beluga__child *child, const beluga__child_command *command,
                        beluga_error *err)
{
    int pipes[PIPES][2], rc = open_pipes(pipes);
    *child = (beluga__child){.in = -1, .out = -1, .err = -1, .life = -1, .status = -1};
    if (rc) return fail(rc, command, err);
    rc = spawn(&child->pid, command, pipes);
    if (rc)
        child->pid = 0;
    else {
        take(&child->in, &pipes[IN][1]);
        take(&child->out, &pipes[OUT][0]);
        take(&child->err, &pipes[ERR][0]);
        hold_on_to(child, pipes[LIFE]);
    }
    close_pipes(pipes, PIPES);
    return rc ? fail(rc, command, err) : 0;
}

/* --- the end ---------------------------------------------------------------------------------- */

void beluga__child_close_input(beluga__child *child)
{
    close_fd(&child->in);
}

void beluga__child_kill(const beluga__child *child, int signal)
{
    if (child->pid) kill(-child->pid, signal);
}

/* The group is signalled while its leader still has its number, so that no other group can have
 * it. Where the host waits for all children, the leader may be gone already. */
bool beluga__child_has_ended(beluga__child *child)
{
    siginfo_t info = {.si_pid = 0};
    if (!child->pid) return true;
    int rc = waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    if (rc && errno == EINTR) return false;
    if (!rc && !info.si_pid) return false;
    if (!rc) {
        beluga__child_kill(child, SIGTERM);
        if (waitpid(child->pid, &child->status, WNOHANG) != child->pid) child->status = -1;
    }
    child->pid = 0;
    return true;
}

void beluga__child_end(beluga__child *child)
{
    close_fd(&child->in);
    close_fd(&child->out);
    close_fd(&child->err);
    if (!beluga__child_has_ended(child)) {
        beluga__child_kill(child, SIGKILL);
        while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR) continue;
        child->pid = 0;
    }
    close_fd(&child->life);
}

void beluga__child_fate(const beluga__child *child, char *text, size_t size)
{
    int status = child->status;
    if (status == -1)
        *text = '\0';
    else if (WIFSIGNALED(status))
        snprintf(text, size, "signal %d", WTERMSIG(status));
    else
        snprintf(text, size, "exit status %d", WEXITSTATUS(status));
}
