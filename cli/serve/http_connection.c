/* Reads and writes a connection, handles its time-outs, and closes it. */
#include "serve/http_connection.h"

#include "base/epoll.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void http_enter(http_server *s)
{
    s->depth++;
}

void http_leave(http_server *s)
{
    if (--s->depth || !s->is_freed) return;
    reactor_cancel_task(s->reactor, &s->turn_ends);
    while (s->first_touched) {
        http_connection *c = s->first_touched;
        s->first_touched = c->next_touched;
        free(c);
    }
    free(s);
}

/* --- ending an exchange, and closing a connection ----------------------------------------------
 */

static void finish(http_connection *c, bool gone)
{
    http_server *s = c->server;
    http_exchange *x = c->x;
    if (!x) return;
    c->x = NULL;
    x->stage = HTTP_BROKEN; /* nothing more is written */
    if (x->was_told) s->handler->over(s->payload, x, gone);
    http_exchange_free(x);
}

static void unlist(http_connection *c)
{
    http_server *s = c->server;
    if (c->before)
        c->before->next = c->next;
    else
        s->first = c->next;
    if (c->next) c->next->before = c->before;
    if (c->is_turned_away)
        s->n_turned_away--;
    else
        s->n_connections--;
}

void http_connection_close(http_connection *c)
{
    http_server *s = c->server;
    if (c->phase == PHASE_CLOSED) return;
    c->phase = PHASE_CLOSED;
    reactor_stop_timer(s->reactor, &c->timer);
    reactor_unreserve(s->reactor, 1);
    reactor_set(s->reactor, &c->watch, 0);
    close(c->watch.fd);
    unlist(c);
    beluga__buf_free(&c->out);
    beluga__buf_free(&c->ahead);
    http_touch(c);
    finish(c, true);
}

/* Shut down the sending side, and read until the client closes its side. A close with unread input
 * would cause a reset, which could reach the client before it has read the answer. */
static void linger(http_connection *c)
{
    if (shutdown(c->watch.fd, SHUT_WR) != 0) {
        http_connection_close(c);
        return;
    }
    beluga__buf_free(&c->ahead);
    c->phase = PHASE_LINGER;
    c->lingered = 0;
    c->linger_ends_ns =
        reactor_now_ns(c->server->reactor) + (int64_t)HTTP_LINGER_MS * BELUGA__NS_PER_MS;
}

/* --- waiting ------------------------------------------------------------------------------------
 */

static bool is_reading(const http_connection *c)
{
    if (c->phase == PHASE_BODY) return c->x && c->x->stage == HTTP_UNANSWERED;
    return c->phase == PHASE_IDLE || c->phase == PHASE_HEAD || c->phase == PHASE_LINGER;
}

/* Tell the reactor for which events to wait. EPOLLIN is turned off only when unwanted input has
 * arrived, which is rare; this saves two system calls for each request. */
static void watch(http_connection *c)
{
    uint32_t wanted = c->is_half_closed ? 0 : EPOLLRDHUP;
    if (is_reading(c)) wanted |= EPOLLIN;
    if (http_unsent(c)) wanted |= EPOLLOUT;
    uint32_t present = c->watch.events;
    if (present == wanted || (present == (wanted | EPOLLIN) && !c->is_half_closed)) return;
    if (!wanted) wanted = EPOLLERR;
    if (reactor_set(c->server->reactor, &c->watch, wanted) != 0) http_connection_close(c);
}

static http_wait find_wait(const http_connection *c)
{
    if (c->phase == PHASE_LINGER) return HTTP_WAIT_LINGER;
    if (http_unsent(c) && !is_reading(c)) return HTTP_WAIT_WRITE;
    if (c->phase == PHASE_IDLE) return c->had_request ? HTTP_WAIT_IDLE : HTTP_WAIT_HEAD;
    if (c->phase == PHASE_HEAD) return HTTP_WAIT_HEAD;
    return is_reading(c) ? HTTP_WAIT_BODY : HTTP_NO_WAIT;
}

static int64_t wait_ms(const http_connection *c, http_wait wait)
{
    const http_limits *limits = c->server->limits;
    int64_t left_ms;
    switch (wait) {
    case HTTP_WAIT_HEAD: return limits->head_ms;
    case HTTP_WAIT_IDLE: return limits->idle_ms;
    case HTTP_WAIT_BODY: return limits->body_ms;
    case HTTP_WAIT_WRITE: return limits->write_ms;
    case HTTP_WAIT_LINGER:
        left_ms = (c->linger_ends_ns - reactor_now_ns(c->server->reactor)) / BELUGA__NS_PER_MS;
        return left_ms < HTTP_LINGER_QUIET_MS ? left_ms : HTTP_LINGER_QUIET_MS;
    default: return 0;
    }
}

/* Return whether the time that the timer measures is over, since what it waits for has come. */
static bool waits_anew(const http_connection *c, http_wait wait)
{
    return wait != c->wait || (c->moved && wait != HTTP_WAIT_HEAD);
}

static void set_timer(http_connection *c)
{
    http_wait wait = find_wait(c);
    bool is_new = waits_anew(c, wait);
    c->wait = wait;
    c->moved = false;
    if (wait == HTTP_NO_WAIT)
        reactor_stop_timer(c->server->reactor, &c->timer);
    else if (is_new)
        reactor_set_timer(c->server->reactor, &c->timer, wait_ms(c, wait));
}

/* Called when the time-out has passed. If the request has not arrived completely, the client gets
 * an error before the connection is closed. */
static void time_is_out(reactor_timer *timer)
{
    http_connection *c = beluga__container_of(timer, http_connection, timer);
    http_server *s = c->server;
    if (waits_anew(c, find_wait(c))) { /* it came in this turn, whose end sets the timer */
        http_touch(c);
        return;
    }
    http_enter(s);
    if (c->phase == PHASE_HEAD || c->wait == HTTP_WAIT_BODY) {
        http_refuse(c, 408, "the request did not arrive in time");
        if (c->phase != PHASE_CLOSED) c->phase = PHASE_ENDING;
        finish(c, true);
    } else {
        http_connection_close(c);
    }
    http_leave(s);
}

/* --- at the end of a turn -----------------------------------------------------------------------
 */

static void tell_writable(http_connection *c)
{
    http_server *s = c->server;
    http_exchange *x = c->x;
    if (!x || !x->was_full || http_unsent(c) >= s->limits->resume_bytes) return;
    x->was_full = false;
    if (x->stage == HTTP_STARTED) s->handler->writable(s->payload, x);
}

/* Called when all written bytes were sent: ends the exchange, and waits for the next request or
 * closes the connection. */
static void go_on(http_connection *c)
{
    bool is_broken = false;
    if (c->x && c->x->stage >= HTTP_ENDED) {
        is_broken = c->x->stage == HTTP_BROKEN;
        finish(c, false);
        c->moved = true;
        if (c->phase == PHASE_CLOSED) return;
        bool has_next = c->ahead.length > c->ahead_used;
        c->keep = c->keep && !is_broken && (!c->server->is_draining || has_next);
        c->phase = c->keep ? PHASE_IDLE : PHASE_ENDING;
    }
    if (c->phase == PHASE_ENDING && !c->x) linger(c);
}

static void parse_ahead(http_connection *c)
{
    if (c->phase != PHASE_IDLE || !c->ahead.length) return;
    c->ahead_used += http_parse(c, c->ahead.data + c->ahead_used, c->ahead.length - c->ahead_used);
    if (c->ahead_used < c->ahead.length && c->phase != PHASE_CLOSED) return;
    beluga__buf_free(&c->ahead);
    c->ahead_used = 0;
}

static void settle(http_connection *c)
{
    if (http_unsent(c) && !(c->watch.events & EPOLLOUT)) http_send(c, NULL, 0);
    tell_writable(c);
    if (!c->is_dead && c->phase != PHASE_CLOSED && !http_unsent(c)) go_on(c);
    if (!c->is_dead) parse_ahead(c);
    if (c->is_dead) http_connection_close(c);
    if (c->phase == PHASE_CLOSED) return;
    set_timer(c);
    watch(c);
}

void http_turn_ends(reactor_task *task)
{
    http_server *s = beluga__container_of(task, http_server, turn_ends);
    http_enter(s);
    for (http_connection *c; !s->is_freed && (c = s->first_touched);) {
        s->first_touched = c->next_touched;
        if (!s->first_touched) s->last_touched = NULL;
        c->is_touched = false;
        if (c->phase == PHASE_CLOSED)
            free(c);
        else
            settle(c);
    }
    http_leave(s);
}

/* --- events of the kernel -----------------------------------------------------------------------
 */

static void take_input(http_connection *c, const char *bytes, size_t length)
{
    size_t used = http_parse(c, bytes, length);
    bool is_wanted = c->phase == PHASE_HANDLED || (c->phase == PHASE_BODY && c->keep);
    if (used == length || !is_wanted) return;
    if (beluga__buf_append(&c->ahead, bytes + used, length - used) != 0) c->is_dead = true;
}

static void read_input(http_connection *c)
{
    http_server *s = c->server;
    ssize_t n = recv(c->watch.fd, s->input, sizeof s->input, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        http_connection_close(c);
        return;
    }
    http_touch(c);
    if (c->phase != PHASE_LINGER) {
        take_input(c, s->input, (size_t)n);
        return;
    }
    c->lingered += (uint64_t)n;
    c->moved = true;
    if (c->lingered > HTTP_LINGER_BYTES) http_connection_close(c);
}

/* Called when the client has closed the connection, or only its sending side. If the answer is not
 * complete, it is abandoned. Otherwise the client may still read the rest of it; if it does not,
 * the kernel reports an error. */
static void client_left(http_connection *c)
{
    if (c->x && c->x->stage < HTTP_ENDED) {
        http_connection_close(c);
        return;
    }
    c->is_half_closed = true;
    http_touch(c);
}

static void ready(reactor_watch *watched, uint32_t events)
{
    http_connection *c = beluga__container_of(watched, http_connection, watch);
    http_server *s = c->server;
    http_enter(s);
    /* Closing a socket that has unread input makes the kernel send a reset. While lingering, the
     * input is therefore read to its end, even after EPOLLHUP. */
    bool is_read_out = c->phase == PHASE_LINGER && !(events & EPOLLERR);
    if (events & (EPOLLERR | EPOLLHUP) && !is_read_out) {
        http_connection_close(c);
    } else {
        if (events & EPOLLOUT) http_send(c, NULL, 0);
        if (is_reading(c) && events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP))
            read_input(c);
        else if (events & EPOLLRDHUP)
            client_left(c);
        else if (events & EPOLLIN)
            reactor_set(s->reactor, watched, watched->events & ~(uint32_t)EPOLLIN);
    }
    http_leave(s);
}

/* --- the beginning ------------------------------------------------------------------------------
 */

static void enlist(http_connection *c)
{
    http_server *s = c->server;
    c->next = s->first;
    if (s->first) s->first->before = c;
    s->first = c;
    if (c->is_turned_away)
        s->n_turned_away++;
    else
        s->n_connections++;
}

static http_connection *open_connection(http_server *s, int fd, bool is_turned_away)
{
    http_connection *c = calloc(1, sizeof *c);
    if (!c || reactor_reserve(s->reactor, 1) != 0) {
        free(c);
        close(fd);
        return NULL;
    }
    c->server = s;
    c->watch = (reactor_watch){.fd = fd, .ready = ready};
    c->timer.due = time_is_out;
    c->is_turned_away = is_turned_away;
    beluga__buf_init(&c->out, beluga_allocator_default(), HTTP_MAX_UNSENT);
    beluga__buf_init(&c->ahead, beluga_allocator_default(), HTTP_READ_BYTES);
    enlist(c);
    http_touch(c);
    return c;
}

void http_connection_open(http_server *s, int fd, const struct sockaddr *peer)
{
    http_connection *c = open_connection(s, fd, false);
    if (!c) return;
    if (peer->sa_family == AF_INET)
        memcpy(&c->peer.v4, peer, sizeof c->peer.v4);
    else if (peer->sa_family == AF_INET6)
        memcpy(&c->peer.v6, peer, sizeof c->peer.v6);
}

void http_turn_away(http_server *s, int fd)
{
    if (s->n_turned_away >= HTTP_MAX_TURNED_AWAY) {
        close(fd);
        return;
    }
    http_connection *c = open_connection(s, fd, true);
    if (!c) return;
    c->phase = PHASE_ENDING;
    c->x = http_exchange_new(c);
    if (!c->x) {
        http_connection_close(c);
        return;
    }
    http_add_header(c->x, "retry-after", "1");
    http_refuse(c, 503, "there are too many connections: try again later");
}
