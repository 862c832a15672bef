/* Runs a program with an input. If the program takes too long or is no longer wanted, it is ended
 * together with its child processes. */
#ifndef BELUGA_CLI_TOOLS_CHILD_H
#define BELUGA_CLI_TOOLS_CHILD_H

#include "text.h"

#include <beluga/context.h>

#include <stdint.h>

/* Bytes of stderr that are kept. They are the last ones, which usually say why a program failed. */
#define CHILD_SAID_BYTES 4096

/* All pointers are borrowed. */
typedef struct child_program {
    char *const *argv; /* a name without a slash is looked up in PATH */
    char *const *env;  /* the whole environment */
    const char *cwd;   /* NULL: the working directory of this process */
    const char *input;
    size_t input_length;
    int64_t timeout_ms;
    size_t max_output; /* maximum bytes of stdout; a program that prints more is ended */
    const beluga_context *context; /* when the context ends, the program is ended, too; NULL:
                                    * none */
} child_program;

typedef enum child_end {
    CHILD_EXITED,      /* the program ended by itself; `code` is its exit status */
    CHILD_SIGNALLED,   /* a signal ended the program; `code` is its number */
    CHILD_LATE,        /* the time limit was exceeded */
    CHILD_CANCELLED,   /* the context was cancelled */
    CHILD_OVERFLOWED,  /* the program printed more than max_output */
    CHILD_NOT_STARTED, /* the program could not be started; `code` is errno */
    CHILD_NO_MEMORY
} child_end;

/* The end of a program and its output. Free with child_free. */
typedef struct child_outcome {
    child_end end;
    int code;
    cli_text out; /* at most max_output bytes */
    char said[CHILD_SAID_BYTES];
    size_t n_said;
} child_outcome;

/*
 * Run a program until it ends. It has its own process group, default signal handlers, and no file
 * descriptors except its input and two pipes for its output. If the program ends by itself,
 * processes that it has started may continue. Otherwise its whole group gets SIGTERM, and later
 * SIGKILL. If this process ends, for whatever reason, the group is killed, too.
 *
 * Threads: any. Blocks until the program has ended. If its time limit or its context ends first,
 * it is ended by force, which takes at most about two seconds.
 */
void child_run(const child_program *program, child_outcome *outcome);
void child_free(child_outcome *outcome);

#endif
