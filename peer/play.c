/* Plays the steps of a reply on a connection. */
#include "peer/play.h"

#include "peer/server.h"
#include "peer/socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* after this many sends other connections are served */
#define TURN_SENDS 64

typedef enum verdict { GO_ON, MUST_WAIT, ENDED, MUST_CLOSE } verdict;

static verdict wait_until(conn *c, uint64_t deadline_ns)
{
    c->wait = WAIT_TIMER;
    return peer__timer_set(c, deadline_ns) ? MUST_WAIT : MUST_CLOSE;
}

static verdict wait_for_event(conn *c, wait_for what)
{
    c->wait = what;
    return MUST_WAIT;
}

static verdict send_some(conn *c)
{
    size_t n = c->split && c->split < c->out_left ? c->split : c->out_left;
    ssize_t sent = send(c->fd, c->out, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) return GO_ON;
    if (sent < 0 && errno == EAGAIN) return wait_for_event(c, WAIT_WRITABLE);
    if (sent < 0) {
        c->gone = true;
        return MUST_CLOSE;
    }
    c->out += sent;
    c->out_left -= (size_t)sent;
    return c->split && c->split_gap_ns ? wait_until(c, peer__now_ns() + c->split_gap_ns) : GO_ON;
}

/* Copies the next step. A test may still append steps, so only fields that the lock guards are
 * read. */
static bool take_step(conn *c, step *s)
{
    pthread_mutex_lock(&c->owner->lock);
    bool more = c->next_step < c->reply->n_steps;
    if (more) *s = c->reply->steps[c->next_step++];
    pthread_mutex_unlock(&c->owner->lock);
    return more;
}

static verdict await_bytes(conn *c)
{
    char byte;
    if (c->in.len || recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0) return GO_ON;
    return wait_for_event(c, WAIT_BYTES);
}

static verdict await_gate(conn *c, unsigned gate)
{
    c->gate = gate;
    return peer__gate_is_open(c->owner, gate) ? GO_ON : wait_for_event(c, WAIT_GATE);
}

static verdict begin(conn *c, const step *s)
{
    switch (s->kind) {
    case STEP_BYTES:
        c->out = s->data;
        c->out_left = s->n;
        return GO_ON;
    case STEP_DELAY: return wait_until(c, peer__now_ns() + s->wait_ns);
    case STEP_SPLIT:
        c->split = s->n;
        c->split_gap_ns = s->wait_ns;
        return GO_ON;
    case STEP_AWAIT: return await_bytes(c);
    case STEP_GATE: return await_gate(c, (unsigned)s->n);
    case STEP_CLOSE: peer__socket_drain(c->fd); return MUST_CLOSE;
    case STEP_RESET: peer__socket_reset_on_close(c->fd); return MUST_CLOSE;
    case STEP_HANG: return wait_for_event(c, WAIT_FOR_EVER);
    }
    return MUST_CLOSE;
}

static verdict next(conn *c)
{
    step s;
    if (c->out_left) return send_some(c);
    return take_step(c, &s) ? begin(c, &s) : ENDED;
}

play_result peer__play(conn *c)
{
    for (int i = 0; i < TURN_SENDS; i++) {
        switch (next(c)) {
        case GO_ON: break;
        case MUST_WAIT: return PLAY_WAITS;
        case ENDED: return PLAY_DONE;
        case MUST_CLOSE: return PLAY_CLOSES;
        }
    }
    return wait_until(c, peer__now_ns()) == MUST_WAIT ? PLAY_WAITS : PLAY_CLOSES;
}
