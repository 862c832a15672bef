/* Child processes, and pipes to them. The command compiles this file as well. The functions use
 * only system calls, and return 0 or an errno. */
#ifndef BELUGA__SPAWN_H
#define BELUGA__SPAWN_H

#include <stddef.h>
#include <sys/types.h>

/* The maximum number of descriptors that a child can be given. */
#define BELUGA__SPAWN_FDS 4

/* The arguments for starting a process. All pointers are borrowed. */
typedef struct beluga__spawning {
    const char *const *argv; /* a name without a slash is looked up in PATH */
    const char *const *env;
    const char *cwd;            /* working directory; NULL: that of this process */
    int fds[BELUGA__SPAWN_FDS]; /* become the child's descriptors 0, 1, 2 and so on */
    size_t n_fds;
    pid_t group; /* process group; 0: a new one, which the child leads */
} beluga__spawning;

/* Start a process. Its signal mask and handlers are reset, whatever this thread blocks and this
 * process ignores. It gets the descriptors in `fds` and no others. These must have numbers of at
 * least BELUGA__SPAWN_FDS: a lower one could be overwritten before it is copied. */
int beluga__spawn(pid_t *pid, const beluga__spawning *s);

/* Open pipes whose ends can be used in `fds`, even if the host program has closed its standard
 * streams. The ends are close-on-exec, so programs that other threads start don't inherit them. */
int beluga__pipes_open(int pipes[][2], size_t n);
/* Close the ends that are not -1, and set them to -1. */
void beluga__pipes_close(int pipes[][2], size_t n);

/* Let the kernel kill a child's process group when this process ends in any way. The child has the
 * reading end of a pipe to which nothing is ever written. When this process ends, the kernel closes
 * the writing end, and sends the group a signal for that (O_ASYNC). On systems without that signal
 * the child lives on. */
void beluga__spawn_tie(pid_t group, int reading_end);

/* Let the kernel send this process a signal when its parent ends, from now on. macOS has no such
 * request, and there nothing happens. */
void beluga__end_with_parent(int signal);

#endif
