/* The connection of a NATS queue, and the callbacks of libnats for it. */
#include "base/clock.h"
#include "base/thread.h"
#include "queue/nats.h"
#include "queue/nats_dial.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#define CALLBACKS_MS 5000
#define DIALS        3
#define AGAIN_MS     250

/* ---- callbacks of libnats, on its threads ---------------------------------------------------- */

static void on_lost(natsConnection *nc, void *payload)
{
    nats_queue *q = payload;
    (void)nc;
    pthread_mutex_lock(&q->lock);
    if (q->connected) q->lost_ms = beluga__now_ms();
    if (q->connected && !q->ending) {
        q->was_lost = true;
        nats_tell_locked(q, "%s: the connection was lost; trying again", q->base.where);
    }
    q->connected = false;
    pthread_mutex_unlock(&q->lock);
}

static void on_again(natsConnection *nc, void *payload)
{
    nats_queue *q = payload;
    (void)nc;
    pthread_mutex_lock(&q->lock);
    q->connected = true;
    if (q->was_lost) nats_tell_locked(q, "%s: connected again", q->base.where);
    q->was_lost = false;
    nats_puts_again_locked(q);
    nats_pulls_forget_locked(&q->puller);
    nats_pulls_forget_locked(&q->reading.puller);
    q->reading.puller.broken = true; /* messages that were on their way are lost */
    q->workers.announce = q->workers.works;
    pthread_cond_signal(&q->work);
    pthread_mutex_unlock(&q->lock);
}

/* libnats closes the connection for good if the server refuses the credentials twice. */
static void on_closed(natsConnection *nc, void *payload)
{
    nats_queue *q = payload;
    const char *text = NULL;
    natsStatus status = q->nats->natsConnection_GetLastError(nc, &text);
    bool refused = status == NATS_CONNECTION_AUTH_FAILED;
    pthread_mutex_lock(&q->lock);
    q->connected = false;
    q->closed = true;
    pthread_cond_broadcast(&q->changed);
    if (!q->ending)
        nats_fail_locked(q, refused ? BELUGA_ERROR_AUTHENTICATION : BELUGA_ERROR_NETWORK,
                         refused ? "the server no longer accepts the credentials"
                                 : "the connection was closed and can't be reopened");
    pthread_mutex_unlock(&q->lock);
}

static void on_error(natsConnection *nc, natsSubscription *sub, natsStatus status, void *payload)
{
    nats_queue *q = payload;
    const char *text = NULL;
    (void)sub;
    if (status != NATS_NOT_PERMITTED) return;
    q->nats->natsConnection_GetLastError(nc, &text);
    pthread_mutex_lock(&q->lock);
    nats_fail_locked(
        q, BELUGA_ERROR_AUTHORIZATION,
        "%.120s: the user must be allowed to use beluga.%s.>, $JS.API.>, $JS.ACK.> and "
        "_INBOX.>",
        text ? text : "not permitted", q->base.job);
    pthread_mutex_unlock(&q->lock);
}

/* ---- options --------------------------------------------------------------------------------- */

static natsStatus set_callbacks(nats_queue *q, natsOptions *options)
{
    const nats_library *nats = q->nats;
    natsStatus s = nats->natsOptions_SetDisconnectedCB(options, on_lost, q);
    if (s == NATS_OK) s = nats->natsOptions_SetReconnectedCB(options, on_again, q);
    if (s == NATS_OK) s = nats->natsOptions_SetClosedCB(options, on_closed, q);
    return s == NATS_OK ? nats->natsOptions_SetErrorHandler(options, on_error, q) : s;
}

/* ---- connecting ------------------------------------------------------------------------------ */

static natsStatus make_inbox(nats_queue *q)
{
    natsInbox *inbox = NULL;
    natsStatus s = q->nats->natsInbox_Create(&inbox);
    if (s != NATS_OK) return s;
    snprintf(q->inbox, sizeof q->inbox, "%s", inbox);
    q->nats->natsInbox_Destroy(inbox);
    return NATS_OK;
}

static natsStatus listen_for_answers(nats_queue *q)
{
    char subject[NATS_SUBJECT_BYTES + 8];
    natsStatus s = make_inbox(q);
    snprintf(subject, sizeof subject, "%s.put.*", q->inbox);
    return s == NATS_OK ? nats_subscribe(q, &q->answers, subject, nats_on_answer) : s;
}

static int check_max_message(const nats_queue *q, beluga_error *err)
{
    int64_t most = q->nats->natsConnection_GetMaxPayload(q->connection);
    if (most >= NATS_LEAST_MESSAGE) return 0;
    beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                     "%s: the server accepts messages of only %" PRId64
                     " bytes: set its max_payload to %d or more",
                     q->base.where, most, NATS_LEAST_MESSAGE);
    return err->code;
}

static natsStatus use_connection(nats_queue *q)
{
    jsOptions options;
    natsStatus s = q->nats->jsOptions_Init(&options);
    options.Domain = q->address.domain;
    options.Wait = NATS_REQUEST_MS;
    if (s == NATS_OK) s = q->nats->natsConnection_JetStream(&q->js, q->connection, &options);
    return s == NATS_OK ? listen_for_answers(q) : s;
}

static bool may_be_busy(natsStatus s)
{
    return s == NATS_TIMEOUT || s == NATS_CONNECTION_CLOSED || s == NATS_IO_ERROR;
}

/* Connect. A server that has just started, or is busy, may not answer in time at first. */
static natsStatus dial(nats_queue *q, natsOptions *options)
{
    beluga_error err;
    q->lost_ms = beluga__now_ms();
    natsStatus s = nats_dial(q->nats, options, &q->connection);
    for (int i = 1; i < DIALS && may_be_busy(s) && nats_pause(q, AGAIN_MS, &err) == 0; i++)
        s = nats_dial(q->nats, options, &q->connection);
    return s;
}

int nats_connect(nats_queue *q, beluga_error *err)
{
    natsOptions *options = NULL;
    nats_dial_name(q->name);
    if (q->nats->natsOptions_Create(&options) != NATS_OK) {
        beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory");
        return BELUGA_ERROR_NO_MEMORY;
    }
    int rc = nats_dial_options(q->nats, &q->address, q->name, options, err);
    if (rc == 0 && set_callbacks(q, options) != NATS_OK)
        rc = nats_explain(q, NATS_NO_MEMORY, 0, "can't set the options of the connection", err);
    if (rc == 0) {
        natsStatus s = dial(q, options);
        q->connected = s == NATS_OK;
        if (s == NATS_OK) s = use_connection(q);
        rc = s == NATS_OK ? check_max_message(q, err) : nats_explain(q, s, 0, "can't connect", err);
    }
    q->nats->natsOptions_Destroy(options);
    return rc;
}

/* Wait for threads of libnats that are still in a callback. Returns true when none is left, and no
 * more can begin. */
static bool wait_for_callbacks(nats_queue *q)
{
    int64_t end = beluga__ends_ns(CALLBACKS_MS);
    int rc = 0;
    pthread_mutex_lock(&q->lock);
    while ((!q->closed || q->subscriptions) && rc == 0)
        rc = beluga__wait_until(&q->changed, &q->lock, end);
    bool over = q->closed && !q->subscriptions;
    pthread_mutex_unlock(&q->lock);
    return over;
}

bool nats_disconnect(nats_queue *q)
{
    if (!q->connection) return true;
    pthread_mutex_lock(&q->lock);
    q->ending = true;
    pthread_mutex_unlock(&q->lock);
    natsSubscription *subscriptions[] = {q->answers, q->puller.subscription,
                                         q->reading.puller.subscription, q->workers.alive,
                                         q->workers.who};
    q->nats->natsConnection_Close(q->connection);
    for (size_t i = 0; i < sizeof subscriptions / sizeof *subscriptions; i++)
        q->nats->natsSubscription_Destroy(subscriptions[i]);
    q->nats->jsCtx_Destroy(q->js);
    q->nats->natsConnection_Destroy(q->connection);
    q->connection = NULL;
    return wait_for_callbacks(q);
}
