/* The life of a peer: its descriptors, loop and thread. */
#include "base/epoll.h"
#include "base/sockets.h"
#include "base/thread.h"
#include "peer/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG    4096
#define MAX_EVENTS 256

/* ---- making ---------------------------------------------------------------------------------- */

static int listen_on(peer *p, int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t len = sizeof at;
    int on = 1;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    p->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->listen_fd < 0) return -1;
    setsockopt(p->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(p->listen_fd, (struct sockaddr *)&at, sizeof at) != 0) return -1;
    if (listen(p->listen_fd, BACKLOG) != 0) return -1;
    if (getsockname(p->listen_fd, (struct sockaddr *)&at, &len) != 0) return -1;
    p->port = ntohs(at.sin_port);
    snprintf(p->url, sizeof p->url, "http://127.0.0.1:%d/v1", p->port);
    return 0;
}

/* The addresses of the three descriptors distinguish their events from those of connections. */
static int watch(peer *p, int *fd)
{
    struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.ptr = fd};
    return *fd < 0 ? -1 : epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, *fd, &ev);
}

static int open_descriptors(peer *p, int port)
{
    if (listen_on(p, port) != 0) return -1;
    p->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (p->epoll_fd < 0) return -1;
    p->timer_fd = peer__clock_open();
    if (!beluga__wake_open(&p->wake)) return -1;
    if (watch(p, &p->listen_fd) != 0 || watch(p, &p->wake.fd) != 0) return -1;
    return watch(p, &p->timer_fd);
}

static void init_locks(peer *p)
{
    pthread_mutex_init(&p->lock, NULL);
    beluga__cond_init(&p->changed);
}

/* Make the reply to requests that no scripted reply matches. */
static peer_reply *make_unscripted(peer *p)
{
    static const char body[] =
        "{\"error\":{\"message\":\"the scripted peer has no reply for this request\","
        "\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"unscripted\"}}";
    peer_reply *r = peer__reply_alloc(p);
    peer_step_json(r, PEER_STATUS_UNSCRIPTED, body);
    if (!r || !r->broken) return r;
    peer__reply_free(r);
    return NULL;
}

peer *peer_new(const peer_config *config)
{
    peer *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    p->listen_fd = p->epoll_fd = p->timer_fd = -1;
    p->wake = BELUGA__NO_WAKE;
    p->log_max = config ? config->kept_requests : PEER_MAX_KEPT_REQUESTS;
    if (p->log_max > PEER_MAX_KEPT_REQUESTS) p->log_max = PEER_MAX_KEPT_REQUESTS;
    p->log_file = config ? config->log : NULL;
    p->max_body = config && config->max_body ? config->max_body : PEER_MAX_BODY_BYTES;
    init_locks(p);
    p->unscripted_reply = make_unscripted(p);
    if (p->unscripted_reply && open_descriptors(p, config ? config->port : 0) == 0) return p;
    int why = errno;
    peer_stop(p);
    errno = why;
    return NULL;
}

/* ---- serving --------------------------------------------------------------------------------- */

/* Set the clock to the earliest deadline, but only if that has changed. */
static void arm(peer *p)
{
    uint64_t at = p->timers.len ? p->timers.at[0]->deadline_ns : 0;
    if (at == p->armed_ns) return;
    peer__clock_set(p->timer_fd, at);
    p->armed_ns = at;
}

/* Deadlines that are set meanwhile are later than `now`, so this loop ends. */
static void run_timers(peer *p)
{
    uint64_t now = peer__now_ns();
    while (p->timers.len && p->timers.at[0]->deadline_ns <= now) {
        conn *c = p->timers.at[0];
        peer__timer_clear(c);
        peer__conn_run(c);
    }
    /* An expired timer has to be armed again, even for the same deadline. */
    if (p->armed_ns && p->armed_ns <= now) p->armed_ns = UINT64_MAX;
}

static void run_gates(peer *p)
{
    for (conn *c = p->conns, *after; c; c = after) {
        after = c->next;
        if (c->wait == WAIT_GATE && peer__gate_is_open(p, c->gate)) peer__conn_run(c);
    }
}

static void handle(peer *p, const struct epoll_event *ev, bool *woken)
{
    if (ev->data.ptr == &p->listen_fd) {
        peer__accept(p);
    } else if (ev->data.ptr == &p->wake.fd) {
        beluga__wake_quiet(&p->wake);
        *woken = true;
    } else if (ev->data.ptr != &p->timer_fd) {
        peer__conn_event(ev->data.ptr, ev->events);
    }
}

/* Handle one batch of events. The later events of the batch point to connections, so the handler of
 * an event may free only its own connection. */
static int run_once(peer *p)
{
    struct epoll_event events[MAX_EVENTS];
    bool woken = false;
    arm(p);
    int n = epoll_wait(p->epoll_fd, events, MAX_EVENTS, -1);
    if (n < 0) return errno == EINTR ? 0 : -1;
    for (int i = 0; i < n; i++) handle(p, &events[i], &woken);
    if (woken) run_gates(p);
    run_timers(p);
    return 0;
}

int peer_run(peer *p)
{
    while (!atomic_load(&p->quit))
        if (run_once(p) != 0) return -1;
    return 0;
}

void peer_quit(peer *p)
{
    int saved = errno;
    atomic_store(&p->quit, true);
    peer__wake(p);
    errno = saved;
}

/* ---- the serving thread ---------------------------------------------------------------------- */

static void *serve(void *arg)
{
    peer *p = arg;
    pthread_mutex_lock(&p->lock);
    p->serves = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    peer_run(p);
    return NULL;
}

/* The program may fork right after the start. A child that is forked while the thread is starting
 * would wait for ever for locks of a sanitizer's runtime. */
static void wait_until_it_serves(peer *p)
{
    pthread_mutex_lock(&p->lock);
    while (!p->serves) pthread_cond_wait(&p->changed, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

peer *peer_start(void)
{
    return peer_start_with(NULL);
}

peer *peer_start_with(const peer_config *config)
{
    sigset_t all, before;
    peer *p = peer_new(config);
    if (!p) return NULL;
    /* The serving thread blocks all signals, so that the program's own threads get them. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&p->thread, NULL, serve, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    p->has_thread = rc == 0;
    if (rc == 0) {
        wait_until_it_serves(p);
        return p;
    }
    peer_stop(p);
    errno = rc;
    return NULL;
}

/* ---- ending ---------------------------------------------------------------------------------- */

static void close_descriptor(int fd)
{
    if (fd >= 0) close(fd);
}

static void free_script(peer *p)
{
    for (peer_reply *r = p->first, *after; r; r = after) {
        after = r->next;
        peer__reply_free(r);
    }
    peer__reply_free(p->unscripted_reply);
}

static void free_log(peer *p)
{
    for (size_t i = 0; i < p->log_len; i++) peer__request_free(p->log[i]);
    free(p->log);
}

void peer_stop(peer *p)
{
    if (!p) return;
    if (p->has_thread) {
        peer_quit(p);
        pthread_join(p->thread, NULL);
    }
    p->accept_paused = false;
    while (p->conns) peer__conn_free(p->conns);
    if (p->handler.free) p->handler.free(p->handler.state);
    free_script(p);
    free_log(p);
    free(p->timers.at);
    close_descriptor(p->listen_fd);
    close_descriptor(p->epoll_fd);
    beluga__wake_close(&p->wake);
    close_descriptor(p->timer_fd);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

int peer_port(const peer *p)
{
    return p->port;
}

const char *peer_url(const peer *p)
{
    return p->url;
}
