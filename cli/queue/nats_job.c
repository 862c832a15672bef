/* Creates the streams of a job, stores and reads its manifest, and removes the job. */
#include "base/clock.h"
#include "base/mix.h"
#include "base/thread.h"
#include "queue/nats.h"
#include "queue/nats_dial.h"

#include <beluga/provider/json.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_MS    INT64_C(1000000)
#define JOB_MS       30000 /* a cluster that has just started has no leader yet */
#define AGAIN_MS     250
#define MOST_CLAIMED 1000000
#define MOST_WAITING 16384

void nats_name_streams(nats_queue *q)
{
    const char *job = q->base.job, *domain = q->address.domain;
    q->word = beluga__seed();
    snprintf(q->lines, sizeof q->lines, "beluga_%s_lines", job);
    snprintf(q->results, sizeof q->results, "beluga_%s_results", job);
    snprintf(q->state, sizeof q->state, "beluga_%s_state", job);
    if (domain)
        snprintf(q->api, sizeof q->api, "$JS.%.60s.API", domain);
    else
        snprintf(q->api, sizeof q->api, "$JS.API");
    memcpy(q->puller.stream, q->lines, sizeof q->lines);
    memcpy(q->reading.puller.stream, q->results, sizeof q->results);
}

/* The manifest's subject has no word, since it is read before the word is known. */
static void name_manifest(const nats_queue *q, char subject[NATS_SUBJECT_BYTES])
{
    snprintf(subject, NATS_SUBJECT_BYTES, "beluga.%s.state.manifest", q->base.job);
}

void nats_name_subject(const nats_queue *q, const char *what, char subject[NATS_SUBJECT_BYTES])
{
    const char *word = strrchr(q->line_subject, '.');
    snprintf(subject, NATS_SUBJECT_BYTES, "beluga.%s.%s%s", q->base.job, what, word ? word : "");
}

/* Return whether a failure is temporary: a leader is being elected, or a server is unreachable. */
static bool may_pass(natsStatus s, jsErrCode code)
{
    if (code) return code == JSClusterNotAvailErr;
    return s == NATS_TIMEOUT || s == NATS_NO_RESPONDERS || s == NATS_CONNECTION_DISCONNECTED ||
           s == NATS_IO_ERROR;
}

/* Like may_pass, for a publish: if a stream has no leader, libnats reports that JetStream is off.
 */
static bool publish_may_pass(natsStatus s, jsErrCode code)
{
    return s == NATS_NO_RESPONDERS || code == JSNotEnabledErr || may_pass(s, code);
}

/* ---- streams --------------------------------------------------------------------------------- */

typedef natsStatus job_step(nats_queue *q, int replicas, jsErrCode *code);

/* Add a stream that keeps one message for each subject, and refuses further messages. */
static natsStatus add_once_stream(nats_queue *q, const char *name, const char *word, int replicas,
                                  jsErrCode *code)
{
    char subject[NATS_SUBJECT_BYTES];
    const char *subjects[] = {subject};
    jsStreamConfig config;
    snprintf(subject, sizeof subject, "beluga.%s.%s.%016" PRIx64 ".*", q->base.job, word, q->word);
    nats_stream_config(q->nats, &config, name, subjects, 1, replicas);
    config.Discard = js_DiscardNew;
    config.DiscardNewPerSubject = true;
    return q->nats->js_AddStream(NULL, q->js, &config, NULL, code);
}

static natsStatus add_lines(nats_queue *q, int replicas, jsErrCode *code)
{
    return add_once_stream(q, q->lines, "work", replicas, code);
}

static natsStatus add_results(nats_queue *q, int replicas, jsErrCode *code)
{
    return add_once_stream(q, q->results, "result", replicas, code);
}

static natsStatus add_state(nats_queue *q, int replicas, jsErrCode *code)
{
    char state[NATS_SUBJECT_BYTES], parts[NATS_SUBJECT_BYTES];
    const char *subjects[] = {state, parts};
    jsStreamConfig config;
    snprintf(state, sizeof state, "beluga.%s.state.>", q->base.job);
    snprintf(parts, sizeof parts, "beluga.%s.part.>", q->base.job);
    nats_stream_config(q->nats, &config, q->state, subjects, 2, replicas);
    return q->nats->js_AddStream(NULL, q->js, &config, NULL, code);
}

/* Add the consumer of the lines. The server delivers a line again without limit. Workers count the
 * deliveries, and store an error for a line that was delivered too often without a result. */
static natsStatus add_consumer(nats_queue *q, int replicas, jsErrCode *code)
{
    jsConsumerConfig config;
    (void)replicas;
    q->nats->jsConsumerConfig_Init(&config);
    config.Durable = q->puller.consumer;
    config.DeliverPolicy = js_DeliverAll;
    config.AckPolicy = js_AckExplicit;
    config.AckWait = q->address.ack_wait_ms * NS_PER_MS;
    config.MaxDeliver = -1;
    config.MaxAckPending = MOST_CLAIMED;
    config.MaxWaiting = MOST_WAITING;
    return q->nats->js_AddConsumer(NULL, q->js, q->lines, &config, NULL, code);
}

static bool read_subject(const jsStreamInfo *info, char subject[NATS_SUBJECT_BYTES])
{
    const jsStreamConfig *config = info->Config;
    const char *found = config && config->SubjectsLen == 1 ? config->Subjects[0] : "";
    size_t n = strlen(found);
    if (n < 3 || n >= NATS_SUBJECT_BYTES || strcmp(found + n - 2, ".*") != 0) return false;
    snprintf(subject, NATS_SUBJECT_BYTES, "%.*s", (int)n - 2, found);
    return true;
}

bool nats_is_ours(const jsStreamInfo *info, const char *subject)
{
    char found[NATS_SUBJECT_BYTES];
    return !*subject || (read_subject(info, found) && strcmp(found, subject) == 0);
}

static natsStatus find_subject(nats_queue *q, const char *stream, char subject[NATS_SUBJECT_BYTES],
                               jsErrCode *code)
{
    jsStreamInfo *info = NULL;
    natsStatus s = q->nats->js_GetStreamInfo(&info, q->js, stream, NULL, code);
    if (s == NATS_OK && !read_subject(info, subject)) s = NATS_ERR;
    if (s == NATS_OK) q->used |= info->State.Msgs != 0;
    q->nats->jsStreamInfo_Destroy(info);
    return s;
}

/* Read how long a claim lasts. Whoever created the job decides that, and workers extend their
 * claims accordingly, whatever their own addresses say. */
static natsStatus find_consumer(nats_queue *q, jsErrCode *code)
{
    jsConsumerInfo *info = NULL;
    natsStatus s =
        q->nats->js_GetConsumerInfo(&info, q->js, q->lines, q->puller.consumer, NULL, code);
    if (s == NATS_OK && info->Config && info->Config->AckWait > 0) {
        pthread_mutex_lock(&q->lock);
        q->address.ack_wait_ms = info->Config->AckWait / NS_PER_MS;
        pthread_mutex_unlock(&q->lock);
    }
    q->nats->jsConsumerInfo_Destroy(info);
    return s;
}

/* Name the consumer after the subjects of this job. An acknowledgement has the consumer's name and
 * the number of a line: a late one, for a job that was removed, would else count for the line of
 * that number in the next job, which would then never be asked. */
static void name_consumer(nats_queue *q)
{
    const char *dot = strrchr(q->line_subject, '.');
    snprintf(q->puller.consumer, sizeof q->puller.consumer, "workers-%.60s", dot ? dot + 1 : "");
}

/* Read the subjects from the streams, which another process may have created. */
static natsStatus find_subjects(nats_queue *q, int replicas, jsErrCode *code)
{
    (void)replicas;
    natsStatus s = find_subject(q, q->lines, q->line_subject, code);
    if (s == NATS_OK) name_consumer(q);
    return s == NATS_OK ? find_subject(q, q->results, q->result_subject, code) : s;
}

static natsStatus find_all(nats_queue *q, int replicas, jsErrCode *code)
{
    natsStatus s = find_subjects(q, replicas, code);
    return s == NATS_OK ? find_consumer(q, code) : s;
}

/* Repeat a step of creating the job until it succeeds, or fails for a reason that is not temporary.
 * If the object already exists, this counts as success. */
static natsStatus do_step(nats_queue *q, job_step *step, int *replicas, jsErrCode *code,
                          beluga_error *err)
{
    int64_t end = beluga__now_ms() + JOB_MS;
    for (;;) {
        *code = 0;
        natsStatus s = step(q, *replicas, code);
        if (s == NATS_OK) return s;
        if (*code == JSStreamNameExistErr || *code == JSConsumerNameExistErr) return NATS_OK;
        /* A single server can keep only one copy, which is fine unless the user asked for more. */
        if (*code == JSStreamReplicasNotSupportedErr && !q->address.replicas && *replicas > 1)
            *replicas = 1;
        else if (!may_pass(s, *code) || beluga__now_ms() > end || nats_pause(q, AGAIN_MS, err))
            return s;
    }
}

static int add_streams(nats_queue *q, beluga_error *err)
{
    static const struct {
        job_step *step;
        const char *what;
    } steps[] = {{add_lines, "can't create the stream of the lines"},
                 {add_results, "can't create the stream of the results"},
                 {add_state, "can't create the stream of the job's state"},
                 {find_subjects, "can't read the streams of the job"},
                 {add_consumer, "can't create the consumer of the lines"}};
    int replicas = q->address.replicas ? q->address.replicas : NATS_REPLICAS;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        jsErrCode code = 0;
        beluga_error stop = {.code = 0};
        natsStatus s = do_step(q, steps[i].step, &replicas, &code, &stop);
        if (s == NATS_OK) continue;
        if (!stop.code) return nats_explain(q, s, code, steps[i].what, err);
        *err = stop;
        return stop.code;
    }
    return 0;
}

/* ---- the manifest ---------------------------------------------------------------------------- */

static natsStatus get_manifest(nats_queue *q, natsMsg **message, jsErrCode *code)
{
    char subject[NATS_SUBJECT_BYTES];
    name_manifest(q, subject);
    return q->nats->js_GetLastMsg(message, q->js, q->state, subject, NULL, code);
}

static natsStatus take_manifest(nats_queue *q, natsMsg *message)
{
    const char *ref = nats_parts_of(q, message);
    if (ref) return nats_parts_read(q, ref, &q->manifest, NULL);
    beluga__buf_clear(text_begin(&q->manifest));
    int rc = text_add(&q->manifest, q->nats->natsMsg_GetData(message),
                      (size_t)q->nats->natsMsg_GetDataLength(message));
    return rc ? NATS_NO_MEMORY : NATS_OK;
}

/* Read the manifest. This waits while the cluster has no leader. */
static natsStatus read_manifest(nats_queue *q, jsErrCode *code, beluga_error *stop)
{
    int64_t end = beluga__now_ms() + JOB_MS;
    for (;;) {
        natsMsg *message = NULL;
        *code = 0;
        natsStatus s = get_manifest(q, &message, code);
        if (s == NATS_OK) s = take_manifest(q, message);
        q->nats->natsMsg_Destroy(message);
        if (s == NATS_OK || !may_pass(s, *code) || beluga__now_ms() > end ||
            nats_pause(q, AGAIN_MS, stop))
            return s;
    }
}

static bool is_missing(jsErrCode code)
{
    return code == JSStreamNotFoundErr || code == JSNoMessageFoundErr ||
           code == JSConsumerNotFoundErr;
}

static int explain_remains(const nats_queue *q, beluga_error *err)
{
    beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                     "%s: an earlier job of this name was only partly removed: run beluga batch "
                     "--remove %s first",
                     q->base.where, q->base.where);
    return err->code;
}

static int join_streams(nats_queue *q, beluga_error *err)
{
    int replicas = 0;
    jsErrCode code = 0;
    beluga_error stop = {.code = 0};
    natsStatus s = do_step(q, find_all, &replicas, &code, &stop);
    if (s == NATS_OK) return nats_claims_begin(q, err);
    if (stop.code) return *err = stop, stop.code;
    if (is_missing(code)) return explain_remains(q, err);
    return nats_explain(q, s, code, "can't read the streams of the job", err);
}

int nats_join(queue *base, const char **manifest, size_t *n, beluga_error *err)
{
    nats_queue *q = nats_of(base);
    jsErrCode code = 0;
    beluga_error stop = {.code = 0};
    natsStatus s = read_manifest(q, &code, &stop);
    if (s == NATS_OK) {
        *manifest = text_get(&q->manifest);
        *n = q->manifest.length;
        return join_streams(q, err);
    }
    if (stop.code) return *err = stop, stop.code;
    if (!is_missing(code)) return nats_explain(q, s, code, "can't read the job", err);
    beluga_error_set(
        err, BELUGA_ERROR_NOT_FOUND,
        "%s: there is no job of this name; create it with `beluga batch IN --out OUT --queue %s`",
        base->where, base->where);
    return BELUGA_ERROR_NOT_FOUND;
}

/* Publish the manifest, unless the job has a manifest. Returns NATS_OK, with `made`, or the
 * failure. */
static natsStatus put_manifest(nats_queue *q, const char *text, size_t n, bool *made,
                               jsErrCode *code)
{
    char subject[NATS_SUBJECT_BYTES], ref[NATS_REF_BYTES] = "";
    natsMsg *message = NULL;
    jsPubOptions options;
    q->nats->jsPubOptions_Init(&options);
    options.ExpectNoMessage = true;
    name_manifest(q, subject);
    natsStatus s = NATS_OK;
    if (n > nats_max_message(q)) s = nats_parts_store(q, "manifest", 0, text, n, ref, NULL, code);
    if (s == NATS_OK)
        s = q->nats->natsMsg_Create(&message, subject, NULL, *ref ? "" : text, *ref ? 0 : (int)n);
    if (s == NATS_OK && *ref) s = q->nats->natsMsgHeader_Set(message, NATS_HEADER_REF, ref);
    if (s == NATS_OK) s = q->nats->js_PublishMsg(NULL, q->js, message, &options, code);
    q->nats->natsMsg_Destroy(message);
    *made = s == NATS_OK;
    return *code == JSStreamWrongLastSequenceErr ? NATS_OK : s;
}

/* Refuse to use streams with lines or results of a job that has no manifest any more, since they
 * would be taken for those of the new job. If somebody else has just created the job, it has a
 * manifest. */
static int refuse_remains(nats_queue *q, beluga_error *err)
{
    jsErrCode code = 0;
    beluga_error stop = {.code = 0};
    if (!q->used || read_manifest(q, &code, &stop) == NATS_OK) return 0;
    return explain_remains(q, err);
}

int nats_create(queue *base, const char *manifest, size_t n, bool *made, beluga_error *err)
{
    nats_queue *q = nats_of(base);
    jsErrCode code = 0;
    beluga_error stop = {.code = 0};
    *made = false;
    natsStatus s = read_manifest(q, &code, &stop);
    if (s == NATS_OK) return 0;
    if (stop.code) return *err = stop, stop.code;
    if (!is_missing(code)) return nats_explain(q, s, code, "can't read the job", err);
    int rc = add_streams(q, err);
    if (rc == 0) rc = refuse_remains(q, err);
    for (int64_t end = beluga__now_ms() + JOB_MS; rc == 0;) {
        code = 0;
        s = put_manifest(q, manifest, n, made, &code);
        if (s == NATS_OK) return 0;
        if (!publish_may_pass(s, code) || beluga__now_ms() > end)
            return nats_explain(q, s, code, "can't create the job", err);
        rc = nats_pause(q, AGAIN_MS, err);
    }
    return rc;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Wait before the removal is tried again. The queue has ended if the keeper has missed a stream,
 * but the others must be deleted. */
static int pause_of_removal(nats_queue *q, beluga_error *stop)
{
    int rc = nats_pause(q, AGAIN_MS, stop);
    if (rc != BELUGA_ERROR_NOT_FOUND) return rc;
    *stop = (beluga_error){0};
    pthread_mutex_lock(&q->lock);
    beluga__wait_until(&q->changed, &q->lock, beluga__ends_ns(AGAIN_MS));
    pthread_mutex_unlock(&q->lock);
    return 0;
}

/* Delete a stream, and note in `there` whether it was there. A server whose disk is slow may delete
 * it after the request has timed out, so a stream that is missing then was there, too. */
static natsStatus delete_stream(nats_queue *q, const char *stream, bool *there, jsErrCode *code,
                                beluga_error *stop)
{
    int64_t end = beluga__now_ms() + JOB_MS;
    for (;;) {
        *code = 0;
        natsStatus s = q->nats->js_DeleteStream(q->js, stream, NULL, code);
        *there |= s == NATS_OK || s == NATS_TIMEOUT;
        if (s == NATS_OK || *code == JSStreamNotFoundErr) return NATS_OK;
        if (!may_pass(s, *code) || beluga__now_ms() > end) return s;
        if (pause_of_removal(q, stop) != 0) return s;
    }
}

/* Remove the manifest last: if this process is killed, the job is still there, and can be removed
 * again. */
int nats_remove(queue *base, beluga_error *err)
{
    nats_queue *q = nats_of(base);
    const char *streams[] = {q->lines, q->results, q->state};
    bool there = false;
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        jsErrCode code = 0;
        beluga_error stop = {.code = 0};
        natsStatus s = delete_stream(q, streams[i], &there, &code, &stop);
        if (stop.code) return *err = stop, stop.code;
        if (s != NATS_OK) return nats_explain(q, s, code, "can't remove the job", err);
    }
    if (there) return 0;
    beluga_error_set(err, BELUGA_ERROR_NOT_FOUND, "%s: there is no job of this name", base->where);
    return err->code;
}

/* ---- other messages of the state ------------------------------------------------------------- */

static int publish_state(nats_queue *q, const char *name, const char *text, const char *what,
                         beluga_error *err)
{
    char subject[NATS_SUBJECT_BYTES];
    int rc = 0;
    nats_name_subject(q, name, subject);
    while (rc == 0) {
        jsErrCode code = 0;
        natsStatus s =
            q->nats->js_Publish(NULL, q->js, subject, text, (int)strlen(text), NULL, &code);
        if (s == NATS_OK) return 0;
        if (!publish_may_pass(s, code)) return nats_explain(q, s, code, what, err);
        rc = nats_pause(q, AGAIN_MS, err);
    }
    return rc;
}

int nats_seal(queue *base, uint64_t lines, beluga_error *err)
{
    nats_queue *q = nats_of(base);
    char text[64];
    int rc = nats_puts_wait(q, err);
    snprintf(text, sizeof text, "{\"lines\":%" PRIu64 "}", lines);
    return rc ? rc : publish_state(q, "state.sealed", text, "can't mark the job as complete", err);
}

int nats_set_terms(queue *base, const char *terms, beluga_error *err)
{
    if (strlen(terms) >= QUEUE_TERMS_BYTES) {
        beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED, "the terms of the job are too long");
        return err->code;
    }
    return publish_state(nats_of(base), "state.terms", terms, "can't change the limits of the job",
                         err);
}
