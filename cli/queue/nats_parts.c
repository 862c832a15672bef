/*
 * Data that is too long for a message is stored in parts, which are messages of `state`. The
 * message itself then has a reference to its parts. The names of parts contain a random word, so
 * that two workers which store the same result do not mix their parts. The parts of the slower
 * worker remain until the job is removed.
 */
#include "base/sha256.h"
#include "queue/nats.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* The largest size of a part, since the server returns parts as base64 in JSON. */
#define MOST_MESSAGE ((int64_t)1024 * 1024)
#define HEADER_ROOM  1024

/* After a reconnect, the limit can be that of another server. */
size_t nats_max_message(const nats_queue *q)
{
    int64_t most = q->nats->natsConnection_GetMaxPayload(q->connection);
    if (most < NATS_LEAST_MESSAGE) most = NATS_LEAST_MESSAGE;
    if (most > MOST_MESSAGE) most = MOST_MESSAGE;
    return (size_t)most - HEADER_ROOM;
}

static void make_nonce(char text[NATS_NONCE_BYTES])
{
    uint64_t number = 0;
    if (getrandom(&number, sizeof number, 0) != sizeof number) number = (uintptr_t)text;
    snprintf(text, NATS_NONCE_BYTES, "%016" PRIx64, number);
}

/* The size of a part: half of the maximum of a message, since the server returns it as base64. */
static size_t part_bytes(const nats_queue *q)
{
    return nats_max_message(q) / 2;
}

static void name_part(const nats_queue *q, const char *ref, size_t length, size_t index,
                      char subject[NATS_SUBJECT_BYTES])
{
    snprintf(subject, NATS_SUBJECT_BYTES, "beluga.%s.part.%.*s.%zu", q->base.job, (int)length, ref,
             index);
}

natsStatus nats_parts_store(nats_queue *q, const char *kind, uint64_t line, const char *bytes,
                            size_t n, char ref[NATS_REF_BYTES], void (*beat)(nats_queue *q),
                            jsErrCode *code)
{
    char nonce[NATS_NONCE_BYTES], digest[BELUGA__SHA256_TEXT], subject[NATS_SUBJECT_BYTES];
    char name[64];
    beluga__sha256 sha;
    natsStatus s = NATS_OK;
    size_t part = part_bytes(q), count = 0;
    make_nonce(nonce);
    int length = snprintf(name, sizeof name, "%s.%" PRIu64 ".%s", kind, line, nonce);
    for (size_t at = 0; at < n && s == NATS_OK; at += part, count++) {
        size_t length_of_part = n - at < part ? n - at : part;
        name_part(q, name, (size_t)length, count, subject);
        s = q->nats->js_Publish(NULL, q->js, subject, bytes + at, (int)length_of_part, NULL, code);
        if (beat) beat(q);
    }
    beluga__sha256_begin(&sha);
    beluga__sha256_add(&sha, bytes, n);
    beluga__sha256_end(&sha, digest);
    snprintf(ref, NATS_REF_BYTES, "%s %zu %zu %s", name, count, n, digest);
    if (s != NATS_OK) ref[0] = '\0';
    return s;
}

const char *nats_parts_of(const nats_queue *q, natsMsg *message)
{
    const char *ref = NULL;
    return q->nats->natsMsgHeader_Get(message, NATS_HEADER_REF, &ref) == NATS_OK ? ref : NULL;
}

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct parts {
    /* `name` is the length of the parts' name, with which the reference begins */
    size_t name, count, bytes;
    char digest[BELUGA__SHA256_TEXT];
} parts;

/* Parse a reference to parts. All values are checked, since another machine has written them. */
static bool understand(const nats_queue *q, const char *ref, parts *p)
{
    int end = 0;
    p->name = strcspn(ref, " ");
    if (!p->name || p->name >= 64 || strpbrk(ref, "*>")) return false;
    if (sscanf(ref + p->name, " %zu %zu %64[0-9a-f]%n", &p->count, &p->bytes, p->digest, &end) != 3)
        return false;
    return !ref[p->name + (size_t)end] && p->bytes <= QUEUE_MAX_BYTES && p->count <= p->bytes &&
           q->js;
}

static natsStatus add_part(nats_queue *q, const char *subject, cli_text *out)
{
    natsMsg *message = NULL;
    natsStatus s = q->nats->js_GetLastMsg(&message, q->js, q->state, subject, NULL, NULL);
    if (s != NATS_OK) return s;
    int rc = text_add(out, q->nats->natsMsg_GetData(message),
                      (size_t)q->nats->natsMsg_GetDataLength(message));
    q->nats->natsMsg_Destroy(message);
    return rc ? NATS_NO_MEMORY : NATS_OK;
}

static bool is_whole(const parts *p, const cli_text *text)
{
    char digest[BELUGA__SHA256_TEXT];
    beluga__sha256 sha;
    beluga__sha256_begin(&sha);
    beluga__sha256_add(&sha, text_get(text), text->length);
    beluga__sha256_end(&sha, digest);
    return text->length == p->bytes && strcmp(digest, p->digest) == 0;
}

natsStatus nats_parts_read(nats_queue *q, const char *ref, cli_text *out,
                           void (*beat)(nats_queue *q))
{
    parts p = {0};
    char subject[NATS_SUBJECT_BYTES];
    natsStatus s = NATS_OK;
    if (!understand(q, ref, &p)) return NATS_NOT_FOUND;
    beluga__buf_clear(text_begin(out));
    for (size_t i = 0; i < p.count && s == NATS_OK && out->length <= p.bytes; i++) {
        name_part(q, ref, p.name, i, subject);
        s = add_part(q, subject, out);
        if (beat) beat(q);
    }
    return s == NATS_OK && !is_whole(&p, out) ? NATS_NOT_FOUND : s;
}
