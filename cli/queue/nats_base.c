/* Functions that all files of a NATS queue share: errors, news for the user, and how threads wait
 * for each other. */
#include "base/clock.h"
#include "base/thread.h"
#include "queue/nats.h"
#include "queue/nats_dial.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOOK_MS 100

/* ---- errors ---------------------------------------------------------------------------------- */

int nats_explain(const nats_queue *q, natsStatus status, jsErrCode code, const char *what,
                 beluga_error *err)
{
    return nats_explain_at(q->nats, q->base.where, status, code, what, err);
}

void nats_wake_locked(nats_queue *q)
{
    pthread_cond_broadcast(&q->changed);
    beluga__wake_up(&q->base.news);
}

void nats_calm(const nats_queue *q)
{
    beluga__wake_quiet(&q->base.news);
}

void nats_fail_locked(nats_queue *q, int code, const char *format, ...)
{
    va_list arguments;
    char text[320];
    if (q->error.code) return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    beluga_error_set(&q->error, code, "%s: %s", q->base.where, text);
    nats_wake_locked(q);
}

/* Add a message for the user. If the caller does not read the messages, the oldest are dropped. */
void nats_tell_locked(nats_queue *q, const char *format, ...)
{
    va_list arguments;
    if (q->n_news == NATS_MAX_NEWS) {
        memmove(q->news[0], q->news[1], sizeof q->news - sizeof q->news[0]);
        q->n_news--;
    }
    va_start(arguments, format);
    vsnprintf(q->news[q->n_news++], QUEUE_NEWS_BYTES, format, arguments);
    va_end(arguments);
    nats_wake_locked(q);
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* The lock is released meanwhile, since the caller may use the queue in its function. */
static bool is_stopped_locked(nats_queue *q)
{
    if (!q->settings.stopped) return false;
    pthread_mutex_unlock(&q->lock);
    bool stopped = q->settings.stopped(q->settings.payload);
    pthread_mutex_lock(&q->lock);
    return stopped;
}

static int stopped(const nats_queue *q, beluga_error *err)
{
    beluga_error_set(err, BELUGA_ERROR_CONTEXT_CANCELED, "%s: stopped", q->base.where);
    return BELUGA_ERROR_CONTEXT_CANCELED;
}

void nats_check_patience_locked(nats_queue *q)
{
    int64_t patience = q->settings.patience_ms;
    if (!q->connected && patience > 0 && beluga__now_ms() - q->lost_ms > patience)
        nats_fail_locked(q, BELUGA_ERROR_NETWORK,
                         "there has been no connection for %" PRId64 " seconds", patience / 1000);
}

int nats_wait_locked(nats_queue *q, beluga_error *err)
{
    /* The keeper checks this, too, but may be blocked in a request. */
    nats_check_patience_locked(q);
    if (q->error.code) {
        *err = q->error;
        return err->code;
    }
    beluga__wait_until(&q->changed, &q->lock, beluga__ends_ns(LOOK_MS));
    return is_stopped_locked(q) ? stopped(q, err) : 0;
}

int nats_pause(nats_queue *q, int64_t ms, beluga_error *err)
{
    int64_t end = beluga__now_ms() + ms;
    int rc = 0;
    pthread_mutex_lock(&q->lock);
    while (rc == 0 && beluga__now_ms() < end) rc = nats_wait_locked(q, err);
    pthread_mutex_unlock(&q->lock);
    return rc;
}

/* ---- subscriptions --------------------------------------------------------------------------- */

static void on_subscription_over(void *payload)
{
    nats_queue *q = payload;
    pthread_mutex_lock(&q->lock);
    q->subscriptions--;
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
}

natsStatus nats_subscribe(nats_queue *q, natsSubscription **out, const char *subject,
                          natsMsgHandler handler)
{
    natsSubscription *sub = NULL;
    natsStatus s = q->nats->natsConnection_Subscribe(&sub, q->connection, subject, handler, q);
    if (s != NATS_OK) return s;
    s = q->nats->natsSubscription_SetOnCompleteCB(sub, on_subscription_over, q);
    if (s == NATS_OK) {
        pthread_mutex_lock(&q->lock);
        q->subscriptions++;
        pthread_mutex_unlock(&q->lock);
        s = q->nats->natsSubscription_SetPendingLimits(sub, -1, -1);
    }
    *out = sub;
    return s;
}
