/* The op of the HTTP adapter, which two files share: http_adapter.c begins and sends,
 * http_answer.c reads and ends. */
#ifndef BELUGA__HTTP_OP_H
#define BELUGA__HTTP_OP_H

#include "model/body_kind.h"
#include "keys/key.h"
#include "model/emit.h"
#include "model/watchdog.h"
#include "wire/framing.h"

typedef struct beluga__http_op {
    beluga__stage op;
    beluga_emit emit;
    beluga__watchdog dog;
    beluga__proof proof;
    beluga__timer grace; /* a finish that waits for what may follow */
    int64_t grace_end_ns;
    beluga__task warn;
    beluga_http_request request;
    beluga_http_response response;
    beluga__framer framer;
    beluga__transfer *transfer;
    beluga__key_wait key_wait;
    bool waits_for_key;
    uint32_t n_resolved;        /* of the headers' values and, behind them, the key */
    const char **header_values; /* in the call's arena; NULL without headers */
    bool kept_secret;           /* one of them was asked for by a call before this one */
    const char *key;            /* that was sent; lives as long as the call */
    /* that and the headers' values that are secret, ended by NULL; in the arena */
    const char **secrets;
    size_t n_secrets;
    beluga__body_kind kind;
    bool got_frame;
    bool got_unknown; /* one that could be read, of which nothing was understood */
    bool raw;         /* what came is delivered, too */
    bool paused;
    bool reading; /* its buffers are in use further up the stack */
    void *state;
} beluga__http_op;

static inline const beluga_provider *beluga__http_op_provider(const beluga__http_op *self)
{
    return self->emit.call->target->provider;
}

static inline const beluga__runtime *beluga__http_op_runtime(const beluga__http_op *self)
{
    return self->emit.call->target->runtime;
}

/* What reads the answer of a transfer whose owner is an op. */
extern const beluga__transfer_handler beluga__http_answer;

/* Stop timers and the transfer, and free the buffers, at once or when they are no longer read. */
void beluga__http_op_let_go(beluga__http_op *self, bool reuse_connection);
/* End the call with an error; the op may be gone afterwards. */
void beluga__http_op_fail(beluga__http_op *self, int code, const beluga_error *err);
/* The same, for one that waited too long for its key, or for a header's value. */
void beluga__http_op_key_is_late(beluga__http_op *self);
/* A server may say a key back that it refuses: make stars of it. */
void beluga__http_op_mask(const beluga__http_op *self, char *bytes, size_t n);
/* Begin the grace anew, where the proof allows one; else end it. */
void beluga__http_op_set_grace(beluga__http_op *self);
/* A timeout, and the end of the grace. */
void beluga__http_op_barked(beluga__watchdog *dog, const beluga_error *err);
void beluga__http_op_grace_over(beluga__timer *timer);

#endif
