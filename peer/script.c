/* Builds replies: every step becomes bytes or a pause when it is written, not when it is played. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "peer/internal.h"

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

/* Takes over s->data. */
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

void peer__reply_break(peer_reply *r)
{
    pthread_mutex_lock(&r->owner->lock);
    r->broken = true;
    pthread_mutex_unlock(&r->owner->lock);
}

/* Turns the bytes into a step and leaves `b` empty. */
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

/* Whether a head has a Content-Type: a line that begins with one. */
static bool has_content_type(const bytes *head)
{
    static const char name[] = "\r\nContent-Type:";
    for (size_t i = 0; i + sizeof name - 1 <= head->len; i++)
        if (strncasecmp(head->data + i, name, sizeof name - 1) == 0) return true;
    return false;
}

/* Finish a status that waits for its framing. `type` and `framing` may be NULL. */
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

/* ---- what a script may say ------------------------------------------------------------------- */

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

/* The head may still be open here, so this must not close it. */
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

/* ---- replies --------------------------------------------------------------------------------- */

static peer_reply *reply_alloc(peer *p)
{
    peer_reply *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    r->owner = p;
    r->left = 1;
    r->streamed = -1;
    r->turns = 1;
    return r;
}

peer_reply *peer_reply_new(peer *p)
{
    peer_reply *r = reply_alloc(p);
    if (!r) return NULL;
    pthread_mutex_lock(&p->lock);
    if (p->last)
        p->last->next = r;
    else
        p->first = r;
    p->last = r;
    pthread_mutex_unlock(&p->lock);
    return r;
}

peer_reply *peer__reply_unscripted(peer *p)
{
    peer_reply *r = reply_alloc(p);
    if (!r) return NULL;
    peer_openai_error(r, PEER_STATUS_UNSCRIPTED, NULL, "unscripted",
                      "the scripted peer has no reply for this request");
    if (!r->broken) return r;
    peer__reply_free(r);
    return NULL;
}

void peer__reply_free(peer_reply *r)
{
    if (!r) return;
    for (size_t i = 0; i < r->n_steps; i++) free(r->steps[i].data);
    free(r->steps);
    free(r->path);
    free(r->model);
    free(r->answer_model);
    peer__bytes_free(&r->head);
    free(r);
}

void peer_reply_repeat(peer_reply *r, int times)
{
    if (!r) return;
    pthread_mutex_lock(&r->owner->lock);
    r->left = times;
    pthread_mutex_unlock(&r->owner->lock);
}

static void set_text(peer_reply *r, char **field, const char *text)
{
    char *copy = strdup(text);
    pthread_mutex_lock(&r->owner->lock);
    free(*field);
    *field = copy;
    if (!copy) r->broken = true;
    pthread_mutex_unlock(&r->owner->lock);
}

void peer_reply_match(peer_reply *r, const char *path_part)
{
    if (r) set_text(r, &r->path, path_part);
}

void peer_reply_match_model(peer_reply *r, const char *model)
{
    if (r) set_text(r, &r->model, model);
}

void peer_openai_model(peer_reply *r, const char *model)
{
    if (r) set_text(r, &r->answer_model, model);
}

void peer_reply_match_streamed(peer_reply *r, int streamed)
{
    if (!r) return;
    pthread_mutex_lock(&r->owner->lock);
    r->streamed = streamed != 0;
    pthread_mutex_unlock(&r->owner->lock);
}

void peer_reply_turn(peer_reply *r, unsigned turn, unsigned turns)
{
    if (!r || !turns) return;
    pthread_mutex_lock(&r->owner->lock);
    r->turn = turn;
    r->turns = turns;
    pthread_mutex_unlock(&r->owner->lock);
}

void peer_reply_last_ms(peer_reply *r, int ms)
{
    if (!r || ms < 1) return;
    pthread_mutex_lock(&r->owner->lock);
    r->lasts_ns = (uint64_t)ms * 1000000;
    pthread_mutex_unlock(&r->owner->lock);
}

static bool is_over(peer_reply *r, const request *req)
{
    if (!r->lasts_ns) return false;
    if (!r->until_ns) r->until_ns = req->time_ns + r->lasts_ns;
    return req->time_ns >= r->until_ns;
}

static bool matches(peer_reply *r, const request *req)
{
    if (r->left == 0) return false;
    if (r->path && !strstr(req->path, r->path)) return false;
    if (r->model && strcmp(r->model, req->model) != 0) return false;
    if (r->streamed >= 0 && (r->streamed != 0) != req->streamed) return false;
    return r->seen++ % r->turns == r->turn && !is_over(r, req);
}

peer_reply *peer__reply_choose(peer *p, const request *req)
{
    for (peer_reply *r = p->first; r; r = r->next) {
        if (!matches(r, req)) continue;
        if (r->left > 0) r->left--;
        return r->broken ? NULL : r;
    }
    return NULL;
}

/* ---- what the test may do while a reply is played -------------------------------------------- */

bool peer__gate_is_open(peer *p, unsigned gate)
{
    pthread_mutex_lock(&p->lock);
    bool open = (p->gates >> gate) & 1;
    pthread_mutex_unlock(&p->lock);
    return open;
}

void peer_open_gate(peer *p, int gate)
{
    if (gate < 0 || gate >= PEER_MAX_GATES) return;
    pthread_mutex_lock(&p->lock);
    p->gates |= UINT64_C(1) << gate;
    pthread_mutex_unlock(&p->lock);
    peer__wake(p);
}

void peer_fail_accepts(peer *p, peer_accept_fault fault, int times)
{
    pthread_mutex_lock(&p->lock);
    p->accept_fault = fault;
    p->accept_faults_left = times;
    pthread_mutex_unlock(&p->lock);
}
