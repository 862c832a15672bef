/* Connections: accepting them, reading requests, and closing in every way. */
#include "base/epoll.h"
#include "base/sockets.h"
#include "peer/play.h"
#include "peer/server.h"
#include "peer/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE ((size_t)16 * 1024)
/* how many milliseconds a refused client may go on sending */
#define LINGER_MS 2000

/* ---- closing --------------------------------------------------------------------------------- */

static void note_outcome(conn *c, peer_outcome outcome)
{
    peer *p = c->owner;
    if (!c->req) return;
    pthread_mutex_lock(&p->lock);
    c->req->outcome = outcome;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    if (!c->req->kept) peer__request_free(c->req);
    c->req = NULL;
    if (c->reply->own) peer__reply_free(c->reply);
    c->reply = NULL;
}

static void unlink_conn(conn *c)
{
    if (c->prev)
        c->prev->next = c->next;
    else
        c->owner->conns = c->next;
    if (c->next) c->next->prev = c->prev;
}

static void count_closed(peer *p)
{
    pthread_mutex_lock(&p->lock);
    p->closed++;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

void peer__conn_free(conn *c)
{
    peer *p = c->owner;
    note_outcome(c, PEER_CANCELLED);
    peer__timer_clear(c);
    unlink_conn(c);
    /* A forked child may also hold the socket; then closing alone would not remove it from the
     * epoll set. */
    epoll_ctl(p->epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
    close(c->fd);
    peer__bytes_free(&c->in);
    peer__parser_reset(&c->parser);
    free(c);
    count_closed(p);
    if (p->accept_paused) peer__accept(p);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void send_best_effort(conn *c, const char *text)
{
    ssize_t n = send(c->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
    /* A failure is ignored: after an error the connection is closed anyway, and a client continues
     * without "100 Continue", too. */
    (void)n;
}

static const char *refusal(parse_result why)
{
    switch (why) {
    case PARSE_LONG_HEAD: return "431 Request Header Fields Too Large";
    case PARSE_LONG_BODY: return "413 Content Too Large";
    case PARSE_NO_MEMORY: return "503 Service Unavailable";
    default: return "400 Bad Request";
    }
}

/* Send an error and let the connection linger: closing it now would reset it while the client is
 * still sending, and the client would not see the error. */
static void refuse(conn *c, parse_result why)
{
    peer *p = c->owner;
    char text[160];
    pthread_mutex_lock(&p->lock);
    p->malformed++;
    pthread_mutex_unlock(&p->lock);
    snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
             refusal(why));
    send_best_effort(c, text);
    shutdown(c->fd, SHUT_WR);
    peer__bytes_free(&c->in);
    peer__parser_reset(&c->parser);
    c->wait = WAIT_LINGER;
    if (!peer__timer_set(c, peer__now_ns() + LINGER_MS * PEER_NS_PER_MS)) c->gone = true;
}

static void take_request(conn *c)
{
    c->req = c->parser.req;
    c->parser.req = NULL;
    peer__parser_reset(&c->parser);
    c->req->time_ns = peer__now_ns();
    c->req->connection = c->number;
    c->next_step = 0;
    c->out_left = 0;
    c->split = 0;
    c->reply = peer__log_and_choose(c->owner, c->req);
}

/* Read once. Returns > 0 if data was read, 0 if no data is waiting, < 0 at the end. */
static int read_some(conn *c)
{
    if (!peer__bytes_reserve(&c->in, READ_SIZE, PEER_MAX_HEAD_BYTES + READ_SIZE)) return -1;
    ssize_t n = recv(c->fd, c->in.data + c->in.len, c->in.cap - c->in.len, MSG_DONTWAIT);
    if (n > 0) {
        c->in.len += (size_t)n;
        return 1;
    }
    if (c->in.len == 0) peer__bytes_free(&c->in);
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

/* Drop what a refused client sends. Returns 0 while the client may still send, -1 at the end. */
static int linger(conn *c)
{
    char sink[4096];
    ssize_t n;
    do {
        n = recv(c->fd, sink, sizeof sink, MSG_DONTWAIT);
    } while (n > 0 || (n < 0 && errno == EINTR));
    return n < 0 && errno == EAGAIN && !c->gone ? 0 : -1;
}

/* Returns 1 with a request in c->req, 0 if more bytes are needed, -1 to close. */
static int read_request(conn *c)
{
    for (;;) {
        parse_result r = c->in.len || c->parser.req
                             ? peer__parse(&c->parser, &c->in, c->owner->max_body)
                             : PARSE_MORE;
        if (r == PARSE_DONE) {
            take_request(c);
            return 1;
        }
        if (r != PARSE_MORE) {
            refuse(c, r);
            return linger(c);
        }
        if (c->parser.req && c->parser.expects_continue) {
            c->parser.expects_continue = false;
            send_best_effort(c, "HTTP/1.1 100 Continue\r\n\r\n");
        }
        int got = read_some(c);
        if (got <= 0) return got;
    }
}

/* ---- the life of a connection ---------------------------------------------------------------- */

/* Answer the request in c->req. Returns false when the connection is gone. */
static bool answer(conn *c)
{
    play_result r = c->gone ? PLAY_CLOSES : peer__play(c);
    if (r == PLAY_WAITS) return true;
    bool last = c->req->last_on_connection;
    note_outcome(c, c->gone ? PEER_CANCELLED : PEER_ANSWERED);
    if (r == PLAY_CLOSES || last) {
        peer__conn_free(c);
        return false;
    }
    c->wait = WAIT_REQUEST;
    return true;
}

void peer__conn_run(conn *c)
{
    if (c->wait == WAIT_LINGER) { /* the time for lingering has passed */
        peer__conn_free(c);
        return;
    }
    do {
        if (!c->req) {
            int got = read_request(c);
            if (got < 0) peer__conn_free(c);
            if (got <= 0) return;
        }
        if (!answer(c)) return;
    } while (!c->req);
}

void peer__conn_event(conn *c, uint32_t events)
{
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) c->gone = true;
    if (c->gone && c->wait != WAIT_REQUEST) {
        peer__conn_free(c);
        return;
    }
    if (c->wait == WAIT_LINGER && linger(c) < 0) {
        peer__conn_free(c);
        return;
    }
    bool readable = c->gone || (events & EPOLLIN);
    bool due = (c->wait == WAIT_REQUEST && readable) ||
               (c->wait == WAIT_WRITABLE && (events & EPOLLOUT)) ||
               (c->wait == WAIT_BYTES && (events & EPOLLIN));
    if (due) peer__conn_run(c);
}

/* ---- accepting ------------------------------------------------------------------------------- */

/* Returns the fault for this connection, or -1 for none. */
static int count_accepted(peer *p)
{
    int fault = -1;
    pthread_mutex_lock(&p->lock);
    p->accepted++;
    if (p->accept_faults_left > 0) {
        p->accept_faults_left--;
        fault = (int)p->accept_fault;
    }
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    return fault;
}

static conn *conn_new(peer *p, int fd)
{
    conn *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    *c = (conn){.owner = p, .fd = fd, .wait = WAIT_REQUEST, .next = p->conns};
    struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
    if (epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0) {
        free(c);
        return NULL;
    }
    c->number = p->next_connection++;
    if (p->conns) p->conns->prev = c;
    p->conns = c;
    return c;
}

static void adopt(peer *p, int fd)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int fault = count_accepted(p);
    if (fault == PEER_ACCEPT_RESET) peer__socket_reset_on_close(fd);
    bool keep = fault != PEER_ACCEPT_RESET && fault != PEER_ACCEPT_CLOSE;
    conn *c = keep ? conn_new(p, fd) : NULL;
    if (!c) {
        if (!keep) p->next_connection++;
        if (fault == PEER_ACCEPT_CLOSE) peer__socket_drain(fd);
        close(fd);
        count_closed(p);
        return;
    }
    if (fault == PEER_ACCEPT_DEAF) c->wait = WAIT_FOR_EVER;
}

void peer__accept(peer *p)
{
    p->accept_paused = false;
    for (;;) {
        int fd = accept4(p->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            adopt(p, fd);
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED) continue;
        /* No descriptors are left: accepting continues at the next close, since the listener is
         * edge-triggered. */
        if (errno != EAGAIN) p->accept_paused = true;
        return;
    }
}
