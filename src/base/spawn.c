#include "base/spawn.h"

#ifndef HAVE_SPAWN_CLOSEFROM
#include <dirent.h>
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#if defined __linux__
#include <sys/prctl.h>
#elif defined __FreeBSD__
#include <sys/procctl.h>
#endif

#ifdef HAVE_SPAWN_CLOSEFROM
static int close_others(posix_spawn_file_actions_t *actions, int from)
{
    return posix_spawn_file_actions_addclosefrom_np(actions, from);
}
#else
/* Without an action that closes all descriptors from a number on (musl has none), close each
 * inheritable descriptor by its number. A descriptor that another thread opens meanwhile without
 * O_CLOEXEC is missed. */
static int close_others(posix_spawn_file_actions_t *actions, int from)
{
    DIR *open_ones = opendir("/dev/fd");
    if (!open_ones) return errno;
    int rc = 0;
    for (struct dirent *entry; !rc && (entry = readdir(open_ones));) {
        int fd = (int)strtol(entry->d_name, NULL, 10), flags;
        if (fd < from || (flags = fcntl(fd, F_GETFD)) < 0 || flags & FD_CLOEXEC) continue;
        rc = posix_spawn_file_actions_addclose(actions, fd);
    }
    closedir(open_ones);
    return rc;
}
#endif

/* glibc has this action since 2.29. Without it a program can't be started in another working
 * directory. */
static int change_folder(posix_spawn_file_actions_t *actions, const char *folder)
{
#ifdef HAVE_SPAWN_CHDIR
    return posix_spawn_file_actions_addchdir_np(actions, folder);
#else
    (void)actions, (void)folder;
    return ENOSYS;
#endif
}

static int arrange(posix_spawn_file_actions_t *actions, const beluga__spawning *s)
{
    int rc = 0;
    for (size_t i = 0; i < s->n_fds && !rc; i++)
        rc = posix_spawn_file_actions_adddup2(actions, s->fds[i], (int)i);
    if (!rc) rc = close_others(actions, (int)s->n_fds);
    if (!rc && s->cwd) rc = change_folder(actions, s->cwd);
    return rc;
}

static void set_attributes(posix_spawnattr_t *attributes, pid_t group)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setpgroup(attributes, group);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                             POSIX_SPAWN_SETPGROUP);
}

int beluga__spawn(pid_t *pid, const beluga__spawning *s)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    set_attributes(&attributes, s->group);
    int rc = arrange(&actions, s);
    if (!rc)
        rc = posix_spawnp(pid, s->argv[0], &actions, &attributes, (char *const *)(uintptr_t)s->argv,
                          (char *const *)(uintptr_t)s->env);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return rc;
}

static void close_end(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

/* Move a pipe's end to a descriptor number above those that a child gets. */
static int move_up(int *end)
{
    int low = *end;
    if (low >= BELUGA__SPAWN_FDS) return 0;
    *end = fcntl(low, F_DUPFD_CLOEXEC, BELUGA__SPAWN_FDS);
    int rc = *end < 0 ? errno : 0;
    close(low);
    return rc;
}

int beluga__pipes_open(int pipes[][2], size_t n)
{
    int rc = 0;
    for (size_t i = 0; i < n; i++) pipes[i][0] = pipes[i][1] = -1;
    for (size_t i = 0; i < n && !rc; i++) {
        rc = pipe2(pipes[i], O_CLOEXEC) ? errno : 0;
        if (!rc) rc = move_up(&pipes[i][0]);
        if (!rc) rc = move_up(&pipes[i][1]);
    }
    if (rc) beluga__pipes_close(pipes, n);
    return rc;
}

void beluga__pipes_close(int pipes[][2], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        close_end(&pipes[i][0]);
        close_end(&pipes[i][1]);
    }
}

void beluga__spawn_tie(pid_t group, int reading_end)
{
#ifdef F_SETSIG
    fcntl(reading_end, F_SETOWN, -group);
    fcntl(reading_end, F_SETSIG, SIGKILL);
    fcntl(reading_end, F_SETFL, O_ASYNC);
#else
    (void)group;
    (void)reading_end;
#endif
}

void beluga__end_with_parent(int signal)
{
#if defined __linux__
    prctl(PR_SET_PDEATHSIG, signal);
#elif defined __FreeBSD__
    procctl(P_PID, 0, PROC_PDEATHSIG_CTL, &signal);
#else
    (void)signal;
#endif
}
