#include "client/job.h"

#include "base/mem.h"

void *beluga__job_new(size_t size, beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                      const beluga_option *opts, size_t n_opts, beluga_error *err)
{
    const beluga_allocator *allocator = &model->target->runtime->allocator;
    beluga_job *job = beluga__zalloc(allocator, size);
    if (job && beluga__options_copy(&job->options, allocator, opts, n_opts)) {
        beluga__options_free(&job->options);
        beluga__release(allocator, job);
        job = NULL;
    }
    if (!job) {
        beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
        return NULL;
    }
    job->refs = 1;
    job->running = true;
    job->model = beluga_chat_model_ref(model);
    job->loop = loop;
    job->context = beluga_context_ref(ctx);
    return job;
}

static void unref(beluga_job *job)
{
    if (--job->refs) return;
    beluga_chat_model *model = job->model;
    if (job->release) job->release(job);
    beluga_context_unref(job->context);
    beluga__options_free(&job->options);
    beluga__release(&model->target->runtime->allocator, job);
    beluga_chat_model_unref(model);
}

void beluga__job_abort_call(beluga_op **op)
{
    beluga_op *call = *op;
    *op = NULL;
    if (!call) return;
    call->aborted = NULL;
    beluga__operation_abort(call);
    beluga_op_free(call);
}

void beluga__job_end(beluga_job *job)
{
    if (!job->running) return;
    job->running = false;
    unref(job);
}

void beluga__job_hand_over(beluga_job *job, beluga_job **out)
{
    if (!out) return;
    job->refs++;
    *out = job;
}

beluga__call_spec beluga__job_spec(const beluga_job *job)
{
    return (beluga__call_spec){.loop = job->loop,
                               .context = job->context,
                               .opts = job->options.opts,
                               .n_opts = job->options.n};
}

void beluga_job_cancel(beluga_job *job)
{
    if (job && job->running && !beluga__loop_inherited(job->loop)) job->cancel(job);
}

void beluga_job_free(beluga_job *job)
{
    if (job) unref(job);
}

void beluga__job_ended(beluga__job_waiter *wait, const beluga_error *error)
{
    wait->done = true;
    wait->status = error ? error->code : 0;
    if (error) *wait->error = *error;
}

int beluga__job_wait(beluga_chat_model *model, beluga__job_waiter *wait,
                     int (*start)(beluga_loop *loop, void *argument, beluga_job **job,
                                  beluga_error *err),
                     void *argument)
{
    beluga__loops *loops = &beluga__chat_model_client(model)->loops;
    beluga__network_loop *loop;
    beluga_job *job = NULL;
    int status = beluga__loops_lease(loops, &loop, wait->error);
    if (status) return status;
    status = start(&loop->base, argument, &job, wait->error);
    if (!status) {
        status = beluga__loop_run(loop, &wait->done);
        if (status) {
            beluga_error_set(wait->error, status, "%s", beluga_error_text(status));
            job->abort(job);
        } else
            status = wait->status;
    }
    beluga_job_free(job);
    beluga__loops_give_back(loops, loop);
    return status;
}
