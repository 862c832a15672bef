#include "terminal/compose.h"

#include "base/new_file.h"
#include "exit.h"
#include "input.h"
#include "output.h"
#include "terminal/term.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SUFFIX ".md"

extern char **environ;

static const char *choose_editor(void)
{
    const char *visual = getenv("VISUAL"), *editor = getenv("EDITOR");
    if (visual && *visual) return visual;
    return editor && *editor ? editor : "vi";
}

/* ---- the program ----------------------------------------------------------------------------- */

/* Start the editor. VISUAL or EDITOR may contain a program with arguments, so a shell runs it. */
static int start(const char *editor, char *path, pid_t *pid)
{
    char script[1024];
    char *arguments[] = {"sh", "-c", script, "sh", path, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t usual;
    int n = snprintf(script, sizeof script, "%s \"$@\"", editor);
    if (n < 0 || (size_t)n >= sizeof script) return ENAMETOOLONG;
    posix_spawn_file_actions_init(&actions);
    if (!term_is_out()) posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    posix_spawnattr_init(&attributes);
    sigemptyset(&usual);
    sigaddset(&usual, SIGINT);
    sigaddset(&usual, SIGQUIT);
    sigaddset(&usual, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    int error = posix_spawn(pid, "/bin/sh", &actions, &attributes, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

static int wait_for(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Run the editor. Until it ends, keys such as Ctrl-C affect only the editor and not this program.
 */
static int run(char *path)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, interrupt, quit;
    const char *editor = choose_editor();
    pid_t pid;
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGINT, &ignore, &interrupt);
    sigaction(SIGQUIT, &ignore, &quit);
    int error = start(editor, path, &pid), code = error ? -1 : wait_for(pid);
    sigaction(SIGINT, &interrupt, NULL);
    sigaction(SIGQUIT, &quit, NULL);
    if (code == 0) return 0;
    if (error)
        out_error("the editor %s can't be started: %s", editor, strerror(error));
    else
        out_error("the editor %s failed, so the text is unchanged; set VISUAL or EDITOR to use "
                  "another editor",
                  editor);
    return CLI_EXIT_OTHER;
}

/* ---- the file -------------------------------------------------------------------------------- */

static int read_back(const char *path, cli_text *text)
{
    cli_text written = {0};
    int rc = input_read_file(path, MAX_PROMPT_BYTES, &written);
    if (rc != 0) {
        text_free(&written);
        return rc;
    }
    text_free(text);
    *text = written;
    while (text->length && strchr("\r\n", text->data[text->length - 1]) &&
           text->data[text->length - 1])
        text->data[--text->length] = '\0';
    return 0;
}

static int write_file(int fd, const cli_text *text)
{
    int rc = text->status ? -1 : beluga__file_write(fd, text_get(text), text->length);
    if (rc == 0 && text->length) rc = beluga__file_write(fd, "\n", 1);
    int error = rc ? errno : 0;
    if (close(fd) != 0 && !error) error = errno;
    if (!error) return 0;
    out_error("the text can't be written to a file for the editor: %s", strerror(error));
    return CLI_EXIT_OTHER;
}

int compose(cli_text *text)
{
    char *path = NULL;
    const char *folder = getenv("TMPDIR");
    if (asprintf(&path, "%s/beluga-XXXXXX" SUFFIX, folder && *folder ? folder : "/tmp") < 0)
        return out_no_memory();
    int fd = mkostemps(path, (int)sizeof SUFFIX - 1, O_CLOEXEC), rc = CLI_EXIT_OTHER;
    if (fd < 0) {
        out_error("%s can't be created: %s", path, strerror(errno));
    } else {
        rc = write_file(fd, text);
        if (rc == 0) rc = run(path);
        if (rc == 0) rc = read_back(path, text);
        unlink(path);
    }
    free(path);
    return rc;
}
