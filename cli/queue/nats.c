/* A queue of NATS as a whole: its life, its errors, and how its threads wait for each other. */
#include "queue/nats.h"

#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define LOOK_MS 100

/* ---- errors ---------------------------------------------------------------------------------- */

/* What the server's own codes mean for who reads them. */
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

static bool take_news(queue *base, char text[QUEUE_NEWS_BYTES])
{
    nats_queue *q = nats_of(base);
    pthread_mutex_lock(&q->lock);
    nats_calm(q);
    bool there = q->n_news != 0;
    if (there) {
        memcpy(text, q->news[0], QUEUE_NEWS_BYTES);
        memmove(q->news[0], q->news[1], sizeof q->news - sizeof q->news[0]);
        q->n_news--;
    }
    pthread_mutex_unlock(&q->lock);
    return there;
}

static bool tell_failure(const queue *base, beluga_error *err)
{
    nats_queue *q = nats_of(base);
    pthread_mutex_lock(&q->lock);
    bool failed = q->error.code != 0;
    if (failed && err) *err = q->error;
    pthread_mutex_unlock(&q->lock);
    return failed;
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

/* ---- life ------------------------------------------------------------------------------------ */

static int init_threads(nats_queue *q)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0) return -1;
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&q->lock, NULL);
    int rc = pthread_cond_init(&q->changed, &attributes);
    if (rc == 0) rc = pthread_cond_init(&q->work, &attributes);
    pthread_condattr_destroy(&attributes);
    return rc ? -1 : 0;
}

static void begin_lists(nats_queue *q)
{
    nats_puts_begin(q);
    beluga__list_init(&q->arrived);
    beluga__list_init(&q->ready);
    beluga__list_init(&q->leaving);
    beluga__list_init(&q->held);
    q->puller.name = "line";
    q->reading.puller.name = q->reading.word;
}

static void release(queue *base)
{
    nats_queue *q = nats_of(base);
    if (q->connection) nats_claims_leave(q);
    nats_keeper_stop(q);
    if (!nats_disconnect(q)) return; /* a thread that hangs has it still */
    nats_puts_free(q);
    nats_claims_free(q);
    nats_results_free(q);
    nats_state_free(q);
    text_free(&q->manifest);
    nats_address_free(&q->address);
    if (q->base.fd >= 0) close(q->base.fd);
    pthread_cond_destroy(&q->changed);
    pthread_cond_destroy(&q->work);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

static int begin(nats_queue *q, beluga_error *err)
{
    int rc = nats_address_parse(q->settings.address, &q->address, err);
    if (rc != 0) return rc;
    q->settings.address = NULL; /* borrowed for queue_open only */
    if (!q->settings.patience_ms) q->settings.patience_ms = q->address.patience_ms;
    memcpy(q->base.job, q->address.job, sizeof q->base.job);
    q->base.where = q->address.where;
    q->base.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (q->base.fd < 0) {
        beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED, "no descriptors are left for the queue");
        return err->code;
    }
    q->nats = nats_load(err);
    if (!q->nats) return err->code;
    nats_name_streams(q);
    rc = nats_connect(q, err);
    return rc ? rc : nats_keeper_start(q, err);
}

static int open_queue(const queue_settings *settings, queue **out, beluga_error *err)
{
    nats_queue *q = calloc(1, sizeof *q);
    *out = NULL;
    if (!q || init_threads(q) != 0) {
        free(q);
        beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory");
        return BELUGA_ERROR_NO_MEMORY;
    }
    q->base.backend = &queue_nats;
    q->base.fd = -1;
    q->settings = *settings;
    begin_lists(q);
    int rc = begin(q, err);
    if (rc != 0)
        release(&q->base);
    else
        *out = &q->base;
    return rc;
}

const queue_backend queue_nats = {.open = open_queue,
                                  .free = release,
                                  .create = nats_create,
                                  .join = nats_join,
                                  .remove = nats_remove,
                                  .count = nats_count,
                                  .spend = nats_add_spend,
                                  .spent = nats_tell_spent,
                                  .workers = nats_list_workers,
                                  .put = nats_put_line,
                                  .seal = nats_seal,
                                  .repeated = nats_repeated,
                                  .take = nats_take,
                                  .extend = nats_extend,
                                  .put_once = nats_put_once,
                                  .let_go = nats_let_go,
                                  .next_outcome = nats_next_outcome,
                                  .unconfirmed = nats_unconfirmed,
                                  .next_result = nats_next_result,
                                  .news = take_news,
                                  .failed = tell_failure};
