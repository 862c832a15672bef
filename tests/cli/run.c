#include "run.h"

#include <beluga/error.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_ARGUMENTS 48
#define MAX_OUTPUT    ((size_t)16 * 1024 * 1024)
/* How long to wait for the command at most. No test here takes a second, but under a sanitizer on a
 * busy machine a test may take longer. */
#define PATIENCE_MS 120000

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the environment ------------------------------------------------------------------------- */

extern char **environ;

/* Returns whether a variable of the test's own environment is passed on, since sanitizers or
 * coverage need it. */
static bool is_passed_on(const char *variable)
{
    static const char *const names[] = {"PATH=",  "LD_",   "ASAN_", "LSAN_",
                                        "UBSAN_", "TSAN_", "GCOV_"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncmp(variable, names[i], strlen(names[i])) == 0) return true;
    return false;
}

/* Returns the index of the variable with that name, or the index after the last variable. */
static size_t find_variable(const cli_process *cli, const char *variable)
{
    size_t name = strcspn(variable, "=") + 1, i = 0;
    while (i < cli->n_variables && strncmp(cli->variables[i], variable, name) != 0) i++;
    return i;
}

static void add_variable(cli_process *cli, char *owned)
{
    assert_non_null(owned);
    size_t i = find_variable(cli, owned);
    assert_true(i < CLI_MAX_VARIABLES - 1);
    if (i < cli->n_variables)
        free(cli->variables[i]);
    else
        cli->n_variables++;
    cli->variables[i] = owned;
}

void cli_set(cli_process *cli, const char *name, const char *value)
{
    char *variable = NULL;
    assert_true(asprintf(&variable, "%s=%s", name, value) > 0);
    add_variable(cli, variable);
}

int cli_setup(void **state)
{
    cli_process *cli = calloc(1, sizeof *cli);
    if (!cli) return -1;
    snprintf(cli->home, sizeof cli->home, "/tmp/beluga-cli-XXXXXX");
    if (!mkdtemp(cli->home)) {
        free(cli);
        return -1;
    }
    cli->in_fd = cli->out_fd = cli->err_fd = -1;
    for (char **variable = environ; *variable; variable++)
        if (is_passed_on(*variable)) add_variable(cli, strdup(*variable));
    cli_set(cli, "HOME", cli->home);
    *state = cli;
    return 0;
}

static void remove_home(const char *home)
{
    pid_t pid = fork();
    if (pid == 0) {
        execlp("rm", "rm", "-rf", "--", home, (char *)NULL);
        _exit(127);
    }
    if (pid > 0) waitpid(pid, NULL, 0);
}

static void close_fd(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static void forget_output(cli_process *cli)
{
    free(cli->out);
    free(cli->err);
    cli->out = cli->err = NULL;
    cli->out_length = cli->err_length = 0;
}

int cli_teardown(void **state)
{
    cli_process *cli = *state;
    if (cli->pid > 0) {
        kill(cli->pid, SIGKILL);
        waitpid(cli->pid, NULL, 0);
    }
    close_fd(&cli->in_fd);
    close_fd(&cli->out_fd);
    close_fd(&cli->err_fd);
    for (size_t i = 0; i < cli->n_variables; i++) free(cli->variables[i]);
    forget_output(cli);
    remove_home(cli->home);
    free(cli);
    return 0;
}

const char *cli_write_file(cli_process *cli, const char *name, const void *bytes, size_t n)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", cli->home, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    return path;
}

/* ---- starting -------------------------------------------------------------------------------- */

const char *cli_program(void)
{
    static char path[512];
    const char *root = getenv("BELUGA_BUILD_ROOT");
    snprintf(path, sizeof path, "%s/beluga", root ? root : "build");
    return path;
}

static _Noreturn void run_child(cli_process *cli, char **arguments)
{
    const char *path = cli->program ? cli->program : cli_program();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (const char *digit = cli->closed; digit && *digit; digit++) close(*digit - '0');
    cli->variables[cli->n_variables] = NULL;
    signal(SIGINT, SIG_DFL);
    execve(path, arguments, cli->variables);
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    _exit(127);
}

static void start_on_terminal(cli_process *cli, char **arguments)
{
    struct winsize size = {.ws_row = 24, .ws_col = cli->width ? cli->width : 80};
    int fd = -1;
    cli->pid = forkpty(&fd, NULL, NULL, &size);
    assert_true(cli->pid >= 0);
    if (cli->pid == 0) run_child(cli, arguments);
    cli->out_fd = fd;
    cli->in_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    assert_true(cli->in_fd >= 0);
}

static void make_pipe(int *fds)
{
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
}

static void start_on_pipes(cli_process *cli, char **arguments)
{
    int in[2], out[2], err[2];
    make_pipe(in);
    make_pipe(out);
    make_pipe(err);
    if (cli->out_is_closed) close_fd(&out[0]);
    if (cli->out_path) {
        close_fd(&out[1]);
        out[1] = open(cli->out_path, O_WRONLY | O_CLOEXEC);
        assert_true(out[1] >= 0);
    }
    cli->pid = fork();
    assert_true(cli->pid >= 0);
    if (cli->pid == 0) {
        if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0 || dup2(err[1], 2) < 0) _exit(126);
        run_child(cli, arguments);
    }
    close_fd(&in[0]);
    close_fd(&out[1]);
    close_fd(&err[1]);
    cli->in_fd = in[1];
    cli->out_fd = out[0];
    cli->err_fd = err[0];
    signal(SIGPIPE, SIG_IGN);
    /* A command that does not read its input may have ended already. */
    if (cli->input && write(cli->in_fd, cli->input, cli->input_length) < 0)
        assert_int_equal(errno, EPIPE);
    if (!cli->in_stays_open) close_fd(&cli->in_fd);
}

static void start(cli_process *cli, va_list values)
{
    static char name[] = "beluga";
    char *arguments[MAX_ARGUMENTS] = {name};
    size_t n = 1;
    for (char *word; (word = va_arg(values, char *)) != NULL; n++) {
        assert_true(n < MAX_ARGUMENTS - 1);
        arguments[n] = word;
    }
    forget_output(cli);
    assert_non_null(cli->out = calloc(1, 1));
    assert_non_null(cli->err = calloc(1, 1));
    if (cli->terminal)
        start_on_terminal(cli, arguments);
    else
        start_on_pipes(cli, arguments);
}

void cli_start(cli_process *cli, ...)
{
    va_list values;
    va_start(values, cli);
    start(cli, values);
    va_end(values);
}

/* ---- listening ------------------------------------------------------------------------------- */

/* Read what is available. A terminal whose other side is closed gives EIO, which counts as its
 * end. */
static void read_some(int *fd, char **text, size_t *length)
{
    char bytes[65536];
    ssize_t n = read(*fd, bytes, sizeof bytes);
    if (n < 0 && errno == EINTR) return;
    if (n <= 0) {
        close_fd(fd);
        return;
    }
    assert_true(*length + (size_t)n < MAX_OUTPUT);
    char *longer = realloc(*text, *length + (size_t)n + 1);
    assert_non_null(longer);
    memcpy(longer + *length, bytes, (size_t)n);
    *length += (size_t)n;
    longer[*length] = '\0';
    *text = longer;
}

/* Read output until `until_ms`. Returns false when both descriptors are closed or the time is
 * up. */
static bool listen(cli_process *cli, int64_t until_ms)
{
    struct pollfd fds[2] = {{.fd = cli->out_fd, .events = POLLIN},
                            {.fd = cli->err_fd, .events = POLLIN}};
    int64_t left = until_ms - now_ms();
    if (left <= 0 || (cli->out_fd < 0 && cli->err_fd < 0)) return false;
    if (poll(fds, 2, (int)left) <= 0) return false;
    if (fds[0].revents) read_some(&cli->out_fd, &cli->out, &cli->out_length);
    if (fds[1].revents) read_some(&cli->err_fd, &cli->err, &cli->err_length);
    return true;
}

void cli_wait_for(cli_process *cli, const char *text)
{
    int64_t until = now_ms() + PATIENCE_MS;
    while (!strstr(cli->out, text) && listen(cli, until)) continue;
    assert_contains(cli->out, text);
}

void cli_wait_for_err(cli_process *cli, const char *text)
{
    int64_t until = now_ms() + PATIENCE_MS;
    while (!strstr(cli->err, text) && listen(cli, until)) continue;
    assert_contains(cli->err, text);
}

void cli_type(cli_process *cli, const char *text)
{
    assert_int_equal(write(cli->in_fd, text, strlen(text)), strlen(text));
}

void cli_resize(cli_process *cli, unsigned short width)
{
    struct winsize size = {.ws_row = 24, .ws_col = width};
    assert_int_equal(ioctl(cli->in_fd, TIOCSWINSZ, &size), 0);
}

void cli_signal(cli_process *cli, int number)
{
    assert_int_equal(kill(cli->pid, number), 0);
}

static void wait_for_exit(cli_process *cli, int64_t until)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    int status = 0;
    pid_t ended;
    while ((ended = waitpid(cli->pid, &status, WNOHANG)) == 0 && now_ms() < until)
        nanosleep(&pause, NULL);
    if (ended == 0) {
        kill(cli->pid, SIGKILL);
        waitpid(cli->pid, &status, 0);
    }
    cli->pid = 0;
    cli->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    cli->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

int cli_finish(cli_process *cli)
{
    int64_t until = now_ms() + PATIENCE_MS;
    if (cli->in_stays_open) close_fd(&cli->in_fd);
    while (listen(cli, until)) continue;
    wait_for_exit(cli, until);
    close_fd(&cli->in_fd);
    close_fd(&cli->out_fd);
    close_fd(&cli->err_fd);
    return cli->code;
}

int cli_run(cli_process *cli, ...)
{
    va_list values;
    va_start(values, cli);
    start(cli, values);
    va_end(values);
    return cli_finish(cli);
}

/* ---- the printed output ---------------------------------------------------------------------- */

beluga_json_doc *cli_parse_out(const cli_process *cli)
{
    beluga_json_doc *doc = NULL;
    beluga_error err = {0};
    if (beluga_json_parse(cli->out, cli->out_length, &doc, &err) != 0)
        fail_msg("%s: %s", err.message, cli->out);
    return doc;
}

/* ---- asserting ------------------------------------------------------------------------------- */

void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("no \"%s\" in \"%s\"", part, text);
}

void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part)) fail_msg("\"%s\" is in \"%s\"", part, text);
}
