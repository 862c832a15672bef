/*
 * The spend of keys in a bucket of NATS' key-value store. spend_ledger.h says which texts the
 * bucket has, and why no writer changes the texts of another.
 *
 * A bucket is a stream, whose messages have sequence numbers. New messages are read one by one: the
 * next message of the month after the last one that was seen, until no message is left. No change
 * is missed, and each text that has changed costs one request. After a failure or a lost
 * connection, everything starts again: the bucket is looked up, the sums of this gateway are
 * written again, since a server that was killed may have lost them, and the whole month is read.
 */
#include "base/mix.h"
#include "queue/nats_bucket.h"
#include "serve/spend_ledger.h"

#include <beluga/allocator.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MOST_TEXT ((size_t)16 << 20)

typedef struct nats_store {
    spend_store store; /* must be the first member */
    nats_bucket bucket;
    spend_ledger *ledger;
    beluga__buf text;
    /* since the last failure all texts were written and the whole month was read */
    bool fresh;
    uint64_t reconnects; /* the number of reconnects at that time */
    char month[8];       /* the month that was read */
    uint64_t seen;       /* the last sequence number that was read */
    int64_t created;     /* when the bucket was created, by the clock of its server */
} nats_store;

static nats_store *nats_of(spend_store *store)
{
    return (nats_store *)(void *)store;
}

static int pass_on(const beluga_error *err, char *why)
{
    snprintf(why, SPEND_WHY_BYTES, "%s", err->message);
    return -1;
}

static int fail(const nats_store *s, natsStatus status, jsErrCode code, const char *what, char *why)
{
    beluga_error err;
    nats_bucket_explain(&s->bucket, status, code, what, &err);
    return pass_on(&err, why);
}

static int fail_memory(char *why)
{
    snprintf(why, SPEND_WHY_BYTES, "out of memory for the spend of keys");
    return -1;
}

static int find_bucket(nats_store *s, char *why)
{
    beluga_error err;
    nats_bucket_state state;
    if (nats_bucket_find(&s->bucket, "what keys of beluga serve have spent", &state, &err) != 0)
        return pass_on(&err, why);
    s->created = state.created;
    return 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Write a text. If no other server has written in the meantime, the new message has the next
 * sequence number, and need not be read. */
static int publish(nats_store *s, const char *key, char *why)
{
    char subject[NATS_BUCKET_SUBJECT_BYTES];
    jsPubAck *ack = NULL;
    jsErrCode code = 0;
    const nats_library *nats = s->bucket.nats;
    snprintf(subject, sizeof subject, "%s%s", s->bucket.prefix, key);
    natsStatus status = nats->js_Publish(&ack, s->bucket.js, subject, s->text.data,
                                         (int)s->text.length, NULL, &code);
    if (status == NATS_OK && ack->Sequence == s->seen + 1) s->seen++;
    nats->jsPubAck_Destroy(ack);
    /* If the bucket is gone, nobody answers, and libnats reports that JetStream is off. */
    if (code == JSNotEnabledErr) code = 0;
    return status == NATS_OK ? 0 : fail(s, status, code, "can't write", why);
}

static int publish_all(nats_store *s, char *why)
{
    char key[SPEND_LEDGER_KEY];
    size_t at = 0;
    int rc;
    while ((rc = spend_ledger_next(s->ledger, &at, key, &s->text)) > 0)
        if (publish(s, key, why) != 0) return -1;
    return rc < 0 ? fail_memory(why) : 0;
}

static int begin_anew(nats_store *s, char *why)
{
    s->reconnects = nats_bucket_reconnects(&s->bucket);
    s->seen = 0;
    spend_ledger_forget(s->ledger);
    spend_ledger_begin_anew(s->ledger);
    return find_bucket(s, why);
}

static bool is_fresh(const nats_store *s)
{
    return s->fresh && nats_bucket_reconnects(&s->bucket) == s->reconnects;
}

/* Connect if needed, and write the texts that have changed. */
static int write_out(nats_store *s, char *why)
{
    beluga_error err;
    int rc = nats_bucket_connect(&s->bucket, &err) ? pass_on(&err, why) : 0;
    if (rc == 0 && !is_fresh(s)) rc = begin_anew(s, why);
    if (rc == 0) rc = publish_all(s, why);
    spend_ledger_settle(s->ledger, rc == 0);
    s->fresh = rc == 0;
    return rc;
}

static int add(spend_store *base, const spend_row *rows, size_t n, char *why)
{
    nats_store *s = nats_of(base);
    if (spend_ledger_add(s->ledger, rows, n) != 0) return fail_memory(why);
    return write_out(s, why);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Read the next message. @return 1; 0: no message is left; -1 with `why`. */
static int read_next(nats_store *s, char *why)
{
    char filter[16];
    nats_bucket_message message;
    beluga_error err;
    snprintf(filter, sizeof filter, "%s.>", s->month);
    int rc = nats_bucket_next(&s->bucket, s->seen, filter, &message, &s->text, &err);
    if (rc < 0) return pass_on(&err, why);
    if (rc == 0) return 0;
    if (spend_ledger_take(s->ledger, message.key, s->text.data, s->text.length) != 0)
        return fail_memory(why);
    s->seen = message.sequence;
    return 1;
}

static void turn_month(nats_store *s, int64_t day)
{
    char month[8];
    spend_ledger_month(day, month);
    if (strcmp(month, s->month) == 0) return;
    memcpy(s->month, month, sizeof month);
    spend_ledger_forget(s->ledger);
    s->seen = 0;
}

/* Read new messages. The sequence numbers of messages of other months are skipped, too, so that
 * they are not seen as a change. */
static int read_news(nats_store *s, char *why)
{
    nats_bucket_state state = {.last = 0};
    jsErrCode code;
    natsStatus status = nats_bucket_look(&s->bucket, &state, &code);
    if (status != NATS_OK) return fail(s, status, code, "can't read the state of the bucket", why);
    int rc;
    while ((rc = read_next(s, why)) > 0) continue;
    if (rc == 0 && state.last > s->seen) s->seen = state.last;
    return rc;
}

static int totals(spend_store *base, int64_t day, spend_total_fn tell, void *payload, char *why)
{
    nats_store *s = nats_of(base);
    if (write_out(s, why) != 0) return -1;
    turn_month(s, day);
    s->fresh = read_news(s, why) == 0;
    if (!s->fresh) return -1;
    spend_ledger_tell(s->ledger, day, tell, payload);
    return 0;
}

/* Returns whether another server has written, or may have. A bucket that was created again, or
 * whose last sequence number is lower than one that was already read, is a different bucket. */
static bool changed(spend_store *base)
{
    nats_store *s = nats_of(base);
    nats_bucket_state state = {.last = 0};
    jsErrCode code;
    if (!s->bucket.connection || !is_fresh(s)) return true;
    s->fresh = nats_bucket_look(&s->bucket, &state, &code) == NATS_OK &&
               state.created == s->created && state.last >= s->seen;
    return !s->fresh || state.last != s->seen;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void close_store(spend_store *base)
{
    nats_store *s = nats_of(base);
    nats_bucket_end(&s->bucket);
    spend_ledger_free(s->ledger);
    beluga__buf_free(&s->text);
    free(s);
}

/* Begin to use a bucket. It is not an error if no server answers, since the thread tries again
 * without end. A mistake in the address is an error. */
static int begin(nats_store *s, const char *where, beluga_error *err)
{
    char writer[17];
    snprintf(writer, sizeof writer, "%016" PRIx64, beluga__seed());
    beluga__buf_init(&s->text, beluga_allocator_default(), MOST_TEXT);
    s->ledger = spend_ledger_new(writer);
    if (!s->ledger)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory for the spend of keys");
    int rc = nats_bucket_begin(&s->bucket, where, err);
    if (rc == 0) rc = nats_bucket_connect(&s->bucket, err);
    return rc == BELUGA_ERROR_NETWORK || rc == BELUGA_ERROR_TIMEOUT ? 0 : rc;
}

static int open_store(const char *where, spend_store **out, char *why)
{
    beluga_error err;
    nats_store *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s) return fail_memory(why);
    if (begin(s, where, &err) == 0) {
        *out = &s->store;
        return 0;
    }
    snprintf(why, SPEND_WHY_BYTES, "%s", err.message);
    close_store(&s->store);
    return -1;
}

const spend_backend spend_nats = {.watches = true,
                                  .open = open_store,
                                  .close = close_store,
                                  .add = add,
                                  .changed = changed,
                                  .totals = totals};
