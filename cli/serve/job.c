#include "serve/job.h"

#include <stdlib.h>

static void free_job(reactor_task *task)
{
    serve_job *job = beluga__container_of(task, serve_job, later);
    protocol_request_free(&job->body);
    beluga_job_free(job->job);
    beluga_context_unref(job->context);
    beluga_chat_model_unref(job->asked);
    serve_model_unref(job->model);
    free(job->text);
    free(job);
}

static void settle_key(serve_job *job)
{
    serve_record *record = &job->request->record;
    if (job->estimate < 0) return;
    record->cost = serve_models_cost(job->request->snapshot->models, record->provider,
                                     record->model, &record->usage);
    serve_key_settle(job->request->key, job->estimate, job->job ? &record->usage : NULL,
                     record->cost);
}

static void over(void *pending)
{
    serve_job *job = pending;
    settle_key(job);
    serve_work_end(job->s, &job->work);
    job->request = NULL;
    if (job->ended)
        reactor_defer(job->s->reactor, &job->later);
    else
        beluga_job_cancel(job->job);
}

static const serve_pending pending_job = {over, NULL};

static void cut(serve_work *work)
{
    serve_job *job = beluga__container_of(work, serve_job, work);
    if (!job->request || job->ended) return;
    beluga_job_cancel(job->job);
    settle_key(job);
    serve_refuse(job->request, BELUGA_ERROR_OVERLOADED,
                 "the server is shutting down: send the request again");
    job->request->kind = NULL;
    serve_work_end(job->s, &job->work);
    job->request = NULL;
}

bool serve_job_ended(serve_job *job)
{
    job->ended = true;
    if (job->request) return true;
    reactor_defer(job->s->reactor, &job->later);
    return false;
}

void serve_job_refuse(serve_job *job, const beluga_error *err)
{
    if (serve_job_ended(job)) serve_answer_error(job->request, err);
}

static int read_body(serve_job *job, beluga_error *err)
{
    serve_request *request = job->request;
    int status = protocol_request_parse(&job->body, request->family, job->text, job->length);
    if (status) protocol_request_explain(&job->body, status, err);
    if (!status) status = serve_request_find_model(request, job->body.model, &job->model, err);
    if (status) return status;
    job->context = beluga_context_new_timeout(NULL, request->snapshot->settings.timeout_ms);
    if (!job->context) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory");
    return 0;
}

serve_job *serve_job_begin(serve_request *request)
{
    beluga_error err;
    if (serve_refuse_excess(request)) return NULL;
    serve_job *job = calloc(1, sizeof *job);
    if (!job) {
        serve_refuse(request, BELUGA_ERROR_NO_MEMORY, "out of memory for the request");
        return NULL;
    }
    job->s = request->s;
    job->request = request;
    job->later.run = free_job;
    job->estimate = -1;
    job->text = http_take_body(request->x, &job->length);
    request->record.bytes_in = job->length;
    request->kind = &pending_job;
    request->pending = job;
    serve_work_begin(job->s, &job->work, cut);
    if (read_body(job, &err) == 0) return job;
    serve_job_refuse(job, &err);
    return NULL;
}
