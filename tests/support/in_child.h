/* Runs work in a forked child, for which a test waits. */
#ifndef TESTS_IN_CHILD_H
#define TESTS_IN_CHILD_H

#include "calls.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_PATIENCE_S = 60 };

/* Run a function in a child and wait for it. The function returns 0, or the number of the check
 * that failed, since the child can't use the test's assertions. A child that hangs is ended by its
 * alarm. */
static inline void in_child(int (*body)(void *), void *argument)
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        alarm(CHILD_PATIENCE_S);
        _exit(body(argument));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status)) fail_msg("the child was ended by signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status)) fail_msg("check %d of the child failed", WEXITSTATUS(status));
}

#define CHECK(number, condition)         \
    do {                                 \
        if (!(condition)) return number; \
    } while (0)

#endif
