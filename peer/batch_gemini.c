/*
 * Gemini's batches. Sources: Google's reference of the Batch API (an Operation whose metadata is
 * the batch; counts are strings, and zeros are left out as everywhere in its JSON), its guide (a
 * job that expired has no results; REST's examples write names with underscores), and the client
 * for Python (google-genai 3.6: a list is "operations"; jobs that embed texts are created by
 * asyncBatchEmbedContent).
 */
#include "peer/batch_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The longest request that may contain a job's requests; Google's message for a longer one is
 * below. */
#define MAX_INLINE_BYTES ((size_t)20971520)
#define TYPE             "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch"

static const char *state_name(batch_state state)
{
    static const char *const names[JOB_STATES] = {"BATCH_STATE_PENDING",   "BATCH_STATE_RUNNING",
                                                  "BATCH_STATE_RUNNING",   "BATCH_STATE_RUNNING",
                                                  "BATCH_STATE_SUCCEEDED", "BATCH_STATE_FAILED",
                                                  "BATCH_STATE_EXPIRED",   "BATCH_STATE_CANCELLED"};
    return names[state];
}

/* ---- a job ----------------------------------------------------------------------------------- */

static bool put_count(const char *name, size_t n, bytes *out)
{
    return n == 0 || peer__putf(out, ",\"%s\":\"%zu\"", name, n);
}

static bool put_counts(const batch_job *job, bytes *out)
{
    return peer__putf(out, ",\"batchStats\":{\"requestCount\":\"%zu\"", job->n_lines) &&
           put_count("successfulRequestCount", job->counts[LINE_ANSWERED], out) &&
           put_count("failedRequestCount", peer__batch_failed(job), out) &&
           put_count("pendingRequestCount", job->n_lines - job->settled, out) &&
           peer__put(out, "}");
}

static bool put_items(const batch_job *job, bytes *out)
{
    bool ok = peer__put(out, "\"inlinedResponses\":{\"inlinedResponses\":[");
    for (size_t i = 0; ok && i < job->n_lines; i++)
        ok = (i == 0 || peer__put(out, ",")) && peer__batch_put_result(job, &job->lines[i], out);
    return ok && peer__put(out, "]}");
}

/* The operation has these members both in its metadata and in its response. */
static bool put_output(const batch_job *job, bytes *out)
{
    if (job->is_inline) return put_items(job, out);
    return peer__putf(out, "\"responsesFile\":\"files/%s\"", job->output);
}

/* Write the input in the format of the real service: see pull request 13 of
 * flachesis/gemini-rust. */
static bool put_input(const batch_job *job, bytes *out)
{
    if (job->is_inline) return true;
    return peer__putf(out, ",\"inputConfig\":{\"fileName\":\"files/%s\"}", job->input);
}

static bool put_batch(const batch_job *job, bool with_output, bytes *out)
{
    bool ok =
        peer__put(out, "{\"@type\":\"" TYPE "\",\"model\":") && peer__put_string(out, job->model) &&
        peer__put(out, ",\"displayName\":") && peer__put_string(out, job->name ? job->name : "") &&
        put_input(job, out) && peer__put(out, ",\"createTime\":") &&
        peer__batch_put_time(out, job->created) && peer__put(out, ",\"updateTime\":") &&
        peer__batch_put_time(out, job->ended ? job->ended : job->created) && put_counts(job, out) &&
        peer__putf(out, ",\"state\":\"%s\",\"name\":\"batches/%s\"", state_name(job->state),
                   job->id);
    if (ok && job->ended)
        ok = peer__put(out, ",\"endTime\":") && peer__batch_put_time(out, job->ended);
    if (ok && with_output)
        ok = peer__put(out, ",\"output\":{") && put_output(job, out) && peer__put(out, "}");
    return ok && peer__put(out, "}");
}

static bool put_error(const batch_job *job, bytes *out)
{
    switch (job->state) {
    case JOB_FAILED:
        return peer__put(out, ",\"error\":{\"code\":3,\"message\":") &&
               peer__put_string(out, job->problems[0].message) && peer__put(out, "}");
    case JOB_CANCELLED: return peer__put(out, ",\"error\":{\"code\":1,\"message\":\"Cancelled\"}");
    case JOB_EXPIRED: return peer__put(out, ",\"error\":{\"code\":4,\"message\":\"Expired\"}");
    default: return true;
    }
}

static bool put_operation(const batch_job *job, bool with_items, bytes *out)
{
    bool has_output = job->state == JOB_COMPLETED && (with_items || !job->is_inline);
    bool ok = peer__putf(out, "{\"name\":\"batches/%s\",\"metadata\":", job->id) &&
              put_batch(job, has_output, out);
    if (ok && peer__batch_has_ended(job)) ok = peer__put(out, ",\"done\":true");
    ok = ok && put_error(job, out);
    if (ok && has_output)
        ok = peer__put(out, ",\"response\":{\"@type\":\"" TYPE "Output\",") &&
             put_output(job, out) && peer__put(out, "}");
    return ok && peer__put(out, "}");
}

static bool put_job(const batch_job *job, bytes *out)
{
    return put_operation(job, true, out);
}

/* ---- making ---------------------------------------------------------------------------------- */

/* Google's JSON accepts both spellings of a name, with capitals and with underscores. */
static json get_either(json object, const char *name, const char *other)
{
    json value = peer__json_get(object, name);
    return value.at ? value : peer__json_get(object, other);
}

/* Give the job the contents of the named file. If the file is missing, answer with an error and
 * return false. */
static bool use_file(batch_call *call, batch_job *job, json name)
{
    char *text = peer__json_string(name);
    const char *id = text && strncmp(text, "files/", 6) == 0 ? text + 6 : text;
    batch_file *file = id ? peer__batch_file_find(call->b, id, call->key) : NULL;
    if (file)
        peer__batch_job_use(job, file);
    else
        peer__batch_refuse(call, 404, "The file of the requests does not exist.");
    free(text);
    return file != NULL;
}

/* Read the members that describe the job, except its lines. On failure answer with an error and
 * return false. */
static bool describe(batch_call *call, batch_job *job, json batch, json config, const char *model)
{
    char name[BATCH_ID_SIZE * 3];
    json file = get_either(config, "fileName", "file_name");
    snprintf(name, sizeof name, "models/%s", model);
    job->model = strdup(name);
    job->name = peer__json_string(get_either(batch, "displayName", "display_name"));
    job->is_inline = !file.at;
    if (file.at && !use_file(call, job, file)) return false;
    if (job->model) return true;
    peer__batch_refuse(call, 500, "the scripted peer has no memory for this batch");
    return false;
}

static bool set_endpoint(batch_call *call, batch_job *job, const char *endpoint)
{
    if (!endpoint || (job->endpoint = strdup(endpoint))) return true;
    peer__batch_refuse(call, 500, "the scripted peer has no memory for this batch");
    return false;
}

static bool read_job(batch_call *call, batch_job *job, json items)
{
    if (!job->is_inline) return peer__batch_read_lines(call->b, job);
    job->blob = peer__batch_blob_new(&call->req->body);
    return job->blob && peer__batch_read_items(call->b, job, items);
}

/* Create a job; `endpoint` is NULL unless its lines embed texts. */
static void create_for(batch_call *call, const char *model, const char *endpoint)
{
    json body = peer__json_parse(call->req->body.data, call->req->body.len);
    json batch = peer__json_get(body, "batch");
    json config = get_either(batch, "inputConfig", "input_config");
    json items = peer__json_get(peer__json_get(config, "requests"), "requests");
    if (peer__batch_busy(call)) return;
    if (!config.at || (!items.at && !get_either(config, "fileName", "file_name").at)) {
        peer__batch_refuse(call, 400, "batch.input_config: requests or a file are required.");
        return;
    }
    if (call->req->body.len > MAX_INLINE_BYTES) {
        peer__batch_refuse(call, 400, "Request payload size exceeds the limit: 20971520 bytes.");
        return;
    }
    batch_job *job = peer__batch_job_new(call->b, BATCH_GEMINI);
    if (!job)
        peer__batch_refuse(call, 500, "the scripted peer has no memory for this batch");
    else if (describe(call, job, batch, config, model) && set_endpoint(call, job, endpoint))
        peer__batch_create(call, job, PEER_BATCH_LONG, read_job(call, job, items), put_job);
    else
        peer__batch_job_free(job);
}

static void create(batch_call *call, const char *model)
{
    create_for(call, model, NULL);
}

static void create_embedding(batch_call *call, const char *model)
{
    create_for(call, model, "/embeddings");
}

/* ---- other routes ---------------------------------------------------------------------------- */

static void cancel(batch_call *call, const char *id)
{
    batch_job *job = peer__batch_job_of(call, id);
    if (!job) return;
    peer__batch_cancel(call->b, job);
    peer_step_json(call->r, 200, "{}");
}

static void delete(batch_call *call, const char *id)
{
    batch_job *job = peer__batch_job_of(call, id);
    if (!job) return;
    job->deleted = true;
    peer_step_json(call->r, 200, "{}");
}

/* A list does not show the results of inline jobs, which would make it very long. */
static bool put_without_items(const batch_job *job, bytes *out)
{
    return put_operation(job, false, out);
}

static bool put_list(const batch_page *page, bytes *out)
{
    bool ok = peer__put(out, "{");
    if (ok && page->n)
        ok =
            peer__put(out, "\"operations\":") && peer__batch_put_jobs(page, put_without_items, out);
    if (ok && page->has_more)
        ok = peer__putf(out, ",\"nextPageToken\":\"%s\"", page->jobs[page->n - 1]->id);
    return ok && peer__put(out, "}");
}

static void list(batch_call *call, const char *id)
{
    char after[BATCH_ID_SIZE] = "";
    batch_page page;
    bytes text = {0};
    (void)id;
    peer__batch_query(call, "pageToken", after, sizeof after);
    size_t most = peer__batch_page_size(call, "pageSize", 50, 100);
    bool ok = peer__batch_list(call, after, 0, most, &page) && put_list(&page, &text);
    peer__batch_send(call, 200, &text, ok);
    free(page.jobs);
}

bool peer__batch_gemini(batch_call *call)
{
    static const batch_route routes[] = {
        {"POST", "/v1beta/models/{}:batchGenerateContent", create},
        {"POST", "/v1beta/models/{}:asyncBatchEmbedContent", create_embedding},
        {"GET", "/v1beta/batches", list},
        {"GET", "/v1beta/batches/{}", peer__batch_get},
        {"POST", "/v1beta/batches/{}:cancel", cancel},
        {"DELETE", "/v1beta/batches/{}", delete},
    };
    call->put = put_job;
    return peer__batch_route(call, routes, sizeof routes / sizeof *routes);
}
