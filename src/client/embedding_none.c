/* Replaces count.c, embed.c, embeddings.c, texts.c and trim.c in a library that is built without
 * embeddings. */
#include "base/left_out.h"
#include "client/embeddings.h"
#include "client/texts.h"

#include <beluga/embedding.h>

static int refuse(beluga_error *err)
{
    return beluga__left_out(err, "embeddings and counts of tokens", "embeddings=enabled");
}

int beluga_embed_n(beluga_chat_model *model, beluga_context *ctx, const char *const *texts,
                   const size_t *lengths, size_t n, beluga_embeddings **out, beluga_error *err,
                   const beluga_option *opts, size_t n_opts)
{
    BELUGA__UNUSED(model, ctx, texts, lengths, n, opts, n_opts);
    *out = NULL;
    return refuse(err);
}

int beluga_embed_start_n(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                         const char *const *texts, const size_t *lengths, size_t n,
                         beluga_embed_cb cb, void *payload, beluga_job **job, beluga_error *err,
                         const beluga_option *opts, size_t n_opts)
{
    BELUGA__UNUSED(model, loop, ctx, texts, lengths, n, cb, payload, opts, n_opts);
    if (job) *job = NULL;
    return refuse(err);
}

int beluga_count_tokens_n(beluga_chat_model *model, beluga_context *ctx,
                          const beluga_messages *messages, beluga_token_count *out,
                          beluga_error *err, const beluga_option *opts, size_t n_opts)
{
    BELUGA__UNUSED(model, ctx, messages, opts, n_opts);
    *out = (beluga_token_count){.tokens = 0};
    return refuse(err);
}

int beluga_count_tokens_start_n(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                                const beluga_messages *messages, beluga_count_cb cb, void *payload,
                                beluga_job **job, beluga_error *err, const beluga_option *opts,
                                size_t n_opts)
{
    BELUGA__UNUSED(model, loop, ctx, messages, cb, payload, opts, n_opts);
    if (job) *job = NULL;
    return refuse(err);
}

int beluga_trim_messages(beluga_chat_model *model, beluga_context *ctx,
                         const beluga_messages *messages, int64_t max_tokens, beluga_messages **out,
                         beluga_error *err)
{
    BELUGA__UNUSED(model, ctx, messages, max_tokens);
    *out = NULL;
    return refuse(err);
}

/* Nothing in this library makes embeddings, so callers can pass only NULL to the following
 * functions. */

void beluga_embeddings_free(beluga_embeddings *embeddings)
{
    (void)embeddings;
}

size_t beluga_embeddings_count(const beluga_embeddings *embeddings)
{
    (void)embeddings;
    return 0;
}

size_t beluga_embeddings_dimensions(const beluga_embeddings *embeddings)
{
    (void)embeddings;
    return 0;
}

const float *beluga_embeddings_vector(const beluga_embeddings *embeddings, size_t index)
{
    BELUGA__UNUSED(embeddings, index);
    return NULL;
}

const beluga_usage *beluga_embeddings_usage(const beluga_embeddings *embeddings)
{
    static const beluga_usage unknown = BELUGA_USAGE_INIT;
    (void)embeddings;
    return &unknown;
}

const char *beluga_embeddings_model(const beluga_embeddings *embeddings)
{
    (void)embeddings;
    return "";
}

const char *beluga_embeddings_provider(const beluga_embeddings *embeddings)
{
    (void)embeddings;
    return "";
}

const char *beluga_embeddings_request_id(const beluga_embeddings *embeddings)
{
    (void)embeddings;
    return "";
}

const char *beluga_embeddings_warning(const beluga_embeddings *embeddings, size_t index)
{
    BELUGA__UNUSED(embeddings, index);
    return NULL;
}

/* The functions that batch jobs use. */

int beluga__texts_take(const char *const *texts, const size_t *lengths, size_t n, bool copies,
                       beluga__arena *arena, const beluga__input **out, beluga_error *err)
{
    BELUGA__UNUSED(texts, lengths, n, copies, arena, out);
    return refuse(err);
}

beluga_embeddings *beluga__embeddings_new(size_t count)
{
    (void)count;
    return NULL;
}

int beluga__embeddings_put(beluga_embeddings *e, size_t index, const float *values, size_t n,
                           beluga_error *err)
{
    BELUGA__UNUSED(e, index, values, n);
    return refuse(err);
}

int beluga__embeddings_describe(beluga_embeddings *e, const beluga_call *call, const char *model,
                                const char *request_id, const beluga_usage *usage)
{
    BELUGA__UNUSED(e, call, model, request_id, usage);
    return BELUGA_ERROR_NOT_SUPPORTED;
}
