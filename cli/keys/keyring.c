#include "base/new_file.h"
#include "exit.h"
#include "keys/keep.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The exit status of a child that could not run the program. */
#define NO_PROGRAM 127

static _Noreturn void become_program(int in, const char *provider)
{
    char label[128];
    snprintf(label, sizeof label, "--label=beluga: key for %.80s", provider);
    if (dup2(in, STDIN_FILENO) < 0) _exit(NO_PROGRAM);
    signal(SIGPIPE, SIG_DFL);
    execlp("secret-tool", "secret-tool", "store", label, "service", "beluga", "provider", provider,
           (char *)NULL);
    _exit(NO_PROGRAM);
}

/* Run the program with the key on its stdin. The program may ask the user for a password, so there
 * is no time limit; Ctrl-C ends it. Returns its exit status, or -1. */
static int run(const char *provider, const cli_text *key)
{
    int fds[2], status;
    if (pipe2(fds, O_CLOEXEC) != 0) return -1;
    pid_t pid = fork();
    if (pid == 0) become_program(fds[0], provider);
    close(fds[0]);
    if (pid > 0) beluga__file_write(fds[1], key->data, key->length);
    close(fds[1]);
    if (pid < 0) return -1;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int keys_store_keyring(const char *provider, const cli_text *key,
                       char reference[KEYS_REFERENCE_BYTES])
{
    int status = run(provider, key);
    snprintf(reference, KEYS_REFERENCE_BYTES,
             "command:secret-tool lookup service beluga provider %.80s", provider);
    if (status == 0) return 0;
    if (status == NO_PROGRAM)
        out_error("secret-tool is not installed (on Debian it is in libsecret-tools): install it, "
                  "or leave out --keyring to store the key in a file");
    else
        out_error("secret-tool could not store the key: check that a keyring is running");
    return CLI_EXIT_OTHER;
}
