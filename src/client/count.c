/* Counts tokens, with one call, or with several calls if a service needs several requests. */
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "client/job.h"

#include <stdio.h>

typedef struct count_job {
    beluga_job base;
    beluga_messages *messages; /* a copy of the list */
    beluga_op *op;             /* NULL: no call is under way */
    /* token that the next request must send; empty: no further request is needed */
    beluga__buf page;
    unsigned steps;
    bool counted;
    beluga_token_count count;
    beluga_count_cb cb;
    void *payload;
} count_job;

static count_job *count_of(beluga_job *job)
{
    return beluga__container_of(job, count_job, base);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void release(beluga_job *base)
{
    count_job *job = count_of(base);
    beluga_messages_free(job->messages);
    beluga__buf_free(&job->page);
}

static void let_go(count_job *job)
{
    beluga_op_free(job->op);
    job->op = NULL;
}

static void abort_job(beluga_job *base)
{
    count_job *job = count_of(base);
    beluga__job_abort_call(&job->op);
    beluga__job_end(base);
}

static void cancel(beluga_job *base)
{
    beluga_op_cancel(count_of(base)->op);
}

static void conclude(count_job *job, const beluga_error *err)
{
    job->cb(job->payload, err ? NULL : &job->count, err);
    beluga__job_end(&job->base);
}

/* The loop is freed together with its calls, so the job ends without an event. */
static void lost(void *payload)
{
    count_job *job = payload;
    let_go(job);
    beluga__job_end(&job->base);
}

/* --- a call ----------------------------------------------------------------------------------- */

static int ask(count_job *job, beluga_error *err);

/* Join the warnings, which say what the service does not count, into one line. */
static void take_warnings(count_job *job)
{
    char *line = job->count.left_out;
    const size_t room = sizeof job->count.left_out;
    for (size_t i = 0; i < job->op->n_warnings; i++) {
        size_t n = strlen(line);
        if (strstr(line, job->op->warnings[i])) continue;
        snprintf(line + n, room - n, "%s%s", n ? "; " : "", job->op->warnings[i]);
    }
    /* if the last character was cut, this removes the rest of it */
    line[beluga__utf8_valid(line, strlen(line))] = '\0';
}

static void finished(count_job *job, const beluga_event *finish)
{
    beluga_error err;
    int status = 0;
    take_warnings(job);
    beluga__buf_clear(&job->page);
    if (!job->counted)
        status = beluga__buf_append(&job->page, finish->u.finish.raw, finish->u.finish.raw_length);
    if (status) beluga_error_set(&err, status, "no memory for the next request");
    let_go(job);
    if (!status && !job->counted) status = ask(job, &err);
    if (status || job->counted) conclude(job, status ? &err : NULL);
}

static void on_event(void *payload, const beluga_event *event)
{
    count_job *job = payload;
    switch (event->kind) {
    case BELUGA_EVENT_TOKEN_COUNT:
        job->count.tokens = event->u.tokens;
        job->counted = true;
        break;
    case BELUGA_EVENT_RESTART: job->counted = false; break;
    case BELUGA_EVENT_FINISH: finished(job, event); break;
    case BELUGA_EVENT_ERROR: {
        beluga_error err = *event->u.error;
        let_go(job);
        conclude(job, &err);
    }
    }
}

static int ask(count_job *job, beluga_error *err)
{
    beluga__call_spec spec = beluga__job_spec(&job->base);
    spec.messages = job->messages;
    spec.page = job->page.length ? job->page.data : NULL;
    if (++job->steps > BELUGA__MAX_COUNT_STEPS)
        return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                                "the provider asked for more than %u requests to count tokens",
                                BELUGA__MAX_COUNT_STEPS);
    int status =
        beluga__chat_model_start_count(job->base.model, &spec, on_event, job, &job->op, err);
    if (status)
        job->op = NULL;
    else
        job->op->aborted = lost;
    return status;
}

/* --- the beginning ---------------------------------------------------------------------------- */

typedef struct question {
    beluga_chat_model *model;
    beluga_context *context;
    const beluga_messages *messages;
    const beluga_option *opts;
    size_t n_opts;
} question;

static int start(beluga_loop *loop, const question *q, beluga_count_cb cb, void *payload,
                 beluga_job **out, beluga_error *err)
{
    count_job *job =
        beluga__job_new(sizeof *job, q->model, loop, q->context, q->opts, q->n_opts, err);
    if (!job) return BELUGA_ERROR_NO_MEMORY;
    job->base.cancel = cancel;
    job->base.abort = abort_job;
    job->base.release = release;
    job->cb = cb;
    job->payload = payload;
    beluga__buf_init(&job->page, &q->model->target->runtime->allocator, BELUGA__MAX_REQUEST_BYTES);
    int status = beluga_ensure_messages(beluga_input_messages(q->messages), &job->messages, err);
    if (!status) status = ask(job, err);
    if (status)
        abort_job(&job->base);
    else
        beluga__job_hand_over(&job->base, out);
    return status;
}

int beluga_count_tokens_start_n(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                                const beluga_messages *messages, beluga_count_cb cb, void *payload,
                                beluga_job **job, beluga_error *err, const beluga_option *opts,
                                size_t n_opts)
{
    const question q = {model, ctx, messages, opts, n_opts};
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
    beluga_token_count *out;
} waiting;

static void ended(void *payload, const beluga_token_count *count, const beluga_error *error)
{
    waiting *w = payload;
    if (count) *w->out = *count;
    beluga__job_ended(&w->wait, error);
}

static int start_waiting(beluga_loop *loop, void *argument, beluga_job **job, beluga_error *err)
{
    waiting *w = argument;
    return start(loop, &w->question, ended, w, job, err);
}

int beluga_count_tokens_n(beluga_chat_model *model, beluga_context *ctx,
                          const beluga_messages *messages, beluga_token_count *out,
                          beluga_error *err, const beluga_option *opts, size_t n_opts)
{
    beluga_error unused;
    waiting w = {.wait.error = err ? err : &unused,
                 .question = {model, ctx, messages, opts, n_opts},
                 .out = out};
    *out = (beluga_token_count){.tokens = 0};
    return beluga__job_wait(model, &w.wait, start_waiting, &w);
}
