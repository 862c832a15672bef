#include "queue/nats_bucket.h"

#include "base/json.h"

#include <beluga/provider/json.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* If the user may not send a request, the server tells so apart from it, and the request itself has
 * no answer. */
static const char *find_denial(const nats_bucket *b, natsStatus status)
{
    const char *text = NULL;
    if (status != NATS_TIMEOUT || !b->connection) return NULL;
    return b->nats->natsConnection_GetLastError(b->connection, &text) == NATS_NOT_PERMITTED ? text
                                                                                            : NULL;
}

int nats_bucket_explain(const nats_bucket *b, natsStatus status, jsErrCode code, const char *what,
                        beluga_error *err)
{
    const char *denial = find_denial(b, status);
    if (denial)
        return beluga_error_set(err, BELUGA_ERROR_AUTHORIZATION,
                                "%s: %s: %.100s: the user must be allowed to use %s>, $JS.API.> "
                                "and _INBOX.>",
                                b->address.where, what, denial, b->prefix);
    return nats_explain_at(b->nats, b->address.where, status, code, what, err);
}

/* ---- the connection -------------------------------------------------------------------------- */

/* Without this handler, libnats would print errors. The request that fails reports the error. */
static void on_error(natsConnection *nc, natsSubscription *sub, natsStatus status, void *payload)
{
    (void)nc;
    (void)sub;
    (void)status;
    (void)payload;
}

static void disconnect(nats_bucket *b)
{
    b->nats->jsCtx_Destroy(b->js);
    b->nats->natsConnection_Destroy(b->connection);
    b->js = NULL;
    b->connection = NULL;
}

static natsStatus use_connection(nats_bucket *b, natsOptions *options)
{
    jsOptions js;
    natsStatus status = b->nats->natsOptions_SetErrorHandler(options, on_error, NULL);
    if (status == NATS_OK) status = nats_dial(b->nats, options, &b->connection);
    if (status == NATS_OK) status = b->nats->jsOptions_Init(&js);
    if (status != NATS_OK) return status;
    js.Domain = b->address.domain;
    js.Wait = NATS_REQUEST_MS;
    return b->nats->natsConnection_JetStream(&b->js, b->connection, &js);
}

static int connect_anew(nats_bucket *b, beluga_error *err)
{
    natsOptions *options = NULL;
    char name[QUEUE_NAME_BYTES];
    nats_dial_name(name);
    if (b->nats->natsOptions_Create(&options) != NATS_OK)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory for NATS");
    int rc = nats_dial_options(b->nats, &b->address, name, options, err);
    if (rc == 0) {
        natsStatus status = use_connection(b, options);
        if (status != NATS_OK) rc = nats_bucket_explain(b, status, 0, "can't connect", err);
    }
    b->nats->natsOptions_Destroy(options);
    if (rc) disconnect(b);
    return rc;
}

/* libnats closes a connection for good if a server refuses the credentials twice. Then a new
 * connection is made. */
int nats_bucket_connect(nats_bucket *b, beluga_error *err)
{
    if (b->connection && b->nats->natsConnection_Status(b->connection) == NATS_CONN_STATUS_CLOSED)
        disconnect(b);
    return b->connection ? 0 : connect_anew(b, err);
}

uint64_t nats_bucket_reconnects(const nats_bucket *b)
{
    natsStatistics *statistics = NULL;
    uint64_t n = 0;
    if (b->nats->natsStatistics_Create(&statistics) != NATS_OK) return 0;
    if (b->nats->natsConnection_GetStats(b->connection, statistics) == NATS_OK)
        b->nats->natsStatistics_GetCounts(statistics, NULL, NULL, NULL, NULL, &n);
    b->nats->natsStatistics_Destroy(statistics);
    return n;
}

/* ---- the bucket ------------------------------------------------------------------------------ */

natsStatus nats_bucket_look(const nats_bucket *b, nats_bucket_state *state, jsErrCode *code)
{
    jsStreamInfo *info = NULL;
    *code = 0;
    natsStatus status = b->nats->js_GetStreamInfo(&info, b->js, b->stream, NULL, code);
    if (status == NATS_OK)
        *state = (nats_bucket_state){info->State.LastSeq, info->State.Msgs, info->Created};
    b->nats->jsStreamInfo_Destroy(info);
    return status;
}

/* Create the stream of a bucket. Its settings are those of the nats tool, and it keeps the newest
 * message of each key. */
static natsStatus add_stream(const nats_bucket *b, const char *description, int replicas,
                             jsErrCode *code)
{
    char subject[NATS_BUCKET_SUBJECT_BYTES];
    const char *subjects[] = {subject};
    jsStreamConfig config;
    snprintf(subject, sizeof subject, "%s>", b->prefix);
    nats_stream_config(b->nats, &config, b->stream, subjects, 1, replicas);
    config.Description = description;
    config.Discard = js_DiscardNew;
    config.AllowRollup = config.DenyDelete = config.AllowDirect = true;
    *code = 0;
    return b->nats->js_AddStream(NULL, b->js, &config, NULL, code);
}

/* Create the bucket. If the server can't keep replicas and the user did not ask for them, keep one
 * copy. It is no error if another gateway has just created the bucket. */
static natsStatus make_bucket(const nats_bucket *b, const char *description, jsErrCode *code)
{
    int replicas = b->address.replicas ? b->address.replicas : NATS_REPLICAS;
    natsStatus status = add_stream(b, description, replicas, code);
    if (*code == JSStreamReplicasNotSupportedErr && !b->address.replicas)
        status = add_stream(b, description, 1, code);
    return *code == JSStreamNameExistErr ? NATS_OK : status;
}

int nats_bucket_find(const nats_bucket *b, const char *description, nats_bucket_state *state,
                     beluga_error *err)
{
    jsErrCode code;
    natsStatus status = nats_bucket_look(b, state, &code);
    if (code == JSStreamNotFoundErr) {
        status = make_bucket(b, description, &code);
        if (status != NATS_OK)
            return nats_bucket_explain(b, status, code, "can't create the bucket", err);
        status = nats_bucket_look(b, state, &code);
    }
    if (status == NATS_OK) return 0;
    return nats_bucket_explain(b, status, code, "can't read the state of the bucket", err);
}

/* ---- reading --------------------------------------------------------------------------------- */

static int decode(const beluga_json *message, const char *member, beluga__buf *out)
{
    const beluga_json *value = beluga_json_get(message, member);
    size_t n = 0;
    const char *text = value ? beluga_json_string(value, &n) : NULL;
    beluga__buf_clear(out);
    return beluga__base64_decode(out, text ? text : "", n) == BELUGA_ERROR_NO_MEMORY;
}

static bool has(const beluga__buf *text, const char *word)
{
    return text->length && memmem(text->data, text->length, word, strlen(word));
}

/* Returns whether a message marks its key as removed. The nats tool writes such marks, and the
 * server does when a key reaches its age limit. */
static bool is_mark(const beluga__buf *headers)
{
    return has(headers, "KV-Operation: DEL\r\n") || has(headers, "KV-Operation: PURGE\r\n") ||
           has(headers, "Nats-Marker-Reason:");
}

/* Read a message of the bucket from the server's answer. @return 1, or -1 with an error. */
static int take_message(const nats_bucket *b, const beluga_json *json, uint64_t behind,
                        nats_bucket_message *message, beluga__buf *text, beluga_error *err)
{
    const char *subject = beluga_json_get_string(json, "subject", NULL);
    int64_t sequence = beluga_json_get_int(json, "seq", 0);
    size_t skip = strlen(b->prefix);
    if (!subject || sequence <= (int64_t)behind || strncmp(subject, b->prefix, skip) != 0) {
        beluga_error_set(err, BELUGA_ERROR_INTERNAL, "%s: the server's answer makes no sense",
                         b->address.where);
        return -1;
    }
    int lost = decode(json, "hdrs", text);
    *message = (nats_bucket_message){.sequence = (uint64_t)sequence, .removed = is_mark(text)};
    snprintf(message->key, sizeof message->key, "%s", subject + skip);
    if (!lost && !decode(json, "data", text)) return 1;
    beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory for the entries of a NATS bucket");
    return -1;
}

/* Read the server's answer to a request for a message. @return 1; 0: the answer is that no message
 * exists; -1 with an error. */
static int take_answer(const nats_bucket *b, natsMsg *answer, uint64_t behind,
                       nats_bucket_message *message, beluga__buf *text, beluga_error *err)
{
    beluga_json_doc *doc = NULL;
    beluga_json_parse(b->nats->natsMsg_GetData(answer),
                      (size_t)b->nats->natsMsg_GetDataLength(answer), &doc, NULL);
    const beluga_json *root = doc ? beluga_json_doc_root(doc) : NULL;
    const beluga_json *error = beluga_json_get(root, "error");
    jsErrCode code = (jsErrCode)beluga_json_get_int(error, "err_code", 0);
    int rc = 0;
    if (!error)
        rc = take_message(b, beluga_json_get(root, "message"), behind, message, text, err);
    else if (code != JSNoMessageFoundErr) {
        nats_bucket_explain(b, NATS_ERR, code, "can't read", err);
        rc = -1;
    }
    beluga_json_doc_free(doc);
    return rc;
}

int nats_bucket_next(const nats_bucket *b, uint64_t behind, const char *filter,
                     nats_bucket_message *message, beluga__buf *text, beluga_error *err)
{
    char ask[NATS_BUCKET_SUBJECT_BYTES];
    natsMsg *answer = NULL;
    int n = snprintf(ask, sizeof ask, "{\"seq\":%" PRIu64 ",\"next_by_subj\":\"%s%s\"}", behind + 1,
                     b->prefix, filter);
    natsStatus status =
        b->nats->natsConnection_Request(&answer, b->connection, b->get, ask, n, NATS_REQUEST_MS);
    if (status != NATS_OK) {
        nats_bucket_explain(b, status, 0, "can't read", err);
        return -1;
    }
    int rc = take_answer(b, answer, behind, message, text, err);
    b->nats->natsMsg_Destroy(answer);
    return rc;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void name_all(nats_bucket *b)
{
    const char *bucket = b->address.job, *domain = b->address.domain;
    snprintf(b->stream, sizeof b->stream, "KV_%s", bucket);
    snprintf(b->prefix, sizeof b->prefix, "$KV.%s.", bucket);
    snprintf(b->get, sizeof b->get, "$JS.%.60s%sAPI.STREAM.MSG.GET.%s", domain ? domain : "",
             domain ? "." : "", b->stream);
}

int nats_bucket_begin(nats_bucket *b, const char *where, beluga_error *err)
{
    *b = (nats_bucket){.nats = NULL};
    int rc = nats_address_parse(where, &b->address, err);
    if (rc == 0 && !(b->nats = nats_load(err))) rc = err->code;
    if (rc == 0) name_all(b);
    return rc;
}

void nats_bucket_end(nats_bucket *b)
{
    if (b->nats) disconnect(b);
    nats_address_free(&b->address);
    b->nats = NULL;
}
