/* bench-calls PROGRAM [ARGUMENT...]: runs a program, discards its output, and prints how many
 * system calls all its threads made. Exits with 77 if the process may not trace another one. */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_ALLOWED = 77, SYSTEM_CALL_STOP = SIGTRAP | 0x80 };

static const long options =
    PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_EXITKILL;

_Noreturn static void run_traced(char **command)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null < 0 || dup2(null, STDOUT_FILENO) < 0) _exit(1);
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL)) _exit(NOT_ALLOWED);
    raise(SIGSTOP);
    execv(command[0], command);
    _exit(1);
}

/* Returns the signal that a stopped thread gets when it continues; 0 for ptrace's own stops. */
static int signal_of(int status)
{
    int number = WSTOPSIG(status);
    bool own = number == SYSTEM_CALL_STOP || number == SIGTRAP || number == SIGSTOP;
    return own || status >> 16 ? 0 : number;
}

/* Follow all threads until the last one has ended. A thread stops twice for each system call. */
static size_t count_calls(pid_t program, int *result)
{
    size_t stops = 0;
    int status;
    pid_t thread;
    while ((thread = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
        if (thread == program && !WIFSTOPPED(status)) *result = status;
        if (thread < 0 || !WIFSTOPPED(status)) continue;
        stops += WSTOPSIG(status) == SYSTEM_CALL_STOP;
        ptrace(PTRACE_SYSCALL, thread, NULL, (void *)(intptr_t)signal_of(status));
    }
    return stops / 2;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("usage: bench-calls PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    int status = 0;
    pid_t program = fork();
    if (program < 0) give_up(argv[1], "not started");
    if (program == 0) run_traced(argv + 1);
    if (waitpid(program, &status, 0) != program || !WIFSTOPPED(status)) return NOT_ALLOWED;
    ptrace(PTRACE_SETOPTIONS, program, NULL, (void *)options);
    ptrace(PTRACE_SYSCALL, program, NULL, NULL);
    size_t calls = count_calls(program, &status);
    if (!WIFEXITED(status) || WEXITSTATUS(status)) give_up(argv[1], "failed");
    printf("%zu\n", calls);
    return 0;
}
