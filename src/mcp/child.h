/* A tool server that runs as a child process: its start and its end. */
#ifndef BELUGA__CHILD_H
#define BELUGA__CHILD_H

#include <beluga/error.h>

#include <stdbool.h>
#include <sys/types.h>

typedef struct beluga__child_command {
    const char *command;
    const char *const *args; /* ended by NULL, without the command; NULL: none */
    const char *const *env;  /* NAME=value, ended by NULL, beside what is safe to hand on */
    const char *cwd;         /* NULL: that of this process */
} beluga__child_command;

typedef struct beluga__child {
    pid_t pid; /* 0: there is none, or it has ended */
    /* Our ends of its standard streams, which do not wait; -1: closed. */
    int in, out, err;
    int life;   /* see beluga__spawn_tie; -1: there is none */
    int status; /* as waitpid tells it, when the child has ended; -1: nobody knows */
} beluga__child;

/*
 * Start a command. The child gets the three pipes, none of this process's other descriptors, and of
 * its environment what every program needs: a tool server does not see the keys of its host.
 * Returns 0; NOT_FOUND where there is no such command; INVALID_INPUT for other reasons, such as a
 * file that may not be run; LIMIT_EXCEEDED without descriptors; NO_MEMORY.
 *
 * Threads: the child's signals are those of a new process, whatever this thread blocks.
 */
int beluga__child_start(beluga__child *child, const beluga__child_command *command,
                        beluga_error *err);
/* Close its input, which tells a server to end. */
void beluga__child_close_input(beluga__child *child);
/* Returns whether the child has ended; processes of its group that are left are told to end. */
bool beluga__child_has_ended(beluga__child *child);
/* Send a signal to the child and all processes of its group. */
void beluga__child_kill(const beluga__child *child, int signal);
/* Close all descriptors. A child that still runs is killed and waited for. */
void beluga__child_end(beluga__child *child);

/* Write how the child ended: "exit status 1", "signal 9"; "" where nobody knows. */
void beluga__child_fate(const beluga__child *child, char *text, size_t size);

#endif
