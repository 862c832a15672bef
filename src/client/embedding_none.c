/* Replaces count.c, embed.c, texts.c and trim.c in a library that is built without
 * embeddings. */
#include "base/left_out.h"
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

/* What batch jobs use. */

int beluga__texts_take(const char *const *texts, const size_t *lengths, size_t n, bool copies,
                       beluga__arena *arena, const beluga__input **out, beluga_error *err)
{
    BELUGA__UNUSED(texts, lengths, n, copies, arena, out);
    return refuse(err);
}
