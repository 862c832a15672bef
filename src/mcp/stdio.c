/* An MCP server that is a child process. Each message is one line, to its stdin or from its stdout.
 * Lines on its stderr go to the log. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/line.h"
#include "base/mem.h"
#include "mcp/lines.h"
#include "mcp/wire.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

enum { READ_BYTES = 32 * 1024, LONGEST_NAP_MS = 50, FATE_MS = 250 };

typedef struct stdio {
    beluga__mcp_wire wire;
    beluga__child child;
    beluga__watch in, out, err;
    bool in_watched, out_watched, err_watched;
    beluga__lines messages, said;
    beluga__buf queue; /* bytes that wait to be written */
    size_t sent;       /* how many bytes of the queue have been written */
    unsigned n_said;   /* number of lines on stderr since the last message */
    char last[256];    /* the last line of stderr */
    bool closing;      /* the wire is being closed, and the child is ending */
    /* the reason why the connection broke, until it is reported; NULL: nothing to report */
    const char *broke;
    /* latest time to report the reason, even if the child's exit status is not known yet */
    int64_t tell_ns;
    beluga__timer nap; /* checks now and then whether the child has ended */
    int64_t step_ns;   /* time of the next, stronger step to end the child */
    int64_t nap_ms;
    int next_signal; /* signal of the next step */
} stdio;

static stdio *stdio_of(beluga__mcp_wire *wire)
{
    return beluga__container_of(wire, stdio, wire);
}

/* --- watches ---------------------------------------------------------------------------------- */

static int watch(stdio *s, beluga__watch *w, bool *watched, int events)
{
    if (*watched) return 0;
    int status = s->wire.loop->ops->watch(s->wire.loop, w, events);
    *watched = !status;
    return status;
}

static void unwatch(stdio *s, beluga__watch *w, bool *watched)
{
    if (*watched) s->wire.loop->ops->unwatch(s->wire.loop, w);
    *watched = false;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void finish(stdio *s)
{
    beluga__timer_clear(s->wire.loop, &s->nap);
    unwatch(s, &s->out, &s->out_watched);
    unwatch(s, &s->err, &s->err_watched);
    beluga__child_end(&s->child);
    beluga__buf_free(&s->queue);
    beluga__lines_free(&s->messages);
    beluga__lines_free(&s->said);
    s->closing = false;
    s->wire.events->closed(s->wire.owner);
}

static void sleep_on(stdio *s)
{
    int64_t now = beluga__now_ns();
    s->wire.loop->ops->timer_set(s->wire.loop, &s->nap, now + s->nap_ms * BELUGA__NS_PER_MS);
    if (s->nap_ms < LONGEST_NAP_MS) s->nap_ms *= 2;
}

/* Report that the connection broke. The last line of stderr usually says why a server ended. */
static void tell_break(stdio *s)
{
    beluga_error err;
    char fate[32];
    if (!s->broke) return;
    beluga__child_fate(&s->child, fate, sizeof fate);
    beluga_error_set(&err, BELUGA_ERROR_STREAM_CLOSED, "MCP server %s %s%s%s%s",
                     s->wire.place->name, s->broke, *fate ? " (" : "", fate, *fate ? ")" : "");
    if (*s->last) beluga_error_set_cause(&err, s->last, strlen(s->last));
    s->broke = NULL;
    s->wire.events->broke(s->wire.owner, &err);
}

/* Check whether the child has ended. If it does not end after its input was closed, it gets
 * SIGTERM, and later SIGKILL. */
static void look_for_end(beluga__timer *timer)
{
    stdio *s = beluga__container_of(timer, stdio, nap);
    bool ended = beluga__child_has_ended(&s->child);
    if (ended || beluga__now_ns() >= s->tell_ns) tell_break(s);
    if (ended) {
        finish(s);
        return;
    }
    if (beluga__now_ns() >= s->step_ns) {
        beluga__child_kill(&s->child, s->next_signal);
        s->next_signal = SIGKILL;
        s->step_ns = beluga__ends_ns(BELUGA__MCP_CLOSE_MS);
    }
    sleep_on(s);
}

static void close_wire(beluga__mcp_wire *wire)
{
    stdio *s = stdio_of(wire);
    if (s->closing) return;
    s->closing = true;
    unwatch(s, &s->in, &s->in_watched);
    beluga__child_close_input(&s->child);
    s->step_ns = beluga__ends_ns(BELUGA__MCP_CLOSE_MS);
    s->next_signal = SIGTERM;
    s->nap_ms = 1;
    s->nap.fire = look_for_end;
    sleep_on(s);
}

/* Record that the connection broke. This is reported a little later, since the exit status becomes
 * known only after the end of the output. */
static void break_off(stdio *s, const char *what)
{
    if (s->closing) return;
    unwatch(s, &s->out, &s->out_watched);
    s->broke = what;
    s->tell_ns = beluga__ends_ns(FATE_MS);
    close_wire(&s->wire);
}

/* --- reading ---------------------------------------------------------------------------------- */

static void got_message(void *payload, const char *line, size_t n, size_t cut)
{
    stdio *s = payload;
    if (s->closing) return;
    s->n_said = 0;
    s->wire.events->message(s->wire.owner, line, n, cut);
}

static void got_words(void *payload, const char *line, size_t n, size_t cut)
{
    stdio *s = payload;
    (void)cut;
    beluga__line(s->last, sizeof s->last, line, n, BELUGA__BREAKS_BLANK);
    if (++s->n_said > BELUGA__MAX_MCP_LINES) return;
    bool is_last = s->n_said == BELUGA__MAX_MCP_LINES;
    beluga__log(s->wire.runtime, BELUGA_LOG_DEBUG, "mcp.stderr",
                BELUGA__TEXT_FIELD("server", s->wire.place->name),
                {"text", is_last ? "more is not shown" : line, is_last ? 17 : n, 0});
}

/* Returns the number of bytes read; 0 at the end of the output; -1 if no bytes are available
 * now. */
static ssize_t read_some(int fd, char *bytes)
{
    ssize_t got;
    do got = read(fd, bytes, READ_BYTES);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN) return -1;
    return got < 0 ? 0 : got;
}

static void read_err(stdio *s)
{
    char bytes[READ_BYTES];
    ssize_t got = read_some(s->child.err, bytes);
    if (got > 0) beluga__lines_feed(&s->said, bytes, (size_t)got, got_words, s);
    if (got) return;
    beluga__lines_end(&s->said, got_words, s);
    unwatch(s, &s->err, &s->err_watched);
}

static void err_ready(beluga__watch *watch, int events)
{
    (void)events;
    read_err(beluga__container_of(watch, stdio, err));
}

/* Returns whether a line is far too long, so that no further message can be expected. */
static bool is_lost(const stdio *s)
{
    return s->messages.cut > 2 * (size_t)BELUGA__MAX_MCP_MESSAGE;
}

static void out_ready(beluga__watch *watch, int events)
{
    (void)events;
    char bytes[READ_BYTES];
    stdio *s = beluga__container_of(watch, stdio, out);
    ssize_t got = read_some(s->child.out, bytes);
    if (got > 0) beluga__lines_feed(&s->messages, bytes, (size_t)got, got_message, s);
    if (got > 0 && is_lost(s)) break_off(s, "wrote a line that does not end");
    if (got) return;
    beluga__lines_end(&s->messages, got_message, s);
    if (s->err_watched) read_err(s); /* read stderr to learn the reason */
    unwatch(s, &s->out, &s->out_watched);
    break_off(s, "ended");
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Write as much of the queue as the pipe accepts. Returns false if the child has closed its
 * input. */
static bool write_queue(stdio *s)
{
    while (s->sent < s->queue.length) {
        ssize_t put = write(s->child.in, s->queue.data + s->sent, s->queue.length - s->sent);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0 && errno == EAGAIN)
            return !watch(s, &s->in, &s->in_watched, BELUGA__POLL_WRITE);
        if (put < 0) return false;
        s->sent += (size_t)put;
    }
    beluga__buf_free(&s->queue);
    s->sent = 0;
    unwatch(s, &s->in, &s->in_watched);
    return true;
}

static void forget_queue(stdio *s)
{
    beluga__buf_free(&s->queue);
    s->sent = 0;
}

/* Write to the child's input when that is possible. If the child has closed its input, this is
 * reported at the end of its output, since the child may still print the reason. */
static void in_ready(beluga__watch *watch, int events)
{
    (void)events;
    stdio *s = beluga__container_of(watch, stdio, in);
    if (write_queue(s)) return;
    unwatch(s, &s->in, &s->in_watched);
    forget_queue(s);
}

static int send_text(beluga__mcp_wire *wire, const char *text, size_t n,
                     beluga__mcp_request *request, beluga_error *err)
{
    stdio *s = stdio_of(wire);
    if (s->broke) return 0; /* the request will fail with the reason, which is told soon */
    if (s->closing)
        return beluga_error_set(err, BELUGA_ERROR_STREAM_CLOSED, "MCP server %s has ended",
                                wire->place->name);
    if (!request && s->queue.length - s->sent > BELUGA__MAX_MCP_PINGS) return 0;
    if (s->queue.length + n + 1 > s->queue.max)
        return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                                "MCP server %s does not read its requests", wire->place->name);
    if (beluga__buf_reserve(&s->queue, n + 1)) {
        /* the messages in the queue are complete, so only the new message fails */
        s->queue.status = 0;
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the request");
    }
    beluga__buf_append(&s->queue, text, n);
    beluga__buf_putc(&s->queue, '\n');
    if (!s->in_watched && !write_queue(s)) forget_queue(s);
    return 0;
}

/* Nothing to do: the answer to a request that was dropped will be read and ignored. */
static void drop(beluga__mcp_wire *wire, beluga__mcp_request *request, bool answered)
{
    (void)wire;
    (void)request;
    (void)answered;
}

/* --- opening and freeing ---------------------------------------------------------------------- */

static int open_wire(beluga__mcp_wire *wire, beluga_error *err)
{
    stdio *s = stdio_of(wire);
    int status = beluga__child_start(&s->child, &wire->place->child, err);
    if (status) return status;
    beluga__buf_init(&s->queue, &wire->runtime->allocator, BELUGA__MAX_MCP_QUEUE);
    beluga__lines_init(&s->messages, &wire->runtime->allocator, BELUGA__MAX_MCP_MESSAGE);
    beluga__lines_init(&s->said, &wire->runtime->allocator, BELUGA__MAX_MCP_LINE);
    s->in = (beluga__watch){s->child.in, in_ready};
    s->out = (beluga__watch){s->child.out, out_ready};
    s->err = (beluga__watch){s->child.err, err_ready};
    *s->last = '\0';
    s->n_said = 0;
    s->sent = 0;
    status = watch(s, &s->out, &s->out_watched, BELUGA__POLL_READ);
    if (!status) status = watch(s, &s->err, &s->err_watched, BELUGA__POLL_READ);
    if (!status) return 0;
    unwatch(s, &s->out, &s->out_watched);
    beluga__child_end(&s->child);
    return beluga_error_set(err, status, "no file descriptors are left for MCP server %s",
                            wire->place->name);
}

static void free_wire(beluga__mcp_wire *wire)
{
    stdio *s = stdio_of(wire);
    beluga__release(&wire->runtime->allocator, s);
}

beluga__mcp_wire *beluga__mcp_stdio_new(beluga__runtime *runtime)
{
    static const beluga__mcp_wire_ops ops = {open_wire, send_text, drop, close_wire, free_wire};
    stdio *s = beluga__zalloc(&runtime->allocator, sizeof *s);
    if (!s) return NULL;
    s->wire.ops = &ops;
    s->wire.runtime = runtime;
    return &s->wire;
}
