/* The log of requests. The serving thread writes it, and the test's thread reads it and waits for
 * it. */
#include "base/clock.h"
#include "base/thread.h"
#include "peer/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- writing --------------------------------------------------------------------------------- */

static void print_json_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        unsigned char ch = (unsigned char)*text;
        if (ch == '"' || ch == '\\')
            fprintf(out, "\\%c", ch);
        else if (ch < 0x20)
            fprintf(out, "\\u%04x", ch);
        else
            fputc(ch, out);
    }
    fputc('"', out);
}

static void print_request(FILE *out, const request *req)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    fprintf(out, "{\"time\":%lld.%06ld,\"connection\":%ld,\"method\":", (long long)now.tv_sec,
            now.tv_nsec / 1000, req->connection);
    print_json_string(out, req->method);
    fputs(",\"path\":", out);
    print_json_string(out, req->path);
    fputs(",\"model\":", out);
    print_json_string(out, req->model);
    fprintf(out, ",\"stream\":%s}\n", req->streamed ? "true" : "false");
    fflush(out);
}

static bool reserve_log(peer *p)
{
    if (p->log_len < p->log_cap) return true;
    size_t cap = p->log_cap ? 2 * p->log_cap : 64;
    request **log = realloc(p->log, cap * sizeof(request *));
    if (!log) return false;
    p->log = log;
    p->log_cap = cap;
    return true;
}

static void keep(peer *p, request *req)
{
    size_t size = sizeof *req + req->head.cap + req->body.cap;
    if (p->log_len != p->requests || p->log_len >= p->log_max) return;
    if (size > PEER_MAX_KEPT_BYTES - p->log_bytes || !reserve_log(p)) return;
    p->log[p->log_len++] = req;
    p->log_bytes += size;
    req->kept = true;
}

/* Let the handler make a reply for the request; NULL if there is no handler or no memory. */
static peer_reply *ask_handler(peer *p, peer_handler handler, request *req)
{
    peer_reply *r = handler.answer ? peer__reply_alloc(p) : NULL;
    if (!r) return NULL;
    r->own = true;
    handler.answer(handler.state, req, r);
    if (!r->broken && r->n_steps) return r;
    peer__reply_free(r);
    return NULL;
}

static peer_reply *choose(peer *p, request *req)
{
    pthread_mutex_lock(&p->lock);
    peer_reply *r = peer__reply_choose(p, req);
    peer_handler handler = p->handler;
    pthread_mutex_unlock(&p->lock);
    return r ? r : ask_handler(p, handler, req);
}

peer_reply *peer__log_and_choose(peer *p, request *req)
{
    if (p->log_file) print_request(p->log_file, req);
    peer_reply *r = choose(p, req);
    pthread_mutex_lock(&p->lock);
    keep(p, req);
    p->requests++;
    if (!r) {
        p->unscripted++;
        r = p->unscripted_reply;
    }
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    return r;
}

/* ---- reading --------------------------------------------------------------------------------- */

static pthread_mutex_t *lock_of(const peer *p)
{
    return (pthread_mutex_t *)&p->lock;
}

static size_t read_count(const peer *p, const size_t *count)
{
    pthread_mutex_lock(lock_of(p));
    size_t n = *count;
    pthread_mutex_unlock(lock_of(p));
    return n;
}

/* Find a request of the log, which never changes except for its outcome. */
static const request *find(const peer *p, size_t i)
{
    pthread_mutex_lock(lock_of(p));
    const request *req = i < p->log_len ? p->log[i] : NULL;
    pthread_mutex_unlock(lock_of(p));
    return req;
}

size_t peer_requests(const peer *p)
{
    return read_count(p, &p->requests);
}

const char *peer_request_method(const peer *p, size_t i)
{
    const request *req = find(p, i);
    return req ? req->method : NULL;
}

const char *peer_request_path(const peer *p, size_t i)
{
    const request *req = find(p, i);
    return req ? req->path : NULL;
}

const char *peer_request_header(const peer *p, size_t i, const char *name)
{
    const request *req = find(p, i);
    return req ? peer__find_header(req, name) : NULL;
}

const char *peer_request_header_at(const peer *p, size_t i, size_t index, const char **value)
{
    const request *req = find(p, i);
    if (!req || index >= req->n_headers) return NULL;
    *value = req->headers[index].value;
    return req->headers[index].name;
}

const char *peer_request_body(const peer *p, size_t i, size_t *len)
{
    const request *req = find(p, i);
    if (len) *len = req ? req->body.len : 0;
    if (!req) return NULL;
    return req->body.data ? req->body.data : ""; /* NULL if a handler took over the body */
}

const char *peer_request_model(const peer *p, size_t i)
{
    const request *req = find(p, i);
    return req ? req->model : NULL;
}

uint64_t peer_request_time_ns(const peer *p, size_t i)
{
    const request *req = find(p, i);
    return req ? req->time_ns : 0;
}

long peer_request_connection(const peer *p, size_t i)
{
    const request *req = find(p, i);
    return req ? req->connection : -1;
}

int peer_request_outcome(const peer *p, size_t i)
{
    pthread_mutex_lock(lock_of(p));
    int outcome = i < p->log_len ? (int)p->log[i]->outcome : -1;
    pthread_mutex_unlock(lock_of(p));
    return outcome;
}

size_t peer_unscripted(const peer *p)
{
    return read_count(p, &p->unscripted);
}

size_t peer_malformed(const peer *p)
{
    return read_count(p, &p->malformed);
}

size_t peer_connections(const peer *p)
{
    return read_count(p, &p->accepted);
}

size_t peer_open_connections(const peer *p)
{
    pthread_mutex_lock(lock_of(p));
    size_t n = p->accepted - p->closed;
    pthread_mutex_unlock(lock_of(p));
    return n;
}

/* ---- waiting --------------------------------------------------------------------------------- */

typedef struct goal {
    bool (*reached)(const peer *p, const struct goal *g);
    const size_t *count; /* the counter that must reach n */
    size_t n;
} goal;

static int wait_for_goal(peer *p, const goal *g, int timeout_ms)
{
    int64_t end_ns = beluga__ends_ns(timeout_ms);
    int rc = 0;
    pthread_mutex_lock(&p->lock);
    while (!g->reached(p, g) && rc == 0) rc = beluga__wait_until(&p->changed, &p->lock, end_ns);
    bool reached = g->reached(p, g);
    pthread_mutex_unlock(&p->lock);
    return reached ? 0 : -1;
}

static bool count_reached(const peer *p, const goal *g)
{
    (void)p;
    return *g->count >= g->n;
}

static bool none_open(const peer *p, const goal *g)
{
    (void)g;
    return p->accepted == p->closed;
}

static bool has_ended(const peer *p, const goal *g)
{
    return g->n < p->log_len && p->log[g->n]->outcome != PEER_RUNNING;
}

int peer_wait_requests(peer *p, size_t n, int timeout_ms)
{
    return wait_for_goal(p, &(goal){count_reached, &p->requests, n}, timeout_ms);
}

int peer_wait_connections(peer *p, size_t n, int timeout_ms)
{
    return wait_for_goal(p, &(goal){count_reached, &p->accepted, n}, timeout_ms);
}

int peer_wait_closed(peer *p, size_t n, int timeout_ms)
{
    return wait_for_goal(p, &(goal){count_reached, &p->closed, n}, timeout_ms);
}

int peer_wait_all_closed(peer *p, int timeout_ms)
{
    return wait_for_goal(p, &(goal){none_open, NULL, 0}, timeout_ms);
}

int peer_wait_outcome(peer *p, size_t i, peer_outcome outcome, int timeout_ms)
{
    if (wait_for_goal(p, &(goal){has_ended, NULL, i}, timeout_ms) != 0) return -1;
    return peer_request_outcome(p, i) == (int)outcome ? 0 : -1;
}
