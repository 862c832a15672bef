#include "serve/journal.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json_escape.h"
#include "base/new_file.h"
#include "base/text.h"
#include "base/thread.h"
#include "base/utf8.h"
#include "serve/time.h"

#include <beluga/allocator.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The maximum of bytes that wait to be written. */
#define MAX_WAITING ((size_t)4 << 20)
/* The maximum of the text of a request, and of the text of an answer, in a line. */
#define MAX_TEXT ((size_t)256 << 10)
/* The pause between two writes, so that a busy server writes many lines at once. */
#define PAUSE_MS 50
/* The pause after a write that failed, or if the reader of a pipe does not read. */
#define RETRY_MS 1000
/* The maximum time to wait for the reader of a pipe, before checking whether the server is ending.
 */
#define POLL_MS 100
/* When the server ends, the remaining lines are written for at most this time. */
#define END_MS 2000
/* When poll reports a pipe as writable, it accepts at least this many bytes. */
#define PIECE       4096
#define STACK_BYTES ((size_t)128 * 1024)

struct serve_journal {
    /* used only by the event loop */
    beluga__buf line, texts;

    pthread_mutex_t lock; /* protects the members below; not held during a write */
    pthread_cond_t wake, done;
    beluga__buf waiting; /* whole lines */
    int fd;              /* the file to which lines are written; -1: none */
    int old_fd;          /* previous file, which the thread must close; -1: none */
    bool writes;         /* the thread is writing lines, or pauses */
    unsigned waiters;    /* number of threads in serve_journal_wait */
    bool ending;
    int64_t ends_ms;
    int64_t dropped;
    int failure; /* errno of the last write; 0: no failure */
    bool told;
    pthread_t thread;
    bool has_thread;
};

/* ---- lines ----------------------------------------------------------------------------------- */

/* Append a text, escaped for JSON. Invalid UTF-8, which a client may send, is replaced. */
static void put_inside(beluga__buf *out, const char *text, size_t n)
{
    while (n) {
        size_t good = beluga__utf8_valid(text, n);
        if (good) beluga__json_escape(out, text, good);
        text += good;
        n -= good;
        if (!n) return;
        beluga__buf_puts(out, "\\ufffd");
        text++;
        n--;
    }
}

static void put_text(beluga__buf *out, const char *name, const char *text)
{
    beluga__buf_printf(out, ",\"%s\":", name);
    if (!text || !*text) {
        beluga__buf_puts(out, "null");
        return;
    }
    beluga__buf_putc(out, '"');
    put_inside(out, text, strlen(text));
    beluga__buf_putc(out, '"');
}

/* Append a number. Negative numbers mean unknown, and become null. */
static void put_int(beluga__buf *out, const char *name, int64_t value)
{
    if (value < 0)
        beluga__buf_printf(out, ",\"%s\":null", name);
    else
        beluga__buf_printf(out, ",\"%s\":%" PRId64, name, value);
}

static void put_double(beluga__buf *out, const char *name, double value)
{
    char text[BELUGA__NUMBER_TEXT] = "null";
    if (value >= 0) beluga__double_to_text(value, text);
    beluga__buf_printf(out, ",\"%s\":%s", name, text);
}

static void put_bool(beluga__buf *out, const char *name, bool value)
{
    beluga__buf_printf(out, ",\"%s\":%s", name, value ? "true" : "false");
}

/* Append a duration in milliseconds, with three decimals. */
static void put_ms(beluga__buf *out, const char *name, int64_t ns)
{
    if (ns < 0)
        beluga__buf_printf(out, ",\"%s\":null", name);
    else
        beluga__buf_printf(out, ",\"%s\":%" PRId64 ".%03d", name, ns / 1000000,
                           (int)(ns / 1000 % 1000));
}

static void put_usage(beluga__buf *out, const beluga_usage *usage)
{
    put_int(out, "input_tokens", usage->input_total);
    put_int(out, "cache_read_tokens", usage->input_cache_read);
    put_int(out, "cache_write_tokens", usage->input_cache_write);
    put_int(out, "output_tokens", usage->output_total);
    put_int(out, "reasoning_tokens", usage->output_reasoning);
}

/* Append the line of a record. Every line has the same members in the same order, so that they can
 * be read as columns. */
static void put_record(beluga__buf *out, const serve_record *r)
{
    char time[32];
    serve_write_time_ms(r->time_ms, time);
    beluga__buf_printf(out, "{\"time\":\"%s\"", time);
    put_text(out, "request_id", r->request_id);
    put_text(out, "trace_id", r->trace_id);
    put_text(out, "peer", r->peer);
    put_text(out, "key", r->key);
    put_text(out, "method", r->method);
    put_text(out, "path", r->path);
    put_text(out, "protocol", r->protocol);
    put_text(out, "asked", r->asked);
    put_text(out, "provider", r->provider);
    put_text(out, "model", r->model);
    put_int(out, "status", r->status);
    put_text(out, "error", r->error ? beluga_error_name(r->error) : NULL);
    put_text(out, "message", r->message);
    put_bool(out, "stream", r->stream);
    put_bool(out, "passed_through", r->passed_through);
    put_bool(out, "cached", r->cached);
    put_int(out, "attempts", r->attempts);
    put_usage(out, &r->usage);
    put_double(out, "cost_usd", r->cost);
    put_ms(out, "took_ms", r->took_ns);
    put_ms(out, "first_ms", r->first_ns);
    put_int(out, "bytes_in", (int64_t)r->bytes_in);
    put_int(out, "bytes_out", (int64_t)r->bytes_out);
}

static void put_long(beluga__buf *out, const char *name, const char *text, size_t n)
{
    size_t kept = n > MAX_TEXT ? beluga__utf8_cut(text, n, MAX_TEXT) : n;
    beluga__buf_printf(out, ",\"%s\":\"", name);
    put_inside(out, text, kept);
    beluga__buf_puts(out, kept < n ? "\xe2\x80\xa6\"" : "\"");
}

void serve_journal_texts(serve_journal *j, const char *request, size_t request_length,
                         const char *answer, size_t answer_length)
{
    if (j->fd < 0) return;
    put_long(&j->texts, "request", request, request_length);
    put_long(&j->texts, "answer", answer, answer_length);
}

/* Pass a line to the thread. */
static void hand_over(serve_journal *j)
{
    pthread_mutex_lock(&j->lock);
    bool fits = j->waiting.length + j->line.length <= MAX_WAITING && !j->line.status;
    if (fits && beluga__buf_append(&j->waiting, j->line.data, j->line.length)) {
        beluga__buf_clear(&j->waiting); /* if memory runs out, all waiting lines are lost */
        fits = false;
    }
    if (!fits) j->dropped++;
    if (!j->writes) pthread_cond_signal(&j->wake);
    pthread_mutex_unlock(&j->lock);
}

void serve_journal_take(serve_journal *j, const serve_record *record)
{
    if (j->fd < 0) return;
    beluga__buf_clear(&j->line);
    put_record(&j->line, record);
    if (j->texts.status)
        j->line.status = j->texts.status;
    else
        beluga__buf_append(&j->line, j->texts.data, j->texts.length);
    beluga__buf_puts(&j->line, "}\n");
    if (j->texts.length) beluga__buf_free(&j->texts);
    beluga__buf_init(&j->texts, beluga_allocator_default(), 16 * MAX_TEXT);
    hand_over(j);
}

/* ---- the thread ------------------------------------------------------------------------------ */

static bool is_late(serve_journal *j)
{
    pthread_mutex_lock(&j->lock);
    bool late = j->ending && beluga__now_ms() >= j->ends_ms;
    pthread_mutex_unlock(&j->lock);
    return late;
}

static void wait_ms(serve_journal *j, int64_t ms)
{
    int64_t end = beluga__ends_ns(ms);
    pthread_mutex_lock(&j->lock);
    if (!j->ending) beluga__wait_until(&j->wake, &j->lock, end);
    pthread_mutex_unlock(&j->lock);
}

static void set_failure(serve_journal *j, int failure)
{
    pthread_mutex_lock(&j->lock);
    j->failure = failure;
    if (!failure) j->told = false;
    pthread_mutex_unlock(&j->lock);
}

/* Wait until the file accepts bytes, and write a piece. Returns the number of bytes; 0: try again.
 */
static size_t write_piece(serve_journal *j, int fd, const char *bytes, size_t n)
{
    struct pollfd writable = {.fd = fd, .events = POLLOUT};
    if (poll(&writable, 1, POLL_MS) == 0) return 0;
    ssize_t wrote = write(fd, bytes, n < PIECE ? n : PIECE);
    if (wrote >= 0) {
        set_failure(j, 0);
        return (size_t)wrote;
    }
    if (errno == EINTR || errno == EAGAIN) return 0;
    set_failure(j, errno);
    wait_ms(j, RETRY_MS);
    return 0;
}

static size_t count_lines(const char *bytes, size_t n)
{
    size_t lines = 0;
    for (size_t i = 0; i < n; i++) lines += bytes[i] == '\n';
    return lines;
}

static void write_all(serve_journal *j, int fd, const beluga__buf *lines)
{
    size_t at = 0;
    while (at < lines->length && !is_late(j))
        at += write_piece(j, fd, lines->data + at, lines->length - at);
    if (at == lines->length) return;
    pthread_mutex_lock(&j->lock);
    j->dropped += (int64_t)count_lines(lines->data + at, lines->length - at);
    pthread_mutex_unlock(&j->lock);
}

/* Close a file, unless it is stdout, which the process still uses. */
static void close_file(int fd)
{
    if (fd > STDERR_FILENO) close(fd);
}

/* Write the waiting lines. The lock is held before and after the call. */
static void do_round(serve_journal *j)
{
    beluga__buf lines = j->waiting;
    int fd = j->old_fd >= 0 ? j->old_fd : j->fd;
    beluga__buf_init(&j->waiting, beluga_allocator_default(), MAX_WAITING);
    j->writes = true;
    pthread_mutex_unlock(&j->lock);
    if (fd >= 0) write_all(j, fd, &lines);
    beluga__buf_free(&lines);
    pthread_mutex_lock(&j->lock);
    if (j->old_fd >= 0) {
        close_file(j->old_fd);
        j->old_fd = -1;
    }
}

/* Pause between two writes. Lines that arrive in the meantime are written together, and do not end
 * the pause. */
static void pause_writing(serve_journal *j)
{
    if (!j->ending && j->old_fd < 0 && !j->waiters)
        beluga__wait_until(&j->wake, &j->lock, beluga__ends_ns(PAUSE_MS));
    j->writes = false;
    pthread_cond_broadcast(&j->done);
}

static void *run(void *argument)
{
    serve_journal *j = argument;
    pthread_mutex_lock(&j->lock);
    while (!j->ending || j->waiting.length) {
        if (!j->waiting.length && j->old_fd < 0) {
            pthread_cond_wait(&j->wake, &j->lock);
            continue;
        }
        do_round(j);
        pause_writing(j);
    }
    pthread_mutex_unlock(&j->lock);
    return NULL;
}

void serve_journal_wait(serve_journal *j, int64_t timeout_ms)
{
    int64_t end = beluga__ends_ns(timeout_ms);
    int status = 0;
    pthread_mutex_lock(&j->lock);
    j->waiters++;
    pthread_cond_signal(&j->wake);
    while ((j->waiting.length || j->writes) && !status)
        status = beluga__wait_until(&j->done, &j->lock, end);
    j->waiters--;
    pthread_mutex_unlock(&j->lock);
}

int64_t serve_journal_dropped(serve_journal *j)
{
    pthread_mutex_lock(&j->lock);
    int64_t dropped = j->dropped;
    pthread_mutex_unlock(&j->lock);
    return dropped;
}

int serve_journal_trouble(serve_journal *j)
{
    pthread_mutex_lock(&j->lock);
    int failure = j->told ? 0 : j->failure;
    if (failure) j->told = true;
    pthread_mutex_unlock(&j->lock);
    return failure;
}

/* ---- life ------------------------------------------------------------------------------------ */

static int open_file(const char *path, beluga_error *err)
{
    char text[128];
    if (strcmp(path, "-") == 0) return STDOUT_FILENO;
    int fd = beluga__file_open(path, O_WRONLY | O_APPEND | O_NONBLOCK, BELUGA__PRIVATE_MODE);
    if (fd < 0)
        beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "the journal %s can't be opened: %s",
                         path, beluga__file_explain(errno, text, sizeof text));
    return fd;
}

static int start_thread(serve_journal *j, beluga_error *err)
{
    if (j->has_thread) return 0;
    int error = beluga__thread_start(&j->thread, STACK_BYTES, run, j);
    if (error)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY,
                                "can't start a thread for the journal: %s", strerror(error));
    j->has_thread = true;
    return 0;
}

int serve_journal_open(serve_journal *j, const char *path, beluga_error *err)
{
    int fd = path ? open_file(path, err) : -1;
    if (path && fd < 0) return BELUGA_ERROR_INVALID_CONFIG;
    int status = path ? start_thread(j, err) : 0;
    if (status) {
        close_file(fd);
        return status;
    }
    pthread_mutex_lock(&j->lock);
    if (j->old_fd >= 0)
        close_file(j->fd); /* The thread still writes to an older file, and has never used this
                            * one. */
    else
        j->old_fd = j->fd;
    j->fd = fd;
    pthread_cond_signal(&j->wake);
    pthread_mutex_unlock(&j->lock);
    return 0;
}

int serve_journal_new(serve_journal **out, beluga_error *err)
{
    serve_journal *j = calloc(1, sizeof *j);
    *out = j;
    if (!j) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory for the journal");
    j->fd = j->old_fd = -1;
    beluga__buf_init(&j->line, beluga_allocator_default(), 16 * MAX_TEXT);
    beluga__buf_init(&j->texts, beluga_allocator_default(), 16 * MAX_TEXT);
    beluga__buf_init(&j->waiting, beluga_allocator_default(), MAX_WAITING);
    pthread_mutex_init(&j->lock, NULL);
    beluga__cond_init(&j->wake);
    beluga__cond_init(&j->done);
    return 0;
}

void serve_journal_free(serve_journal *j)
{
    if (!j) return;
    pthread_mutex_lock(&j->lock);
    j->ending = true;
    j->ends_ms = beluga__now_ms() + END_MS;
    pthread_cond_signal(&j->wake);
    pthread_mutex_unlock(&j->lock);
    if (j->has_thread) pthread_join(j->thread, NULL);
    close_file(j->fd);
    close_file(j->old_fd);
    pthread_cond_destroy(&j->wake);
    pthread_cond_destroy(&j->done);
    pthread_mutex_destroy(&j->lock);
    beluga__buf_free(&j->line);
    beluga__buf_free(&j->texts);
    beluga__buf_free(&j->waiting);
    free(j);
}
