/* A key command lives no longer than its host once the host holds it. The command may begin, and
 * say so, an instant earlier: a test that ends the host waits for the hold first. */
#ifndef TESTS_HELD_COMMAND_H
#define TESTS_HELD_COMMAND_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

/* Whether a descriptor of a process sends signals (O_ASYNC): then it holds its command. */
static inline bool holds_a_command(pid_t host)
{
    char path[64], line[128];
    bool holds = false;
    for (int fd = 0; fd < 64 && !holds; fd++) {
        unsigned flags = 0;
        snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", (int)host, fd);
        FILE *info = fopen(path, "re");
        while (info && fgets(line, sizeof line, info))
            if (sscanf(line, "flags: %o", &flags) == 1) break;
        if (info) fclose(info);
        holds = flags & O_ASYNC;
    }
    return holds;
}

/* The command may have begun before its host has come so far. */
static inline void wait_until_it_holds_a_command(pid_t host)
{
    for (int waits = 0; !holds_a_command(host); waits++) {
        assert_true(waits < 20000);
        usleep(1000);
    }
}

#endif
