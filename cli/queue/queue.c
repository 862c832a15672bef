#include "queue/backend.h"

#include <string.h>

/* The backends, and the prefixes of their addresses. */
static const struct {
    const char *begin;
    const queue_backend *backend;
} backends[] = {{"nats://", &queue_nats}, {"tls://", &queue_nats}};

static const queue_backend *find_backend(const char *address)
{
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++)
        if (strncmp(address, backends[i].begin, strlen(backends[i].begin)) == 0)
            return backends[i].backend;
    return NULL;
}

bool queue_is_address(const char *text)
{
    return find_backend(text) != NULL;
}

int queue_open(const queue_settings *settings, queue **out, beluga_error *err)
{
    const queue_backend *backend = find_backend(settings->address);
    *out = NULL;
    if (backend) return backend->open(settings, out, err);
    beluga_error_set(
        err, BELUGA_ERROR_INVALID_CONFIG,
        "the address of a queue must begin with nats:// or tls://, as in nats://HOST/JOB");
    return BELUGA_ERROR_INVALID_CONFIG;
}

void queue_free(queue *q)
{
    if (q) q->backend->free(q);
}

const char *queue_job(const queue *q)
{
    return q->job;
}

const char *queue_where(const queue *q)
{
    return q->where;
}

int queue_fd(const queue *q)
{
    return q->news.fd;
}

/* ---- functions of the backend ---------------------------------------------------------------- */

int queue_create(queue *q, const char *manifest, size_t n, bool *made, beluga_error *err)
{
    return q->backend->create(q, manifest, n, made, err);
}

int queue_join(queue *q, const char **manifest, size_t *n, beluga_error *err)
{
    return q->backend->join(q, manifest, n, err);
}

int queue_remove(queue *q, beluga_error *err)
{
    return q->backend->remove(q, err);
}

int queue_set_terms(queue *q, const char *terms, beluga_error *err)
{
    return q->backend->set_terms(q, terms, err);
}

bool queue_terms(queue *q, char terms[QUEUE_TERMS_BYTES])
{
    return q->backend->terms(q, terms);
}

bool queue_count(queue *q, queue_counts *counts, int64_t wait_ms)
{
    return q->backend->count(q, counts, wait_ms);
}

void queue_spend(queue *q, const queue_sum *sum)
{
    q->backend->spend(q, sum);
}

bool queue_spent(queue *q, queue_sum *sum)
{
    return q->backend->spent(q, sum);
}

size_t queue_workers(queue *q, queue_worker *workers, size_t n)
{
    return q->backend->workers(q, workers, n);
}

int queue_put(queue *q, uint64_t line, const char *bytes, size_t n, beluga_error *err)
{
    return q->backend->put(q, line, bytes, n, err);
}

int queue_seal(queue *q, uint64_t lines, beluga_error *err)
{
    return q->backend->seal(q, lines, err);
}

uint64_t queue_repeated(const queue *q)
{
    return q->backend->repeated(q);
}

size_t queue_take(queue *q, queue_claim *claims, size_t most)
{
    return q->backend->take(q, claims, most);
}

void queue_extend(queue *q)
{
    q->backend->extend(q);
}

int queue_put_once(queue *q, queue_claim *claim, const char *bytes, size_t n)
{
    return q->backend->put_once(q, claim, bytes, n);
}

void queue_let_go(queue *q, queue_claim *claim, int64_t delay_ms)
{
    q->backend->let_go(q, claim, delay_ms);
}

bool queue_next_outcome(queue *q, queue_outcome *outcome)
{
    return q->backend->next_outcome(q, outcome);
}

size_t queue_unconfirmed(const queue *q)
{
    return q->backend->unconfirmed(q);
}

int queue_next_result(queue *q, uint64_t from, queue_result *result, int64_t wait_ms,
                      beluga_error *err)
{
    return q->backend->next_result(q, from, result, wait_ms, err);
}

bool queue_news(queue *q, char text[QUEUE_NEWS_BYTES])
{
    return q->backend->news(q, text);
}

bool queue_failed(const queue *q, beluga_error *err)
{
    return q->backend->failed(q, err);
}
