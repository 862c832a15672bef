/* bench-peak PROGRAM [ARGUMENT...]: runs a program, discards its output, and prints its largest
 * resident memory in KiB. The child's memory before exec counts, too, so this program is kept
 * small. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("usage: bench-peak PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    struct rusage used;
    int status;
    pid_t program = fork();
    if (program == 0) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (null >= 0 && dup2(null, STDOUT_FILENO) >= 0) execv(argv[1], argv + 1);
        _exit(127);
    }
    if (program < 0 || wait4(program, &status, 0, &used) != program) return 1;
    if (!WIFEXITED(status) || WEXITSTATUS(status)) return 1;
    printf("%ld\n", used.ru_maxrss);
    return 0;
}
