#include "peer/batch_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK ((size_t)64 * 1024)

/* ---- paths ----------------------------------------------------------------------------------- */

/* Match a path with a pattern that may contain one "{}", and copy the part of the path in its
 * place. */
static bool matches(const char *pattern, const char *path, char id[static BATCH_ID_SIZE * 2])
{
    const char *hole = strstr(pattern, "{}");
    *id = '\0';
    if (!hole) return strcmp(pattern, path) == 0;
    size_t before = (size_t)(hole - pattern), after = strlen(hole + 2), n = strlen(path);
    if (n <= before + after || strncmp(path, pattern, before) != 0) return false;
    if (strcmp(path + n - after, hole + 2) != 0) return false;
    size_t len = n - before - after;
    if (len >= BATCH_ID_SIZE * 2 || memchr(path + before, '/', len)) return false;
    memcpy(id, path + before, len);
    id[len] = '\0';
    return true;
}

bool peer__batch_route(batch_call *call, const batch_route *routes, size_t n)
{
    char id[BATCH_ID_SIZE * 2];
    for (size_t i = 0; i < n; i++) {
        if (strcmp(routes[i].method, call->req->method) != 0) continue;
        if (!matches(routes[i].path, call->path, id)) continue;
        routes[i].answer(call, id);
        return true;
    }
    return false;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Copy a value of a query without its percent-encoding. Returns false if it is too long. */
static bool copy_value(const char *from, size_t n, char *out, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        char c = from[i];
        if (c == '%' && i + 2 < n && hex_digit(from[i + 1]) >= 0 && hex_digit(from[i + 2]) >= 0) {
            c = (char)(hex_digit(from[i + 1]) << 4 | hex_digit(from[i + 2]));
            i += 2;
        }
        if (len + 1 >= size) return false;
        out[len++] = c;
    }
    out[len] = '\0';
    return true;
}

bool peer__batch_query(const batch_call *call, const char *name, char *out, size_t size)
{
    size_t len = strlen(name);
    for (const char *at = call->query; *at;) {
        size_t n = strcspn(at, "&");
        if (n > len && at[len] == '=' && strncmp(at, name, len) == 0)
            return copy_value(at + len + 1, n - len - 1, out, size);
        at += n + (at[n] == '&');
    }
    return false;
}

size_t peer__batch_query_number(const batch_call *call, const char *name, size_t otherwise,
                                size_t most)
{
    char text[24];
    if (!peer__batch_query(call, name, text, sizeof text)) return otherwise;
    size_t n = (size_t)strtoul(text, NULL, 10);
    return n < most ? n : most;
}

size_t peer__batch_page_size(const batch_call *call, const char *name, size_t otherwise,
                             size_t most)
{
    size_t n = peer__batch_query_number(call, name, otherwise, most);
    return call->b->page && n > call->b->page ? call->b->page : n;
}

/* ---- answers --------------------------------------------------------------------------------- */

void peer__batch_send(batch_call *call, int status, bytes *text, bool ok)
{
    if (ok && text->len) {
        peer_step_status(call->r, status, "X-Request-Id: req-peer-batch\r\n");
        peer_step_body(call->r, text->data, text->len);
    } else {
        peer__batch_refuse(call, 500, "the scripted peer has no memory for this answer");
    }
    peer__bytes_free(text);
}

static const char *anthropic_type(int status)
{
    switch (status) {
    case 401: return "authentication_error";
    case 404: return "not_found_error";
    case 413: return "request_too_large";
    case 429: return "rate_limit_error";
    default: return status >= 500 ? "api_error" : "invalid_request_error";
    }
}

static const char *google_status(int status)
{
    switch (status) {
    case 401: return "UNAUTHENTICATED";
    case 404: return "NOT_FOUND";
    case 429: return "RESOURCE_EXHAUSTED";
    default: return status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT";
    }
}

static const char *openai_type(int status)
{
    if (status == 429) return "requests";
    return status >= 500 ? "server_error" : "invalid_request_error";
}

/* Together's error about a job is a text. */
static bool put_text_error(const char *message, bytes *out)
{
    return peer__put(out, "{\"error\":") && peer__put_string(out, message) &&
           peer__put(out, ",\"request_id\":\"req-peer-batch\"}");
}

static bool put_error(const batch_call *call, int status, const char *message, bytes *out)
{
    batch_shape shape = call->shape;
    if (shape == BATCH_TOGETHER && strncmp(call->path, "/v1/batches", 11) == 0)
        return put_text_error(message, out);
    if (shape == BATCH_ANTHROPIC)
        return peer__putf(out, "{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":",
                          anthropic_type(status)) &&
               peer__put_string(out, message) &&
               peer__put(out, "},\"request_id\":\"req_peer_batch\"}");
    if (shape == BATCH_GEMINI)
        return peer__putf(out, "{\"error\":{\"code\":%d,\"message\":", status) &&
               peer__put_string(out, message) &&
               peer__putf(out, ",\"status\":\"%s\"}}", google_status(status));
    if (shape == BATCH_MISTRAL)
        return peer__put(out, "{\"object\":\"error\",\"message\":") &&
               peer__put_string(out, message) &&
               peer__putf(out, ",\"type\":\"%s\",\"param\":null,\"code\":null}",
                          openai_type(status));
    return peer__put(out, "{\"error\":{\"message\":") && peer__put_string(out, message) &&
           peer__putf(out, ",\"type\":\"%s\",\"param\":null,\"code\":null}}", openai_type(status));
}

void peer__batch_refuse(batch_call *call, int status, const char *message)
{
    bytes text = {0};
    peer_step_status(call->r, status, status == 429 ? "Retry-After: 1\r\n" : NULL);
    if (put_error(call, status, message, &text))
        peer_step_body(call->r, text.data, text.len);
    else
        peer_step_body(call->r, "", 0);
    peer__bytes_free(&text);
}

void peer__batch_lose(batch_call *call)
{
    peer_step_close(call->r);
}

static void send_chunks(batch_call *call, const char *data, size_t n)
{
    for (size_t at = 0; at < n; at += CHUNK)
        peer_step_chunk(call->r, data + at, n - at < CHUNK ? n - at : CHUNK);
}

void peer__batch_download(batch_call *call, const char *type, const char *data, size_t n)
{
    bool cut = peer__batch_plays(call->b, FAULT_CUT_RESULTS);
    bool cut_chunked = !cut && peer__batch_plays(call->b, FAULT_CUT_CHUNKED);
    bool chunked = cut_chunked || peer__batch_plays(call->b, FAULT_CHUNKED);
    peer_step_status(call->r, 200, NULL);
    peer_step_header(call->r, "Content-Type", type);
    if (cut)
        peer_step_body_claiming(call->r, data, n / 2, n);
    else if (chunked)
        send_chunks(call, data, cut_chunked ? n / 2 : n);
    else
        peer_step_body(call->r, data, n);
    if (cut || cut_chunked)
        peer_step_close(call->r);
    else if (chunked)
        peer_step_end(call->r);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

bool peer__batch_put_time(bytes *out, time_t at)
{
    struct tm parts;
    char text[40];
    if (!at) return peer__put(out, "null");
    if (!gmtime_r(&at, &parts)) return false;
    return strftime(text, sizeof text, "\"%Y-%m-%dT%H:%M:%SZ\"", &parts) && peer__put(out, text);
}

bool peer__batch_put_seconds(bytes *out, time_t at)
{
    return at ? peer__putf(out, "%lld", (long long)at) : peer__put(out, "null");
}

bool peer__batch_put_or_null(bytes *out, const char *text)
{
    return text && *text ? peer__put_string(out, text) : peer__put(out, "null");
}

/* ---- jobs ------------------------------------------------------------------------------------ */

/* Returns whether an API with a full queue still creates a job, which then fails when it is
 * checked, as at OpenAI. The other APIs refuse to create the job. */
static bool fails_later(batch_shape shape)
{
    return shape == BATCH_OPENAI || shape == BATCH_TOGETHER;
}

bool peer__batch_busy(batch_call *call)
{
    if (peer__batch_plays(call->b, FAULT_BUSY_CREATE))
        peer__batch_refuse(call, 429, "Too many batches at once. Please try again later.");
    else if (!fails_later(call->shape) && peer__batch_plays(call->b, FAULT_QUEUE_FULL))
        peer__batch_refuse(call, 429, "You exceeded your quota of enqueued tokens.");
    else
        return false;
    return true;
}

static void apply_faults(batch_call *call, batch_job *job)
{
    static const batch_problem invalid = {"invalid_json_line",
                                          "This line is not parseable as valid JSON.", 1};
    static const batch_problem full = {"token_limit_exceeded",
                                       "Enqueued token limit reached for peer-batch in "
                                       "organization org-peer. Limit: 90,000 enqueued tokens. "
                                       "Please try again once some in_progress batches have been "
                                       "completed.",
                                       0};
    if (peer__batch_plays(call->b, FAULT_EXPIRE)) job->expires = true;
    job->fails_all = peer__batch_plays(call->b, FAULT_ERRORS_ONLY);
    if (peer__batch_plays(call->b, FAULT_INVALID) && !job->n_problems)
        job->problems[job->n_problems++] = invalid;
    if (fails_later(job->shape) && peer__batch_plays(call->b, FAULT_QUEUE_FULL) && !job->n_problems)
        job->problems[job->n_problems++] = full;
}

static void send_job(batch_call *call, int status, const batch_job *job, batch_put_fn *put)
{
    bytes text = {0};
    bool ok = put(job, &text);
    peer__batch_send(call, status, &text, ok);
}

void peer__batch_create(batch_call *call, batch_job *job, const char *prefix, bool read,
                        batch_put_fn *put)
{
    if (read) apply_faults(call, job);
    /* Anthropic checks the requests while it creates a job; the other APIs check them later. */
    bool refused = read && job->n_problems && job->shape == BATCH_ANTHROPIC;
    if (refused) peer__batch_refuse(call, 400, job->problems[0].message);
    memcpy(job->key, call->key, sizeof job->key);
    if (refused || !read || !peer__batch_job_add(call->b, job, prefix)) {
        if (!refused) peer__batch_refuse(call, 500, "the scripted peer has no room for this batch");
        peer__batch_job_free(job);
        return;
    }
    if (peer__batch_plays(call->b, FAULT_LOST_CREATE))
        peer__batch_lose(call);
    else if (peer__batch_plays(call->b, FAULT_ERROR_CREATE))
        peer__batch_refuse(call, 500, "The server had an error while processing your request.");
    else
        send_job(call, call->shape == BATCH_TOGETHER ? 201 : 200, job, put);
}

static void refuse_unknown(batch_call *call, const char *id)
{
    char message[BATCH_ID_SIZE * 2 + 40];
    switch (call->shape) {
    case BATCH_ANTHROPIC: peer__batch_refuse(call, 404, "Message batch not found"); return;
    case BATCH_GEMINI: peer__batch_refuse(call, 404, "Requested entity was not found."); return;
    case BATCH_MISTRAL: peer__batch_refuse(call, 404, "Batch job not found."); return;
    default: break;
    }
    snprintf(message, sizeof message, "No batch found with id '%s'.", id);
    peer__batch_refuse(call, 404, message);
}

batch_job *peer__batch_job_of(batch_call *call, const char *id)
{
    bool is_get = strcmp(call->req->method, "GET") == 0;
    if (is_get && peer__batch_plays(call->b, FAULT_BUSY_GET)) {
        peer__batch_refuse(call, 429, "Rate limit reached. Please try again later.");
        return NULL;
    }
    batch_job *job = peer__batch_job_find(call->b, call->shape, id, call->key);
    if (!job || (is_get && peer__batch_plays(call->b, FAULT_MISSING_GET))) {
        refuse_unknown(call, id);
        return NULL;
    }
    if (is_get)
        peer__batch_poll(call->b, job);
    else
        peer__batch_advance(call->b, job);
    return job;
}

void peer__batch_send_job(batch_call *call, const batch_job *job, batch_put_fn *put)
{
    send_job(call, 200, job, put);
}

void peer__batch_get(batch_call *call, const char *id)
{
    const batch_job *job = peer__batch_job_of(call, id);
    if (job) peer__batch_send_job(call, job, call->put);
}

void peer__batch_stop(batch_call *call, const char *id)
{
    batch_job *job = peer__batch_job_of(call, id);
    if (!job) return;
    peer__batch_cancel(call->b, job);
    peer__batch_send_job(call, job, call->put);
}

/* ---- lists ----------------------------------------------------------------------------------- */

bool peer__batch_list(batch_call *call, const char *after, size_t skip, size_t most,
                      batch_page *page)
{
    batches *b = call->b;
    bool begun = !*after;
    *page = (batch_page){.jobs = malloc((most ? most : 1) * sizeof(batch_job *))};
    for (size_t i = b->n_jobs; page->jobs && i-- > 0;) {
        batch_job *job = b->jobs[i];
        if (!peer__batch_job_is_listed(b, job, call->shape, call->key)) continue;
        page->total++;
        if (begun && page->total > skip && page->n < most) {
            peer__batch_advance(b, job);
            page->jobs[page->n++] = job;
        } else if (begun && page->total > skip) {
            page->has_more = true;
        }
        if (!begun && strcmp(job->id, after) == 0) begun = true;
    }
    return page->jobs != NULL;
}

bool peer__batch_put_jobs(const batch_page *page, batch_put_fn *put, bytes *out)
{
    bool ok = peer__put(out, "[");
    for (size_t i = 0; ok && i < page->n; i++)
        ok = (i == 0 || peer__put(out, ",")) && put(page->jobs[i], out);
    return ok && peer__put(out, "]");
}

bool peer__batch_put_ends(const batch_page *page, bytes *out)
{
    const char *first = page->n ? page->jobs[0]->id : NULL;
    const char *last = page->n ? page->jobs[page->n - 1]->id : NULL;
    return peer__put(out, ",\"first_id\":") && peer__batch_put_or_null(out, first) &&
           peer__put(out, ",\"last_id\":") && peer__batch_put_or_null(out, last);
}
