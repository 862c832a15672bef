#include "output.h"

#include "args.h"
#include "base/new_file.h"
#include "base/utf8.h"
#include "commands/command.h"
#include "exit.h"
#include "terminal/term.h"

#include <beluga/log.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Longer lines on stderr are cut; bodies that --verbose shows are printed in pieces. */
#define MAX_LINE_BYTES 4096
/* Bytes of a model's text that are filtered at a time. */
#define FILTER_BYTES 1024
#define BUFFER_BYTES 4096
/* The maximum width of prose; longer lines are hard to read. */
#define MAX_WIDTH 100

static struct {
    bool quiet;
    const char *command;
    int failure; /* errno of the first write to stdout that failed */
    bool wrote;
    char last; /* last byte written to stdout */
    term_stream filter;
    void (*step_aside)(void *payload); /* called before each line on stderr; NULL: none */
    void *payload;
    size_t used;
    char buffer[BUFFER_BYTES];
} out;

void out_init(const cli_args *args)
{
    out.quiet = args->quiet;
    out.command = args->command ? args->command->name : NULL;
    signal(SIGPIPE, SIG_IGN);
}

void out_name_command(const char *name)
{
    out.command = name;
}

bool out_is_quiet(void)
{
    return out.quiet;
}

/* ---- stderr ---------------------------------------------------------------------------------- */

/* Write to stderr. A failure is ignored, since there is no other place to report it. */
static void write_err(const char *bytes, size_t n)
{
    beluga__file_write(STDERR_FILENO, bytes, n);
}

/* Return whether the cursor is in an unfinished line of the answer, so that a line on stderr must
 * begin with a newline. If stdout or stderr is not a terminal, the streams are separate, and the
 * answer's bytes stay unchanged. */
static bool is_in_a_line(void)
{
    return out.wrote && out.last != '\n' && term_is_out() && term_is_err();
}

static void make_way(void)
{
    if (out.step_aside && term_is_err()) out.step_aside(out.payload);
}

/* A line for stderr is collected here and written with one call, so that it stays whole even if
 * other processes write, too. */
typedef struct stderr_line {
    char bytes[TERM_FILTER_ROOM(MAX_LINE_BYTES) + 64];
    size_t length;
} stderr_line;

static void put(stderr_line *line, const char *text)
{
    size_t n = strlen(text);
    memcpy(line->bytes + line->length, text, n);
    line->length += n;
}

static void put_filtered(stderr_line *line, const char *text)
{
    term_stream filter = {.n = 0};
    char *to = line->bytes + line->length;
    size_t n = term_filter(&filter, text, strlen(text), to);
    line->length += n + term_filter_end(&filter, to + n);
}

/* Add a text as one line. A text of MAX_LINE_BYTES fits even when all of it is escaped. */
static void put_name(stderr_line *line, const char *text)
{
    char *to = line->bytes + line->length;
    beluga_text_to_line(text, strlen(text), to, TERM_FILTER_ROOM(MAX_LINE_BYTES));
    line->length += strlen(to);
}

__attribute__((format(printf, 3, 0))) static void put_values(stderr_line *line, bool one_line,
                                                             const char *format, va_list values)
{
    char text[MAX_LINE_BYTES];
    if (vsnprintf(text, sizeof text, format, values) < 0) return;
    if (one_line)
        put_name(line, text);
    else if (term_is_err())
        put_filtered(line, text);
    else
        put(line, text);
}

__attribute__((format(printf, 2, 0))) static void say(out_kind kind, const char *format,
                                                      va_list values)
{
    static const term_look looks[] = {TERM_DIM, TERM_DIM, TERM_RED, TERM_PLAIN};
    term_look style = looks[kind];
    stderr_line line;
    line.length = 0;
    make_way();
    if (is_in_a_line()) {
        put(&line, "\n");
        out.last = '\n';
    }
    if (style != TERM_PLAIN) put(&line, term_style(STDERR_FILENO, style));
    if (kind != OUT_DETAIL) put(&line, "beluga: ");
    if (style == TERM_RED) put(&line, term_style(STDERR_FILENO, TERM_PLAIN));
    put_values(&line, kind != OUT_DETAIL, format, values);
    if (style == TERM_DIM) put(&line, term_style(STDERR_FILENO, TERM_PLAIN));
    put(&line, "\n");
    out_flush();
    term_spinner_stop();
    write_err(line.bytes, line.length);
}

void out_say(out_kind kind, const char *format, ...)
{
    va_list values;
    if (kind == OUT_NOTE && out.quiet) return;
    va_start(values, format);
    say(kind, format, values);
    va_end(values);
}

void out_detail_text(const char *text, size_t n)
{
    term_stream filter = {.n = 0};
    char safe[TERM_FILTER_ROOM(FILTER_BYTES)];
    bool ended = n && text[n - 1] == '\n';
    make_way();
    out_flush();
    term_spinner_stop();
    if (!term_is_err()) {
        write_err(text, n);
        n = 0;
    }
    while (n) {
        size_t piece = n < FILTER_BYTES ? n : FILTER_BYTES;
        write_err(safe, term_filter(&filter, text, piece, safe));
        text += piece;
        n -= piece;
    }
    write_err(safe, term_filter_end(&filter, safe));
    if (!ended) write_err("\n", 1);
}

void out_detail_json(const char *json, size_t n)
{
    char unit[TERM_SHOWN_BYTES];
    size_t length;
    make_way();
    out_flush();
    term_spinner_stop();
    if (!term_is_err()) {
        write_err(json, n);
        n = 0;
    }
    while (n) {
        size_t taken = term_show_json(json, n, unit, &length);
        write_err(unit, length);
        json += taken;
        n -= taken;
    }
    write_err("\n", 1);
}

int out_usage(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    say(OUT_ERROR, format, values);
    va_end(values);
    if (out.command)
        out_detail("See: beluga %s --help", out.command);
    else
        out_detail("See: beluga --help");
    return CLI_EXIT_USAGE;
}

int out_no_memory(void)
{
    out_error("out of memory");
    return CLI_EXIT_OTHER;
}

/* ---- stdout ---------------------------------------------------------------------------------- */

static void end_quietly(void)
{
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
    _exit(CLI_EXIT_OTHER); /* reached only if SIGPIPE is blocked */
}

static void wait_writable(void)
{
    struct pollfd wanted = {.fd = STDOUT_FILENO, .events = POLLOUT};
    poll(&wanted, 1, -1);
}

static void fail_write(int error)
{
    if (error == EPIPE) end_quietly();
    out.failure = error;
}

static void write_out(const char *bytes, size_t n)
{
    term_spinner_stop();
    while (n && !out.failure) {
        ssize_t done = write(STDOUT_FILENO, bytes, n);
        if (done >= 0) {
            bytes += done;
            n -= (size_t)done;
        } else if (errno == EAGAIN) {
            wait_writable();
        } else if (errno != EINTR) {
            fail_write(errno);
        }
    }
}

void out_flush(void)
{
    size_t n = out.used;
    out.used = 0;
    if (n) write_out(out.buffer, n);
}

static void put_out(const char *bytes, size_t n)
{
    if (!n) return;
    out.wrote = true;
    out.last = bytes[n - 1];
    if (n > sizeof out.buffer - out.used) out_flush();
    if (n > sizeof out.buffer) {
        write_out(bytes, n);
        return;
    }
    memcpy(out.buffer + out.used, bytes, n);
    out.used += n;
}

static void put_out_filtered(term_stream *filter, const char *text, size_t n)
{
    char safe[TERM_FILTER_ROOM(FILTER_BYTES)];
    while (n) {
        size_t piece = n < FILTER_BYTES ? n : FILTER_BYTES;
        put_out(safe, term_filter(filter, text, piece, safe));
        text += piece;
        n -= piece;
    }
}

/* End the filter, since no more text comes. */
static void end_filter(term_stream *filter)
{
    char rest[TERM_FILTER_ROOM(0)];
    put_out(rest, term_filter_end(filter, rest));
}

void out_text(const char *text, size_t n)
{
    if (term_is_out())
        put_out_filtered(&out.filter, text, n);
    else
        put_out(text, n);
    out_flush();
}

void out_printf(const char *format, ...)
{
    term_stream filter = {.n = 0};
    va_list values;
    char *text = NULL;
    va_start(values, format);
    int n = vasprintf(&text, format, values);
    va_end(values);
    if (n < 0) {
        out.failure = ENOMEM;
        return;
    }
    if (term_is_out())
        put_out_filtered(&filter, text, (size_t)n);
    else
        put_out(text, (size_t)n);
    end_filter(&filter);
    free(text);
}

void out_name(const char *text)
{
    char line[(FILTER_BYTES + 1) * TERM_SHOWN_GROWTH];
    size_t n = text ? strlen(text) : 0;
    while (n) {
        size_t piece = beluga__utf8_cut(text, n, FILTER_BYTES);
        beluga_text_to_line(text, piece, line, sizeof line);
        put_out(line, strlen(line));
        text += piece;
        n -= piece;
    }
}

void out_json(const char *json, size_t n)
{
    char unit[TERM_SHOWN_BYTES];
    size_t length;
    if (!term_is_out()) {
        put_out(json, n);
        n = 0;
    }
    while (n) {
        size_t taken = term_show_json(json, n, unit, &length);
        put_out(unit, length);
        json += taken;
        n -= taken;
    }
}

void out_bytes(const void *bytes, size_t n)
{
    put_out(bytes, n);
}

void out_style(term_look style)
{
    const char *sequence = term_style(STDOUT_FILENO, style);
    put_out(sequence, strlen(sequence));
}

void out_drawn(int fd, const char *bytes, size_t n)
{
    if (fd == STDOUT_FILENO) {
        put_out(bytes, n);
        return;
    }
    make_way();
    out_flush();
    term_spinner_stop();
    write_err(bytes, n);
}

void out_before_notes(void (*step_aside)(void *payload), void *payload)
{
    out.step_aside = step_aside;
    out.payload = payload;
}

void out_erased(const char *bytes, size_t n)
{
    put_out(bytes, n);
    out.last = '\n';
}

void out_wrapped(const char *text, size_t column, size_t indent)
{
    size_t width = term_width() < MAX_WIDTH ? term_width() : MAX_WIDTH;
    bool first = true;
    while (*text) {
        size_t word = strcspn(text, " \n");
        if (!first && column + 1 + word >= width) {
            out_printf("\n%*s", (int)indent, "");
            column = indent;
            first = true;
        }
        out_printf("%s%.*s", first ? "" : " ", (int)word, text);
        column += word + (first ? 0 : 1);
        first = false;
        text += word;
        if (strncmp(text, "\n\n", 2) == 0) {
            out_printf("\n\n%*s", (int)indent, "");
            column = indent;
            first = true;
            text++;
        }
        text += strspn(text, " \n");
    }
    out_printf("\n");
}

void out_end_line(void)
{
    end_filter(&out.filter);
    if (out.wrote && out.last != '\n') put_out("\n", 1);
}

int out_file(const char *path, int flags, const char *bytes, size_t n)
{
    char text[128];
    int fd = beluga__file_open(path, O_WRONLY | flags, BELUGA__PRIVATE_MODE);
    int error = fd < 0 || beluga__file_write(fd, bytes, n) ? errno : 0;
    if (fd >= 0 && close(fd) != 0 && !error) error = errno;
    if (!error) return 0;
    out_error("%s can't be written: %s", path, beluga__file_explain(error, text, sizeof text));
    return CLI_EXIT_OTHER;
}

bool out_failed(void)
{
    return out.failure != 0;
}

int out_finish(int code)
{
    out_flush();
    if (!out.failure || code) return code;
    out_error("stdout can't be written: %s", strerror(out.failure));
    return CLI_EXIT_OTHER;
}
