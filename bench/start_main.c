/* bench-start ROUNDS A B: runs `A --version` and `B --version` in turns, and prints the medians of
 * their wall times, "a_ns b_ns". */
#include "support.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

enum { MAX_ROUNDS = 1001 };

extern char **environ;

static int64_t run(const char *program, posix_spawn_file_actions_t *silence)
{
    char version[] = "--version";
    char *const arguments[] = {(char *)(uintptr_t)program, version, NULL};
    pid_t child;
    int status;
    int64_t start = wall_ns();
    if (posix_spawn(&child, program, silence, NULL, arguments, environ))
        give_up(program, "not run");
    if (waitpid(child, &status, 0) != child || status) give_up(program, "failed");
    return wall_ns() - start;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static int64_t times[2][MAX_ROUNDS];
    if (argc != 4) {
        fputs("usage: bench-start ROUNDS A B\n", stderr);
        return 2;
    }
    size_t rounds = number_of(argv[1]);
    if (rounds > MAX_ROUNDS) give_up("too many rounds", argv[1]);
    posix_spawn_file_actions_t silence;
    posix_spawn_file_actions_init(&silence);
    posix_spawn_file_actions_addopen(&silence, 1, "/dev/null", O_WRONLY, 0);
    for (size_t i = 0; i < rounds; i++)
        for (int k = 0; k < 2; k++) times[k][i] = run(argv[2 + k], &silence);
    for (int k = 0; k < 2; k++) qsort(times[k], rounds, sizeof **times, compare);
    printf("%lld %lld\n", (long long)times[0][rounds / 2], (long long)times[1][rounds / 2]);
    posix_spawn_file_actions_destroy(&silence);
    return 0;
}
