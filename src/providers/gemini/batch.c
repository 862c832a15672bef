/* Decodes the API's answers about batch jobs, and the results of jobs. A job is an operation
 * {"name", "metadata":{"state",…},"done","response","error"}.
 *
 * Sources: Google's reference (ai.google.dev/api/batch-api) and the pages of batch_request.c;
 * python-genai, batches.py, types.py (JobState) and _transformers.py (both words for states).
 * Answers of the API that people have published (python-genai, issue 1323, and
 * flachesis/gemini-rust, pull request 13) show that counts are texts, that a count of 0 is left
 * out, and that states begin with "BATCH_STATE_", while Google's page has "JOB_STATE_".
 * python-genai, issue 1759, reports that the name of a file of results is too long for the file to
 * be deleted. */
#include "providers/gemini/gemini.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_URL = 4096, LONGEST_DELETED = 40 };

/* ---- jobs ------------------------------------------------------------------------------------ */

/* Returns the object with the facts about a job, which is the member "metadata". Some servers send
 * its members at the top level. */
static const beluga_json *metadata_of(const beluga_json *job)
{
    const beluga_json *metadata = beluga_json_get(job, "metadata");
    return beluga_json_is_object(metadata) ? metadata : job;
}

/* Returns the member `key` of the object that says where the results are. The API sends this object
 * twice, in "response" and in "metadata". */
static const beluga_json *output_of(const beluga_json *job, const char *key)
{
    const beluga_json *value = beluga_json_get(beluga_json_get(job, "response"), key);
    if (value) return value;
    return beluga_json_get(beluga_json_get(metadata_of(job), "output"), key);
}

static bool has_output(const beluga_json *job)
{
    return output_of(job, "responsesFile") || output_of(job, "inlinedResponses");
}

static beluga_batch_state state_of_word(const char *word)
{
    static const struct {
        const char *word;
        beluga_batch_state state;
    } words[] = {
        {"QUEUED", BELUGA_BATCH_STATE_QUEUED},
        {"PENDING", BELUGA_BATCH_STATE_QUEUED},
        {"PAUSED", BELUGA_BATCH_STATE_QUEUED},
        {"RUNNING", BELUGA_BATCH_STATE_RUNNING},
        {"UPDATING", BELUGA_BATCH_STATE_RUNNING},
        {"CANCELLING", BELUGA_BATCH_STATE_CANCELLING},
        {"SUCCEEDED", BELUGA_BATCH_STATE_COMPLETED},
        {"PARTIALLY_SUCCEEDED", BELUGA_BATCH_STATE_COMPLETED},
        {"FAILED", BELUGA_BATCH_STATE_FAILED},
        {"CANCELLED", BELUGA_BATCH_STATE_CANCELLED},
        {"EXPIRED", BELUGA_BATCH_STATE_EXPIRED},
    };
    const char *prefix = word ? strstr(word, "_STATE_") : NULL;
    if (prefix) word = prefix + sizeof "_STATE_" - 1;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (beluga__is(word, words[i].word)) return words[i].state;
    return BELUGA_BATCH_STATE_UNKNOWN;
}

/* Returns the state of a job. The API may report success a moment before the results exist; until
 * they exist the job counts as running. */
static beluga_batch_state state_of(const beluga_json *job)
{
    bool done = beluga_json_bool(beluga_json_get(job, "done"), false);
    beluga_batch_state state =
        state_of_word(beluga_json_get_string(metadata_of(job), "state", NULL));
    if (state == BELUGA_BATCH_STATE_COMPLETED && !done && !has_output(job))
        return BELUGA_BATCH_STATE_RUNNING;
    return state;
}

/* Returns a count, which the API sends as a string. A missing count is 0 if the job has other
 * counts. */
static int64_t count_of(const beluga_json *stats, const char *key)
{
    const beluga_json *value = beluga_json_get(stats, key);
    const char *text = beluga_json_string(value, NULL);
    if (!value) return beluga_json_count(stats) ? 0 : -1;
    int64_t n = text ? strtoll(text, NULL, 10) : beluga_json_int(value, -1);
    return n < 0 ? -1 : n;
}

/* Returns the number of answers; -1: not known. Answers that a job which was cancelled or has
 * expired counts, but does not give out, are none ("will not have any results to retrieve" in
 * Google's page on the Batch API). */
static int64_t count_answers(const beluga_json *job, const beluga_json *stats)
{
    beluga_batch_state state = state_of(job);
    bool cut = state == BELUGA_BATCH_STATE_CANCELLED || state == BELUGA_BATCH_STATE_EXPIRED;
    int64_t n = count_of(stats, "successfulRequestCount");
    return cut && !has_output(job) && n > 0 ? 0 : n;
}

static int emit_job(const beluga_json *json, beluga_emit *emit)
{
    const beluga_json *metadata = metadata_of(json),
                      *stats = beluga_json_get(metadata, "batchStats"),
                      *error = beluga_json_get(json, "error");
    return beluga_emit_batch_job(
        emit, &(beluga_batch_job){
                  .size = sizeof(beluga_batch_job),
                  .id = beluga_json_get_string(json, "name", NULL),
                  .name = beluga_json_get_string(metadata, "displayName", NULL),
                  .state = state_of(json),
                  .raw_state = beluga_json_get_string(metadata, "state", NULL),
                  .error_code = beluga__gemini_error_code(error, 0),
                  .reason = beluga_json_get_string(error, "message", NULL),
                  .total = count_of(stats, "requestCount"),
                  .succeeded = count_answers(json, stats),
                  .failed = count_of(stats, "failedRequestCount"),
                  .created = beluga__time_value(beluga_json_get(metadata, "createTime")),
                  .ended = beluga__time_value(beluga_json_get(metadata, "endTime")),
              });
}

/* Returns whether a JSON text is a job. If not, emits the error or the unexpected text and sets
 * `*code`. */
static bool is_job(const beluga_json *root, beluga_emit *emit, int *code)
{
    *code = 0;
    if (beluga_json_get_string(root, "name", NULL)) return true;
    *code = beluga__fault_or_failure(root, "the answer is JSON, but not a batch job", emit);
    return false;
}

static int decode_one(const beluga_json *root, beluga_emit *emit)
{
    int code;
    return is_job(root, emit, &code) ? emit_job(root, emit) : code;
}

/* Decode a list of jobs. The API sends an empty list as {}. */
static int decode_list(const beluga_json *root, beluga_emit *emit)
{
    const beluga_json *jobs = beluga_json_get(root, "operations");
    const char *page = beluga__filled(beluga_json_get_string(root, "nextPageToken", NULL));
    int code = 0;
    if (!beluga_json_is_object(root) || beluga__fault_is(root, false))
        return beluga__fault_or_failure(root, "the answer is JSON, but not a list of batch jobs",
                                        emit);
    for (const beluga_json *v = beluga_json_first(jobs); v && !code; v = beluga_json_next(jobs, v))
        code = emit_job(v, emit);
    return page && !code ? beluga_emit_next_page(emit, page) : code;
}

/* ---- several requests ------------------------------------------------------------------------ */

static int go_on(beluga__gemini_batch_state *state, beluga__gemini_step step, const char *token,
                 beluga_emit *emit)
{
    state->step = step;
    return beluga_emit_next_request(emit, token, 0);
}

static int upload(beluga__gemini_batch_state *state, beluga_emit *emit)
{
    char url[MAX_URL];
    const char *told = beluga_http_response_header(beluga_emit_response(emit), "X-Goog-Upload-URL");
    int code = beluga_emit_resolve_url(emit, told, url, sizeof url);
    return code ? code : go_on(state, BELUGA__GEMINI_UPLOADED, url, emit);
}

static int create(beluga__gemini_batch_state *state, const char *body, size_t length,
                  beluga_emit *emit)
{
    const beluga_json *root;
    int code = beluga__decode_body(body, length, emit, &root);
    if (code) return code;
    const char *name = beluga_json_get_string(beluga_json_get(root, "file"), "name", NULL);
    if (!name || strncmp(name, "files/", 6) != 0)
        return beluga__fault_or_failure(root, "the answer is JSON, but not a file", emit);
    return go_on(state, BELUGA__GEMINI_JOB, name, emit);
}

/* Store the name of a file that must be deleted. Files whose names are too long are left out, since
 * the API refuses to delete them. */
static void keep(char *file, const beluga_json *name)
{
    size_t n = 0;
    const char *text = beluga_json_string(name, &n);
    bool fits = text && strncmp(text, "files/", 6) == 0 && n <= 6 + LONGEST_DELETED;
    if (fits) memcpy(file, text, n + 1);
}

static int refuse(const beluga_json *job, const char *what, beluga_emit *emit)
{
    return beluga_emit_failure(emit, BELUGA_ERROR_INVALID_INPUT,
                               beluga_json_get_string(metadata_of(job), "state", NULL),
                               "the batch job has not ended: %s", what);
}

/* Delete the next file, and at last the job. The job contains the names of the files, so if the
 * deletion is interrupted, the caller can repeat it. Without a job, list the files again instead,
 * since there may be more than can be stored at once. */
static int delete_next(beluga__gemini_batch_state *state, beluga_emit *emit)
{
    bool sweeps = beluga_call_kind(beluga_emit_call(emit)) == BELUGA_CALL_BATCH_SWEEP;
    for (size_t i = 0; i < sizeof state->files / sizeof *state->files; i++) {
        char file[BELUGA__GEMINI_FILE];
        memcpy(file, state->files[i], sizeof file);
        state->files[i][0] = '\0';
        if (*file) return go_on(state, BELUGA__GEMINI_DELETED, file, emit);
    }
    if (sweeps) return go_on(state, BELUGA__GEMINI_FIRST, BELUGA__GEMINI_AGAIN, emit);
    if (state->job_goes) return 0;
    state->job_goes = true;
    return go_on(state, BELUGA__GEMINI_DELETED, BELUGA__GEMINI_THE_JOB, emit);
}

/* Delete the files with the job's name; if the page has none, ask for the next page. If a new list
 * begins with the same file as the one before, the service shows files that it has deleted, and the
 * work ends. */
static int find_files(beluga__gemini_batch_state *state, const beluga_json *root, beluga_emit *emit)
{
    size_t n = 0, most = sizeof state->files / sizeof *state->files;
    const char *name = beluga__gemini_batch_name(beluga_emit_call(emit));
    const char *page = beluga__filled(beluga_json_get_string(root, "nextPageToken", NULL));
    const beluga_json *list = beluga_json_get(root, "files");
    if (beluga__fault_is(root, false))
        return beluga__fault_or_failure(root, "the answer is JSON, but not a list of files", emit);
    for (const beluga_json *v = beluga_json_first(list); v && n < most;
         v = beluga_json_next(list, v)) {
        if (!beluga__is(beluga_json_get_string(v, "displayName", NULL), name)) continue;
        keep(state->files[n], beluga_json_get(v, "name"));
        n += *state->files[n] != '\0';
    }
    if (n && strcmp(state->first, state->files[0]) == 0) return 0;
    memcpy(state->first, state->files[0], sizeof state->first);
    if (n) return delete_next(state, emit);
    return page ? beluga_emit_next_request(emit, page, 0) : 0;
}

static int delete_job(beluga__gemini_batch_state *state, const beluga_json *job, beluga_emit *emit)
{
    int code;
    if (!is_job(job, emit, &code)) return code;
    if (!beluga_batch_state_is_end(state_of(job)))
        return refuse(job, "cancel it, and delete it when it has ended", emit);
    const beluga_json *input = beluga_json_get(metadata_of(job), "inputConfig");
    keep(state->files[0], output_of(job, "responsesFile"));
    keep(state->files[1], beluga_json_get(input, "fileName"));
    return delete_next(state, emit);
}

/* ---- results --------------------------------------------------------------------------------- */

/* Emit the error of a request. The errors of expired and cancelled requests are ambiguous, so the
 * state of the job decides. */
static int emit_error(const beluga__gemini_batch_state *state, const char *id,
                      const beluga_json *error, const char *whole, size_t length, beluga_emit *emit)
{
    int status = beluga__gemini_status_of(error);
    const char *why = beluga_json_get_string(error, "message", NULL);
    bool cut = status == 499 || status == 504;
    if (cut && state->ended_as == BELUGA_BATCH_STATE_CANCELLED)
        return beluga_emit_batch_failure(emit, id, BELUGA_ERROR_CONTEXT_CANCELED, "cancelled", why);
    if (cut && state->ended_as == BELUGA_BATCH_STATE_EXPIRED)
        return beluga_emit_batch_failure(emit, id, BELUGA_ERROR_TIMEOUT, "expired", why);
    return beluga_emit_batch_result(emit, id, status, whole, length);
}

/* Emit a result. A result in a file is {"key","response"} or {"key","error"}; a result inside the
 * job has its key in "metadata". The error has the same form as in answers to other requests. */
static int emit_result(const beluga__gemini_batch_state *state, const beluga_json *result,
                       beluga_emit *emit)
{
    size_t length = 0;
    const beluga_json *metadata = beluga_json_get(result, "metadata");
    const beluga_json *response = beluga_json_get(result, "response");
    const beluga_json *error = beluga_json_get(result, "error");
    const char *id = beluga_json_get_string(result, "key", NULL);
    if (!id) id = beluga_json_get_string(metadata, "key", NULL);
    if (!id || !*id)
        return beluga__fault_or_failure(result, "a result does not name its request", emit);
    bool answered = beluga_json_is_object(response);
    if (!answered && !beluga_json_is_object(error))
        return beluga_emit_batch_failure(emit, id, BELUGA_ERROR_INVALID_RESPONSE, NULL,
                                         "the result has neither an answer nor an error");
    const char *text = beluga_emit_json_text(emit, answered ? response : result, &length);
    if (!text) return BELUGA_ERROR_NO_MEMORY;
    if (beluga_json_get(response, "embedding"))
        return beluga_emit_batch_embedding(emit, id, text, length);
    if (answered) return beluga_emit_batch_result(emit, id, 200, text, length);
    return emit_error(state, id, error, text, length, emit);
}

static int decode_result(void *state, const char *line, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    int code = beluga_emit_parse(emit, line, length, &root);
    return code ? code : emit_result(state, root, emit);
}

static int emit_inlined(const beluga__gemini_batch_state *state, const beluga_json *list,
                        beluga_emit *emit)
{
    int code = 0;
    const beluga_json *inner = beluga_json_get(list, "inlinedResponses");
    if (inner) list = inner;
    for (const beluga_json *v = beluga_json_first(list); v && !code; v = beluga_json_next(list, v))
        code = emit_result(state, v, emit);
    return code;
}

static int find_results(beluga__gemini_batch_state *state, const beluga_json *job,
                        beluga_emit *emit)
{
    int code;
    if (!is_job(job, emit, &code)) return code;
    state->ended_as = state_of(job);
    if (!beluga_batch_state_is_end(state->ended_as))
        return refuse(job, "its results are available when it has ended", emit);
    const char *file = beluga__filled(beluga_json_string(output_of(job, "responsesFile"), NULL));
    if (file) return beluga_emit_next_request(emit, file, 0);
    return emit_inlined(state, output_of(job, "inlinedResponses"), emit);
}

/* ---- the table ------------------------------------------------------------------------------- */

static int decode_parsed(beluga__gemini_batch_state *state, const char *body, size_t length,
                         beluga_emit *emit)
{
    const beluga_json *root;
    beluga_kind_of_call kind = beluga_call_kind(beluga_emit_call(emit));
    int code = beluga__decode_body(body, length, emit, &root);
    if (code) return code;
    if (kind == BELUGA_CALL_BATCH_LIST) return decode_list(root, emit);
    if (kind == BELUGA_CALL_BATCH_DELETE) return delete_job(state, root, emit);
    if (kind == BELUGA_CALL_BATCH_SWEEP) return find_files(state, root, emit);
    if (kind == BELUGA_CALL_BATCH_RESULTS) return find_results(state, root, emit);
    return decode_one(root, emit);
}

static int decode_job(void *own, const char *body, size_t length, beluga_emit *emit)
{
    beluga__gemini_batch_state *state = own;
    beluga_kind_of_call kind = beluga_call_kind(beluga_emit_call(emit));
    bool first = state->step == BELUGA__GEMINI_FIRST;
    bool deletes = kind == BELUGA_CALL_BATCH_DELETE || kind == BELUGA_CALL_BATCH_SWEEP;
    bool gone = deletes && first && !length;
    if (kind == BELUGA_CALL_BATCH_CREATE && first) return upload(state, emit);
    if (kind == BELUGA_CALL_BATCH_CANCEL && first)
        return go_on(state, BELUGA__GEMINI_JOB, BELUGA__GEMINI_THE_JOB, emit);
    if (gone) return 0; /* the job does not exist, so there is nothing to delete */
    if (state->step == BELUGA__GEMINI_UPLOADED) return create(state, body, length, emit);
    if (state->step == BELUGA__GEMINI_DELETED) return delete_next(state, emit);
    return decode_parsed(state, body, length, emit);
}

const beluga_batch_api beluga__gemini_batch = {
    .size = sizeof(beluga_batch_api),
    .max_bytes = UINT64_C(2000000000),
    .price_factor = 0.5,
    .keeps_names = true,
    .one_model = true,
    .put_request = beluga__gemini_put_batch_request,
    .encode_create = beluga__gemini_encode_create_job,
    .encode_get = beluga__gemini_encode_get_job,
    .encode_list = beluga__gemini_encode_list_jobs,
    .encode_cancel = beluga__gemini_encode_cancel_job,
    .encode_results = beluga__gemini_encode_job_results,
    .encode_delete = beluga__gemini_encode_delete_job,
    .encode_sweep = beluga__gemini_encode_sweep_job,
    .creates_job = beluga__gemini_creates_job,
    .decode_job = decode_job,
    .decode_result = decode_result,
    .state_size = sizeof(beluga__gemini_batch_state),
    .max_inputs = UINT64_MAX,
};
