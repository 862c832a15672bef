/* Batch jobs. Each public function makes one call; listing jobs makes one call for each page.
 * Results are delivered as they arrive, and decoded by batch_result.c. */
#include "base/hint.h"
#include "base/limits.h"
#include "base/mem.h"
#include "client/batch_requests.h"
#include "client/batch_result.h"
#include "client/job.h"
#include "model/course.h"

#include <stdio.h>

/* The arguments of any of the public functions. */
typedef struct question {
    beluga_chat_model *model;
    beluga_context *context;
    beluga_kind_of_call kind;
    const char *id, *name;
    const beluga_batch_requests *requests;
    int64_t since;
    const beluga_option *opts;
    size_t n_opts;
    beluga_batch_job_result_fn fn;
    void *fn_payload;
    beluga_batch_job_cb cb;
    void *payload;
} question;

/* The shape of one kind of call: how many jobs its answer describes, and whether the caller must
 * pass the id of a job. */
typedef struct shape {
    enum { NOTHING, ONE_JOB, ANY_NUMBER } tells;
    bool by_id;
} shape;

static const shape *shape_of(const question *q)
{
    static const shape shapes[] = {
        [BELUGA_CALL_BATCH_CREATE] = {.tells = ONE_JOB},
        [BELUGA_CALL_BATCH_GET] = {.tells = ONE_JOB, .by_id = true},
        [BELUGA_CALL_BATCH_LIST] = {.tells = ANY_NUMBER},
        [BELUGA_CALL_BATCH_CANCEL] = {.tells = ONE_JOB, .by_id = true},
        [BELUGA_CALL_BATCH_RESULTS] = {.tells = NOTHING, .by_id = true},
        [BELUGA_CALL_BATCH_DELETE] = {.tells = NOTHING, .by_id = true},
        [BELUGA_CALL_BATCH_SWEEP] = {.tells = NOTHING},
    };
    return &shapes[q->kind];
}

typedef struct asked_job {
    beluga_job base;
    question question; /* its strings lie in `text` */
    char *text;        /* copies of the question's strings; owned */
    beluga_op *op;     /* NULL: no call is under way */
    /* the jobs that were received, and their strings in the same order */
    beluga__buf jobs, strings;
    size_t count;          /* number of jobs */
    size_t before_page;    /* number of the jobs on earlier pages */
    size_t strings_before; /* bytes of the strings of jobs on earlier pages */
    beluga__buf page;      /* token of the next page; empty: there is no next page */
    unsigned pages;
    /* for decoding results, since the loop's own scratch memory is in use then */
    beluga__json_scratch scratch;
    int stuck;        /* error code if a job could not be kept, else 0 */
    bool has_results; /* at least one result was delivered */
    /* a result is being decoded; the plug-in that decodes it must not emit another result now */
    bool decoding;
    bool given_up; /* the receiver of results has asked to stop */
} asked_job;

static asked_job *asked_of(beluga_job *job)
{
    return beluga__container_of(job, asked_job, base);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void release(beluga_job *base)
{
    asked_job *job = asked_of(base);
    beluga__buf_free(&job->jobs);
    beluga__buf_free(&job->strings);
    beluga__buf_free(&job->page);
    beluga__json_scratch_free(&job->scratch);
    beluga__release(&base->model->target->runtime->allocator, job->text);
}

static void let_go(asked_job *job)
{
    beluga_op_free(job->op);
    job->op = NULL;
}

static void abort_job(beluga_job *base)
{
    asked_job *job = asked_of(base);
    beluga__job_abort_call(&job->op);
    beluga__job_end(base);
}

static void cancel(beluga_job *base)
{
    beluga_op_cancel(asked_of(base)->op);
}

/* The loop is freed together with its calls, so the job ends without an event. */
static void lost(void *payload)
{
    asked_job *job = payload;
    let_go(job);
    beluga__job_end(&job->base);
}

/* Set the string pointers of the jobs. The strings are stored one after the other, four for each
 * job. */
static void point_to_strings(beluga_batch_job *jobs, size_t n, const char *at)
{
    for (size_t i = 0; i < n; i++) {
        const char **const fields[] = {&jobs[i].id, &jobs[i].name, &jobs[i].raw_state,
                                       &jobs[i].reason};
        for (size_t k = 0; k < sizeof fields / sizeof *fields; k++, at += strlen(at) + 1)
            *fields[k] = at;
    }
}

/* Copy all jobs and their strings into one block of the default allocator. */
static beluga_batch_job *gather(const asked_job *job)
{
    size_t array = job->jobs.length;
    char *block = beluga__alloc(beluga_allocator_default(), array + job->strings.length + 1);
    if (!block) return NULL;
    if (array) memcpy(block, job->jobs.data, array);
    if (array) memcpy(block + array, job->strings.data, job->strings.length);
    point_to_strings((beluga_batch_job *)(void *)block, job->count, block + array);
    return (beluga_batch_job *)(void *)block;
}

static void fail(asked_job *job, const beluga_error *err)
{
    job->question.cb(job->question.payload, NULL, 0, err);
    beluga__job_end(&job->base);
}

static void succeed(asked_job *job)
{
    bool tells = shape_of(&job->question)->tells != NOTHING;
    beluga_batch_job *jobs = tells ? gather(job) : NULL;
    beluga_error err;
    if (tells && !jobs) {
        beluga_error_set(&err, BELUGA_ERROR_NO_MEMORY,
                         "no memory for the batch jobs that the provider returned");
        fail(job, &err);
        return;
    }
    job->question.cb(job->question.payload, jobs, jobs ? job->count : 0, NULL);
    beluga__job_end(&job->base);
}

/* --- jobs ------------------------------------------------------------------------------------- */

static void take_job(asked_job *job, const beluga_batch_job *told)
{
    const char *const strings[] = {told->id, told->name, told->raw_state, told->reason};
    /* Only the answer to a list call describes several jobs. Other answers may describe one job
     * more than once; then the last description counts. */
    if (shape_of(&job->question)->tells != ANY_NUMBER) {
        beluga__buf_clear(&job->jobs);
        beluga__buf_clear(&job->strings);
        job->count = 0;
    }
    beluga__buf_append(&job->jobs, told, sizeof *told);
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        beluga__buf_append(&job->strings, strings[i], strlen(strings[i]) + 1);
    job->count++;
    job->stuck = job->jobs.status ? job->jobs.status : job->strings.status;
}

/* Returns whether a page had jobs, and all of them are older than the jobs that the caller
 * wants. */
static bool is_page_too_old(const asked_job *job)
{
    const beluga_batch_job *jobs = (const beluga_batch_job *)(const void *)job->jobs.data;
    bool old = job->count > job->before_page;
    for (size_t i = job->before_page; i < job->count && old; i++)
        old = jobs[i].created && jobs[i].created < job->question.since;
    return old;
}

/* --- results ---------------------------------------------------------------------------------- */

static void decode(asked_job *job, const beluga_event *event, beluga_batch_result *result)
{
    beluga_loop *loop = job->base.loop;
    if (job->decoding) {
        beluga_error_set(&result->error, BELUGA_ERROR_INVALID_RESPONSE,
                         "the provider's decoder emitted a result while it decoded another one");
        beluga__call_locate(job->op->call, &result->error);
        return;
    }
    beluga__json_scratch line = loop->scratch;
    loop->scratch = job->scratch;
    job->decoding = true;
    beluga__batch_result_decode(job->base.model, loop, event, result);
    job->decoding = false;
    job->scratch = loop->scratch;
    loop->scratch = line;
}

static void take_result(asked_job *job, const beluga_event *event)
{
    beluga_batch_result result = {.response = NULL};
    const question *q = &job->question;
    if (job->given_up) return;
    job->has_results = true;
    result.error.code = 0;
    if (event->u.batch_result.body) {
        decode(job, event, &result);
    } else {
        result.error = *event->u.batch_result.error;
        beluga__call_locate(job->op->call, &result.error);
    }
    job->given_up = q->fn(q->fn_payload, event->u.batch_result.id, &result) != 0;
    beluga_batch_results_clear(&result, 1);
    if (job->given_up) beluga_op_cancel(job->op);
}

/* --- a call ----------------------------------------------------------------------------------- */

static int ask(asked_job *job, beluga_error *err);

/* If a call for results delivered none because the job still runs, returns the name of the job's
 * state, else NULL. */
static const char *unended(const asked_job *job)
{
    const beluga_batch_job *told = (const beluga_batch_job *)(const void *)job->jobs.data;
    if (job->question.kind != BELUGA_CALL_BATCH_RESULTS || job->has_results || !job->count)
        return NULL;
    bool runs =
        told->state != BELUGA_BATCH_STATE_UNKNOWN && !beluga_batch_state_is_end(told->state);
    return runs ? beluga_batch_state_name(told->state) : NULL;
}

static int check_told(const asked_job *job, beluga_error *err)
{
    if (job->stuck)
        beluga_error_set(err, job->stuck,
                         "the batch jobs that the provider returned can't be stored");
    else if (unended(job))
        beluga_error_set(
            err, BELUGA_ERROR_INVALID_INPUT,
            "the batch job has no results yet, since it has not ended: its state is %s",
            unended(job));
    else if (shape_of(&job->question)->tells == ONE_JOB && !job->count)
        beluga_error_set(err, BELUGA_ERROR_INVALID_RESPONSE,
                         "the provider's answer has no batch job");
    else
        return 0;
    beluga__call_locate(job->op->call, err);
    return err->code;
}

static int take_page(asked_job *job, const beluga_event *finish, beluga_error *err)
{
    beluga__buf_clear(&job->page);
    if (job->question.kind != BELUGA_CALL_BATCH_LIST || is_page_too_old(job)) return 0;
    job->before_page = job->count;
    job->strings_before = job->strings.length;
    int status = beluga__buf_append(&job->page, finish->u.finish.raw, finish->u.finish.raw_length);
    return status ? beluga_error_set(err, status, "the token of the next page can't be stored") : 0;
}

static void finished(asked_job *job, const beluga_event *finish)
{
    beluga_error err;
    int status = check_told(job, &err);
    if (!status) status = take_page(job, finish, &err);
    let_go(job);
    bool ends = !job->page.length;
    if (!status && !ends) status = ask(job, &err);
    if (status)
        fail(job, &err);
    else if (ends)
        succeed(job);
}

static void failed(asked_job *job, const beluga_error *error)
{
    beluga_error err = *error;
    if (job->given_up)
        beluga_error_set(&err, BELUGA_ERROR_CONTEXT_CANCELED,
                         "the function that receives the results stopped the call");
    beluga__hint_set_uncreated(&err, job->question.kind == BELUGA_CALL_BATCH_CREATE &&
                                         beluga__course_made_no_job(job->op->call, &err));
    let_go(job);
    fail(job, &err);
}

/* Drop the jobs of the current page, since another attempt to read this page begins. */
static void forget_page(asked_job *job)
{
    job->count = job->before_page;
    job->jobs.length = job->count * sizeof(beluga_batch_job);
    job->strings.length = job->strings_before;
}

static void on_event(void *payload, const beluga_event *event)
{
    asked_job *job = payload;
    switch (event->kind) {
    case BELUGA_EVENT_BATCH_JOB: take_job(job, event->u.batch_job); break;
    case BELUGA_EVENT_BATCH_RESULT: take_result(job, event); break;
    case BELUGA_EVENT_RESTART: forget_page(job); break;
    case BELUGA_EVENT_FINISH: finished(job, event); break;
    case BELUGA_EVENT_ERROR: failed(job, event->u.error); break;
    }
}

static int ask(asked_job *job, beluga_error *err)
{
    const question *q = &job->question;
    const beluga__job_question about = {.id = q->id,
                                        .name = q->name,
                                        .model_name = q->requests ? q->requests->model_name : NULL,
                                        .requests = q->requests ? q->requests->lines.data : NULL,
                                        .length = q->requests ? q->requests->lines.length : 0,
                                        .kind =
                                            q->requests ? q->requests->kind : BELUGA_CALL_ANSWER};
    beluga__call_spec spec = beluga__job_spec(&job->base);
    spec.kind = q->kind;
    if (q->kind != BELUGA_CALL_BATCH_LIST) spec.job = &about;
    if (job->page.length) spec.page = job->page.data;
    if (job->page.length && ++job->pages == BELUGA__MAX_PAGES)
        return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                                "the list of batch jobs has more than %u pages", BELUGA__MAX_PAGES);
    int status = beluga__chat_model_start_job(job->base.model, &spec, on_event, job, &job->op, err);
    if (status)
        job->op = NULL;
    else
        job->op->aborted = lost;
    return status;
}

/* --- the beginning ---------------------------------------------------------------------------- */

static int check_name(const question *q, beluga_error *err)
{
    if (!q->name || beluga__batch_name_fits(q->name)) return 0;
    return beluga_error_set(
        err, BELUGA_ERROR_INVALID_INPUT,
        "the name of a batch job must be 1 to %d characters of A-Z a-z 0-9 _ - (is \"%.80s\")",
        BELUGA__BATCH_NAME_BYTES, q->name);
}

static int check_requests(const question *q, beluga_error *err)
{
    if (q->kind != BELUGA_CALL_BATCH_CREATE) return 0;
    if (!q->requests || !q->requests->count)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "the batch job has no requests: add at least one");
    if (q->requests->model->target != q->model->target)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "the requests were added for another model than the batch job's");
    return 0;
}

static int check(const question *q, beluga_error *err)
{
    const beluga_batch_api *api = beluga__batch_api_of(q->model, err);
    if (!api) return BELUGA_ERROR_NOT_SUPPORTED;
    if (shape_of(q)->by_id && !*q->id)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "the id of the batch job is missing");
    if (q->kind == BELUGA_CALL_BATCH_DELETE && !api->encode_delete)
        return beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED,
                                "this provider's batch jobs can't be deleted");
    if (q->kind == BELUGA_CALL_BATCH_SWEEP && !api->encode_sweep)
        return beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED,
                                "this provider's uploaded files can't be found by a job's name");
    int status = check_name(q, err);
    return status ? status : check_requests(q, err);
}

/* Copy the id or the name that the question has, since the caller's string may be freed before the
 * call ends. */
static int copy_question(asked_job *job, const question *q, beluga_error *err)
{
    const char *text = q->id ? q->id : q->name;
    job->question = *q;
    if (!text) return 0;
    size_t n = strlen(text) + 1;
    job->text = beluga__alloc(&q->model->target->runtime->allocator, n);
    if (!job->text) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
    memcpy(job->text, text, n);
    if (q->id)
        job->question.id = job->text;
    else
        job->question.name = job->text;
    return 0;
}

static void set_up(asked_job *job, const beluga_allocator *allocator)
{
    job->base.cancel = cancel;
    job->base.abort = abort_job;
    job->base.release = release;
    beluga__buf_init(&job->jobs, allocator, BELUGA__MAX_BODY_BYTES);
    beluga__buf_init(&job->strings, allocator, BELUGA__MAX_BODY_BYTES);
    beluga__buf_init(&job->page, allocator, BELUGA__MAX_URL_BYTES);
    beluga__json_scratch_init(&job->scratch, allocator);
}

static int begin(beluga_loop *loop, const question *q, beluga_job **out, beluga_error *err)
{
    int status = check(q, err);
    if (status) return status;
    asked_job *job =
        beluga__job_new(sizeof *job, q->model, loop, q->context, q->opts, q->n_opts, err);
    if (!job) return BELUGA_ERROR_NO_MEMORY;
    set_up(job, &q->model->target->runtime->allocator);
    status = copy_question(job, q, err);
    if (!status) status = ask(job, err);
    if (status)
        abort_job(&job->base);
    else
        beluga__job_hand_over(&job->base, out);
    return status;
}

/* A call that does not begin sends nothing. */
static int start(beluga_loop *loop, const question *q, beluga_job **out, beluga_error *err)
{
    int status = begin(loop, q, out, err);
    if (status) beluga__hint_set_uncreated(err, q->kind == BELUGA_CALL_BATCH_CREATE);
    return status;
}

/* --- on a loop -------------------------------------------------------------------------------- */

/* The following functions make a question. The caller adds the callback. */
static question to_create(beluga_chat_model *model, beluga_context *ctx,
                          const beluga_batch_requests *requests, const char *name,
                          const beluga_option *opts, size_t n_opts)
{
    return (question){.model = model,
                      .context = ctx,
                      .kind = BELUGA_CALL_BATCH_CREATE,
                      .name = name,
                      .requests = requests,
                      .opts = opts,
                      .n_opts = n_opts};
}

static question to_list(beluga_chat_model *model, beluga_context *ctx, int64_t since)
{
    return (question){
        .model = model, .context = ctx, .kind = BELUGA_CALL_BATCH_LIST, .since = since};
}

static question about(beluga_kind_of_call kind, beluga_chat_model *model, beluga_context *ctx,
                      const char *id)
{
    return (question){.model = model, .context = ctx, .kind = kind, .id = id ? id : ""};
}

static question to_sweep(beluga_chat_model *model, beluga_context *ctx, const char *name)
{
    return (question){
        .model = model, .context = ctx, .kind = BELUGA_CALL_BATCH_SWEEP, .name = name ? name : ""};
}

static question for_results(beluga_chat_model *model, beluga_context *ctx, const char *id,
                            beluga_batch_job_result_fn fn, void *payload)
{
    question q = about(BELUGA_CALL_BATCH_RESULTS, model, ctx, id);
    q.fn = fn;
    q.fn_payload = payload;
    return q;
}

static int start_on(beluga_loop *loop, question q, beluga_batch_job_cb cb, void *payload,
                    beluga_job **handle, beluga_error *err)
{
    beluga_error unused;
    if (!err) err = &unused;
    if (handle) *handle = NULL;
    if (beluga__loop_inherited(loop))
        return beluga_error_set(err, BELUGA_ERROR_FORKED, "the loop belongs to the parent process");
    q.cb = cb;
    q.payload = payload;
    return start(loop, &q, handle, err);
}

int beluga_batch_job_create_start_n(beluga_chat_model *model, beluga_loop *loop,
                                    beluga_context *ctx, const beluga_batch_requests *requests,
                                    const char *name, beluga_batch_job_cb cb, void *payload,
                                    beluga_job **handle, beluga_error *err,
                                    const beluga_option *opts, size_t n_opts)
{
    question q = to_create(model, ctx, requests, name, opts, n_opts);
    return start_on(loop, q, cb, payload, handle, err);
}

int beluga_batch_job_get_start(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                               const char *id, beluga_batch_job_cb cb, void *payload,
                               beluga_job **handle, beluga_error *err)
{
    question q = about(BELUGA_CALL_BATCH_GET, model, ctx, id);
    return start_on(loop, q, cb, payload, handle, err);
}

int beluga_batch_job_cancel_start(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                                  const char *id, beluga_batch_job_cb cb, void *payload,
                                  beluga_job **handle, beluga_error *err)
{
    question q = about(BELUGA_CALL_BATCH_CANCEL, model, ctx, id);
    return start_on(loop, q, cb, payload, handle, err);
}

int beluga_batch_job_delete_start(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                                  const char *id, beluga_batch_job_cb cb, void *payload,
                                  beluga_job **handle, beluga_error *err)
{
    question q = about(BELUGA_CALL_BATCH_DELETE, model, ctx, id);
    return start_on(loop, q, cb, payload, handle, err);
}

int beluga_batch_job_sweep_start(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                                 const char *name, beluga_batch_job_cb cb, void *payload,
                                 beluga_job **handle, beluga_error *err)
{
    return start_on(loop, to_sweep(model, ctx, name), cb, payload, handle, err);
}

int beluga_batch_job_list_start(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                                int64_t since, beluga_batch_job_cb cb, void *payload,
                                beluga_job **handle, beluga_error *err)
{
    return start_on(loop, to_list(model, ctx, since), cb, payload, handle, err);
}

int beluga_batch_job_results_start(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                                   const char *id, beluga_batch_job_result_fn fn,
                                   beluga_batch_job_cb cb, void *payload, beluga_job **handle,
                                   beluga_error *err)
{
    question q = for_results(model, ctx, id, fn, payload);
    return start_on(loop, q, cb, payload, handle, err);
}

/* --- blocking functions ----------------------------------------------------------------------- */

typedef struct waiting {
    beluga__job_waiter wait;
    question question;
    beluga_batch_job **jobs; /* NULL: the caller does not want it */
    size_t *count;           /* NULL: the caller does not want it */
} waiting;

static void ended(void *payload, beluga_batch_job *jobs, size_t count, const beluga_error *error)
{
    waiting *w = payload;
    if (w->jobs)
        *w->jobs = jobs;
    else
        beluga_free(jobs);
    if (w->count) *w->count = count;
    beluga__job_ended(&w->wait, error);
}

static int start_waiting(beluga_loop *loop, void *argument, beluga_job **job, beluga_error *err)
{
    waiting *w = argument;
    return start(loop, &w->question, job, err);
}

static int wait_for(question q, beluga_batch_job **jobs, size_t *count, beluga_error *err)
{
    beluga_error unused;
    waiting w = {.wait.error = err ? err : &unused, .question = q, .jobs = jobs, .count = count};
    w.question.cb = ended;
    w.question.payload = &w;
    if (jobs) *jobs = NULL;
    if (count) *count = 0;
    return beluga__job_wait(q.model, &w.wait, start_waiting, &w);
}

int beluga_batch_job_create_n(beluga_chat_model *model, beluga_context *ctx,
                              const beluga_batch_requests *requests, const char *name,
                              beluga_batch_job **job, beluga_error *err, const beluga_option *opts,
                              size_t n_opts)
{
    return wait_for(to_create(model, ctx, requests, name, opts, n_opts), job, NULL, err);
}

int beluga_batch_job_get(beluga_chat_model *model, beluga_context *ctx, const char *id,
                         beluga_batch_job **job, beluga_error *err)
{
    return wait_for(about(BELUGA_CALL_BATCH_GET, model, ctx, id), job, NULL, err);
}

int beluga_batch_job_cancel(beluga_chat_model *model, beluga_context *ctx, const char *id,
                            beluga_batch_job **job, beluga_error *err)
{
    return wait_for(about(BELUGA_CALL_BATCH_CANCEL, model, ctx, id), job, NULL, err);
}

int beluga_batch_job_delete(beluga_chat_model *model, beluga_context *ctx, const char *id,
                            beluga_error *err)
{
    return wait_for(about(BELUGA_CALL_BATCH_DELETE, model, ctx, id), NULL, NULL, err);
}

int beluga_batch_job_sweep(beluga_chat_model *model, beluga_context *ctx, const char *name,
                           beluga_error *err)
{
    return wait_for(to_sweep(model, ctx, name), NULL, NULL, err);
}

int beluga_batch_job_list(beluga_chat_model *model, beluga_context *ctx, int64_t since,
                          beluga_batch_job **out, size_t *count, beluga_error *err)
{
    return wait_for(to_list(model, ctx, since), out, count, err);
}

int beluga_batch_job_results(beluga_chat_model *model, beluga_context *ctx, const char *id,
                             beluga_batch_job_result_fn fn, void *payload, beluga_error *err)
{
    return wait_for(for_results(model, ctx, id, fn, payload), NULL, NULL, err);
}
