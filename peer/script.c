/* Builds replies: steps become bytes or pauses when they are appended, not when they are played. */
#include "peer/server.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_SCRIPT_BYTES ((size_t)256 * 1024 * 1024)

/* ---- steps ----------------------------------------------------------------------------------- */

static bool reserve_steps(peer_reply *r)
{
    if (r->n_steps < r->cap_steps) return true;
    size_t cap = r->cap_steps ? 2 * r->cap_steps : 8;
    step *steps = realloc(r->steps, cap * sizeof *steps);
    if (!steps) return false;
    r->steps = steps;
    r->cap_steps = cap;
    return true;
}

/* Append a step. Takes over s->data. */
static void append_step(peer_reply *r, step s)
{
    pthread_mutex_lock(&r->owner->lock);
    bool ok = reserve_steps(r);
    if (ok)
        r->steps[r->n_steps++] = s;
    else
        r->broken = true;
    pthread_mutex_unlock(&r->owner->lock);
    if (!ok) free(s.data);
}

/* Append the bytes as a step, and leave `b` empty. */
static void append_bytes(peer_reply *r, bytes *b, bool complete)
{
    if (!complete) {
        peer__reply_break(r);
        peer__bytes_free(b);
    } else if (b->len) {
        append_step(r, (step){.kind = STEP_BYTES, .data = b->data, .n = b->len});
    }
    *b = (bytes){0};
}

static bool add(bytes *b, const void *data, size_t n)
{
    return peer__bytes_add(b, data, n, MAX_SCRIPT_BYTES);
}

static bool add_text(bytes *b, const char *text)
{
    return add(b, text, strlen(text));
}

/* ---- heads ----------------------------------------------------------------------------------- */

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } known[] = {
        {200, "OK"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {408, "Request Timeout"},
        {413, "Content Too Large"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {529, "Overloaded"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].status == status) return known[i].reason;
    return "Scripted";
}

/* Return whether a head has a Content-Type header. */
static bool has_content_type(const bytes *head)
{
    static const char name[] = "\r\nContent-Type:";
    for (size_t i = 0; i + sizeof name - 1 <= head->len; i++)
        if (strncasecmp(head->data + i, name, sizeof name - 1) == 0) return true;
    return false;
}

/* Finish a head that waits for its framing. `type` and `framing` may be NULL. */
static void finish_head(peer_reply *r, const char *type, const char *framing)
{
    if (r->head.len == 0) return;
    bool ok = true;
    if (type && !has_content_type(&r->head))
        ok = add_text(&r->head, "Content-Type: ") && add_text(&r->head, type) &&
             add_text(&r->head, "\r\n");
    ok = ok && add_text(&r->head, framing) && add_text(&r->head, "\r\n");
    append_bytes(r, &r->head, ok);
}

static void finish_head_chunked(peer_reply *r)
{
    finish_head(r, "text/event-stream", "Transfer-Encoding: chunked\r\n");
}

static void append_pause(peer_reply *r, step s)
{
    if (!r) return;
    finish_head_chunked(r);
    append_step(r, s);
}

/* ---- the steps of a script ------------------------------------------------------------------- */

void peer_step_status(peer_reply *r, int status, const char *headers)
{
    char line[96];
    if (!r) return;
    finish_head_chunked(r);
    snprintf(line, sizeof line, "HTTP/1.1 %d %s\r\n", status, reason_of(status));
    bool ok = add_text(&r->head, line) && (!headers || add_text(&r->head, headers));
    if (!ok) append_bytes(r, &r->head, false);
    r->has_status = true;
}

static void end_header(peer_reply *r, bool ok)
{
    ok = ok && add_text(&r->head, "\r\n");
    if (!ok) append_bytes(r, &r->head, false);
}

void peer_step_header(peer_reply *r, const char *name, const char *value)
{
    if (!r || !r->head.len) return;
    end_header(r,
               add_text(&r->head, name) && add_text(&r->head, ": ") && add_text(&r->head, value));
}

void peer_step_header_fill(peer_reply *r, const char *name, size_t n)
{
    if (!r || !r->head.len) return;
    bool ok = add_text(&r->head, name) && add_text(&r->head, ": ") &&
              peer__bytes_reserve(&r->head, n, MAX_SCRIPT_BYTES);
    if (ok) memset(r->head.data + r->head.len, 'x', n);
    r->head.len += ok ? n : 0;
    end_header(r, ok);
}

void peer_step_body_claiming(peer_reply *r, const void *data, size_t n, size_t claimed)
{
    char length[64];
    bytes b = {0};
    if (!r) return;
    snprintf(length, sizeof length, "Content-Length: %zu\r\n", claimed);
    finish_head(r, "application/json", length);
    append_bytes(r, &b, add(&b, data, n));
}

void peer_step_body(peer_reply *r, const void *data, size_t n)
{
    peer_step_body_claiming(r, data, n, n);
}

void peer_step_json(peer_reply *r, int status, const char *body)
{
    peer_step_status(r, status, NULL);
    peer_step_body(r, body, strlen(body));
}

void peer_step_redirect(peer_reply *r, int status, const char *location)
{
    peer_step_status(r, status, NULL);
    peer_step_header(r, "Location", location);
    peer_step_body(r, "", 0);
}

void peer_step_raw(peer_reply *r, const void *data, size_t n)
{
    bytes b = {0};
    if (!r) return;
    finish_head(r, NULL, "");
    append_bytes(r, &b, add(&b, data, n));
}

void peer_step_chunk(peer_reply *r, const void *data, size_t n)
{
    char size[32];
    bytes b = {0};
    if (!r || !n) return;
    finish_head_chunked(r);
    snprintf(size, sizeof size, "%zx\r\n", n);
    append_bytes(r, &b, add_text(&b, size) && add(&b, data, n) && add_text(&b, "\r\n"));
}

void peer_step_sse(peer_reply *r, const char *data)
{
    bytes b = {0};
    if (!r) return;
    if (!r->has_status) peer_step_status(r, 200, NULL);
    if (add_text(&b, "data: ") && add_text(&b, data) && add_text(&b, "\n\n"))
        peer_step_chunk(r, b.data, b.len);
    else
        peer__reply_break(r);
    peer__bytes_free(&b);
}

void peer_step_end(peer_reply *r)
{
    if (!r) return;
    finish_head_chunked(r);
    peer_step_raw(r, "0\r\n\r\n", 5);
}

void peer_step_delay_ms(peer_reply *r, int ms)
{
    uint64_t wait_ns = ms > 0 ? (uint64_t)ms * PEER_NS_PER_MS : 0;
    append_pause(r, (step){.kind = STEP_DELAY, .wait_ns = wait_ns});
}

/* The head may still be unfinished, and splitting must not finish it. */
void peer_step_split(peer_reply *r, size_t n, int gap_us)
{
    uint64_t wait_ns = gap_us > 0 ? (uint64_t)gap_us * 1000 : 0;
    if (r) append_step(r, (step){.kind = STEP_SPLIT, .n = n, .wait_ns = wait_ns});
}

void peer_step_gate(peer_reply *r, int gate)
{
    if (gate < 0 || gate >= PEER_MAX_GATES) return;
    append_pause(r, (step){.kind = STEP_GATE, .n = (size_t)gate});
}

void peer_step_await_bytes(peer_reply *r)
{
    append_pause(r, (step){.kind = STEP_AWAIT});
}

void peer_step_close(peer_reply *r)
{
    append_pause(r, (step){.kind = STEP_CLOSE});
}

void peer_step_reset(peer_reply *r)
{
    append_pause(r, (step){.kind = STEP_RESET});
}

void peer_step_hang(peer_reply *r)
{
    append_pause(r, (step){.kind = STEP_HANG});
}
