/*
 * What keys have spent, in a bucket of NATS' key-value store. Which texts it has, and why nobody
 * adds to what another one wrote, is in spend_ledger.h.
 *
 * A bucket is a stream, and what is new in it is read by its sequences: the next message of the
 * month behind the last one that was seen, until there is none. That passes over nothing, and
 * costs a request for each text that has changed. After whatever fails, and after a connection that
 * was lost, all of this begins anew: the bucket is looked for, what this gateway counted is written
 * once more, since a server that was killed may have lost it, and all of the month is read.
 */
#include "base/json.h"
#include "base/mix.h"
#include "queue/nats_dial.h"
#include "serve/spend_ledger.h"

#include <beluga/allocator.h>
#include <beluga/provider/json.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_MS    2000
#define MOST_TEXT     ((size_t)16 << 20)
#define BUCKET_BYTES  (QUEUE_NAME_BYTES + 8)
#define SUBJECT_BYTES 256
#define MANY_REPLICAS 3

typedef struct nats_store {
    spend_store store; /* first */
    const nats_library *nats;
    nats_address address;
    natsConnection *connection; /* NULL: there was none yet, or it was closed for good */
    jsCtx *js;
    spend_ledger *ledger;
    beluga__buf text;
    char stream[BUCKET_BYTES], prefix[BUCKET_BYTES + 8], get[BUCKET_BYTES + 96];
    bool fresh;          /* nothing has failed since all was written and read */
    uint64_t reconnects; /* when that was */
    char month[8];       /* that was read */
    uint64_t seen;       /* the last sequence that was read */
    int64_t created;     /* the bucket, by its server's clock */
} nats_store;

static nats_store *nats_of(spend_store *store)
{
    return (nats_store *)(void *)store;
}

static int fail(const nats_store *s, natsStatus status, jsErrCode code, const char *what, char *why)
{
    beluga_error err;
    nats_explain_at(s->nats, s->address.where, status, code, what, &err);
    snprintf(why, SPEND_WHY_BYTES, "%s", err.message);
    return -1;
}

static int fail_memory(char *why)
{
    snprintf(why, SPEND_WHY_BYTES, "no memory for the spend");
    return -1;
}

/* ---- the connection -------------------------------------------------------------------------- */

/* What libnats would print itself is told by the request that fails. */
static void on_error(natsConnection *nc, natsSubscription *sub, natsStatus status, void *payload)
{
    (void)nc;
    (void)sub;
    (void)status;
    (void)payload;
}

static void disconnect(nats_store *s)
{
    s->nats->jsCtx_Destroy(s->js);
    s->nats->natsConnection_Destroy(s->connection);
    s->js = NULL;
    s->connection = NULL;
}

static natsStatus use_connection(nats_store *s, natsOptions *options)
{
    jsOptions js;
    natsStatus status = s->nats->natsOptions_SetErrorHandler(options, on_error, NULL);
    if (status == NATS_OK) status = nats_dial(s->nats, options, &s->connection);
    if (status == NATS_OK) status = s->nats->jsOptions_Init(&js);
    if (status != NATS_OK) return status;
    js.Domain = s->address.domain;
    js.Wait = REQUEST_MS;
    return s->nats->natsConnection_JetStream(&s->js, s->connection, &js);
}

static int connect_anew(nats_store *s, beluga_error *err)
{
    natsOptions *options = NULL;
    char name[QUEUE_NAME_BYTES];
    nats_dial_name(name);
    if (s->nats->natsOptions_Create(&options) != NATS_OK)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the spend");
    int rc = nats_dial_options(s->nats, &s->address, name, options, err);
    if (rc == 0) {
        natsStatus status = use_connection(s, options);
        if (status != NATS_OK)
            rc = nats_explain_at(s->nats, s->address.where, status, 0, "can't connect", err);
    }
    s->nats->natsOptions_Destroy(options);
    if (rc) disconnect(s);
    return rc;
}

/* libnats gives a connection up where a server refuses the credentials twice. */
static int connect_if_needed(nats_store *s, char *why)
{
    beluga_error err;
    if (s->connection &&
        s->nats->natsConnection_Status(s->connection) == NATS_CONN_STATUS_CLOSED)
        disconnect(s);
    if (s->connection || connect_anew(s, &err) == 0) return 0;
    snprintf(why, SPEND_WHY_BYTES, "%s", err.message);
    return -1;
}

static uint64_t count_reconnects(const nats_store *s)
{
    natsStatistics *statistics = NULL;
    uint64_t n = 0;
    if (s->nats->natsStatistics_Create(&statistics) != NATS_OK) return 0;
    if (s->nats->natsConnection_GetStats(s->connection, statistics) == NATS_OK)
        s->nats->natsStatistics_GetCounts(statistics, NULL, NULL, NULL, NULL, &n);
    s->nats->natsStatistics_Destroy(statistics);
    return n;
}

/* ---- the bucket ------------------------------------------------------------------------------ */

static natsStatus look(const nats_store *s, uint64_t *last, int64_t *created, jsErrCode *code)
{
    jsStreamInfo *info = NULL;
    *code = 0;
    natsStatus status = s->nats->js_GetStreamInfo(&info, s->js, s->stream, NULL, code);
    if (status == NATS_OK) {
        *last = info->State.LastSeq;
        *created = info->Created;
    }
    s->nats->jsStreamInfo_Destroy(info);
    return status;
}

/* As the nats tool makes one: it takes the newest message of each key. */
static natsStatus add_stream(const nats_store *s, int replicas, jsErrCode *code)
{
    char subject[SUBJECT_BYTES];
    const char *subjects[] = {subject};
    jsStreamConfig config;
    s->nats->jsStreamConfig_Init(&config);
    snprintf(subject, sizeof subject, "%s>", s->prefix);
    config.Name = s->stream;
    config.Description = "what keys of beluga serve have spent";
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    config.Storage = js_FileStorage;
    config.Replicas = replicas;
    config.MaxMsgsPerSubject = 1;
    config.Discard = js_DiscardNew;
    config.AllowRollup = config.DenyDelete = config.AllowDirect = true;
    *code = 0;
    return s->nats->js_AddStream(NULL, s->js, &config, NULL, code);
}

/* A server that is alone keeps one copy; another gateway may be making the bucket just now. */
static natsStatus make_bucket(const nats_store *s, jsErrCode *code)
{
    int replicas = s->address.replicas ? s->address.replicas : MANY_REPLICAS;
    natsStatus status = add_stream(s, replicas, code);
    if (*code == JSStreamReplicasNotSupportedErr && !s->address.replicas)
        status = add_stream(s, 1, code);
    return *code == JSStreamNameExistErr ? NATS_OK : status;
}

static int find_bucket(nats_store *s, char *why)
{
    jsErrCode code;
    uint64_t last;
    natsStatus status = look(s, &last, &s->created, &code);
    if (code == JSStreamNotFoundErr) {
        status = make_bucket(s, &code);
        if (status != NATS_OK) return fail(s, status, code, "can't make the bucket", why);
        status = look(s, &last, &s->created, &code);
    }
    return status == NATS_OK ? 0 : fail(s, status, code, "can't look at the bucket", why);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* What was seen goes on where nobody else has written meanwhile. */
static int publish(nats_store *s, const char *key, char *why)
{
    char subject[SUBJECT_BYTES];
    jsPubAck *ack = NULL;
    jsErrCode code = 0;
    snprintf(subject, sizeof subject, "%s%s", s->prefix, key);
    natsStatus status = s->nats->js_Publish(&ack, s->js, subject, s->text.data,
                                            (int)s->text.length, NULL, &code);
    if (status == NATS_OK && ack->Sequence == s->seen + 1) s->seen++;
    s->nats->jsPubAck_Destroy(ack);
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
    s->reconnects = count_reconnects(s);
    s->seen = 0;
    spend_ledger_forget(s->ledger);
    spend_ledger_begin_anew(s->ledger);
    return find_bucket(s, why);
}

static bool is_fresh(const nats_store *s)
{
    return s->fresh && count_reconnects(s) == s->reconnects;
}

/* Write what is to be written. */
static int write_out(nats_store *s, char *why)
{
    int rc = connect_if_needed(s, why);
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

static natsStatus ask_next(nats_store *s, natsMsg **answer)
{
    char text[SUBJECT_BYTES];
    int n = snprintf(text, sizeof text, "{\"seq\":%" PRIu64 ",\"next_by_subj\":\"%s%s.>\"}",
                     s->seen + 1, s->prefix, s->month);
    return s->nats->natsConnection_Request(answer, s->connection, s->get, text, n, REQUEST_MS);
}

/* Take a message of the bucket in, as the server tells it. @return 1, or -1 with `why`. */
static int take_message(nats_store *s, const beluga_json *message, char *why)
{
    const char *subject = beluga_json_get_string(message, "subject", NULL);
    const beluga_json *data = beluga_json_get(message, "data");
    int64_t sequence = beluga_json_get_int(message, "seq", 0);
    size_t n = 0, skip = strlen(s->prefix);
    const char *text = data ? beluga_json_string(data, &n) : NULL;
    if (!subject || sequence <= (int64_t)s->seen || strncmp(subject, s->prefix, skip) != 0)
        return fail(s, NATS_PROTOCOL_ERROR, 0, "can't read", why);
    beluga__buf_clear(&s->text);
    if (beluga__base64_decode(&s->text, text ? text : "", n) == BELUGA_ERROR_NO_MEMORY ||
        spend_ledger_take(s->ledger, subject + skip, s->text.data, s->text.length) != 0)
        return fail_memory(why);
    s->seen = (uint64_t)sequence;
    return 1;
}

/* @return 1: a message; 0: there is none; -1 with `why`. */
static int take_answer(nats_store *s, const char *text, size_t n, char *why)
{
    beluga_json_doc *doc = NULL;
    beluga_json_parse(text, n, &doc, NULL);
    const beluga_json *root = doc ? beluga_json_doc_root(doc) : NULL;
    const beluga_json *error = beluga_json_get(root, "error");
    jsErrCode code = (jsErrCode)beluga_json_get_int(error, "err_code", 0);
    int rc = 0;
    if (!error)
        rc = take_message(s, beluga_json_get(root, "message"), why);
    else if (code != JSNoMessageFoundErr)
        rc = fail(s, NATS_ERR, code, "can't read", why);
    beluga_json_doc_free(doc);
    return rc;
}

static int read_next(nats_store *s, char *why)
{
    natsMsg *answer = NULL;
    natsStatus status = ask_next(s, &answer);
    if (status != NATS_OK) return fail(s, status, 0, "can't read", why);
    int rc = take_answer(s, s->nats->natsMsg_GetData(answer),
                         (size_t)s->nats->natsMsg_GetDataLength(answer), why);
    s->nats->natsMsg_Destroy(answer);
    return rc;
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

/* What others wrote after the last look may be of another month: it is passed over once. */
static int read_news(nats_store *s, char *why)
{
    uint64_t last = 0;
    int64_t created = 0;
    jsErrCode code;
    natsStatus status = look(s, &last, &created, &code);
    if (status != NATS_OK) return fail(s, status, code, "can't look at the bucket", why);
    int rc;
    while ((rc = read_next(s, why)) > 0) continue;
    if (rc == 0 && last > s->seen) s->seen = last;
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

/* A bucket that was made anew, or has less than was seen, is another one. */
static bool changed(spend_store *base)
{
    nats_store *s = nats_of(base);
    uint64_t last = 0;
    int64_t created = 0;
    jsErrCode code;
    if (!s->connection || !is_fresh(s)) return true;
    s->fresh = look(s, &last, &created, &code) == NATS_OK && created == s->created &&
               last >= s->seen;
    return !s->fresh || last != s->seen;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void close_store(spend_store *base)
{
    nats_store *s = nats_of(base);
    if (s->nats) disconnect(s);
    spend_ledger_free(s->ledger);
    beluga__buf_free(&s->text);
    nats_address_free(&s->address);
    free(s);
}

static void name_all(nats_store *s)
{
    const char *bucket = s->address.job, *domain = s->address.domain;
    snprintf(s->stream, sizeof s->stream, "KV_%s", bucket);
    snprintf(s->prefix, sizeof s->prefix, "$KV.%s.", bucket);
    snprintf(s->get, sizeof s->get, "$JS.%.60s%sAPI.STREAM.MSG.GET.%s", domain ? domain : "",
             domain ? "." : "", s->stream);
}

/* That nobody answers is tried again for as long as it takes. What can't become right by itself is
 * an error. */
static int begin(nats_store *s, const char *where, beluga_error *err)
{
    char writer[17];
    snprintf(writer, sizeof writer, "%016" PRIx64, beluga__seed());
    beluga__buf_init(&s->text, beluga_allocator_default(), MOST_TEXT);
    s->ledger = spend_ledger_new(writer);
    if (!s->ledger) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the spend");
    int rc = nats_address_parse(where, &s->address, err);
    if (rc == 0 && !(s->nats = nats_load(err))) rc = err->code;
    if (rc == 0) name_all(s);
    if (rc == 0) rc = connect_anew(s, err);
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
