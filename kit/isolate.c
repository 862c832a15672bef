#include "kit/isolate.h"

#include "base/new_file.h"
#include "base/spawn.h"
#include "kit/process.h"
#include "kit/pulse.h"
#include "kit/run.h"
#include "kit/text.h"
#include "kit/where.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_FAULTS = 3, /* after this many crashes and hangs the remaining checks are not run */
    LOOK_MS = 50,   /* milliseconds between two checks of the child */
    CHECK_NAME_BYTES = 64
};
#define LEAST_MEMORY (1LL << 30)

/* ---- messages -------------------------------------------------------------------------------
 * A message is a header, followed by the texts of a check if it is about one. Both ends are the
 * same program, but messages are verified, since the checked code may write into any descriptor. */

typedef enum message_kind { COMING = 1, RESULT, ENDED, FORKED } message_kind;
enum { MAGIC = 0x6b697431 };

typedef struct header {
    uint32_t magic, kind, status;
    /* lengths of provider, category, scenario, proves and detail, including the NUL of each */
    uint32_t lengths[5];
    check_measure measure;
} header;

/* ---- the child ------------------------------------------------------------------------------- */

typedef struct child {
    int fd;
    ino_t pipe; /* inode of the pipe, to recognise fd by */
    pid_t pid;
    size_t told; /* number of checks whose results the parent already has */
    size_t begun;
} child;

/* Send a message, unless fd is no longer the pipe: another file may have got the number of a
 * descriptor that was closed. */
static void send(const child *c, const check_text *message)
{
    struct stat about;
    bool is_there = !fstat(c->fd, &about) && about.st_ino == c->pipe;
    if (is_there && !message->status && !beluga__file_write(c->fd, message->data, message->length))
        return;
    check_where_get()->is_unheard = 1;
    _exit(1);
}

/* A message is written by a single call, so that a forked copy of the child can't write into the
 * middle of it. */
static void send_result(const child *c, message_kind kind, const check_result *result)
{
    const char *const words[] = {result->provider, result->category, result->scenario,
                                 result->proves, result->detail};
    check_text message = {0};
    header head = {
        .magic = MAGIC, .kind = kind, .status = result->status, .measure = result->measure};
    for (int i = 0; i < 5; i++) head.lengths[i] = (uint32_t)strlen(words[i]) + 1;
    check_text_add(&message, (const char *)&head, sizeof head);
    for (int i = 0; i < 5; i++) check_text_add(&message, words[i], head.lengths[i]);
    send(c, &message);
    check_text_free(&message);
}

/* Send a message that is not a result. `err` is NULL if the message has no code and error. */
static void send_end(const child *c, message_kind kind, int code, const beluga_error *err)
{
    const header head = {.magic = MAGIC, .kind = kind};
    check_text message = {0};
    check_text_add(&message, (const char *)&head, sizeof head);
    if (err) check_text_add(&message, (const char *)&code, sizeof code);
    if (err) check_text_add(&message, (const char *)err, sizeof *err);
    send(c, &message);
    check_text_free(&message);
}

/* In a forked copy of the child: report that the checked code forked and returned in both
 * processes, and exit. */
static void judge_twin(const child *c)
{
    if (getpid() == c->pid) return;
    send_end(c, FORKED, 0, NULL);
    _exit(0);
}

static bool begin(void *payload, const check_result *coming)
{
    child *c = payload;
    judge_twin(c);
    if (c->begun++ < c->told) return false;
    send_result(c, COMING, coming);
    return true;
}

static void tell(void *payload, const check_result *result)
{
    child *c = payload;
    judge_twin(c);
    send_result(c, RESULT, result);
}

/* Put the child into a process group of its own, so that a terminal's signals do not reach it, and
 * signals that a check sends to its group reach only the child. If memory runs out the system kills
 * the child first, and if the parent ends the child is killed, too. */
static void leave_group(pid_t parent)
{
    setpgid(0, 0);
    beluga__end_with_parent(SIGKILL);
    if (getppid() != parent) _exit(1);
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    (void)!write(fd, "1000", 4);
    close(fd);
}

/* Reset the signal handlers that the parent has for faults, such as those of a test runner. They
 * must not run in the child. */
static void forget_handlers(void)
{
    static const int faults[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) signal(faults[i], SIG_DFL);
}

/* The child must not read the user's input, and its output must not mix with the command's. */
static void set_apart(void)
{
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing >= 0) dup2(nothing, STDIN_FILENO);
    if (nothing > STDERR_FILENO) close(nothing);
    check_process_begin(true);
}

static _Noreturn void run_child(const check_settings *given, check_body body, void *payload,
                                child c)
{
    check_settings settings = *given;
    beluga_error err = {0};
    struct stat about;
    if (!fstat(c.fd, &about)) c.pipe = about.st_ino;
    c.pid = getpid();
    forget_handlers();
    set_apart();
    settings.begin = begin;
    settings.tell = tell;
    settings.payload = &c;
    int code = body(payload, &settings, &err);
    judge_twin(&c);
    send_end(&c, ENDED, code, &err);
    _exit(0);
}

/* ---- the parent ------------------------------------------------------------------------------ */

/* The ways in which a child ends before its checks are done. */
typedef enum fault { CRASHED, COMPUTES, RESTS, EATS, TWINS, GARBLED, UNHEARD } fault;

typedef struct parent {
    const check_settings *settings;
    pid_t pid;
    int fd;
    check_where *where; /* written by the child */
    /* measurements of the child: now, at the last message, and when the provider's function
     * began */
    check_pulse pulse, since, in_function;
    uint32_t turns;       /* the value of `where->turns` at the last check of the child */
    int64_t memory_bytes; /* most memory that the child may use */
    fault fault;
    size_t told, faults;
    char *words; /* texts of the check that runs; NULL: no check runs */
    check_result coming;
    char crashed[CHECK_NAME_BYTES]; /* name of the check that did not end; "": all ended */
    bool twins; /* a forked copy of the child has reported that it runs on, too */
    bool ended;
    int code;
    beluga_error *err;
} parent;

static int64_t patience_of(const parent *p)
{
    return p->settings->patience_ms > 0 ? p->settings->patience_ms : CHECK_PATIENCE_MS;
}

static bool is_over(parent *p, const check_pulse *from, int64_t limit_ms)
{
    if (p->pulse.computed_ms - from->computed_ms > limit_ms)
        p->fault = COMPUTES;
    else if (p->pulse.rested_ms - from->rested_ms > limit_ms)
        p->fault = RESTS;
    return p->fault;
}

/* Return whether the child hangs or uses too much memory, and store the fault. */
static bool is_stuck(parent *p)
{
    bool moves = p->where->turns != p->turns || !*p->where->function;
    check_pulse_feel(&p->pulse, p->pid);
    if (moves) p->in_function = p->pulse;
    p->turns = p->where->turns;
    if (p->pulse.private_bytes > p->memory_bytes) p->fault = EATS;
    return p->fault || is_over(p, &p->since, CHECK_PATIENCES * patience_of(p)) ||
           is_over(p, &p->in_function, patience_of(p));
}

static bool read_all(parent *p, void *bytes, size_t n)
{
    for (char *at = bytes; n;) {
        struct pollfd ready = {.fd = p->fd, .events = POLLIN};
        int polled = poll(&ready, 1, LOOK_MS);
        if (polled < 0 && errno == EINTR) continue;
        if (polled == 0 && !is_stuck(p)) continue;
        if (polled <= 0) return false;
        ssize_t got = read(p->fd, at, n);
        if (got <= 0) return false;
        at += got;
        n -= (size_t)got;
    }
    return true;
}

static bool read_words(parent *p, const header *head)
{
    size_t total = 0;
    const char **const members[] = {&p->coming.provider, &p->coming.category, &p->coming.scenario,
                                    &p->coming.proves, &p->coming.detail};
    for (int i = 0; i < 5; i++) total += head->lengths[i];
    free(p->words);
    p->words = malloc(total);
    if (!p->words || !read_all(p, p->words, total)) return false;
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

static bool is_garbled(const header *head)
{
    if (head->magic != MAGIC || head->kind < COMING || head->kind > FORKED) return true;
    if (head->kind == ENDED || head->kind == FORKED) return false;
    if (head->status > CHECK_NOTED) return true;
    for (int i = 0; i < 5; i++)
        if (!head->lengths[i] || head->lengths[i] > CHECK_MAX_TEXT_BYTES) return true;
    return false;
}

/* Read one message. @return false when no more messages will come. */
static bool hear(parent *p)
{
    header head;
    check_pulse_feel(&p->pulse, p->pid);
    p->since = p->in_function = p->pulse;
    if (!read_all(p, &head, sizeof head)) return false;
    if (is_garbled(&head)) p->fault = GARBLED;
    if (p->fault) return false;
    p->twins |= head.kind == FORKED;
    /* If no check runs at the time of the fork, the next check fails because of it. */
    if (head.kind == FORKED && !p->words) return true;
    if (p->twins && head.kind != COMING) p->fault = TWINS;
    if (p->fault) return false;
    if (head.kind == ENDED) {
        p->ended = read_all(p, &p->code, sizeof p->code) && read_all(p, p->err, sizeof *p->err);
        return false;
    }
    if (!read_words(p, &head)) return false;
    p->coming.status = (check_status)head.status;
    p->coming.measure = head.measure;
    if (head.kind == RESULT) pass_on(p);
    if (p->twins) p->fault = TWINS;
    return !p->twins;
}

/* ---- how a child ended ----------------------------------------------------------------------- */

static void describe_crash(int status, const char *in, const char *function, char *out, size_t size)
{
    int number = WTERMSIG(status);
    if (!WIFSIGNALED(status))
        snprintf(out, size, "it ended the process, with status %d%s%s", WEXITSTATUS(status), in,
                 function);
    else
        snprintf(out, size, "it crashed: signal %d, %s%s%s%s", number, strsignal(number), in,
                 function, number == SIGKILL ? ": the system does this if memory runs out" : "");
}

static void describe_end(const parent *p, int status, char *out, size_t size)
{
    check_where where = *p->where; /* the child may have written any bytes there */
    where.function[sizeof where.function - 1] = '\0';
    const char *function = where.function, *in = *function ? ", in " : "";
    int64_t limit_s = (*function ? 1 : CHECK_PATIENCES) * patience_of(p) / 1000;
    switch (p->fault) {
    case COMPUTES:
    case RESTS:
        snprintf(out, size, "it hangs: %s%s for %lld s and did not end, so the process was ended",
                 p->fault == COMPUTES ? "it computed" : "it waited", in, (long long)limit_s);
        if (*function)
            snprintf(out, size, "it hangs: %s %s for %lld s and did not return", function,
                     p->fault == COMPUTES ? "computed" : "waited", (long long)limit_s);
        break;
    case EATS:
        snprintf(out, size, "it took more than %lld MiB of memory, so the process was ended%s%s",
                 (long long)(p->memory_bytes >> 20), in, function);
        break;
    case TWINS:
        snprintf(out, size,
                 "it forked, and both processes went on: a provider must not make processes");
        break;
    case GARBLED:
    case UNHEARD:
        snprintf(out, size, "it %s a descriptor by which the kit reports the checks%s%s",
                 p->fault == GARBLED ? "wrote to" : "closed", in, function);
        break;
    default: describe_crash(status, in, function, out, size);
    }
}

/* The check that was running when the child ended has failed. */
static void note_fault(parent *p, int status)
{
    char detail[256];
    describe_end(p, status, detail, sizeof detail);
    p->faults++;
    if (!p->words) {
        beluga_error_set(p->err, BELUGA_ERROR_INTERNAL, "while no check ran: %s", detail);
        p->faults = MAX_FAULTS;
        return;
    }
    snprintf(p->crashed, sizeof p->crashed, "%s", p->coming.scenario);
    p->coming.status = CHECK_FAILED;
    p->coming.detail = detail;
    pass_on(p);
}

/* Wait for the child, which ends at its next check once its end of the pipe is closed. @return
 * whether it ended by itself. */
static bool wait_for_end(parent *p)
{
    const struct timespec moment = {.tv_nsec = 5000000};
    p->since = p->pulse;
    while (!is_over(p, &p->since, patience_of(p))) {
        siginfo_t info = {.si_pid = 0};
        if (waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid)
            return true;
        nanosleep(&moment, NULL);
        check_pulse_feel(&p->pulse, p->pid);
    }
    return false;
}

/* End the child, and with it all processes in its group. */
static void end_child(parent *p)
{
    int status = 0;
    if (!p->fault && (!wait_for_end(p) || p->where->is_unheard)) p->fault = UNHEARD;
    close(p->fd);
    kill(-p->pid, SIGKILL);
    kill(p->pid, SIGKILL);
    while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR) continue;
    if (!p->ended) note_fault(p, status);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void begin_child(const parent *p, int fd, pid_t parent_pid, check_body body, void *payload)
{
    check_settings settings = *p->settings;
    leave_group(parent_pid);
    check_where_share(p->where);
    settings.crashed = *p->crashed ? p->crashed : NULL;
    run_child(&settings, body, payload, (child){.fd = fd, .told = p->told});
}

static bool run_once(parent *p, check_body body, void *payload)
{
    int ends[2];
    pid_t self = getpid();
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    fflush(stdout);
    *p->where = (check_where){.turns = 0};
    p->pulse = (check_pulse){.felt_ms = 0};
    p->fault = CRASHED;
    p->twins = false;
    p->pid = fork();
    if (p->pid == 0) {
        close(ends[0]);
        begin_child(p, ends[1], self, body, payload);
    }
    close(ends[1]);
    p->fd = ends[0];
    if (p->pid < 0) {
        close(ends[0]);
        return false;
    }
    while (hear(p)) continue;
    end_child(p);
    return true;
}

/* Return half of the free memory, so that other programs keep the other half, but at least
 * LEAST_MEMORY. */
static int64_t spare_memory(void)
{
    char line[128];
    long long kib = 0;
    FILE *file = fopen("/proc/meminfo", "re");
    while (file && !kib && fgets(line, sizeof line, file)) sscanf(line, "MemAvailable: %lld", &kib);
    if (file) fclose(file);
    return kib * 512 > LEAST_MEMORY ? kib * 512 : LEAST_MEMORY;
}

static int run_until_ended(parent *p, check_body body, void *payload)
{
    while (!p->ended && p->faults < MAX_FAULTS) {
        if (run_once(p, body, payload)) continue;
        return beluga_error_set(p->err, BELUGA_ERROR_NO_MEMORY,
                                "can't make a process for the checks: %s", strerror(errno));
    }
    if (p->ended) return p->faults ? BELUGA_ERROR_INVALID_RESPONSE : p->code;
    if (p->err->code) return p->err->code;
    return beluga_error_set(p->err, BELUGA_ERROR_LIMIT_EXCEEDED,
                            "%zu checks crashed or hung: the other checks were not run", p->faults);
}

int check_isolated(const check_settings *settings, check_body body, void *payload,
                   beluga_error *err)
{
    parent p = {.settings = settings, .err = err};
    *err = (beluga_error){0};
    p.memory_bytes = settings->memory_bytes > 0 ? settings->memory_bytes : spare_memory();
    p.where =
        mmap(NULL, sizeof *p.where, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p.where == MAP_FAILED)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory");
    int code = run_until_ended(&p, body, payload);
    munmap(p.where, sizeof *p.where);
    free(p.words);
    return code;
}
