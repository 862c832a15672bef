/* Records an exchange: each event of the network is passed on to the handler at once, and the file
 * is written when the exchange ends, before the handler learns of the end. */
#include "cassette/record.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/secret.h"
#include "cassette/match.h"

#include <stdio.h>

typedef struct recorder {
    beluga__open_cassette *cassette;
    beluga__transfer *network;
    const beluga__transfer_handler *handler;
    void *owner;
    const beluga_http_request *request;
    const beluga_http_response *response;
    const char *const *secrets;
    beluga__buf request_body, body, chunks; /* `chunks` holds beluga__chunk structs */
    bool has_body;
    unsigned number;
    uint64_t random;
    int64_t last_ns, head_ms;
} recorder;

/* Returns the recorder that a caller uses as an opaque transfer. */
static recorder *recorder_of(beluga__transfer *transfer)
{
    return (recorder *)(void *)transfer;
}

static int64_t lap_ms(recorder *r)
{
    int64_t now = beluga__now_ns(), ms = (now - r->last_ns) / BELUGA__NS_PER_MS;
    /* the rounding remainder, less than a millisecond, counts for the next interval */
    r->last_ns += ms * BELUGA__NS_PER_MS;
    return ms;
}

static void free_recorder(recorder *r)
{
    beluga__buf_free(&r->request_body);
    beluga__buf_free(&r->body);
    beluga__buf_free(&r->chunks);
    beluga__release(&r->cassette->runtime->allocator, r);
}

/* Returns an error if a part of the body was lost. Such an exchange is not recorded, since a replay
 * would present the incomplete body as the complete one. */
static int first_loss(const recorder *r, beluga_error *err)
{
    const beluga__buf *bufs[] = {&r->request_body, &r->body, &r->chunks};
    for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++) {
        if (bufs[i]->status == BELUGA_ERROR_LIMIT_EXCEEDED)
            return beluga_error_set(err, bufs[i]->status,
                                    "a body has more than %u bytes, or too many pieces",
                                    BELUGA__MAX_CASSETTE_BODY);
        if (bufs[i]->status)
            return beluga_error_set(err, bufs[i]->status, "no memory to record a body");
    }
    return 0;
}

/* Count a failed recording, and log it. */
static void lose(beluga__open_cassette *cassette, const char *name, const beluga_error *why)
{
    int none = 0;
    atomic_fetch_add(&cassette->lost, 1);
    if (atomic_compare_exchange_strong(&cassette->loss, &none, 1)) {
        cassette->loss_error = *why;
        atomic_store_explicit(&cassette->loss, 2, memory_order_release);
    }
    beluga__log(cassette->runtime, BELUGA_LOG_WARN, "cassette.lost",
                BELUGA__TEXT_FIELD("directory", cassette->directory),
                BELUGA__TEXT_FIELD("recording", name), BELUGA__TEXT_FIELD("error", why->message));
}

static void save(recorder *r, beluga__ending ending, const beluga_error *error)
{
    const beluga__exchange exchange = {
        .request = r->request,
        .request_body = &r->request_body,
        .has_body = r->has_body,
        .response = r->response,
        .head_ms = r->head_ms,
        .body = &r->body,
        .chunks = (const beluga__chunk *)(void *)r->chunks.data,
        .n_chunks = r->chunks.length / sizeof(beluga__chunk),
        .ending = ending,
        .end_ms = lap_ms(r),
        .error = error,
        .random = r->random,
        .secrets = r->secrets,
    };
    char name[16];
    beluga_error err;
    int status = first_loss(r, &err);
    if (!status) status = beluga__cassette_write(r->cassette, r->number, &exchange, &err);
    snprintf(name, sizeof name, "%05u", r->number);
    if (status) lose(r->cassette, name, &err);
}

/* --- callbacks of the network ----------------------------------------------------------------- */

static void on_head(void *owner)
{
    recorder *r = owner;
    r->head_ms = lap_ms(r);
    r->handler->head(r->owner);
}

/* Handle bytes of the body. The handler is called last, since it may end the exchange and free the
 * recorder. */
static void on_body(void *owner, char *bytes, size_t n)
{
    recorder *r = owner;
    if (!beluga__buf_append(&r->body, bytes, n)) {
        const beluga__chunk chunk = {r->body.length, lap_ms(r)};
        beluga__buf_append(&r->chunks, &chunk, sizeof chunk);
    }
    r->handler->body(r->owner, bytes, n);
}

static void on_done(void *owner, int code, const beluga_error *err)
{
    recorder *r = owner;
    const beluga__transfer_handler *handler = r->handler;
    void *next = r->owner;
    save(r, code ? BELUGA__END_FAILED : BELUGA__END_COMPLETE, err);
    free_recorder(r);
    handler->done(next, code, err);
}

static const beluga__transfer_handler handler = {on_head, on_body, on_done};

/* --- the table's functions for transfers ------------------------------------------------------ */

static void keep_request(recorder *r, const beluga__transfer_spec *spec)
{
    r->handler = spec->handler;
    r->owner = spec->owner;
    r->request = spec->request;
    r->response = spec->response;
    r->secrets = spec->secrets;
    r->has_body = spec->request->has_body;
    r->last_ns = beluga__now_ns();
    r->number = atomic_fetch_add(&r->cassette->number, 1) + 1;
    if (r->has_body)
        beluga__buf_append(&r->request_body, spec->request->body.data, spec->request->body.length);
    if (r->request_body.length)
        beluga__secrets_mask(r->secrets, r->request_body.data, r->request_body.length);
    /* The seed is made from the request, so that a second recording of the same request has the
     * same ids. */
    const beluga__asked asked = {.body = r->request_body.data, .length = r->request_body.length};
    *spec->random = r->random = beluga__asked_digest(&asked) | 1;
}

static recorder *new_recorder(beluga__open_cassette *cassette)
{
    const beluga_allocator *allocator = &cassette->runtime->allocator;
    recorder *r = beluga__zalloc(allocator, sizeof *r);
    if (!r) return NULL;
    r->cassette = cassette;
    beluga__buf_init(&r->request_body, allocator, BELUGA__MAX_CASSETTE_BODY);
    beluga__buf_init(&r->body, allocator, BELUGA__MAX_CASSETTE_BODY);
    beluga__buf_init(&r->chunks, allocator, BELUGA__MAX_CASSETTE_BODY);
    return r;
}

static int transfer_start(beluga_loop *loop, const beluga__transfer_spec *spec,
                          beluga__transfer **out, beluga_error *err)
{
    beluga__open_cassette *cassette = beluga__cassette_of(loop);
    recorder *r = new_recorder(cassette);
    if (!r) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the request");
    keep_request(r, spec);
    beluga__transfer_spec ours = *spec;
    ours.handler = &handler;
    ours.owner = r;
    int status = cassette->network->transfer_start(loop, &ours, &r->network, err);
    if (status) {
        free_recorder(r); /* the handler was never called, so the recorder is freed here */
        return status;
    }
    *out = (beluga__transfer *)(void *)r;
    return 0;
}

static void transfer_cancel(beluga__transfer *transfer, const beluga_error *why)
{
    recorder *r = recorder_of(transfer);
    r->cassette->network->transfer_cancel(r->network, why);
    save(r, why ? BELUGA__END_FAILED : BELUGA__END_CANCELLED, why);
    free_recorder(r);
}

static void transfer_finish(beluga__transfer *transfer)
{
    recorder *r = recorder_of(transfer);
    r->cassette->network->transfer_finish(r->network);
    save(r, BELUGA__END_ENOUGH, NULL);
    free_recorder(r);
}

static void transfer_pause(beluga__transfer *transfer, bool paused)
{
    recorder *r = recorder_of(transfer);
    r->cassette->network->transfer_pause(r->network, paused);
}

void beluga__record_set_ops(beluga__loop_ops *ops)
{
    ops->transfer_start = transfer_start;
    ops->transfer_cancel = transfer_cancel;
    ops->transfer_finish = transfer_finish;
    ops->transfer_pause = transfer_pause;
}
