/* Writes answers: heads, whole bodies, chunks, and the errors that this HTTP server has found. */
#include "base/epoll.h"
#include "serve/http_connection.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { FIRST_ROOM = 512 };

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } reasons[] = {
        {100, "Continue"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {402, "Payment Required"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {424, "Failed Dependency"},
        {425, "Too Early"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {499, "Client Closed Request"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {529, "Overloaded"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status) return reasons[i].text;
    return "";
}

/* Returns the Date header, which is made once a second. */
static const char *date(http_server *s)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct timespec now;
    struct tm t;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec == s->date_s || !gmtime_r(&now.tv_sec, &t)) return s->date;
    s->date_s = now.tv_sec;
    snprintf(s->date, sizeof s->date, "date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n",
             days[t.tm_wday], t.tm_mday, months[t.tm_mon], (t.tm_year + 1900) % 10000, t.tm_hour,
             t.tm_min, t.tm_sec);
    return s->date;
}

static bool is_clean(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 127) return false;
    return true;
}

static void put_field(beluga__buf *lines, const char *name, const char *value)
{
    beluga__buf_puts(lines, name);
    beluga__buf_append(lines, ": ", 2);
    beluga__buf_puts(lines, value);
    beluga__buf_append(lines, "\r\n", 2);
}

void http_add_header(http_exchange *x, const char *name, const char *value)
{
    if (x->stage != HTTP_UNANSWERED || !is_clean(value) || !is_clean(name)) return;
    put_field(&x->added, name, value);
    if (x->added.status) x->c->is_dead = true;
}

/* Append a number. printf would take as long as writing the rest of the head. */
static void put_number(beluga__buf *head, size_t number)
{
    char text[24], *at = text + sizeof text;
    do *--at = (char)('0' + number % 10);
    while (number /= 10);
    beluga__buf_append(head, at, (size_t)(text + sizeof text - at));
}

static void put_text(beluga__buf *head, const char *before, size_t number, const char *behind)
{
    beluga__buf_puts(head, before);
    put_number(head, number);
    beluga__buf_puts(head, behind);
}

/* Returns whether RFC 9110 forbids a body and a length for this status. */
static bool is_bodiless(int status)
{
    return status < 200 || status == 204 || status == 304;
}

/* Decide whether another request may follow on the connection. This requires that the request was
 * read to its end, since the beginning of the next request would otherwise not be known. */
static void decide_end(http_connection *c)
{
    http_exchange *x = c->x;
    bool was_read = c->phase == PHASE_HANDLED || (c->phase == PHASE_BODY && !x->expects_body);
    if (!was_read || c->server->is_draining) c->keep = false;
}

/* Write the head of an answer. @param length  Length of the body; SIZE_MAX: not known yet. */
static void put_head(http_exchange *x, int status, const char *type, size_t length)
{
    http_connection *c = x->c;
    beluga__buf *out = &c->out;
    x->status = status;
    x->has_body = !x->is_head && !is_bodiless(status);
    x->in_chunks = length == SIZE_MAX && !x->is_old;
    if (length == SIZE_MAX && x->is_old) c->keep = false;
    decide_end(c);
    beluga__buf_reserve(out, FIRST_ROOM);
    put_text(out, "HTTP/1.1 ", (size_t)status, " ");
    beluga__buf_puts(out, reason(status));
    beluga__buf_append(out, "\r\n", 2);
    beluga__buf_puts(out, date(c->server));
    if (type && !is_bodiless(status)) put_field(out, "content-type", type);
    beluga__buf_append(out, x->added.data, x->added.length);
    if (is_bodiless(status))
        ;
    else if (length != SIZE_MAX)
        put_text(out, "content-length: ", length, "\r\n");
    else if (x->in_chunks)
        beluga__buf_puts(out, "transfer-encoding: chunked\r\n");
    if (!c->keep) beluga__buf_puts(out, "connection: close\r\n");
    if (c->keep && x->is_old) beluga__buf_puts(out, "connection: keep-alive\r\n");
    beluga__buf_append(out, "\r\n", 2);
    if (out->status) c->is_dead = true;
    beluga__buf_free(&x->added);
}

void http_answer(http_exchange *x, int status, const char *content_type, const void *bytes,
                 size_t length)
{
    http_connection *c = x->c;
    if (x->stage != HTTP_UNANSWERED) return;
    size_t before = http_unsent(c);
    put_head(x, status, content_type, length);
    x->stage = HTTP_ENDED;
    if (!x->has_body) length = 0;
    x->bytes_sent = http_unsent(c) - before + length;
    http_send(c, bytes, length);
}

void http_start(http_exchange *x, int status, const char *content_type)
{
    if (x->stage != HTTP_UNANSWERED) return;
    size_t before = http_unsent(x->c);
    put_head(x, status, content_type, SIZE_MAX);
    x->stage = HTTP_STARTED;
    http_touch(x->c);
    x->bytes_sent = http_unsent(x->c) - before;
}

/* Write the length of a chunk in hexadecimal digits. @return the first digit, which is inside
 * `text`. */
static const char *chunk_size(size_t length, char text[20])
{
    char *at = text + 19;
    *at = '\0';
    *--at = '\n';
    *--at = '\r';
    do *--at = "0123456789abcdef"[length & 15];
    while (length >>= 4);
    return at;
}

static bool is_over_full(const http_connection *c)
{
    return http_unsent(c) > c->server->limits->full_bytes;
}

void http_write(http_exchange *x, const void *bytes, size_t length)
{
    http_connection *c = x->c;
    if (x->stage != HTTP_STARTED || !x->has_body || !length) return;
    char text[20];
    const char *size = x->in_chunks ? chunk_size(length, text) : "";
    size_t frame = strlen(size);
    x->bytes_sent += length + frame + (frame ? 2 : 0);
    http_queue(c, size, frame);
    http_queue(c, bytes, length);
    if (frame) http_queue(c, "\r\n", 2);
    /* Many unsent bytes are sent now, before the end of the turn. If the connection already waits
     * for EPOLLOUT, the kernel would accept no bytes now. */
    if (is_over_full(c) && !(c->watch.events & EPOLLOUT)) http_send(c, NULL, 0);
}

bool http_is_full(const http_exchange *x)
{
    if (!is_over_full(x->c)) return false;
    ((http_exchange *)(uintptr_t)x)->was_full = true;
    return true;
}

void http_end(http_exchange *x)
{
    if (x->stage == HTTP_UNANSWERED) http_break(x);
    if (x->stage != HTTP_STARTED) return;
    x->stage = HTTP_ENDED;
    if (x->in_chunks && x->has_body) {
        http_queue(x->c, "0\r\n\r\n", 5);
        x->bytes_sent += 5;
    }
    http_touch(x->c);
}

void http_break(http_exchange *x)
{
    if (x->stage != HTTP_UNANSWERED && x->stage != HTTP_STARTED) return;
    x->stage = HTTP_BROKEN;
    x->c->keep = false;
    http_touch(x->c);
}

void http_refuse(http_connection *c, int status, const char *why)
{
    http_server *s = c->server;
    http_exchange *x = c->x;
    char text[HTTP_MAX_DESCRIBED];
    const char *type = "text/plain; charset=utf-8";
    size_t length = 0;
    c->keep = false;
    if (s->handler->describe)
        length = s->handler->describe(s->payload, x->path ? x : NULL, status, why, text,
                                      sizeof text, &type);
    else
        length = (size_t)snprintf(text, sizeof text, "%s\n", why);
    if (c->x != x) return; /* the handler has freed the server */
    if (length > sizeof text) length = sizeof text;
    http_answer(x, status, type, text, length);
    if (!x->was_told && s->handler->refused) s->handler->refused(s->payload, status, why);
}
