/* Starts and ends an MCP server that is a child process. */
#ifndef BELUGA__CHILD_H
#define BELUGA__CHILD_H

#include <beluga/error.h>

#include <stdbool.h>
#include <sys/types.h>

typedef struct beluga__child_command {
    const char *command;
    const char *const *args; /* arguments without the command, ended by NULL; NULL: none */
    /* "NAME=value", ended by NULL; added to the variables that every child gets */
    const char *const *env;
    const char *cwd; /* working directory; NULL: the working directory of this process */
} beluga__child_command;

typedef struct beluga__child {
    pid_t pid; /* 0: there is no child, or it has ended */
    /* This process's ends of the pipes to the child's standard streams; non-blocking; -1:
     * closed. */
    int in, out, err;
    int life;   /* the pipe of beluga__spawn_tie; -1: there is none */
    int status; /* status from waitpid, when the child has ended; -1: not known */
} beluga__child;

/* Start a command. The child gets the three pipes and none of this process's other descriptors. Of
 * this process's environment variables it gets only those that every program needs, so that an MCP
 * server does not see the keys of the host program. Returns 0; NOT_FOUND if there is no such
 * command; INVALID_INPUT for other reasons, such as a file that is not executable; LIMIT_EXCEEDED
 * if no file descriptor is left; NO_MEMORY.
 *
 * Threads: no signal is blocked in the child, even if this thread blocks signals. */
int beluga__child_start(beluga__child *child, const beluga__child_command *command,
                        beluga_error *err);
/* Close the child's input, which tells an MCP server to end. */
void beluga__child_close_input(beluga__child *child);
/* Returns whether the child has ended. If it has, other processes of its group get SIGTERM. */
bool beluga__child_has_ended(beluga__child *child);
/* Send a signal to the child and to all processes of its group. */
void beluga__child_kill(const beluga__child *child, int signal);
/* Close all descriptors. If the child still runs, kill it and wait for its end. */
void beluga__child_end(beluga__child *child);

/* Write how the child ended: "exit status 1", "signal 9"; "" if it is not known. */
void beluga__child_fate(const beluga__child *child, char *text, size_t size);

#endif
