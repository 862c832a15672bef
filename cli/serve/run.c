#include "serve/run.h"

#include "base/clock.h"
#include "base/epoll.h"
#include "base/signals.h"
#include "exit.h"
#include "output.h"
#include "report.h"
#include "serve/listen.h"
#include "serve/routes.h"
#include "serve/state.h"
#include "session.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* After SIGTERM the server continues to listen for this time, so that load balancers learn from
 * /ready to use other servers. */
#define LINGER_MS 1000
/* The time to send the last bytes of answers that were ended early. */
#define FLUSH_MS 2000
/* The maximum number of turns of the loop in which cancelled calls may end. */
#define LAST_TURNS   100
#define LAST_TURN_MS 10
#define TIMERS       3 /* number of timers in struct running */

/* The state of a running server. */
typedef struct running {
    serve s;
    reactor_watch signals;
    reactor_timer linger, drain, flush;
    int signal;        /* the first signal that asked the server to end */
    int64_t signal_ms; /* when it came */
    bool closing;      /* the server does not listen any more */
    bool ended;
} running;

/* ---- the end --------------------------------------------------------------------------------- */

static void stop_listening(reactor_timer *timer)
{
    running *r = beluga__container_of(timer, running, linger);
    r->closing = true;
    http_server_drain(r->s.http);
}

static void flush_over(reactor_timer *timer)
{
    beluga__container_of(timer, running, flush)->ended = true;
}

/* Called when the time for draining is over: requests that still run end with an error. */
static void drain_over(reactor_timer *timer)
{
    running *r = beluga__container_of(timer, running, drain);
    beluga__list *node = r->s.works.next;
    out_warning(
        "%zu requests are ended without a full answer, because the time of serve.drain is over",
        r->s.n_works);
    while (node != &r->s.works) {
        serve_work *work = beluga__container_of(node, serve_work, node);
        node = node->next;
        work->cut(work);
    }
    reactor_set_timer(r->s.reactor, &r->flush, FLUSH_MS);
}

static void drain(running *r, int number)
{
    serve *s = &r->s;
    int64_t now = beluga__now_ms();
    if (s->draining) {
        r->ended |= beluga__signal_is_second(r->signal, r->signal_ms, number, now);
        return;
    }
    s->draining = true;
    r->signal = number;
    r->signal_ms = now;
    if (s->n_works)
        out_note("ending when %zu %s been answered; a second signal ends the server at once",
                 s->n_works, s->n_works == 1 ? "request has" : "requests have");
    else
        out_note("ending; no request is being answered");
    reactor_set_timer(s->reactor, &r->linger, number == SIGTERM ? LINGER_MS : 0);
    reactor_set_timer(s->reactor, &r->drain, s->now->settings.drain_ms);
}

/* ---- signals --------------------------------------------------------------------------------- */

static void take_signal(reactor_watch *watch, uint32_t events)
{
    running *r = beluga__container_of(watch, running, signals);
    beluga_error err;
    (void)events;
    for (int signal; (signal = beluga__signals_next(watch->fd));) {
        if (signal == SIGHUP)
            serve_reload(&r->s, &err);
        else
            drain(r, signal);
    }
}

/* Receive these signals through a file descriptor. */
static int watch_signals(running *r, const sigset_t *set)
{
    r->signals.fd = beluga__signals_open(set);
    r->signals.ready = take_signal;
    int error = r->signals.fd < 0 ? errno : reactor_set(r->s.reactor, &r->signals, EPOLLIN);
    if (!error) error = reactor_reserve(r->s.reactor, TIMERS);
    if (error) out_error("signals can't be watched: %s", strerror(error));
    return error ? CLI_EXIT_OTHER : 0;
}

/* ---- the run --------------------------------------------------------------------------------- */

static void set_timers(running *r)
{
    r->linger.due = stop_listening;
    r->drain.due = drain_over;
    r->flush.due = flush_over;
}

static bool is_idle(const running *r)
{
    return r->closing && !r->s.n_works && !http_server_connections(r->s.http);
}

static int run(running *r)
{
    while (!r->ended && !is_idle(r)) {
        int error = reactor_turn(r->s.reactor, -1);
        if (!error) continue;
        out_error("the event loop failed: %s", strerror(error));
        return CLI_EXIT_OTHER;
    }
    return 0;
}

/* Close the connections, which cancels the calls, and let the calls end. */
static void end(running *r)
{
    serve *s = &r->s;
    http_server_free(s->http);
    s->http = NULL;
    for (int i = 0; s->loop && i < LAST_TURNS && (i == 0 || beluga_loop_active(s->loop)); i++)
        reactor_turn(s->reactor, i == 0 ? 0 : LAST_TURN_MS);
    if (s->reactor && r->signals.events) reactor_set(s->reactor, &r->signals, 0);
    if (r->signals.fd > 0) close(r->signals.fd);
    serve_free(s);
}

/* Read the settings, in order to find out whether the keys are in NATS. */
static int read_settings(const cli_args *args, serve_settings *settings)
{
    cli_session session;
    beluga_error err;
    *settings = (serve_settings){.memory = NULL};
    int rc = session_load(&session, args);
    if (rc == 0 && serve_settings_read(session.base, settings, &err))
        rc = report_error(args, &err, NULL);
    session_free(&session);
    return rc;
}

static int make_key(const cli_args *args)
{
    beluga_error err;
    serve_settings settings;
    int rc = read_settings(args, &settings), status = 0;
    if (rc == 0 && settings.keys_from)
        status = shared_keys_make(settings.keys_from, args->new_key, stdout, &err);
    else if (rc == 0)
        status = serve_new_key(args->new_key, stdout, &err);
    serve_settings_free(&settings);
    if (rc == 0 && !status && fflush(stdout)) return CLI_EXIT_OTHER;
    return status ? report_error(args, &err, NULL) : rc;
}

int serve_run(const cli_args *args)
{
    running r = {.signals.fd = -1};
    sigset_t set;
    if (args->new_key) return make_key(args);
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    set_timers(&r);
    int rc = serve_begin(&r.s, args);
    if (rc == 0) rc = watch_signals(&r, &set);
    if (rc == 0 && http_server_new(r.s.reactor, &r.s.limits, &serve_routes, &r.s, &r.s.http))
        rc = out_no_memory();
    if (rc == 0) rc = serve_listen(&r.s);
    if (rc == 0) serve_greet(&r.s);
    if (rc == 0) rc = run(&r);
    end(&r);
    return rc;
}
