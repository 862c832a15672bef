/*
 * OpenAI's batches: the paths /v1/batches…, and the same below /openai/v1 (Azure, Groq). Together's
 * API is similar, with other names, below /together/v1.
 *
 * Sources: OpenAI's API reference and guide to batches, and the types of its client for Python
 * (3.57); Together's pages on batches and the types of its client (3.1): states are in upper case,
 * a created job is inside "job", a list is a bare array, times are texts, and there is a progress
 * in percent. What these leave open is from two notes with answers recorded on 2026-09-02, "OpenAI
 * Batch API" and "Together Batch API", which also say that a file is not checked when a job is
 * created: a job with an unknown file fails later.
 */
#include "peer/batch_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY 86400

/* ---- a job ----------------------------------------------------------------------------------- */

static bool put_at(bytes *out, const char *name, bool is_known, time_t at)
{
    return peer__putf(out, ",\"%s\":", name) && peer__batch_put_seconds(out, is_known ? at : 0);
}

static const char *state_name(batch_state state)
{
    static const char *const names[JOB_STATES] = {"validating", "in_progress", "finalizing",
                                                  "cancelling", "completed",   "failed",
                                                  "expired",    "cancelled"};
    return names[state];
}

static bool put_problem(const batch_problem *problem, bytes *out)
{
    bool ok = peer__putf(out, "{\"code\":\"%s\",\"line\":", problem->code);
    ok = ok && (problem->line ? peer__putf(out, "%zu", problem->line) : peer__put(out, "null"));
    return ok && peer__put(out, ",\"message\":") && peer__put_string(out, problem->message) &&
           peer__put(out, ",\"param\":null}");
}

static bool put_problems(const batch_job *job, bytes *out)
{
    if (job->state != JOB_FAILED) return peer__put(out, "null");
    bool ok = peer__put(out, "{\"object\":\"list\",\"data\":[");
    for (size_t i = 0; ok && i < job->n_problems; i++)
        ok = (i == 0 || peer__put(out, ",")) && put_problem(&job->problems[i], out);
    return ok && peer__put(out, "]}");
}

static bool put_times(const batch_job *job, bytes *out)
{
    bool ran = job->state != JOB_VALIDATING && job->state != JOB_FAILED;
    return put_at(out, "created_at", true, job->created) &&
           put_at(out, "in_progress_at", ran, job->created) &&
           put_at(out, "expires_at", true, job->created + DAY) &&
           put_at(out, "finalizing_at", job->state == JOB_FINALIZING || job->state == JOB_COMPLETED,
                  job->ended ? job->ended : job->created) &&
           put_at(out, "completed_at", job->state == JOB_COMPLETED, job->ended) &&
           put_at(out, "failed_at", job->state == JOB_FAILED, job->ended) &&
           put_at(out, "expired_at", job->state == JOB_EXPIRED, job->ended) &&
           put_at(out, "cancelling_at", true, job->cancelling) &&
           put_at(out, "cancelled_at", job->state == JOB_CANCELLED, job->ended);
}

/* A job has no request counts while it is being checked. */
static bool put_counts(const batch_job *job, bytes *out)
{
    bool is_known = job->state != JOB_VALIDATING && job->state != JOB_FAILED;
    return peer__putf(out, ",\"request_counts\":{\"total\":%zu,\"completed\":%zu,\"failed\":%zu}",
                      is_known ? job->n_lines : 0, job->counts[LINE_ANSWERED],
                      peer__batch_failed(job));
}

/* A missing file's id is "" in some real answers and null in others: see pull request 93 of
 * kaibo. */
static bool put_file_id(bytes *out, const char *name, const char *id, bool is_empty)
{
    return peer__putf(out, ",\"%s\":", name) &&
           (is_empty && !*id ? peer__put(out, "\"\"") : peer__batch_put_or_null(out, id));
}

static bool put_openai(const batch_job *job, bytes *out, bool empty_ids)
{
    return peer__put(out, "{\"id\":") && peer__put_string(out, job->id) &&
           peer__put(out, ",\"object\":\"batch\",\"endpoint\":") &&
           peer__put_string(out, job->endpoint) && peer__put(out, ",\"errors\":") &&
           put_problems(job, out) && peer__put(out, ",\"input_file_id\":") &&
           peer__put_string(out, job->input) &&
           peer__putf(out, ",\"completion_window\":\"24h\",\"status\":\"%s\"",
                      state_name(job->state)) &&
           put_file_id(out, "output_file_id", job->output, empty_ids) &&
           put_file_id(out, "error_file_id", job->errors, empty_ids) && put_times(job, out) &&
           put_counts(job, out) && peer__put(out, ",\"metadata\":") &&
           peer__put(out, job->metadata ? job->metadata : "null") && peer__put(out, "}");
}

static bool put_plain(const batch_job *job, bytes *out)
{
    return put_openai(job, out, false);
}

static bool put_with_empty_ids(const batch_job *job, bytes *out)
{
    return put_openai(job, out, true);
}

/* ---- Together -------------------------------------------------------------------------------- */

/* "CANCELING" is not in Together's reference, but in the recorded answers. */
static const char *together_state(batch_state state)
{
    static const char *const names[JOB_STATES] = {"VALIDATING", "IN_PROGRESS", "IN_PROGRESS",
                                                  "CANCELING",  "COMPLETED",   "FAILED",
                                                  "EXPIRED",    "CANCELLED"};
    return names[state];
}

static bool put_optional(bytes *out, const char *name, const char *text)
{
    return !text || !*text || (peer__putf(out, ",\"%s\":", name) && peer__put_string(out, text));
}

static bool put_together(const batch_job *job, bytes *out)
{
    size_t n = job->n_lines ? job->n_lines : 1;
    bool ok = peer__put(out, "{\"id\":") && peer__put_string(out, job->id) &&
              peer__put(out, ",\"user_id\":\"user-peer\",\"input_file_id\":") &&
              peer__put_string(out, job->input) &&
              peer__putf(out, ",\"file_size_bytes\":%zu,\"status\":\"%s\",\"job_deadline\":",
                         job->blob->n, together_state(job->state)) &&
              peer__batch_put_time(out, job->created + DAY) && peer__put(out, ",\"created_at\":") &&
              peer__batch_put_time(out, job->created) && peer__put(out, ",\"endpoint\":") &&
              peer__put_string(out, job->endpoint) &&
              peer__putf(out, ",\"progress\":%zu", job->settled * 100 / n);
    if (ok && job->ended)
        ok = peer__put(out, ",\"completed_at\":") && peer__batch_put_time(out, job->ended);
    if (ok && job->state == JOB_FAILED) ok = put_optional(out, "error", job->problems[0].message);
    return ok && put_optional(out, "output_file_id", job->output) &&
           put_optional(out, "error_file_id", job->errors) && peer__put(out, "}");
}

static bool put_new_together(const batch_job *job, bytes *out)
{
    return peer__put(out, "{\"job\":") && put_together(job, out) && peer__put(out, "}");
}

static batch_put_fn *writer_of(batch_call *call)
{
    if (call->shape == BATCH_TOGETHER) return put_together;
    return peer__batch_plays(call->b, FAULT_EMPTY_IDS) ? put_with_empty_ids : put_plain;
}

/* ---- routes ---------------------------------------------------------------------------------- */

/* Use an empty file instead of one that can't be used. Returns false if out of memory. */
static bool use_nothing(batch_job *job, json body)
{
    static const batch_problem problem = {"invalid_request",
                                          "Cannot find the file, or it has another purpose.", 0};
    bytes nothing = {0};
    char *id = peer__json_string(peer__json_get(body, "input_file_id"));
    snprintf(job->input, sizeof job->input, "%s", id ? id : "");
    free(id);
    job->blob = peer__batch_blob_new(&nothing);
    job->problems[job->n_problems++] = problem;
    return job->blob != NULL;
}

/* Read the members that describe the job, and the lines of its file. Returns false if out of
 * memory. */
static bool read_request(batch_call *call, batch_job *job, json body, const batch_file *file)
{
    job->endpoint = peer__json_string(peer__json_get(body, "endpoint"));
    if (!job->endpoint || !peer__batch_job_read_metadata(job, body)) return false;
    if (!file) return use_nothing(job, body);
    peer__batch_job_use(job, file);
    return peer__batch_read_lines(call->b, job);
}

/* Find the job's file. Returns NULL if it is missing, or if it has another purpose than a batch,
 * which Together does not check. */
static const batch_file *input_of(const batch_call *call, json body)
{
    char *id = peer__json_string(peer__json_get(body, "input_file_id"));
    const batch_file *file = id ? peer__batch_file_find(call->b, id, call->key) : NULL;
    bool fits = file && file->purpose &&
                (call->shape == BATCH_TOGETHER || strcmp(file->purpose, "batch") == 0);
    free(id);
    return fits ? file : NULL;
}

/* Return whether the request describes a job correctly; if not, answer with an error. */
static bool check_request(batch_call *call, json body, const batch_file *file)
{
    json endpoint = peer__json_get(body, "endpoint"), input = peer__json_get(body, "input_file_id");
    bool is_window = call->shape == BATCH_TOGETHER || peer__json_get(body, "completion_window").at;
    if (!input.at || *input.at != '"')
        peer__batch_refuse(call, 400, "Missing required parameter: 'input_file_id'.");
    else if (!endpoint.at || *endpoint.at != '"')
        peer__batch_refuse(call, 400, "Missing required parameter: 'endpoint'.");
    else if (!is_window)
        peer__batch_refuse(call, 400, "Missing required parameter: 'completion_window'.");
    else if (file && file->is_pending) /* issue 312 of openai-dotnet; the text is not Azure's */
        peer__batch_refuse(call, 400, "The input file is not processed yet.");
    else
        return true;
    return false;
}

static void create(batch_call *call, const char *id)
{
    (void)id;
    json body = peer__json_parse(call->req->body.data, call->req->body.len);
    if (peer__batch_busy(call)) return;
    if (!body.at) {
        peer__batch_refuse(call, 400, "The body of the request is not valid JSON.");
        return;
    }
    const batch_file *file = input_of(call, body);
    if (!check_request(call, body, file)) return;
    batch_job *job = peer__batch_job_new(call->b, call->shape);
    bool read = job && read_request(call, job, body, file);
    if (!job)
        peer__batch_refuse(call, 500, "the scripted peer has no memory for this batch");
    else
        peer__batch_create(call, job, call->shape == BATCH_TOGETHER ? "batch-" : "batch_", read,
                           call->shape == BATCH_TOGETHER ? put_new_together : writer_of(call));
}

static void get(batch_call *call, const char *id)
{
    batch_job *job = peer__batch_job_of(call, id);
    if (job) peer__batch_send_job(call, job, writer_of(call));
}

static void cancel(batch_call *call, const char *id)
{
    batch_job *job = peer__batch_job_of(call, id);
    if (!job) return;
    if (peer__batch_has_ended(job)) {
        char message[BATCH_ID_SIZE * 2 + 64];
        snprintf(message, sizeof message, "Cannot cancel a batch with status '%s'.",
                 state_name(job->state));
        peer__batch_refuse(call, 409, message);
        return;
    }
    peer__batch_cancel(call->b, job);
    peer__batch_send_job(call, job, writer_of(call));
}

static bool put_list(batch_call *call, const batch_page *page, bytes *out)
{
    batch_put_fn *put = writer_of(call);
    if (call->shape == BATCH_TOGETHER) return peer__batch_put_jobs(page, put, out);
    return peer__put(out, "{\"object\":\"list\",\"data\":") &&
           peer__batch_put_jobs(page, put, out) && peer__batch_put_ends(page, out) &&
           peer__putf(out, ",\"has_more\":%s}", page->has_more ? "true" : "false");
}

/* Together returns all jobs in one list, without pages. */
static void list(batch_call *call, const char *id)
{
    char after[BATCH_ID_SIZE] = "";
    batch_page page;
    bytes text = {0};
    (void)id;
    bool all = call->shape == BATCH_TOGETHER;
    if (!all) peer__batch_query(call, "after", after, sizeof after);
    size_t most = all ? call->b->n_jobs : peer__batch_page_size(call, "limit", 20, 100);
    bool ok = peer__batch_list(call, after, 0, most, &page) && put_list(call, &page, &text);
    peer__batch_send(call, 200, &text, ok);
    free(page.jobs);
}

bool peer__batch_openai(batch_call *call)
{
    static const batch_route routes[] = {
        {"POST", "/v1/batches", create},
        {"GET", "/v1/batches", list},
        {"GET", "/v1/batches/{}", get},
        {"POST", "/v1/batches/{}/cancel", cancel},
    };
    return peer__batch_route(call, routes, sizeof routes / sizeof *routes);
}
