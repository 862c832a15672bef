#include "kit/isolate.h"

#include "base/clock.h"
#include "base/new_file.h"
#include "kit/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_FAULTS = 3 /* after this many crashes and hangs the rest is not run */ };

/* ---- messages --------------------------------------------------------------------------------
 * A message is a header, and for a check its texts. Both ends are the same program. */

typedef enum message_kind { COMING = 1, RESULT, ENDED } message_kind;

typedef struct header {
    uint32_t kind, status;
    /* lengths of provider, category, scenario, proves and detail, including the NUL of each */
    uint32_t lengths[5];
    check_measure measure;
} header;

static bool write_all(int fd, const void *bytes, size_t n)
{
    return beluga__file_write(fd, bytes, n) == 0;
}

static void send_result(int fd, message_kind kind, const check_result *result)
{
    const char *const words[] = {result->provider, result->category, result->scenario,
                                 result->proves, result->detail};
    header head = {.kind = kind, .status = result->status, .measure = result->measure};
    for (int i = 0; i < 5; i++) head.lengths[i] = (uint32_t)strlen(words[i]) + 1;
    bool sent = write_all(fd, &head, sizeof head);
    for (int i = 0; i < 5 && sent; i++) sent = write_all(fd, words[i], head.lengths[i]);
}

/* ---- the child ------------------------------------------------------------------------------- */

typedef struct child {
    int fd;
    size_t told; /* number of checks that the parent knows already */
    size_t begun;
} child;

static bool begin(void *payload, const check_result *coming)
{
    child *c = payload;
    if (c->begun++ < c->told) return false;
    send_result(c->fd, COMING, coming);
    return true;
}

static void tell(void *payload, const check_result *result)
{
    child *c = payload;
    send_result(c->fd, RESULT, result);
}

/* The child must not read the user's input, and its output must not mix with the command's. */
static void set_apart(void)
{
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing >= 0) dup2(nothing, STDIN_FILENO);
    if (nothing > STDERR_FILENO) close(nothing);
    dup2(STDERR_FILENO, STDOUT_FILENO);
}

static _Noreturn void run_child(const check_settings *given, check_body body, void *payload,
                                child c)
{
    const header end = {.kind = ENDED};
    check_settings settings = *given;
    beluga_error err = {0};
    set_apart();
    settings.begin = begin;
    settings.tell = tell;
    settings.payload = &c;
    int code = body(payload, &settings, &err);
    fflush(stdout);
    bool sent = write_all(c.fd, &end, sizeof end) && write_all(c.fd, &code, sizeof code) &&
                write_all(c.fd, &err, sizeof err);
    _exit(sent ? 0 : 1);
}

/* ---- the parent ------------------------------------------------------------------------------ */

typedef struct parent {
    const check_settings *settings;
    pid_t pid;
    int fd;
    size_t told, faults;
    bool is_late; /* no message came in time */
    char *words;  /* texts of the running check; NULL: none runs */
    check_result coming;
    bool ended;
    int code;
    beluga_error *err;
} parent;

static bool read_all(parent *p, void *bytes, size_t n, int64_t until_ms)
{
    for (char *at = bytes; n;) {
        struct pollfd ready = {.fd = p->fd, .events = POLLIN};
        int64_t left = until_ms - beluga__now_ms();
        int polled = poll(&ready, 1, left > 0 ? (int)left : 0);
        if (polled < 0 && errno == EINTR) continue;
        if (polled == 0) p->is_late = true;
        if (polled <= 0) return false;
        ssize_t got = read(p->fd, at, n);
        if (got <= 0) return false;
        at += got;
        n -= (size_t)got;
    }
    return true;
}

static bool read_words(parent *p, const header *head, int64_t until_ms)
{
    size_t total = 0;
    const char **const members[] = {&p->coming.provider, &p->coming.category, &p->coming.scenario,
                                    &p->coming.proves, &p->coming.detail};
    for (int i = 0; i < 5; i++) {
        if (!head->lengths[i] || head->lengths[i] > CHECK_MAX_TEXT_BYTES) return false;
        total += head->lengths[i];
    }
    free(p->words);
    p->words = malloc(total);
    if (!p->words || !read_all(p, p->words, total, until_ms)) return false;
    char *at = p->words;
    for (int i = 0; i < 5; at += head->lengths[i++]) {
        at[head->lengths[i] - 1] = '\0';
        *members[i] = at;
    }
    return true;
}

static void pass_on(parent *p)
{
    p->settings->tell(p->settings->payload, &p->coming);
    p->told++;
    free(p->words);
    p->words = NULL;
}

/* Read one message. @return false when no more messages will come. */
static bool hear(parent *p)
{
    header head;
    int64_t patience = p->settings->patience_ms > 0 ? p->settings->patience_ms : CHECK_PATIENCE_MS;
    int64_t until = beluga__now_ms() + CHECK_PATIENCES * patience;
    if (!read_all(p, &head, sizeof head, until)) return false;
    if (head.kind == ENDED) {
        p->ended = read_all(p, &p->code, sizeof p->code, until) &&
                   read_all(p, p->err, sizeof *p->err, until);
        return false;
    }
    if (!read_words(p, &head, until)) return false;
    p->coming.status = (check_status)head.status;
    p->coming.measure = head.measure;
    if (head.kind == RESULT) pass_on(p);
    return true;
}

static void describe_end(const parent *p, int status, char *out, size_t size)
{
    if (p->is_late)
        snprintf(out, size, "it hangs: nothing came of it in time, and the process was ended");
    else if (WIFSIGNALED(status))
        snprintf(out, size, "it crashed: signal %d, %s", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(out, size, "it ended the process, with status %d", WEXITSTATUS(status));
}

/* The check that was running when the child ended has failed. */
static void note_fault(parent *p, int status)
{
    char detail[160];
    describe_end(p, status, detail, sizeof detail);
    p->faults++;
    if (!p->words) {
        beluga_error_set(p->err, BELUGA_ERROR_INTERNAL, "outside of any check %s", detail);
        p->faults = MAX_FAULTS;
        return;
    }
    p->coming.status = CHECK_FAILED;
    p->coming.detail = detail;
    pass_on(p);
}

static void end_child(parent *p)
{
    int status = 0;
    if (!p->ended && p->is_late) kill(p->pid, SIGKILL);
    close(p->fd);
    while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR) continue;
    if (!p->ended) note_fault(p, status);
}

static bool run_once(parent *p, check_body body, void *payload)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    fflush(stdout);
    p->pid = fork();
    if (p->pid < 0) {
        close(ends[0]);
        close(ends[1]);
        return false;
    }
    if (p->pid == 0) {
        close(ends[0]);
        run_child(p->settings, body, payload, (child){.fd = ends[1], .told = p->told});
    }
    close(ends[1]);
    p->fd = ends[0];
    p->is_late = false;
    while (hear(p)) continue;
    end_child(p);
    return true;
}

int check_isolated(const check_settings *settings, check_body body, void *payload,
                   beluga_error *err)
{
    parent p = {.settings = settings, .err = err};
    *err = (beluga_error){0};
    while (!p.ended && p.faults < MAX_FAULTS) {
        if (run_once(&p, body, payload)) continue;
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no process to check in: %s",
                                strerror(errno));
    }
    free(p.words);
    if (p.ended) return p.faults ? BELUGA_ERROR_INVALID_RESPONSE : p.code;
    if (err->code) return err->code;
    return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                            "%zu checks crashed or hung: the rest was not run", p.faults);
}
