/* Child processes, and the pipes to them. The command compiles this file as well. These functions
 * use system calls alone, and return 0 or an errno. */
#ifndef BELUGA__SPAWN_H
#define BELUGA__SPAWN_H

#include <stddef.h>
#include <sys/types.h>

/* The most descriptors that a child can be given. */
#define BELUGA__SPAWN_FDS 4

/* All pointers are borrowed. */
typedef struct beluga__spawning {
    const char *const *argv; /* a name without a slash is looked up in PATH */
    const char *const *env;
    const char *cwd;            /* NULL: that of this process */
    int fds[BELUGA__SPAWN_FDS]; /* become the child's descriptors 0, 1, 2 and so on */
    size_t n_fds;
    pid_t group; /* 0: a new one, which the child leads */
} beluga__spawning;

/*
 * Start a process with the usual signals, whatever this thread blocks and this process ignores. It
 * gets the descriptors of `fds` and no others. A descriptor must not have a number below
 * BELUGA__SPAWN_FDS, which another one could take before it is copied.
 */
int beluga__spawn(pid_t *pid, const beluga__spawning *s);

/* Open pipes whose ends are fit for `fds`, though a host may have closed its standard streams. The
 * ends are closed in programs that other threads start. */
int beluga__pipes_open(int pipes[][2], size_t n);
/* Close the ends that are not -1, and set them to -1. */
void beluga__pipes_close(int pipes[][2], size_t n);

/*
 * Let the kernel kill a child's group when this process ends in any way: no byte is ever written to
 * the pipe, whose writing end the kernel closes then, and whose reading end the child holds. Where
 * a system has no such signal, the child goes on.
 */
void beluga__spawn_tie(pid_t group, int reading_end);

/* Let the kernel send this process a signal when its parent ends, from now on. macOS has no such
 * request, and there nothing happens. */
void beluga__end_with_parent(int signal);

#endif
