/*
 * Mistral's batch jobs. Sources: the types of its client for Python (3.7), where pages are numbered
 * from 0, `total` counts all jobs, requests come in files or in the body, and answers to requests
 * in the body are in the job (`outputs`); its page on batches, by which all lines use the same
 * model.
 */
#include "peer/batch_call.h"

#include <stdlib.h>
#include <string.h>

static const char *state_name(batch_state state)
{
    static const char *const names[JOB_STATES] = {
        "QUEUED",  "RUNNING", "RUNNING",          "CANCELLATION_REQUESTED",
        "SUCCESS", "FAILED",  "TIMEOUT_EXCEEDED", "CANCELLED"};
    return names[state];
}

/* ---- a job ----------------------------------------------------------------------------------- */

/* Write the first problem's message, with the number of all problems. */
static bool put_problems(const batch_job *job, bytes *out)
{
    bool ok = peer__put(out, "[");
    if (ok && job->state == JOB_FAILED)
        ok = peer__put(out, "{\"message\":") && peer__put_string(out, job->problems[0].message) &&
             peer__putf(out, ",\"count\":%zu}", job->n_problems);
    return ok && peer__put(out, "]");
}

static bool put_outputs(const batch_job *job, bytes *out)
{
    bool ok = peer__put(out, "[");
    size_t n = 0;
    for (size_t i = 0; ok && i < job->n_lines; i++) {
        const batch_line *line = &job->lines[i];
        if (line->outcome == LINE_EXPIRED || line->outcome == LINE_CANCELLED) continue;
        ok = (n++ == 0 || peer__put(out, ",")) && peer__batch_put_result(job, line, out);
    }
    return ok && peer__put(out, "]");
}

/* Lines that expired or were cancelled do not count as completed. */
static bool put_counts(const batch_job *job, bytes *out)
{
    size_t untried = job->counts[LINE_EXPIRED] + job->counts[LINE_CANCELLED];
    return peer__putf(out,
                      ",\"total_requests\":%zu,\"completed_requests\":%zu,"
                      "\"succeeded_requests\":%zu,\"failed_requests\":%zu",
                      job->n_lines, job->settled - untried, job->counts[LINE_ANSWERED],
                      peer__batch_failed(job) - untried);
}

static bool put_input(const batch_job *job, bytes *out)
{
    if (job->is_inline) return peer__put(out, "[]");
    return peer__put(out, "[") && peer__put_string(out, job->input) && peer__put(out, "]");
}

static bool put_with(const batch_job *job, bool outputs, bytes *out)
{
    bool ran = job->state != JOB_VALIDATING;
    bool ok =
        peer__put(out, "{\"id\":") && peer__put_string(out, job->id) &&
        peer__put(out, ",\"object\":\"batch\",\"input_files\":") && put_input(job, out) &&
        peer__put(out, ",\"metadata\":") && peer__put(out, job->metadata ? job->metadata : "{}") &&
        peer__put(out, ",\"endpoint\":") && peer__put_string(out, job->endpoint) &&
        peer__put(out, ",\"model\":") && peer__batch_put_or_null(out, job->model) &&
        peer__put(out, ",\"agent_id\":null,\"output_file\":") &&
        peer__batch_put_or_null(out, job->output) && peer__put(out, ",\"error_file\":") &&
        peer__batch_put_or_null(out, job->errors) && peer__put(out, ",\"errors\":") &&
        put_problems(job, out) && peer__putf(out, ",\"status\":\"%s\"", state_name(job->state));
    if (ok && outputs) ok = peer__put(out, ",\"outputs\":") && put_outputs(job, out);
    return ok && put_counts(job, out) && peer__put(out, ",\"created_at\":") &&
           peer__batch_put_seconds(out, job->created) && peer__put(out, ",\"started_at\":") &&
           peer__batch_put_seconds(out, ran ? job->created : 0) &&
           peer__put(out, ",\"completed_at\":") && peer__batch_put_seconds(out, job->ended) &&
           peer__put(out, "}");
}

static bool put_with_outputs(const batch_job *job, bytes *out)
{
    return put_with(job, peer__batch_has_ended(job) && job->state != JOB_FAILED, out);
}

static bool put_without_outputs(const batch_job *job, bytes *out)
{
    return put_with(job, false, out);
}

static bool put_job(const batch_job *job, bytes *out)
{
    return job->is_inline ? put_with_outputs(job, out) : put_without_outputs(job, out);
}

/* ---- making ---------------------------------------------------------------------------------- */

static bool use_file(batch_call *call, batch_job *job, json files)
{
    json first = {0};
    char *id = peer__json_next(files, &first) ? peer__json_string(first) : NULL;
    batch_file *file = id ? peer__batch_file_find(call->b, id, call->key) : NULL;
    free(id);
    if (file) peer__batch_job_use(job, file);
    return file != NULL;
}

/* Read the members that describe the job, except its lines. Returns false if members are
 * missing. */
static bool describe(batch_call *call, batch_job *job, json body, json requests)
{
    job->endpoint = peer__json_string(peer__json_get(body, "endpoint"));
    job->model = peer__json_string(peer__json_get(body, "model"));
    job->is_inline = requests.at != NULL;
    if (!job->endpoint || !job->model || !peer__batch_job_read_metadata(job, body)) return false;
    return job->is_inline || use_file(call, job, peer__json_get(body, "input_files"));
}

static bool read_job(batch_call *call, batch_job *job, json requests)
{
    if (!job->is_inline) return peer__batch_read_lines(call->b, job);
    job->blob = peer__batch_blob_new(&call->req->body);
    return job->blob && peer__batch_read_items(call->b, job, requests);
}

static void create(batch_call *call, const char *id)
{
    (void)id;
    json body = peer__json_parse(call->req->body.data, call->req->body.len);
    json requests = peer__json_get(body, "requests");
    if (requests.at && *requests.at != '[') requests = (json){0}; /* null */
    if (peer__batch_busy(call)) return;
    batch_job *job = peer__batch_job_new(call->b, BATCH_MISTRAL);
    if (job && describe(call, job, body, requests)) {
        peer__batch_create(call, job, "", read_job(call, job, requests), put_job);
        return;
    }
    peer__batch_job_free(job);
    peer__batch_refuse(call, 400,
                       "endpoint, model, and requests or a file that exists are required.");
}

/* ---- other routes ---------------------------------------------------------------------------- */

static void delete(batch_call *call, const char *id)
{
    bytes text = {0};
    batch_job *job = peer__batch_job_of(call, id);
    if (!job) return;
    job->deleted = true;
    bool ok = peer__put(&text, "{\"id\":") && peer__put_string(&text, job->id) &&
              peer__put(&text, ",\"object\":\"batch\",\"deleted\":true}");
    peer__batch_send(call, 200, &text, ok);
}

/* With "inline=true" the results are in the answer, wherever the requests were. */
static void get(batch_call *call, const char *id)
{
    char inside[8] = "";
    peer__batch_query(call, "inline", inside, sizeof inside);
    if (strcmp(inside, "true") == 0) call->put = put_with_outputs;
    peer__batch_get(call, id);
}

static bool put_list(const batch_page *page, bytes *out)
{
    return peer__put(out, "{\"object\":\"list\",\"data\":") &&
           peer__batch_put_jobs(page, put_without_outputs, out) &&
           peer__putf(out, ",\"total\":%zu}", page->total);
}

static void list(batch_call *call, const char *id)
{
    batch_page page;
    bytes text = {0};
    (void)id;
    size_t most = peer__batch_page_size(call, "page_size", 100, 1000);
    size_t number = peer__batch_query_number(call, "page", 0, 1000000);
    bool ok = peer__batch_list(call, "", number * most, most, &page) && put_list(&page, &text);
    peer__batch_send(call, 200, &text, ok);
    free(page.jobs);
}

bool peer__batch_mistral(batch_call *call)
{
    static const batch_route routes[] = {
        {"POST", "/v1/batch/jobs", create},
        {"GET", "/v1/batch/jobs", list},
        {"GET", "/v1/batch/jobs/{}", get},
        {"POST", "/v1/batch/jobs/{}/cancel", peer__batch_stop},
        {"DELETE", "/v1/batch/jobs/{}", delete},
    };
    call->put = put_job;
    return peer__batch_route(call, routes, sizeof routes / sizeof *routes);
}
