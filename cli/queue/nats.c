/* Opens and frees a queue on NATS, and has the table of its functions. */
#include "queue/nats.h"

#include "base/thread.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- news and failures ----------------------------------------------------------------------- */

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

/* ---- life ------------------------------------------------------------------------------------ */

static int init_threads(nats_queue *q)
{
    pthread_mutex_init(&q->lock, NULL);
    int rc = beluga__cond_init(&q->changed);
    return rc ? rc : beluga__cond_init(&q->work);
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
    if (!nats_disconnect(q))
        return; /* a thread hangs and still uses the queue, so its memory must
                 * not be freed */
    nats_puts_free(q);
    nats_claims_free(q);
    nats_results_free(q);
    nats_state_free(q);
    text_free(&q->manifest);
    nats_address_free(&q->address);
    beluga__wake_close(&q->base.news);
    pthread_cond_destroy(&q->changed);
    pthread_cond_destroy(&q->work);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

static int begin(nats_queue *q, beluga_error *err)
{
    int rc = nats_address_parse(q->settings.address, &q->address, err);
    if (rc != 0) return rc;
    q->settings.address = NULL; /* the address is valid only during queue_open */
    if (!q->settings.patience_ms) q->settings.patience_ms = q->address.patience_ms;
    memcpy(q->base.job, q->address.job, sizeof q->base.job);
    q->base.where = q->address.where;
    if (!beluga__wake_open(&q->base.news)) {
        beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                         "no file descriptors are left for the queue");
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
    q->base.news = BELUGA__NO_WAKE;
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
                                  .set_terms = nats_set_terms,
                                  .terms = nats_tell_terms,
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
