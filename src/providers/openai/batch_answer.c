/* Decodes answers of the batch API: files, jobs, and lines of results. */
#include "providers/openai/batch.h"

#include <beluga/log.h>

#include <stdio.h>
#include <string.h>

enum {
    REASON = 1024, /* size of the text with the reasons why a job failed */
    LOOKS = 40     /* most requests for the state of an uploaded file: about ten minutes */
};

static bool is(const beluga_emit *emit, uint32_t quirk)
{
    return beluga__openai_batch_of(beluga_emit_call(emit))->quirks & quirk;
}

/* ---- a job ----------------------------------------------------------------------------------- */

/* Read the state of a job from the words of OpenAI, Azure, Groq, Together, Mistral and others.
 * "pending" is from the router of vLLM's production-stack (BatchStatus), "scheduling" from AIBrix
 * (BatchJobState). Case, '_' and '-' don't matter. Together also sends CANCELING, which its
 * reference doesn't list. */
static uint32_t read_state(const char *word)
{
    static const struct {
        uint32_t state;
        const char *words;
    } rows[] = {
        {BELUGA_BATCH_STATE_QUEUED, "validating\0queued\0pending\0scheduling\0"},
        {BELUGA_BATCH_STATE_RUNNING, "in_progress\0finalizing\0running\0"},
        {BELUGA_BATCH_STATE_CANCELLING, "cancelling\0canceling\0cancellation_requested\0"},
        {BELUGA_BATCH_STATE_COMPLETED, "completed\0success\0"},
        {BELUGA_BATCH_STATE_FAILED, "failed\0"},
        {BELUGA_BATCH_STATE_EXPIRED, "expired\0timeout_exceeded\0"},
        {BELUGA_BATCH_STATE_CANCELLED, "cancelled\0canceled\0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (beluga__is_among(rows[i].words, word, beluga__same_word)) return rows[i].state;
    return BELUGA_BATCH_STATE_UNKNOWN;
}

/* A time is a number. Only Together sends it as a string. */
static int64_t read_time(const beluga_json *job, const char *key)
{
    const beluga_json *value = beluga_json_get(job, key);
    int64_t time =
        beluga_json_is_string(value) ? beluga__time_value(value) : beluga_json_int(value, 0);
    return time > 0 ? time : 0;
}

static int64_t first_time(const beluga_json *job, const char *const *keys)
{
    int64_t time = 0;
    for (; *keys && !time; keys++) time = read_time(job, *keys);
    return time;
}

static void read_times(const beluga_json *json, beluga_batch_job *job)
{
    static const char *const ends[] = {"completed_at", "failed_at", "expired_at", "cancelled_at",
                                       NULL};
    static const char *const limits[] = {"expires_at", "job_deadline", NULL};
    job->created = read_time(json, "created_at");
    job->ended = beluga_batch_state_is_end(job->state) ? first_time(json, ends) : 0;
    job->expires = first_time(json, limits);
}

/* Read the counts of requests. The host reports a total of 0 until it has checked the job's file,
 * so all counts are unknown (-1) until then. */
static void read_counts(const beluga_json *json, beluga_batch_job *job)
{
    const beluga_json *counts = beluga_json_get(json, "request_counts");
    bool inside = beluga_json_is_object(counts);
    if (!inside) counts = json;
    job->total = beluga__count(counts, inside ? "total" : "total_requests", INT64_MAX);
    job->succeeded = beluga__count(counts, inside ? "completed" : "succeeded_requests", INT64_MAX);
    job->failed = beluga__count(counts, inside ? "failed" : "failed_requests", INT64_MAX);
    if (job->total <= 0) job->total = job->succeeded = job->failed = -1;
}

/* Add a reason: a text, or an object with a message, a code, or both. The code is added since it is
 * what a service's pages explain, and since it may be all that an object has. */
static void add_reason(char *reason, const beluga_json *value)
{
    const char *text = beluga__filled(beluga_json_string(value, NULL));
    const char *code = beluga__filled(beluga_json_get_string(value, "code", NULL));
    int64_t line = beluga_json_get_int(value, "line", 0);
    size_t at = strlen(reason);
    if (!text) text = beluga__filled(beluga_json_get_string(value, "message", NULL));
    if (!text) text = code;
    if (!text || at + 64 > REASON) return; /* no space for another reason */
    if (at) at += (size_t)snprintf(reason + at, REASON - at, "; ");
    if (line > 0) at += (size_t)snprintf(reason + at, REASON - at, "line %lld: ", (long long)line);
    at += beluga_text_to_line(text, strlen(text), reason + at, REASON - at);
    if (code && code != text && at + strlen(code) + 4 < REASON)
        snprintf(reason + at, REASON - at, " (%s)", code);
}

/* Returns the list of a job's errors: {"errors":{"data":[{"code","message","line"}]}} from OpenAI,
 * {"errors":[{"message"}]} from Mistral; or the only error, which may be a text; NULL for none. */
static const beluga_json *errors_of(const beluga_json *json)
{
    const beluga_json *errors = beluga_json_get(json, "errors");
    const beluga_json *list = beluga_json_get(errors, "data");
    return list ? list : errors;
}

/* Read the reasons for which a job failed. Together sends {"error":"…"}. */
static void read_reason(const beluga_json *json, char reason[REASON])
{
    const beluga_json *list = errors_of(json);
    *reason = '\0';
    add_reason(reason, beluga_json_get(json, "error"));
    if (!beluga_json_is_array(list)) {
        add_reason(reason, list);
        return;
    }
    for (const beluga_json *v = beluga_json_first(list); v; v = beluga_json_next(list, v))
        add_reason(reason, v);
}

/* Returns the code of the first error, or 0. */
static int failure_of(const beluga_json *json)
{
    const beluga_json *list = errors_of(json);
    int code = beluga__fault_of_job(beluga_json_is_array(list) ? beluga_json_at(list, 0) : list);
    return code ? code : beluga__fault_of_job(beluga_json_get(json, "error"));
}

static const char *read_name(const beluga_json *json, const beluga_emit *emit)
{
    const beluga__openai_batch *form = beluga__openai_batch_of(beluga_emit_call(emit));
    return beluga_json_get_string(beluga_json_get(json, "metadata"),
                                  beluga__openai_batch_name_key(form), NULL);
}

/* Read a job, whose strings are borrowed from the JSON and from `reason`. Returns whether the JSON
 * is a job. */
static bool read_job(const beluga_json *json, beluga_batch_job *job, char reason[REASON],
                     const beluga_emit *emit)
{
    const char *word = beluga_json_get_string(json, "status", NULL);
    *job = (beluga_batch_job){.size = sizeof *job, .raw_state = word};
    job->id = beluga__filled(beluga_json_get_string(json, "id", NULL));
    if (!job->id || !word) return false;
    job->state = read_state(word);
    job->name = read_name(json, emit);
    read_times(json, job);
    read_counts(json, job);
    read_reason(json, reason);
    /* Mistral also lists the errors of single requests in "errors" */
    job->reason = job->state == BELUGA_BATCH_STATE_COMPLETED ? NULL : reason;
    job->error_code = failure_of(json);
    return true;
}

static int no_job(const beluga_json *root, beluga_emit *emit)
{
    return beluga__fault_or_failure(root, "the answer is JSON, but not a batch job", emit);
}

static int emit_job(const beluga_json *json, beluga_emit *emit)
{
    beluga_batch_job job;
    char reason[REASON];
    return read_job(json, &job, reason, emit) ? beluga_emit_batch_job(emit, &job)
                                              : no_job(json, emit);
}

/* ---- a list of jobs -------------------------------------------------------------------------- */

/* Mistral reports the total number of jobs. The page token contains the number of the page and how
 * many jobs came before it, since a page may have fewer jobs than were requested. */
static int emit_numbered_page(const beluga_json *root, size_t count, beluga_emit *emit)
{
    const char *page = beluga_call_page(beluga_emit_call(emit));
    unsigned long number = 0, seen = 0;
    char next[48];
    if (page && sscanf(page, "%lu %lu", &number, &seen) != 2) return BELUGA_ERROR_INTERNAL;
    seen += count;
    if (!count || (int64_t)seen >= beluga_json_get_int(root, "total", 0)) return 0;
    snprintf(next, sizeof next, "%lu %lu", number + 1, seen);
    return beluga_emit_next_page(emit, next);
}

/* OpenAI reports whether there are more jobs. */
static int emit_next_page(const beluga_json *root, const char *last, size_t count,
                          beluga_emit *emit)
{
    if (is(emit, BELUGA__BATCH_MISTRAL)) return emit_numbered_page(root, count, emit);
    bool more = beluga_json_bool(beluga_json_get(root, "has_more"), false);
    return more && last ? beluga_emit_next_page(emit, last) : 0;
}

/* Emit a list of jobs. Together's list is an array; other hosts send the array in "data". A server
 * that is written in Go may send null instead of an empty array. */
static int emit_jobs(const beluga_json *root, beluga_emit *emit)
{
    const beluga_json *list = beluga_json_is_object(root) ? beluga_json_get(root, "data") : root;
    const char *last = NULL;
    int code = 0;
    if (beluga_json_is_null(list)) return 0;
    if (!beluga_json_is_array(list))
        return beluga__fault_or_failure(root, "the answer is JSON, but not a list of batch jobs",
                                        emit);
    for (const beluga_json *v = beluga_json_first(list); v && !code;
         v = beluga_json_next(list, v)) {
        last = beluga_json_get_string(v, "id", NULL);
        code = emit_job(v, emit);
    }
    return code ? code : emit_next_page(root, last, beluga_json_count(list), emit);
}

/* ---- the files of a job ---------------------------------------------------------------------- */

/* Store the path of a file, or of the job itself, for a later request. */
static int keep(beluga__openai_batch_state *state, const char *before, const char *id,
                const char *after, beluga_emit *emit)
{
    beluga_error err;
    if (!id || !*id || state->n_paths == BELUGA__BATCH_STEPS) return 0;
    if (!beluga__openai_batch_path(state->paths[state->n_paths], before, id, after, &err)) {
        state->n_paths++;
        return 0;
    }
    return beluga_emit_failure(emit, BELUGA_ERROR_INVALID_RESPONSE, NULL,
                               "the id of a file can't be part of a path: %s", err.message);
}

static int ask_next(beluga__openai_batch_state *state, beluga_emit *emit)
{
    if (state->next == state->n_paths) return 0;
    return beluga_emit_next_request(emit, state->paths[state->next++], 0);
}

static const char *file_of(const beluga_json *json, const char *key, const char *of_mistral)
{
    const char *file = beluga_json_get_string(json, key, NULL);
    return file ? file : beluga_json_get_string(json, of_mistral, NULL);
}

static int emit_result(const beluga_json *root, beluga_emit *emit);

/* Emit the results in a job of Mistral's whose requests were in the call that created it. */
static int emit_outputs(const beluga_json *job, beluga_emit *emit)
{
    const beluga_json *list = beluga_json_get(job, "outputs");
    int code = 0;
    for (const beluga_json *v = beluga_json_first(list); v && !code; v = beluga_json_next(list, v))
        code = emit_result(v, emit);
    return code;
}

/* Store the paths of the two files with results. Either file may be missing: the file of failures
 * if no request failed, the file of answers if all requests failed. Without files the results may
 * be in the job. */
static int take_results(beluga__openai_batch_state *state, const beluga_json *json,
                        beluga_emit *emit)
{
    int code =
        keep(state, "/files", file_of(json, "output_file_id", "output_file"), "/content", emit);
    if (!code)
        code =
            keep(state, "/files", file_of(json, "error_file_id", "error_file"), "/content", emit);
    if (!code && !state->n_paths) return emit_outputs(json, emit);
    return code ? code : ask_next(state, emit);
}

/* Store the paths of the files, and of the job itself, for deletion. Only Mistral's jobs can be
 * deleted. The job is deleted last, since it contains the ids of the files. */
static int take_leftovers(beluga__openai_batch_state *state, const beluga_json *json,
                          beluga_emit *emit)
{
    const beluga_json *inputs = beluga_json_get(json, "input_files");
    const char *input = inputs ? beluga_json_string(beluga_json_at(inputs, 0), NULL)
                               : beluga_json_get_string(json, "input_file_id", NULL);
    int code = keep(state, "/files", input, "", emit);
    if (!code)
        code = keep(state, "/files", file_of(json, "output_file_id", "output_file"), "", emit);
    if (!code) code = keep(state, "/files", file_of(json, "error_file_id", "error_file"), "", emit);
    if (!code && is(emit, BELUGA__BATCH_MISTRAL))
        code = keep(state, "/batch/jobs", beluga_json_get_string(json, "id", NULL), "", emit);
    return code ? code : ask_next(state, emit);
}

/* Call `take` if the job has ended; otherwise emit an error whose message contains `what`. */
static int take_ended(beluga__openai_batch_state *state, const beluga_json *json, const char *what,
                      int take(beluga__openai_batch_state *state, const beluga_json *json,
                               beluga_emit *emit),
                      beluga_emit *emit)
{
    beluga_batch_job job;
    char reason[REASON];
    if (!read_job(json, &job, reason, emit)) return no_job(json, emit);
    if (beluga_batch_state_is_end(job.state)) return take(state, json, emit);
    return beluga_emit_failure(emit, BELUGA_ERROR_INVALID_INPUT, NULL,
                               "batch %s is %s: %s when it has ended", job.id, job.raw_state, what);
}

/* ---- files with the name of a job ------------------------------------------------------------ */

/* Store the paths of the files on this page that have the job's name, for deletion. `*last`
 * receives the id of the last file of the page. */
static int keep_files(beluga__openai_batch_state *state, const beluga_json *list, const char **last,
                      beluga_emit *emit)
{
    char name[BELUGA__BATCH_FILE];
    int code = 0;
    beluga__openai_batch_file_name(beluga_emit_call(emit), name);
    for (const beluga_json *v = beluga_json_first(list); v && !code;
         v = beluga_json_next(list, v)) {
        *last = beluga__filled(beluga_json_get_string(v, "id", NULL));
        if (*last && beluga__is(beluga_json_get_string(v, "filename", NULL), name))
            code = keep(state, "/files", *last, "", emit);
    }
    return code;
}

/* Delete the files with the job's name; if the page has none, ask for the next page. After the
 * deletions the files are listed again, since there may be more than can be stored at once. If the
 * new list begins with the same file, the service shows files that it has deleted, and the work
 * ends. */
static int take_files(beluga__openai_batch_state *state, const beluga_json *root, beluga_emit *emit)
{
    char before[BELUGA__BATCH_PATH];
    const beluga_json *list = beluga_json_get(root, "data");
    const char *last = NULL;
    if (beluga_json_is_null(list)) return 0; /* an empty list, see emit_jobs */
    if (!beluga_json_is_array(list))
        return beluga__fault_or_failure(root, "the answer is JSON, but not a list of files", emit);
    memcpy(before, state->paths[0], sizeof before);
    int code = keep_files(state, list, &last, emit);
    bool more = beluga_json_bool(beluga_json_get(root, "has_more"), false);
    if (code) return code;
    if (state->n_paths && strcmp(before, state->paths[0]) == 0) return 0;
    if (state->n_paths) return ask_next(state, emit);
    return more && last ? beluga_emit_next_request(emit, last, 0) : 0;
}

/* Delete the next file. After the last one list the files again. */
static int sweep_on(beluga__openai_batch_state *state, beluga_emit *emit)
{
    if (state->next < state->n_paths) return ask_next(state, emit);
    state->n_paths = state->next = 0;
    return beluga_emit_next_request(emit, BELUGA__BATCH_AGAIN, 0);
}

/* ---- answers to the requests of a call ------------------------------------------------------- */

/* Ask for the state of the uploaded file again, less and less often. */
static int look_again(beluga__openai_batch_state *state, const char *id, beluga_emit *emit)
{
    char path[BELUGA__BATCH_PATH];
    beluga_error err;
    int64_t wait_ms = (int64_t)500 << (state->looks < 5 ? state->looks : 5);
    if (beluga__openai_batch_path(path, "/files", id, "", &err))
        return beluga_emit_failure(emit, BELUGA_ERROR_INVALID_RESPONSE, NULL, "%s", err.message);
    state->looks++;
    state->begun = false; /* the next answer is about the file, too */
    return beluga_emit_next_request(emit, path, wait_ms);
}

/* Create the job from the uploaded file. Azure first reads a file, which takes longer for a large
 * one, and refuses to create a job from it until then (issue 312 of openai-dotnet; "pending" and
 * "running" are from Azure's client for .NET). If this takes too long, or fails, the service's
 * refusal to create the job says why. */
static int take_file(beluga__openai_batch_state *state, const beluga_json *root, beluga_emit *emit)
{
    const char *id = beluga__filled(beluga_json_get_string(root, "id", NULL));
    const char *status = beluga_json_get_string(root, "status", NULL);
    if (!id || *id == '/') /* a token that begins with '/' is a path */
        return beluga__fault_or_failure(root, "the answer is JSON, but not a file", emit);
    bool waits = status && beluga__is_among("pending\0running\0", status, beluga__same_word);
    if (waits && state->looks < LOOKS) return look_again(state, id, emit);
    return beluga_emit_next_request(emit, id, 0);
}

/* Request the cancellation of the job. A job that has ended, or is already being cancelled, is only
 * emitted. */
static int take_cancel(const beluga_json *json, beluga_emit *emit)
{
    beluga_batch_job job;
    char reason[REASON];
    if (!read_job(json, &job, reason, emit)) return no_job(json, emit);
    if (beluga_batch_state_is_end(job.state) || job.state == BELUGA_BATCH_STATE_CANCELLING)
        return beluga_emit_batch_job(emit, &job);
    return beluga_emit_next_request(emit, "cancel", 0);
}

/* Read the first answer to a call that needs several requests. */
static int take_first(beluga__openai_batch_state *state, beluga_kind_of_call kind,
                      const beluga_json *root, beluga_emit *emit)
{
    switch ((int)kind) {
    case BELUGA_CALL_BATCH_CREATE: return take_file(state, root, emit);
    case BELUGA_CALL_BATCH_CANCEL: return take_cancel(root, emit);
    case BELUGA_CALL_BATCH_RESULTS:
        return take_ended(state, root, "its results are there", take_results, emit);
    case BELUGA_CALL_BATCH_DELETE:
        return take_ended(state, root, "its files can be deleted", take_leftovers, emit);
    default: return emit_job(root, emit);
    }
}

/* Emit that the service refused to create a job. Together says so with status 200, but the error
 * has the status of a refusal, so that the library knows for certain that there is no job. */
static int refuse_job(const char *why, beluga_emit *emit)
{
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_INVALID_REQUEST, "the service created no batch job: %s",
                     why);
    err.http_status = 400;
    return beluga_emit_error(emit, &err);
}

/* Read a job that was just created or cancelled. Together wraps a job that it has created in "job";
 * if it creates none, a warning says why (lib/cli/api/batches/submit.py in its client for Python).
 */
static int take_second(const beluga_json *root, beluga_emit *emit)
{
    const beluga_json *job = beluga_json_get(root, "job");
    const char *warning = beluga__filled(beluga_json_get_string(root, "warning", NULL));
    if (beluga_json_is_null(job) && warning) return refuse_job(warning, emit);
    return emit_job(beluga_json_is_object(job) ? job : root, emit);
}

int beluga__openai_batch_decode_job(void *memory, const char *body, size_t length,
                                    beluga_emit *emit)
{
    beluga__openai_batch_state *state = memory;
    beluga_kind_of_call kind = beluga_call_kind(beluga_emit_call(emit));
    bool first = !state->begun;
    const beluga_json *root;
    state->begun = true;
    /* the answer to a deletion contains nothing of interest, and an empty body means that the job
     * does not exist */
    if (kind == BELUGA_CALL_BATCH_DELETE && (!first || !length)) return ask_next(state, emit);
    if (kind == BELUGA_CALL_BATCH_SWEEP && state->n_paths) return sweep_on(state, emit);
    if (kind == BELUGA_CALL_BATCH_SWEEP && !length) return 0; /* the service has no list */
    int code = beluga__decode_body(body, length, emit, &root);
    if (code) return code;
    if (kind == BELUGA_CALL_BATCH_LIST) return emit_jobs(root, emit);
    if (kind == BELUGA_CALL_BATCH_SWEEP) return take_files(state, root, emit);
    return first ? take_first(state, kind, root, emit) : take_second(root, emit);
}

/* ---- results --------------------------------------------------------------------------------- */

/* Returns whether a body is a list of vectors. Answers have no array "data". */
static bool is_vectors(const beluga_json *body)
{
    return beluga_json_is_array(beluga_json_get(body, "data")) && !beluga_json_get(body, "choices");
}

/* Returns whether a body that is a string contains a list of vectors. */
static bool is_vectors_text(const char *text, size_t length)
{
    beluga_json_doc *doc = NULL;
    beluga_error err;
    bool is = !beluga_json_parse(text, length, &doc, &err) && is_vectors(beluga_json_doc_root(doc));
    beluga_json_doc_free(doc);
    return is;
}

/* Emit the answer, the vectors or the error that a result's body contains. OGX (before: Llama
 * Stack) writes the body as a string that contains JSON. */
static int emit_body(const char *id, int status, const beluga_json *json, beluga_emit *emit)
{
    size_t length = 0;
    const char *inside = beluga_json_string(json, &length);
    const char *text = inside ? inside : beluga_emit_json_text(emit, json, &length);
    if (!text) return BELUGA_ERROR_NO_MEMORY;
    if (status == 200 && (inside ? is_vectors_text(text, length) : is_vectors(json)))
        return beluga_emit_batch_embedding(emit, id, text, length);
    return beluga_emit_batch_result(emit, id, status, text, length);
}

/* Emit a failure without an HTTP status. "batch_expired", "batch_cancelled" and "request_timeout"
 * are OpenAI's codes; "batch_client_error" is Together's. */
static int emit_failure(const char *id, const beluga_json *line, beluga_emit *emit)
{
    beluga_error err;
    beluga__fault_read(line, BELUGA_ERROR_INTERNAL, &err);
    const char *word = beluga__filled(err.provider_code);
    const char *message = beluga__filled(err.cause);
    if (beluga__is(word, "batch_expired"))
        return beluga_emit_batch_failure(emit, id, BELUGA_ERROR_TIMEOUT, "expired", message);
    if (beluga__is(word, "batch_cancelled"))
        return beluga_emit_batch_failure(emit, id, BELUGA_ERROR_CONTEXT_CANCELED, "cancelled",
                                         message);
    return beluga_emit_batch_failure(emit, id, err.code, word, message);
}

/* Emit the result in a line
 * {"custom_id","response":{"status_code","body"},"error":{"code","message"}}. Mistral's error is a
 * string in the object with the status. */
static int emit_line(const char *id, const beluga_json *line, beluga_emit *emit)
{
    const beluga_json *response = beluga_json_get(line, "response");
    const beluga_json *body = beluga_json_get(response, "body");
    int64_t status = beluga_json_get_int(response, "status_code", 0);
    bool failed = beluga__fault_is(line, true), refused = status >= 400 && status < 600;
    bool filled = beluga_json_is_object(body) || beluga__filled(beluga_json_string(body, NULL));
    if (refused && filled) return emit_body(id, (int)status, body, emit);
    if (refused) return emit_body(id, (int)status, failed ? line : response, emit);
    if (failed) return emit_failure(id, line, emit);
    if (status == 0 && beluga_json_is_object(body) && !beluga_json_count(body))
        return beluga_emit_batch_failure(emit, id, BELUGA_ERROR_INTERNAL, NULL,
                                         "the service gave no answer to this request");
    if (filled && (status == 0 || status / 100 == 2)) return emit_body(id, 200, body, emit);
    return beluga_emit_batch_failure(emit, id, BELUGA_ERROR_INVALID_RESPONSE, NULL,
                                     "the line of results has neither an answer nor an error");
}

/* Emit a result, which is a line of a file, or an item of the list in a job. */
static int emit_result(const beluga_json *root, beluga_emit *emit)
{
    const char *id = beluga__filled(beluga_json_get_string(root, "custom_id", NULL));
    if (!id && beluga__fault_is(root, false))
        return beluga__fault_emit(root, BELUGA_ERROR_INTERNAL, emit);
    if (!id)
        return beluga__decode_failure(root, BELUGA_ERROR_INVALID_RESPONSE,
                                      "a line of the results has no id of a request", emit);
    return emit_line(id, root, emit);
}

int beluga__openai_batch_decode_result(void *memory, const char *line, size_t length,
                                       beluga_emit *emit)
{
    const beluga_json *root;
    (void)memory;
    int code = beluga_emit_parse(emit, line, length, &root);
    return code ? code : emit_result(root, emit);
}

int beluga__openai_batch_decode_results_end(void *memory, beluga_emit *emit)
{
    return ask_next(memory, emit);
}
