#include "model/command.h"

#include "base/clock.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

ssize_t beluga__read_all(int fd, char *buffer, size_t size)
{
    int64_t end_ns = beluga__now_ns() + (int64_t)BELUGA__COMMAND_TIMEOUT_MS * BELUGA__NS_PER_MS;
    size_t n = 0;
    while (n < size) {
        int64_t left = (end_ns - beluga__now_ns()) / BELUGA__NS_PER_MS;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (left <= 0) return -1;
        int ready = poll(&p, 1, (int)left);
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return -1;
        ssize_t got = read(fd, buffer + n, size - n);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) return (ssize_t)n;
        n += (size_t)got;
    }
    return -1;
}

static pid_t spawn_shell(const char *command, int output)
{
    extern char **environ;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid = -1;
    sigset_t none;
    sigemptyset(&none);
    char *const argv[] = {"sh", "-c", (char *)(uintptr_t)command, NULL};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    if (posix_spawn(&pid, "/bin/sh", &actions, &attributes, argv, environ)) pid = -1;
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return pid;
}

ssize_t beluga__command_read(const char *command, const char *what, char *buffer, size_t size,
                             beluga_error *err)
{
    int ends[2], status = 0;
    if (pipe2(ends, O_CLOEXEC)) {
        beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "%s can't be started", what);
        return -1;
    }
    pid_t pid = spawn_shell(command, ends[1]);
    close(ends[1]);
    ssize_t n = pid < 0 ? -1 : beluga__read_all(ends[0], buffer, size);
    close(ends[0]);
    if (pid < 0) return -1;
    if (n < 0) kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (n >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) return n;
    beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "%s %s", what,
                     n < 0 ? "gave no answer in time" : "failed");
    return -1;
}
