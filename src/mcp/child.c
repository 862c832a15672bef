#include "mcp/child.h"

#include "base/errno_text.h"
#include "base/mem.h"
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The pipes between this process and the child; LIFE: see beluga__spawn_tie. */
enum { IN, OUT, ERR, LIFE, PIPES };

/* --- the environment -------------------------------------------------------------------------- */

/* The variables that a child gets from this process: what programs need to run, and nothing that
 * may be a secret. A name that ends in "_" stands for all variables whose names begin with it. */
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

/* Returns whether a list of "NAME=value" sets the variable of this entry. */
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

/* Returns the child's environment. The caller releases the array; its strings are borrowed. */
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

/* --- the start -------------------------------------------------------------------------------- */

static int spawn(pid_t *pid, const beluga__child_command *c, int pipes[PIPES][2])
{
    const beluga_allocator *allocator = beluga_allocator_default();
    size_t n_args = count(c->args);
    const char **environment = make_environment(allocator, c->env);
    const char **argv = beluga__alloc(allocator, (n_args + 2) * sizeof *argv);
    int rc = environment && argv ? 0 : ENOMEM;
    if (!rc) {
        argv[0] = c->command;
        for (size_t i = 0; i <= n_args; i++) argv[i + 1] = n_args ? c->args[i] : NULL;
        const beluga__spawning s = {
            .argv = argv,
            .env = environment,
            .cwd = c->cwd,
            .fds = {pipes[IN][0], pipes[OUT][1], pipes[ERR][1], pipes[LIFE][0]},
            .n_fds = PIPES,
        };
        rc = beluga__spawn(pid, &s);
    }
    beluga__release(allocator, argv);
    beluga__release(allocator, environment);
    return rc;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
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
    const char *why = beluga__errno_text(rc, text, sizeof text);
    if (rc == ENOMEM) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory");
    if (rc == EMFILE || rc == ENFILE || rc == EAGAIN)
        return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED, "\"%.200s\" can't be started: %s",
                                c->command, why);
    if (rc == ENOENT && c->cwd && access(c->cwd, X_OK))
        return beluga_error_set(err, BELUGA_ERROR_NOT_FOUND, "cwd: the folder \"%.200s\": %s",
                                c->cwd, why);
    if (rc == ENOENT && !strchr(c->command, '/'))
        return beluga_error_set(
            err, BELUGA_ERROR_NOT_FOUND,
            "there is no command \"%.200s\" in PATH: install it, or give its full path",
            c->command);
    return beluga_error_set(err, rc == ENOENT ? BELUGA_ERROR_NOT_FOUND : BELUGA_ERROR_INVALID_INPUT,
                            "\"%.200s\" can't be run: %s", c->command, why);
}

int beluga__child_start(beluga__child *child, const beluga__child_command *command,
                        beluga_error *err)
{
    int pipes[PIPES][2], rc = beluga__pipes_open(pipes, PIPES);
    *child = (beluga__child){.in = -1, .out = -1, .err = -1, .life = -1, .status = -1};
    if (rc) return fail(rc, command, err);
    rc = spawn(&child->pid, command, pipes);
    if (rc)
        child->pid = 0;
    else {
        take(&child->in, &pipes[IN][1]);
        take(&child->out, &pipes[OUT][0]);
        take(&child->err, &pipes[ERR][0]);
        beluga__spawn_tie(child->pid, pipes[LIFE][0]);
        child->life = pipes[LIFE][1];
        pipes[LIFE][1] = -1;
    }
    beluga__pipes_close(pipes, PIPES);
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

/* Returns whether the child has ended. If it has, its process group gets SIGTERM before waitpid is
 * called, since after waitpid the system may give the group's number to other processes. If the
 * host program itself waits for all its children, waitpid may find no child. */
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
