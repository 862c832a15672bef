#include "kit/process.h"

#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STREAMS = 3, LOCALE_BYTES = 512, SHOWN = 60 };

/* Signals that stop a program, notify it or wake it. Signals of faults and of broken pipes are left
 * out, since runtimes of other languages handle those in every program that loads them. */
static const int signals[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,  SIGCHLD,
                              SIGALRM, SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP};
static const char *const signal_names[] = {"INT",  "TERM", "HUP",  "QUIT",  "CHLD",
                                           "ALRM", "USR1", "USR2", "WINCH", "TSTP"};
enum { SIGNALS = sizeof signals / sizeof *signals };

typedef struct stream {
    bool is_open;
    dev_t device;
    ino_t file;
} stream;

typedef struct picture {
    sigset_t blocked; /* signal mask of the thread that checks */
    void (*handlers[SIGNALS])(int);
    char locale[LOCALE_BYTES], folder[PATH_MAX];
    uint64_t environment; /* hash */
    stream streams[STREAMS];
    bool has_children;
} picture;

static picture before;
static int output = -1; /* reading end of the pipe that replaces stdout, or -1 */

/* ---- looking --------------------------------------------------------------------------------- */

static uint64_t hash_environment(void)
{
    extern char **environ;
    uint64_t hash = 14695981039346656037u;
    for (char **entry = environ; entry && *entry; entry++)
        for (const char *c = *entry; *c; c++) hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    return hash;
}

static stream look_at_stream(int fd)
{
    struct stat about;
    if (fstat(fd, &about)) return (stream){.is_open = false};
    return (stream){true, about.st_dev, about.st_ino};
}

static bool has_children(void)
{
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static void look(picture *now)
{
    const char *locale = setlocale(LC_ALL, NULL);
    memset(now, 0, sizeof *now);
    sigemptyset(&now->blocked);
    pthread_sigmask(SIG_SETMASK, NULL, &now->blocked);
    for (size_t i = 0; i < SIGNALS; i++) {
        struct sigaction action;
        if (!sigaction(signals[i], NULL, &action)) now->handlers[i] = action.sa_handler;
    }
    snprintf(now->locale, sizeof now->locale, "%s", locale ? locale : "");
    if (!getcwd(now->folder, sizeof now->folder)) *now->folder = '\0';
    now->environment = hash_environment();
    for (int i = 0; i < STREAMS; i++) now->streams[i] = look_at_stream(i);
    now->has_children = has_children();
}

/* ---- what was written to stdout -------------------------------------------------------------- */

/* Redirect stdout into a pipe. A write to a full pipe fails at once, so that no thread waits. */
static void take_output(void)
{
    int ends[2];
    fflush(stdout);
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK)) return;
    dup2(ends[1], STDOUT_FILENO);
    close(ends[1]);
    output = ends[0];
}

static void tell_output(check_text *out)
{
    char bytes[4096], shown[SHOWN + 1] = "";
    size_t total = 0;
    ssize_t n;
    if (output < 0) return;
    fflush(stdout);
    while ((n = read(output, bytes, sizeof bytes)) > 0) {
        if (!total) snprintf(shown, sizeof shown, "%.*s", (int)n, bytes);
        total += (size_t)n;
    }
    shown[strcspn(shown, "\r\n")] = '\0';
    if (total)
        check_text_printf(out,
                          "want nothing on stdout, got %zu bytes: \"%s\": it belongs to the "
                          "program; write to stderr while you look for a fault\n",
                          total, shown);
}

/* ---- comparing ------------------------------------------------------------------------------- */

static void add_name(check_text *names, size_t signal)
{
    check_text_printf(names, "%sSIG%s", names->length ? ", " : "", signal_names[signal]);
}

static void compare_signals(check_text *out, const picture *now)
{
    check_text masked = {0}, handled = {0};
    for (size_t i = 0; i < SIGNALS; i++) {
        bool blocks = sigismember(&now->blocked, signals[i]);
        if (blocks != sigismember(&before.blocked, signals[i])) add_name(&masked, i);
        if (now->handlers[i] != before.handlers[i]) add_name(&handled, i);
    }
    if (masked.length)
        check_text_printf(out,
                          "want the signals of the thread as they were, but it blocks others now: "
                          "%s: block them in threads of your own alone\n",
                          masked.data);
    if (handled.length)
        check_text_printf(out,
                          "want the handlers of signals as they were, but others are set: %s: they "
                          "belong to the program\n",
                          handled.data);
    check_text_free(&masked);
    check_text_free(&handled);
}

static void compare_streams(check_text *out, const picture *now)
{
    static const char *const names[] = {"stdin", "stdout", "stderr"};
    for (int i = 0; i < STREAMS; i++) {
        const stream *a = &before.streams[i], *b = &now->streams[i];
        if (a->is_open == b->is_open && a->device == b->device && a->file == b->file) continue;
        check_text_printf(out, "want %s as it was, but descriptor %d %s: close what you opened\n",
                          names[i], i, b->is_open ? "is another file" : "is closed");
    }
}

static void compare_words(check_text *out, const picture *now)
{
    if (strcmp(now->locale, before.locale) != 0)
        check_text_printf(out,
                          "want the locale \"%.60s\" as it was, got \"%.60s\": setlocale is for "
                          "the program alone; newlocale and uselocale are for yours\n",
                          before.locale, now->locale);
    if (strcmp(now->folder, before.folder) != 0)
        check_text_printf(out, "want the working folder as it was, got %.200s\n", now->folder);
    if (now->environment != before.environment)
        check_text_puts(out, "want the environment as it was, but variables of it were changed\n");
}

/* Open /dev/null for standard descriptors that were closed, so that files that are opened later do
 * not become standard streams. */
static void fill_gaps(void)
{
    int fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd < STREAMS) fd = open("/dev/null", O_RDWR);
    if (fd >= STREAMS) close(fd);
}

void check_process_begin(bool takes_output)
{
    if (output >= 0) return; /* the state was recorded when this process was made */
    if (takes_output) take_output();
    look(&before);
}

void check_process_compare(check_text *out)
{
    picture now;
    tell_output(out);
    look(&now);
    compare_signals(out, &now);
    compare_streams(out, &now);
    compare_words(out, &now);
    if (now.has_children && !before.has_children)
        check_text_puts(out,
                        "want no child process, but the provider has left one: a provider must "
                        "not make processes\n");
    fill_gaps();
    look(&before);
}
