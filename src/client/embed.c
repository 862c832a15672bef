/* Embedding: texts are split into parts that fit the provider's limits, each part is one call, and
 * the vectors of all parts are put into one block. */
#include "base/limits.h"
#include "base/mem.h"
#include "client/batch_span.h"
#include "client/job.h"
#include "client/texts.h"
#include "schema/embeddings.h"

#include <stdio.h>

enum { DEFAULT_CONCURRENCY = 5 };

typedef struct embed_job embed_job;

/* A request that is under way, and the texts that it sends. When it has ended, the struct is used
 * for the next texts. */
typedef struct part {
    embed_job *job;
    beluga_op *op; /* NULL: the part is not being sent */
    size_t first, n;
    beluga_error failure; /* why the part failed; code 0: it has not failed */
} part;

struct embed_job {
    beluga_job base;
    const beluga__input *inputs;
    /* holds copies of the texts if the caller may free its texts before the job ends */
    beluga__arena texts;
    size_t n, next; /* number of texts, and index of the first that was not sent yet */
    size_t max_inputs, max_bytes;
    part *parts;
    size_t n_parts, n_running;
    beluga__batch_span span; /* used if there are several parts */
    beluga_embeddings *result;
    beluga_embed_cb cb;
    void *payload;
};

static embed_job *embed_of(beluga_job *job)
{
    return beluga__container_of(job, embed_job, base);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void end_span(embed_job *job, const beluga_error *err)
{
    beluga__batch_span_end(&job->span, job->base.model->target, err);
}

/* End the job without an event, because the loop is being freed. */
static void end_unheard(embed_job *job)
{
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_CONTEXT_CANCELED, "the loop was freed");
    end_span(job, &err);
    beluga__job_end(&job->base);
}

static void release(beluga_job *base)
{
    embed_job *job = embed_of(base);
    const beluga_allocator *allocator = &base->model->target->runtime->allocator;
    beluga_embeddings_free(job->result);
    if (job->texts.allocator) beluga__arena_free(&job->texts);
    beluga__release(allocator, job->parts);
}

/* Stop all parts that are under way, without an event. */
static void stop(embed_job *job)
{
    for (size_t i = 0; i < job->n_parts; i++) beluga__job_abort_call(&job->parts[i].op);
    job->n_running = 0;
}

static void abort_job(beluga_job *base)
{
    stop(embed_of(base));
    end_unheard(embed_of(base));
}

static void cancel(beluga_job *base)
{
    embed_job *job = embed_of(base);
    for (size_t i = 0; i < job->n_parts; i++) beluga_op_cancel(job->parts[i].op);
}

/* If the job has several parts, add to an error which texts this part has. */
static void name_part(const part *p, beluga_error *err)
{
    char texts[64];
    if (p->n == p->job->n) return;
    snprintf(texts, sizeof texts, "texts %zu to %zu", p->first, p->first + p->n - 1);
    beluga_error_wrap(err, NULL, texts);
}

static void fail(embed_job *job, const beluga_error *err)
{
    stop(job);
    end_span(job, err);
    job->cb(job->payload, NULL, err);
    beluga__job_end(&job->base);
}

static void succeed(embed_job *job)
{
    beluga_embeddings *result = job->result;
    job->result = NULL;
    end_span(job, NULL);
    job->cb(job->payload, result, NULL);
    beluga__job_end(&job->base);
}

/* --- a part ----------------------------------------------------------------------------------- */

static int start_part(part *p, beluga_error *err);

/* Send the next texts, if there are any. */
static void go_on(part *p)
{
    embed_job *job = p->job;
    beluga_error err;
    if (job->next < job->n) {
        if (start_part(p, &err)) fail(job, &err);
    } else if (!job->n_running)
        succeed(job);
}

static void part_failed(part *p, const beluga_error *error)
{
    beluga_error err = p->failure.code ? p->failure : *error;
    beluga__call_locate(p->op->call, &err);
    name_part(p, &err);
    beluga__operation_free(p->op);
    p->op = NULL;
    p->job->span.failed++;
    fail(p->job, &err);
}

/* Add the metadata, usage and warnings of a part. Returns 0 or NO_MEMORY. */
static int add_part(beluga_embeddings *e, const beluga_op *op)
{
    const beluga_call *call = op->call;
    const char *model = op->metadata.model ? op->metadata.model : call->model_name;
    int status = beluga__embeddings_describe(e, call->target->provider->name, model,
                                             op->metadata.request_id, &op->usage);
    for (size_t i = 0; i < op->n_warnings && !status; i++)
        status = beluga__embeddings_warn(e, op->warnings[i]);
    return status;
}

static void part_finished(part *p)
{
    embed_job *job = p->job;
    beluga_error err;
    int status = add_part(job->result, p->op);
    beluga__operation_free(p->op);
    p->op = NULL;
    job->n_running--;
    job->span.succeeded += !status;
    if (!status) {
        go_on(p);
        return;
    }
    beluga_error_set(&err, status, "no memory for the vectors");
    fail(job, &err);
}

/* Store a vector. A part can't be freed inside its own event, so on failure the part is cancelled,
 * and the failure is reported when the part ends. */
static void take_vector(part *p, const beluga_event *event)
{
    if (p->failure.code) return;
    size_t index = p->first + event->index;
    if (beluga__embeddings_put(p->job->result, index, event->u.embedding.values,
                               event->u.embedding.count, &p->failure))
        beluga_op_cancel(p->op);
}

static void on_event(void *payload, const beluga_event *event)
{
    part *p = payload;
    switch (event->kind) {
    case BELUGA_EVENT_EMBEDDING: take_vector(p, event); break;
    case BELUGA_EVENT_FINISH: part_finished(p); break;
    case BELUGA_EVENT_ERROR: part_failed(p, event->u.error); break;
    }
}

/* The loop is freed together with its calls, so the job ends without an event. */
static void lost(void *payload)
{
    part *p = payload;
    embed_job *job = p->job;
    beluga_op_free(p->op);
    p->op = NULL;
    if (--job->n_running == 0) end_unheard(job);
}

/* Take as many of the remaining texts as fit into one request. */
static void take_texts(part *p)
{
    embed_job *job = p->job;
    size_t bytes = 0;
    p->first = job->next;
    for (p->n = 0; job->next < job->n && p->n < job->max_inputs; p->n++, job->next++) {
        bytes += job->inputs[job->next].length;
        if (p->n && bytes > job->max_bytes) break;
    }
}

static int start_part(part *p, beluga_error *err)
{
    embed_job *job = p->job;
    take_texts(p);
    p->failure.code = 0;
    beluga__call_spec spec = beluga__job_spec(&job->base);
    spec.inputs = job->inputs + p->first;
    spec.n_inputs = p->n;
    spec.parent_span = job->span.span;
    int status = beluga__chat_model_start_embed(job->base.model, &spec, on_event, p, &p->op, err);
    if (status) {
        name_part(p, err);
        p->op = NULL;
        return status;
    }
    p->op->aborted = lost;
    p->op->is_part = p->n != job->n;
    job->n_running++;
    return 0;
}

/* --- the beginning ---------------------------------------------------------------------------- */

/* The arguments of the public functions. */
typedef struct question {
    beluga_chat_model *model;
    beluga_context *context;
    const char *const *texts;
    const size_t *lengths;
    size_t n;
    const beluga_option *opts;
    size_t n_opts;
    bool copies; /* copy the texts, since the caller may free them before the job ends */
} question;

static int take_question(embed_job *job, const question *q, beluga_error *err)
{
    const beluga_allocator *allocator = &job->base.model->target->runtime->allocator;
    beluga__arena_init(&job->texts, allocator, NULL, 0, BELUGA__MAX_CALL_BYTES);
    job->n = q->n;
    return beluga__texts_take(q->texts, q->lengths, q->n, q->copies, &job->texts, &job->inputs,
                              err);
}

/* Returns an integer option of this call or of the model. */
static int64_t option_of(const embed_job *job, int key, int64_t otherwise)
{
    int64_t value = beluga__settings_int(&job->base.model->target->settings, key, otherwise);
    beluga__options_int(&job->base.options, key, &value);
    return value;
}

static int make_parts(embed_job *job, beluga_error *err)
{
    const beluga__target *target = job->base.model->target;
    const beluga_provider *provider = target->provider;
    int64_t limit = provider->max_inputs ? provider->max_inputs : BELUGA__MAX_INPUTS;
    job->max_inputs = (size_t)option_of(job, BELUGA_OPTION_MAX_INPUTS, limit);
    job->max_bytes = provider->max_input_bytes ? provider->max_input_bytes : SIZE_MAX;
    size_t most = (size_t)option_of(job, BELUGA_OPTION_MAX_CONCURRENT_BATCHES, DEFAULT_CONCURRENCY);
    /* Without a limit on bytes the number of parts follows from the number of texts; with one, each
     * text may need a part of its own. */
    size_t parts = job->max_bytes == SIZE_MAX ? (job->n - 1) / job->max_inputs + 1 : job->n;
    job->n_parts = parts < most ? parts : most;
    job->parts = beluga__zalloc(&target->runtime->allocator, job->n_parts * sizeof *job->parts);
    job->result = job->parts ? beluga__embeddings_new(job->n) : NULL;
    if (!job->result) {
        job->n_parts = 0;
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the vectors");
    }
    for (size_t i = 0; i < job->n_parts; i++) job->parts[i].job = job;
    return 0;
}

static bool fits_one_part(const embed_job *job)
{
    size_t bytes = 0;
    for (size_t i = 0; i < job->n && bytes <= job->max_bytes; i++) bytes += job->inputs[i].length;
    return job->n <= job->max_inputs && (bytes <= job->max_bytes || job->n == 1);
}

static int start_parts(embed_job *job, beluga_error *err)
{
    int status = 0;
    if (!fits_one_part(job))
        beluga__batch_span_begin(&job->span, job->base.model->target, job->base.context);
    for (size_t i = 0; i < job->n_parts && job->next < job->n && !status; i++)
        status = start_part(&job->parts[i], err);
    return status;
}

static int start(beluga_loop *loop, const question *q, beluga_embed_cb cb, void *payload,
                 beluga_job **out, beluga_error *err)
{
    embed_job *job =
        beluga__job_new(sizeof *job, q->model, loop, q->context, q->opts, q->n_opts, err);
    if (!job) return BELUGA_ERROR_NO_MEMORY;
    job->base.cancel = cancel;
    job->base.abort = abort_job;
    job->base.release = release;
    job->cb = cb;
    job->payload = payload;
    int status = take_question(job, q, err);
    if (!status) status = make_parts(job, err);
    if (!status) status = start_parts(job, err);
    if (status) {
        stop(job);
        end_span(job, err);
        beluga__job_end(&job->base);
    } else
        beluga__job_hand_over(&job->base, out);
    return status;
}

int beluga_embed_start_n(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                         const char *const *texts, const size_t *lengths, size_t n,
                         beluga_embed_cb cb, void *payload, beluga_job **job, beluga_error *err,
                         const beluga_option *opts, size_t n_opts)
{
    const question q = {model, ctx, texts, lengths, n, opts, n_opts, .copies = true};
    beluga_error unused;
    if (!err) err = &unused;
    if (job) *job = NULL;
    if (beluga__loop_inherited(loop))
        return beluga_error_set(err, BELUGA_ERROR_FORKED, "the loop belongs to the parent process");
    return start(loop, &q, cb, payload, job, err);
}

/* --- the blocking function -------------------------------------------------------------------- */

typedef struct waiting {
    beluga__job_waiter wait;
    question question;
    beluga_embeddings **out;
} waiting;

static void ended(void *payload, beluga_embeddings *embeddings, const beluga_error *error)
{
    waiting *w = payload;
    *w->out = embeddings;
    beluga__job_ended(&w->wait, error);
}

static int start_waiting(beluga_loop *loop, void *argument, beluga_job **job, beluga_error *err)
{
    waiting *w = argument;
    return start(loop, &w->question, ended, w, job, err);
}

int beluga_embed_n(beluga_chat_model *model, beluga_context *ctx, const char *const *texts,
                   const size_t *lengths, size_t n, beluga_embeddings **out, beluga_error *err,
                   const beluga_option *opts, size_t n_opts)
{
    beluga_error unused;
    waiting w = {.wait.error = err ? err : &unused,
                 .question = {model, ctx, texts, lengths, n, opts, n_opts, .copies = false},
                 .out = out};
    *out = NULL;
    return beluga__job_wait(model, &w.wait, start_waiting, &w);
}
