/*
 * Anthropic's Message Batches. Sources: its API reference, and the types of its client for Python
 * (2.14). The requests are checked when a batch is created, the counts are zero until the batch has
 * ended, and `results_url` leads to the results, one on each line.
 */
#include "peer/batch_call.h"

#include <stdlib.h>
#include <string.h>

#define DAY 86400

static const char *state_name(const batch_job *job)
{
    if (peer__batch_has_ended(job)) return "ended";
    return job->state == JOB_CANCELLING ? "canceling" : "in_progress";
}

static bool put_counts(const batch_job *job, bytes *out)
{
    bool ended = peer__batch_has_ended(job);
    const size_t *n = job->counts;
    size_t errored = n[LINE_REFUSED] + n[LINE_LIMITED] + n[LINE_BROKEN] + n[LINE_UNPAID];
    return peer__putf(out,
                      ",\"request_counts\":{\"processing\":%zu,\"succeeded\":%zu,"
                      "\"errored\":%zu,\"canceled\":%zu,\"expired\":%zu}",
                      ended ? 0 : job->n_lines, ended ? n[LINE_ANSWERED] : 0, ended ? errored : 0,
                      ended ? n[LINE_CANCELLED] : 0, ended ? n[LINE_EXPIRED] : 0);
}

/* Write the address of the results, which is null until the batch has ended. */
static bool put_results_url(const batch_job *job, bytes *out)
{
    if (!peer__batch_has_ended(job)) return peer__put(out, "null");
    return peer__putf(out, "\"%s/messages/batches/%s/results\"", job->url, job->id);
}

static bool put_job(const batch_job *job, bytes *out)
{
    return peer__put(out, "{\"id\":") && peer__put_string(out, job->id) &&
           peer__putf(out, ",\"type\":\"message_batch\",\"processing_status\":\"%s\"",
                      state_name(job)) &&
           put_counts(job, out) && peer__put(out, ",\"ended_at\":") &&
           peer__batch_put_time(out, job->ended) && peer__put(out, ",\"created_at\":") &&
           peer__batch_put_time(out, job->created) && peer__put(out, ",\"expires_at\":") &&
           peer__batch_put_time(out, job->created + DAY) &&
           peer__put(out, ",\"archived_at\":null,\"cancel_initiated_at\":") &&
           peer__batch_put_time(out, job->cancelling) && peer__put(out, ",\"results_url\":") &&
           put_results_url(job, out) && peer__put(out, "}");
}

/* ---- routes ---------------------------------------------------------------------------------- */

/* Move the request's body into the job and read the requests in it. */
static bool read_job(batch_call *call, batch_job *job, json requests)
{
    job->is_inline = true;
    job->blob = peer__batch_blob_new(&call->req->body);
    return job->blob && peer__batch_read_items(call->b, job, requests);
}

static void create(batch_call *call, const char *id)
{
    (void)id;
    json body = peer__json_parse(call->req->body.data, call->req->body.len);
    json requests = peer__json_get(body, "requests");
    if (peer__batch_busy(call)) return;
    if (!requests.at || *requests.at != '[') {
        peer__batch_refuse(call, 400, "requests: Field required");
        return;
    }
    batch_job *job = peer__batch_job_new(call->b, BATCH_ANTHROPIC);
    if (job)
        peer__batch_create(call, job, "msgbatch_", read_job(call, job, requests), put_job);
    else
        peer__batch_refuse(call, 500, "the scripted peer has no memory for this batch");
}

static void delete(batch_call *call, const char *id)
{
    bytes text = {0};
    batch_job *job = peer__batch_job_of(call, id);
    if (!job) return;
    if (!peer__batch_has_ended(job)) {
        peer__batch_refuse(call, 400,
                           "A batch that is being processed can't be deleted: cancel it.");
        return;
    }
    job->deleted = true;
    bool ok = peer__put(&text, "{\"type\":\"message_batch_deleted\",\"id\":") &&
              peer__put_string(&text, job->id) && peer__put(&text, "}");
    peer__batch_send(call, 200, &text, ok);
}

static void results(batch_call *call, const char *id)
{
    batch_job *job = peer__batch_job_of(call, id);
    if (!job) return;
    if (!peer__batch_has_ended(job)) {
        peer__batch_refuse(call, 404, "The batch has not ended: it has no results yet.");
        return;
    }
    bytes text = peer__batch_all_results(call->b, job);
    if (text.len)
        peer__batch_download(call, "application/x-jsonl", text.data, text.len);
    else
        peer__batch_refuse(call, 500, "the scripted peer has no memory for these results");
    peer__bytes_free(&text);
}

static bool put_list(const batch_page *page, bool has_more, bytes *out)
{
    return peer__put(out, "{\"data\":") && peer__batch_put_jobs(page, put_job, out) &&
           peer__putf(out, ",\"has_more\":%s", has_more ? "true" : "false") &&
           peer__batch_put_ends(page, out) && peer__put(out, "}");
}

/* Keep only the last `most` jobs before the job `before`, for a client that pages backwards. */
static bool keep_before(batch_page *page, const char *before, size_t most)
{
    size_t end = 0;
    while (end < page->n && strcmp(page->jobs[end]->id, before) != 0) end++;
    size_t begin = end > most ? end - most : 0;
    memmove(page->jobs, page->jobs + begin, (end - begin) * sizeof *page->jobs);
    page->n = end - begin;
    return begin > 0;
}

static void list(batch_call *call, const char *id)
{
    char after[BATCH_ID_SIZE] = "", before[BATCH_ID_SIZE] = "";
    batch_page page;
    bytes text = {0};
    (void)id;
    peer__batch_query(call, "after_id", after, sizeof after);
    peer__batch_query(call, "before_id", before, sizeof before);
    size_t most = peer__batch_page_size(call, "limit", 20, 1000);
    bool ok = peer__batch_list(call, after, 0, *before ? call->b->n_jobs : most, &page);
    bool has_more = ok && (*before ? keep_before(&page, before, most) : page.has_more);
    ok = ok && put_list(&page, has_more, &text);
    peer__batch_send(call, 200, &text, ok);
    free(page.jobs);
}

bool peer__batch_anthropic(batch_call *call)
{
    static const batch_route routes[] = {
        {"POST", "/v1/messages/batches", create},
        {"GET", "/v1/messages/batches", list},
        {"GET", "/v1/messages/batches/{}", peer__batch_get},
        {"GET", "/v1/messages/batches/{}/results", results},
        {"POST", "/v1/messages/batches/{}/cancel", peer__batch_stop},
        {"DELETE", "/v1/messages/batches/{}", delete},
    };
    call->put = put_job;
    return peer__batch_route(call, routes, sizeof routes / sizeof *routes);
}
