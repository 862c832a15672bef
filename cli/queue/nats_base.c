/* Shared by all files of a queue of NATS: its errors, and how its threads wait for each other. */
#include "base/clock.h"
#include "queue/nats.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOOK_MS 100

/* ---- errors ---------------------------------------------------------------------------------- */

/* The server's own codes, and what to tell a user of each. */
static const struct {
    jsErrCode code;
    int error;
    const char *text;
} refusals[] = {
    {JSNotEnabledErr, BELUGA_ERROR_NOT_SUPPORTED,
     "the server runs without JetStream: its configuration needs jetstream { }"},
    {JSNotEnabledForAccountErr, BELUGA_ERROR_NOT_SUPPORTED, "the account may not use JetStream"},
    {JSStreamReplicasNotSupportedErr, BELUGA_ERROR_INVALID_CONFIG,
     "the server is not one of a cluster, and keeps no replicas: ?replicas=1"},
    {JSClusterNoPeersErr, BELUGA_ERROR_INVALID_CONFIG,
     "too few servers of the cluster are there for so many replicas: wait for the others, or "
     "?replicas=1"},
    {JSStreamNotFoundErr, BELUGA_ERROR_NOT_FOUND, "the job is not there"},
    {JSNoMessageFoundErr, BELUGA_ERROR_NOT_FOUND, "the job is not there"},
    {JSStorageResourcesExceededErr, BELUGA_ERROR_LIMIT_EXCEEDED, "the server's store is full"},
    {JSInsufficientResourcesErr, BELUGA_ERROR_LIMIT_EXCEEDED, "the server's store is full"},
};

static int code_of(natsStatus status)
{
    switch (status) {
    case NATS_CONNECTION_AUTH_FAILED: return BELUGA_ERROR_AUTHENTICATION;
    case NATS_NOT_PERMITTED: return BELUGA_ERROR_AUTHORIZATION;
    case NATS_TIMEOUT: return BELUGA_ERROR_TIMEOUT;
    case NATS_NO_MEMORY: return BELUGA_ERROR_NO_MEMORY;
    case NATS_NO_RESPONDERS: return BELUGA_ERROR_NOT_SUPPORTED;
    case NATS_SSL_ERROR:
    case NATS_SECURE_CONNECTION_WANTED:
    case NATS_SECURE_CONNECTION_REQUIRED:
    case NATS_INVALID_ARG:
    case NATS_ADDRESS_MISSING: return BELUGA_ERROR_INVALID_CONFIG;
    case NATS_ERR: return BELUGA_ERROR_INTERNAL;
    default: return BELUGA_ERROR_NETWORK;
    }
}

static const char *text_of(const nats_queue *q, natsStatus status)
{
    switch (status) {
    case NATS_CONNECTION_AUTH_FAILED:
        return "the server refuses the credentials, or wants some: in the address, or in NATS_USER "
               "and NATS_PASSWORD, NATS_TOKEN, NATS_CREDS or NATS_NKEY";
    case NATS_NO_SERVER: return "no server answers there";
    case NATS_NO_RESPONDERS:
        return "nobody answers for JetStream: it is off, or its cluster has no leader";
    case NATS_TIMEOUT: return "the server does not answer";
    case NATS_SECURE_CONNECTION_REQUIRED: return "the server wants TLS: tls:// for nats://";
    case NATS_SECURE_CONNECTION_WANTED: return "the server has no TLS";
    case NATS_SSL_ERROR:
        return "TLS failed: is its authority known (NATS_CA), and does it want a certificate "
               "(NATS_CERT, NATS_KEY)?";
    default: return q->nats->natsStatus_GetText(status);
    }
}

int nats_explain(const nats_queue *q, natsStatus status, jsErrCode code, const char *what,
                 beluga_error *err)
{
    int error = code_of(status);
    const char *text = text_of(q, status);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (code && refusals[i].code == code) {
            error = refusals[i].error;
            text = refusals[i].text;
        }
    if (code && text == text_of(q, status))
        beluga_error_set(err, error, "%s: %s: %s (JetStream's error %d)", q->base.where, what, text,
                         (int)code);
    else
        beluga_error_set(err, error, "%s: %s: %s", q->base.where, what, text);
    return error;
}

void nats_wake_locked(nats_queue *q)
{
    uint64_t one = 1;
    pthread_cond_broadcast(&q->changed);
    /* It fails only where it is readable already. */
    if (write(q->base.fd, &one, sizeof one) < 0 && errno != EAGAIN) return;
}

void nats_calm(const nats_queue *q)
{
    uint64_t count;
    if (read(q->base.fd, &count, sizeof count) < 0) return; /* nothing is new */
}

void nats_fail_locked(nats_queue *q, int code, const char *format, ...)
{
    va_list arguments;
    char text[256];
    if (q->error.code) return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    beluga_error_set(&q->error, code, "%s: %s", q->base.where, text);
    nats_wake_locked(q);
}

/* The oldest are forgotten where nobody takes them. */
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

static bool is_stopped(const nats_queue *q)
{
    return q->settings.stopped && q->settings.stopped(q->settings.payload);
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
        nats_fail_locked(q, BELUGA_ERROR_NETWORK, "no connection for %" PRId64 " seconds",
                         patience / 1000);
}

int nats_wait_locked(nats_queue *q, beluga_error *err)
{
    nats_check_patience_locked(q); /* the keeper may wait for an answer itself */
    if (q->error.code) {
        *err = q->error;
        return err->code;
    }
    if (is_stopped(q)) return stopped(q, err);
    const struct timespec end = beluga__timespec(beluga__ends_ns(LOOK_MS));
    pthread_cond_timedwait(&q->changed, &q->lock, &end);
    return 0;
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
