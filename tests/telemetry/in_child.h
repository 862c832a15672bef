/* Runs code in a child process of a program that exports telemetry. */
#ifndef TESTS_TELEMETRY_IN_CHILD_H
#define TESTS_TELEMETRY_IN_CHILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define needs_threads_in_a_child()                                              \
    do {                                                                        \
        if (UNDER_TSAN) {                                                       \
            print_message("# ThreadSanitizer starts no thread in a child of a " \
                          "program with threads\n");                            \
            skip();                                                             \
        }                                                                       \
    } while (0)

/* Run the function in a child, and wait for the child. The function returns 0 on success. */
static inline void in_child(int (*body)(void *), void *argument)
{
    enum { CHILD_SECONDS = 60 };
    int status;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(CHILD_SECONDS);
        _exit(body(argument));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

#endif
