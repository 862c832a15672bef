/* The batch API of the providers whose names begin with "chat-jobs-". In the file of requests each
 * line is {"id": "request-1", "body": {…}}; in the file of results each line is {"id": "request-1",
 * "answer": {…}}. A job has a "status", and when it has ended also "results". Providers with the
 * second table embed texts, too: a request is {"texts": […]}, and the line of a result has
 * "embedded": {"vectors": […]}. */
#include "../../support/job_service.h"
#include "../../support/put_texts.h"

static int put_request(const beluga_batch_request *request, beluga_json_writer *w,
                       beluga_error *err)
{
    (void)err;
    beluga_json_begin_object(w, NULL);
    if (!has_fault(request->call, "jobs-id")) beluga_json_put_string(w, "id", request->id);
    if (!has_fault(request->call, "jobs-texts"))
        beluga_json_put_raw(w, "body", request->body, request->length);
    beluga_json_end_object(w);
    return 0;
}

static uint32_t state_of(const beluga_call *call, const char *word)
{
    if (has_fault(call, "jobs-state")) return BELUGA_BATCH_STATE_UNKNOWN;
    if (strcmp(word, "queued") == 0) return BELUGA_BATCH_STATE_QUEUED;
    if (strcmp(word, "running") == 0) return BELUGA_BATCH_STATE_RUNNING;
    if (strcmp(word, "cancelling") == 0) return BELUGA_BATCH_STATE_CANCELLING;
    return strcmp(word, "done") == 0 ? BELUGA_BATCH_STATE_COMPLETED : BELUGA_BATCH_STATE_UNKNOWN;
}

static int emit_job(beluga_emit *emit, const beluga_json *job)
{
    const char *word = beluga_json_get_string(job, "status", NULL);
    const beluga_batch_job told = {.size = sizeof told,
                                   .id = beluga_json_get_string(job, "id", NULL),
                                   .name = beluga_json_get_string(job, "name", NULL),
                                   .state = state_of(beluga_emit_call(emit), word ? word : ""),
                                   .raw_state = word,
                                   .total = beluga_json_get_int(job, "total", -1),
                                   .succeeded = -1,
                                   .failed = -1};
    return beluga_emit_batch_job(emit, &told);
}

static int emit_jobs(beluga_emit *emit, const beluga_json *root, const beluga_json *jobs)
{
    int status = 0;
    const char *after = beluga_json_get_string(root, "after", NULL);
    for (const beluga_json *job = beluga_json_first(jobs); job && !status;
         job = beluga_json_next(jobs, job))
        status = emit_job(emit, job);
    bool goes_on = after && !has_fault(beluga_emit_call(emit), "jobs-page");
    return status || !goes_on ? status : beluga_emit_next_page(emit, after);
}

/* A job that is queued is asked for again in the call that created it; its id is the token. */
static int create_and_get_job(const beluga_call *call, beluga_http_request *request,
                              beluga_error *err)
{
    char path[80];
    const char *token = beluga_http_request_token(request);
    if (!token || strncmp(token, "job-", 4) != 0) return create_job(call, request, err);
    snprintf(path, sizeof path, "/jobs/%.64s", token);
    beluga_http_request_set_method(request, "GET");
    beluga_http_request_set_path(request, path);
    return 0;
}

static int decode_job(void *state, const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    (void)state;
    int status = length ? beluga_emit_parse(emit, body, length, &root) : 0;
    if (status || !length) return status;
    const char *file = beluga_json_get_string(root, "file", NULL);
    if (file) return beluga_emit_next_request(emit, file, 0);
    const beluga_json *jobs = beluga_json_get(root, "jobs");
    status = jobs ? emit_jobs(emit, root, jobs) : emit_job(emit, root);
    const char *word = beluga_json_get_string(root, "status", NULL);
    if (!status && word && strcmp(word, "queued") == 0)
        return beluga_emit_next_request(emit, beluga_json_get_string(root, "id", NULL), 0);
    const char *results = beluga_json_get_string(root, "results", NULL);
    bool fetches = beluga_call_kind(beluga_emit_call(emit)) == BELUGA_CALL_BATCH_RESULTS;
    return status || !fetches || !results ? status : beluga_emit_next_request(emit, results, 0);
}

static int encode_embed(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)err;
    beluga_json_writer *w = beluga_http_request_json(request);
    beluga_http_request_set_path(request, "/embed");
    beluga_json_begin_object(w, NULL);
    put_texts(call, w);
    beluga_json_end_object(w);
    return 0;
}

static int decode_embed(const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    uint32_t index = 0;
    int status = beluga_emit_parse(emit, body, length, &root);
    const beluga_json *list = status ? NULL : beluga_json_get(root, "vectors");
    for (const beluga_json *v = beluga_json_first(list); v && !status;
         v = beluga_json_next(list, v))
        status = beluga_emit_embedding_json(emit, index++, v);
    return status;
}

static int emit_vectors(beluga_emit *emit, const char *id, const beluga_json *embedded)
{
    size_t n;
    static const char two[] = "{\"vectors\":[[1,2],[3,4]]}";
    const beluga_call *call = beluga_emit_call(emit);
    const char *text = beluga_emit_json_text(emit, embedded, &n);
    if (has_fault(call, "jobs-one-id")) id = "request-1";
    /* Fault: this takes the vectors for an answer to messages. */
    if (has_fault(call, "jobs-no-vectors")) return beluga_emit_batch_result(emit, id, 200, text, n);
    /* Fault: this gives each request the vectors of two texts. */
    if (has_fault(call, "jobs-two-vectors"))
        return beluga_emit_batch_embedding(emit, id, two, sizeof two - 1);
    return beluga_emit_batch_embedding(emit, id, text, n);
}

static int decode_result(void *state, const char *line, size_t length, beluga_emit *emit)
{
    size_t n;
    const beluga_json *root;
    (void)state;
    int status = beluga_emit_parse(emit, line, length, &root);
    if (status) return status;
    const char *id = beluga_json_get_string(root, "id", NULL);
    const beluga_json *answer = beluga_json_get(root, "answer");
    const beluga_json *embedded = beluga_json_get(root, "embedded");
    if (embedded) return emit_vectors(emit, id, embedded);
    if (!answer)
        return beluga_emit_batch_failure(emit, id, BELUGA_ERROR_TIMEOUT, "expired",
                                         beluga_json_get_string(root, "error", NULL));
    /* Fault: this takes the whole line for the answer. */
    bool whole_line = has_fault(beluga_emit_call(emit), "jobs-body");
    const char *text = beluga_emit_json_text(emit, whole_line ? root : answer, &n);
    return beluga_emit_batch_result(emit, id, 200, text, n);
}

/* The first request uploads the file; the token of the second one is the file's id. */
static bool creates_job(const char *token)
{
    return token != NULL;
}

static bool creates_job_alone(const char *token)
{
    return token && strncmp(token, "job-", 4) != 0;
}

/* Faults: no request creates the job, or each one does. */
static bool creates_never(const char *token)
{
    (void)token;
    return false;
}

static bool creates_always(const char *token)
{
    (void)token;
    return true;
}

/* clang-format off */
#define JOBS                                                                                   \
    .size = sizeof(beluga_batch_api), .price_factor = 0.5, .keeps_names = true,                \
    .put_request = put_request, .encode_create = create_and_get_job, .encode_get = get_job,    \
    .encode_list = list_jobs, .encode_cancel = cancel_job, .encode_results = get_results,      \
    .encode_delete = delete_job, .decode_job = decode_job, .decode_result = decode_result
/* clang-format on */

static const beluga_batch_api jobs_api = {JOBS, .creates_job = creates_job};
static const beluga_batch_api vectors_api = {JOBS, .creates_job = creates_job, .max_inputs = 100};
static const beluga_batch_api never_api = {JOBS, .creates_job = creates_never};
static const beluga_batch_api always_api = {JOBS, .creates_job = creates_always};
static const beluga_batch_api alone_api = {JOBS, .creates_job = creates_job_alone};
static const beluga_batch_api unsaid_api = {JOBS};
