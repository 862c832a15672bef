/* Replaces batch_job.c, batch_requests.c and batch_result.c in a library that is built without
 * batch jobs. */
#include "base/left_out.h"

#include <beluga/batch_job.h>

static int refuse(beluga_error *err)
{
    return beluga__left_out(err, "batch jobs", "batch_jobs=enabled");
}

int beluga_batch_requests_new(beluga_chat_model *model, beluga_batch_requests **out,
                              beluga_error *err)
{
    BELUGA__UNUSED(model);
    *out = NULL;
    return refuse(err);
}

int beluga_batch_requests_add_n(beluga_batch_requests *requests, beluga_chat_model *model,
                                const char *id, beluga_input input, beluga_error *err,
                                const beluga_option *opts, size_t n_opts)
{
    BELUGA__UNUSED(requests, model, id, input, opts, n_opts);
    return refuse(err);
}

size_t beluga_batch_requests_count(const beluga_batch_requests *requests)
{
    BELUGA__UNUSED(requests);
    return 0;
}

int beluga_batch_requests_add_embedding_n(beluga_batch_requests *requests, const char *id,
                                          const char *const *texts, const size_t *lengths, size_t n,
                                          beluga_error *err, const beluga_option *opts,
                                          size_t n_opts)
{
    BELUGA__UNUSED(requests, id, texts, lengths, n, opts, n_opts);
    return refuse(err);
}

uint64_t beluga_batch_requests_bytes(const beluga_batch_requests *requests)
{
    BELUGA__UNUSED(requests);
    return 0;
}

const char *beluga_batch_requests_warning(const beluga_batch_requests *requests, size_t index)
{
    BELUGA__UNUSED(requests, index);
    return NULL;
}

void beluga_batch_requests_free(beluga_batch_requests *requests)
{
    BELUGA__UNUSED(requests);
}

int beluga_batch_limits_get(const beluga_chat_model *model, beluga_batch_limits *limits,
                            beluga_error *err)
{
    BELUGA__UNUSED(model, limits);
    return refuse(err);
}

int beluga_batch_job_create_n(beluga_chat_model *model, beluga_context *ctx,
                              const beluga_batch_requests *requests, const char *name,
                              beluga_batch_job **job, beluga_error *err, const beluga_option *opts,
                              size_t n_opts)
{
    BELUGA__UNUSED(model, ctx, requests, name, opts, n_opts);
    if (job) *job = NULL;
    return refuse(err);
}

int beluga_batch_job_get(beluga_chat_model *model, beluga_context *ctx, const char *id,
                         beluga_batch_job **job, beluga_error *err)
{
    BELUGA__UNUSED(model, ctx, id);
    if (job) *job = NULL;
    return refuse(err);
}

int beluga_batch_job_cancel(beluga_chat_model *model, beluga_context *ctx, const char *id,
                            beluga_batch_job **job, beluga_error *err)
{
    BELUGA__UNUSED(model, ctx, id);
    if (job) *job = NULL;
    return refuse(err);
}

int beluga_batch_job_delete(beluga_chat_model *model, beluga_context *ctx, const char *id,
                            beluga_error *err)
{
    BELUGA__UNUSED(model, ctx, id);
    return refuse(err);
}

int beluga_batch_job_sweep(beluga_chat_model *model, beluga_context *ctx, const char *name,
                           beluga_error *err)
{
    BELUGA__UNUSED(model, ctx, name);
    return refuse(err);
}

int beluga_batch_job_list(beluga_chat_model *model, beluga_context *ctx, int64_t since,
                          beluga_batch_job **out, size_t *count, beluga_error *err)
{
    BELUGA__UNUSED(model, ctx, since);
    *out = NULL;
    *count = 0;
    return refuse(err);
}

int beluga_batch_job_results(beluga_chat_model *model, beluga_context *ctx, const char *id,
                             beluga_batch_job_result_fn fn, void *payload, beluga_error *err)
{
    BELUGA__UNUSED(model, ctx, id, fn, payload);
    return refuse(err);
}

int beluga_batch_job_create_start_n(beluga_chat_model *model, beluga_loop *loop,
                                    beluga_context *ctx, const beluga_batch_requests *requests,
                                    const char *name, beluga_batch_job_cb cb, void *payload,
                                    beluga_job **handle, beluga_error *err,
                                    const beluga_option *opts, size_t n_opts)
{
    BELUGA__UNUSED(model, loop, ctx, requests, name, cb, payload, opts, n_opts);
    if (handle) *handle = NULL;
    return refuse(err);
}

int beluga_batch_job_get_start(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                               const char *id, beluga_batch_job_cb cb, void *payload,
                               beluga_job **handle, beluga_error *err)
{
    BELUGA__UNUSED(model, loop, ctx, id, cb, payload);
    if (handle) *handle = NULL;
    return refuse(err);
}

int beluga_batch_job_cancel_start(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                                  const char *id, beluga_batch_job_cb cb, void *payload,
                                  beluga_job **handle, beluga_error *err)
{
    BELUGA__UNUSED(model, loop, ctx, id, cb, payload);
    if (handle) *handle = NULL;
    return refuse(err);
}

int beluga_batch_job_delete_start(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                                  const char *id, beluga_batch_job_cb cb, void *payload,
                                  beluga_job **handle, beluga_error *err)
{
    BELUGA__UNUSED(model, loop, ctx, id, cb, payload);
    if (handle) *handle = NULL;
    return refuse(err);
}

int beluga_batch_job_sweep_start(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                                 const char *name, beluga_batch_job_cb cb, void *payload,
                                 beluga_job **handle, beluga_error *err)
{
    BELUGA__UNUSED(model, loop, ctx, name, cb, payload);
    if (handle) *handle = NULL;
    return refuse(err);
}

int beluga_batch_job_list_start(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                                int64_t since, beluga_batch_job_cb cb, void *payload,
                                beluga_job **handle, beluga_error *err)
{
    BELUGA__UNUSED(model, loop, ctx, since, cb, payload);
    if (handle) *handle = NULL;
    return refuse(err);
}

int beluga_batch_job_results_start(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                                   const char *id, beluga_batch_job_result_fn fn,
                                   beluga_batch_job_cb cb, void *payload, beluga_job **handle,
                                   beluga_error *err)
{
    BELUGA__UNUSED(model, loop, ctx, id, fn, cb, payload);
    if (handle) *handle = NULL;
    return refuse(err);
}
