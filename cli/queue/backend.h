/* A backend implements the functions of queue.h with one kind of server, as a table of functions.
 */
#ifndef BELUGA_CLI_QUEUE_BACKEND_H
#define BELUGA_CLI_QUEUE_BACKEND_H

#include "base/wake.h"
#include "queue/queue.h"

typedef struct queue_backend {
    int (*open)(const queue_settings *settings, queue **out, beluga_error *err);
    void (*free)(queue *q);
    int (*create)(queue *q, const char *manifest, size_t n, bool *made, beluga_error *err);
    int (*join)(queue *q, const char **manifest, size_t *n, beluga_error *err);
    int (*remove)(queue *q, beluga_error *err);
    int (*set_terms)(queue *q, const char *terms, beluga_error *err);
    bool (*terms)(queue *q, char terms[QUEUE_TERMS_BYTES]);
    bool (*count)(queue *q, queue_counts *counts, int64_t wait_ms);
    void (*spend)(queue *q, const queue_sum *sum);
    bool (*spent)(queue *q, queue_sum *sum);
    size_t (*workers)(queue *q, queue_worker *workers, size_t n);
    int (*put)(queue *q, uint64_t line, const char *bytes, size_t n, beluga_error *err);
    int (*seal)(queue *q, uint64_t lines, beluga_error *err);
    uint64_t (*repeated)(const queue *q);
    size_t (*take)(queue *q, queue_claim *claims, size_t most);
    void (*extend)(queue *q);
    int (*put_once)(queue *q, queue_claim *claim, const char *bytes, size_t n);
    void (*let_go)(queue *q, queue_claim *claim, int64_t delay_ms);
    bool (*next_outcome)(queue *q, queue_outcome *outcome);
    size_t (*unconfirmed)(const queue *q);
    int (*next_result)(queue *q, uint64_t from, queue_result *result, int64_t wait_ms,
                       beluga_error *err);
    bool (*news)(queue *q, char text[QUEUE_NEWS_BYTES]);
    bool (*failed)(const queue *q, beluga_error *err);
} queue_backend;

/* Every backend's own struct begins with this. */
struct queue {
    const queue_backend *backend;
    char job[QUEUE_NAME_BYTES];
    char *where;       /* owned */
    beluga__wake news; /* for queue_fd */
};

extern const queue_backend queue_nats;

#endif
