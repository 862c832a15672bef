/**
 * @file embedding.h
 * Vectors of texts, and counts of tokens.
 *
 * beluga_embed turns texts into vectors, of which two are near each other where their texts mean
 * the like. It splits the texts into as many requests as the provider's limits ask for, runs some
 * of them at once, and retries each on its own; the vectors come in the order of the texts.
 * beluga_count_tokens asks a provider how many tokens a conversation has for a model.
 *
 *     const char *const texts[] = {"a whale", "a dolphin", "a bicycle"};
 *     beluga_embeddings *e;
 *     if (!beluga_embed(model, NULL, texts, NULL, 3, &e, &err, beluga_with_dimensions(256))) {
 *         const float *whale = beluga_embeddings_vector(e, 0);
 *         printf("%g\n", beluga_similarity(whale, beluga_embeddings_vector(e, 1),
 *                                          beluga_embeddings_dimensions(e)));
 *     }
 *
 * Each function has a twin that calls back on an event loop. What holds for other calls holds for
 * these: contexts, timeouts, retries, limits, budgets, hooks, recordings, telemetry and errors.
 * Fallbacks do not: another model's vectors can't be compared with these, and it counts otherwise.
 */
#ifndef BELUGA_EMBEDDING_H
#define BELUGA_EMBEDDING_H

#include <beluga/chat_model.h>
#include <beluga/common.h>
#include <beluga/error.h>
#include <beluga/event.h>
#include <beluga/message.h>
#include <beluga/option.h>

BELUGA_BEGIN_DECLS

/**
 * The vectors of texts. They never change, so that any number of threads may read them; everything
 * that a function returns is borrowed until they are freed.
 */
typedef struct beluga_embeddings beluga_embeddings;

/** Texts that are being embedded, or messages that are being counted, on a loop. */
typedef struct beluga_job beluga_job;

/**
 * Embed texts.
 *
 * The texts are sent in requests of at most `max_inputs` texts; without that option of as many as
 * the provider takes. At most `max_concurrent_batches` requests run at once. The first one that
 * fails for good ends the others.
 *
 * @param ctx      Borrowed; NULL for none.
 * @param texts    Borrowed array of n, none of them NULL or empty. Most services refuse an empty
 *                 text, and none has a vector for it that means something.
 * @param lengths  Bytes of each text, which then may hold NUL; NULL: each ends in NUL.
 * @param n        1 to 1,000,000.
 * @param out      Owned (beluga_embeddings_free). NULL on failure.
 * @param err      Detail on failure, or NULL.
 * @param opts, n_opts  Borrowed, for this call; NULL and 0 for none; n_opts may be
 * BELUGA_OPTIONS_TERMINATED.
 * @return 0; BELUGA_ERROR_NOT_SUPPORTED if the provider can't embed texts;
 * BELUGA_ERROR_INVALID_INPUT no text, or one that is NULL, empty or not UTF-8, or bad options;
 * BELUGA_ERROR_LIMIT_EXCEEDED over 1,000,000 texts, a text over 64 MiB, or over 2 GiB of vectors;
 * BELUGA_ERROR_INVALID_RESPONSE an answer that lacks the vector of a text, has two, or has vectors
 * of different lengths or with numbers that are not finite; otherwise as beluga_generate_n.
 *
 * Threads: any, also several at once. Blocks: until all vectors are there; each request has the
 * timeouts of an unstreamed answer, and the deadline of `ctx` bounds all. Since: 0.1
 */
BELUGA_API int beluga_embed_n(beluga_chat_model *model, beluga_context *ctx,
                              const char *const *texts, const size_t *lengths, size_t n,
                              beluga_embeddings **out, beluga_error *err, const beluga_option *opts,
                              size_t n_opts);

/**
 * The end of beluga_embed_start_n; it is called once.
 *
 * @param embeddings  Owned (beluga_embeddings_free); NULL on failure.
 * @param error       Borrowed for the callback; NULL on success.
 */
typedef void (*beluga_embed_cb)(void *payload, beluga_embeddings *embeddings,
                                const beluga_error *error);

/**
 * Embed texts on the host's loop.
 *
 * @param loop     Borrowed until the callback; beluga_loop_free ends the work without one.
 * @param ctx, texts, lengths, n, opts, n_opts  As for beluga_embed_n; they may go when this
 * function returns.
 * @param cb       Called from a step of the loop only, never from inside this function.
 * @param payload  Passed to cb; borrowed until then.
 * @param job      Owned handle (beluga_job_free); NULL when not wanted.
 * @return 0; as beluga_embed_n for errors that are known before the start; BELUGA_ERROR_FORKED if
 * the loop belongs to the parent process. On failure cb is never called.
 *
 * Threads: only the loop's thread. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_embed_start_n(beluga_chat_model *model, beluga_loop *loop,
                                    beluga_context *ctx, const char *const *texts,
                                    const size_t *lengths, size_t n, beluga_embed_cb cb,
                                    void *payload, beluga_job **job, beluga_error *err,
                                    const beluga_option *opts, size_t n_opts);

/**
 * Cancel a job: its callback gets the error context_canceled, from a later step. Twice, after the
 * end, or with NULL it does nothing.
 *
 * Threads: only the loop's thread; on other threads cancel its context (beluga_context_cancel).
 * Since: 0.1
 */
BELUGA_API void beluga_job_cancel(beluga_job *job);
/**
 * Free the handle; NULL does nothing. A job under way goes on without it, and its callback is still
 * called. Threads: only the loop's thread. Since: 0.1
 */
BELUGA_API void beluga_job_free(beluga_job *job);

/** Free vectors; NULL does nothing. Threads: any. Since: 0.1 */
BELUGA_API void beluga_embeddings_free(beluga_embeddings *embeddings);
/** Return the number of vectors, which is that of the texts. Since: 0.1 */
BELUGA_API size_t beluga_embeddings_count(const beluga_embeddings *embeddings);
/** Return the number of floats in each vector. Since: 0.1 */
BELUGA_API size_t beluga_embeddings_dimensions(const beluga_embeddings *embeddings);
/**
 * Return the vector of text `index`, or NULL if `index` is out of range. The vectors lie behind
 * each other in one block: that of text 0 is the beginning of all. Since: 0.1
 */
BELUGA_API const float *beluga_embeddings_vector(const beluga_embeddings *embeddings, size_t index);
/** Return the usage of all requests together, never NULL; -1: no request told it. Since: 0.1 */
BELUGA_API const beluga_usage *beluga_embeddings_usage(const beluga_embeddings *embeddings);
/** Return the name of the model as its provider tells it, else as it was asked. Since: 0.1 */
BELUGA_API const char *beluga_embeddings_model(const beluga_embeddings *embeddings);
/** Return the name of the provider that embedded them. Since: 0.1 */
BELUGA_API const char *beluga_embeddings_provider(const beluga_embeddings *embeddings);
/** Return the provider's id of the first HTTP request, "" when unknown. Since: 0.1 */
BELUGA_API const char *beluga_embeddings_request_id(const beluga_embeddings *embeddings);
/**
 * Return warning `index`: something that the provider can't express. NULL if `index` is out of
 * range.
 */
BELUGA_API const char *beluga_embeddings_warning(const beluga_embeddings *embeddings, size_t index);

/**
 * Return the cosine of the angle between two vectors: 1 for the same direction, 0 where they have
 * nothing in common, -1 for opposites; 0 when one of them is all zeros.
 *
 * @param a, b  Borrowed arrays of n floats.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API double beluga_similarity(const float *a, const float *b, size_t n);

/** The tokens of messages. */
typedef struct beluga_token_count {
    int64_t tokens; /**< their number */
    /** the parts that the service leaves out of its count, a line; "" when it counts all */
    char left_out[256];
    void *reserved[4];
} beluga_token_count;

/**
 * Ask the provider how many tokens messages have for the model, together with the bound tools.
 *
 * Nothing is generated, and no service charges for it. Where a service can't count a part, such as
 * tools or images, the count is without it, and `left_out` says so.
 * beluga_message_estimate_tokens needs no service.
 *
 * @param messages  Borrowed; not empty.
 * @param out       Receives the count; all zeros on failure.
 * @param ctx, err, opts, n_opts  As for beluga_embed_n.
 * @return 0; BELUGA_ERROR_NOT_SUPPORTED if the provider can't count tokens; otherwise as
 * beluga_generate_n.
 *
 * Threads: any, also several at once. Blocks: until the count is there; some services need two
 * requests, each with its own timeouts. Since: 0.1
 */
BELUGA_API int beluga_count_tokens_n(beluga_chat_model *model, beluga_context *ctx,
                                     const beluga_messages *messages, beluga_token_count *out,
                                     beluga_error *err, const beluga_option *opts, size_t n_opts);

/**
 * The end of beluga_count_tokens_start_n; it is called once.
 *
 * @param count  Borrowed for the callback; NULL on failure.
 * @param error  Borrowed for the callback; NULL on success.
 */
typedef void (*beluga_count_cb)(void *payload, const beluga_token_count *count,
                                const beluga_error *error);

/**
 * Ask for the count of beluga_count_tokens_n on the host's loop.
 *
 * Takes the parameters of beluga_embed_start_n, and messages, which may go when it returns.
 *
 * @return 0; as beluga_count_tokens_n for errors that are known before the start;
 * BELUGA_ERROR_FORKED if the loop belongs to the parent process. On failure cb is never called.
 *
 * Threads: only the loop's thread. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_count_tokens_start_n(beluga_chat_model *model, beluga_loop *loop,
                                           beluga_context *ctx, const beluga_messages *messages,
                                           beluga_count_cb cb, void *payload, beluga_job **job,
                                           beluga_error *err, const beluga_option *opts,
                                           size_t n_opts);

/**
 * Trim a history so that it fits into a window of tokens.
 *
 * The oldest turns go first, as few as are needed; a turn is a message of the user (or several in a
 * row) with all that followed it. Of the last turn the oldest answers go, each with the results of
 * its calls. What always stays: system messages, the user's last message, and the last answer
 * behind it. A call and its result stay or go together, up to 1,024 messages apart.
 *
 * @param model       Counts, by beluga_count_tokens, with the tools that are bound to it: about a
 * dozen requests for a thousand turns, none but one when all fits. NULL:
 * beluga_message_estimate_tokens counts instead, so leave it room.
 * @param ctx         Borrowed; NULL for none.
 * @param messages    Borrowed; not empty.
 * @param max_tokens  1 or more: the model's window without the tokens that its answer needs. What a
 * service leaves out of its counts (beluga_token_count) needs room, too.
 * @param out         Owned (beluga_messages_free): a new list with references to the messages that
 * stay. NULL on failure.
 * @param err         Detail on failure, or NULL.
 * @return 0; BELUGA_ERROR_LIMIT_EXCEEDED what always stays is too long alone;
 * BELUGA_ERROR_INVALID_INPUT no messages, or a bad max_tokens; BELUGA_ERROR_NOT_SUPPORTED if the
 * provider can't count tokens; otherwise as beluga_count_tokens_n.
 *
 * Threads: any, also several at once. Blocks: for the counts; never without a model. Since: 0.1
 */
BELUGA_API int beluga_trim_messages(beluga_chat_model *model, beluga_context *ctx,
                                    const beluga_messages *messages, int64_t max_tokens,
                                    beluga_messages **out, beluga_error *err);

BELUGA_END_DECLS

/**
 * The forms with options as further arguments: beluga_embed, beluga_embed_start,
 * beluga_count_tokens and beluga_count_tokens_start take the arguments of their functions in `_n`
 * up to `err`, and then any number of options.
 */
#ifdef __cplusplus
template <class... Options>
inline int beluga_embed(beluga_chat_model *model, beluga_context *ctx, const char *const *texts,
                        const size_t *lengths, size_t n, beluga_embeddings **out, beluga_error *err,
                        Options... options)
{
    const beluga_option list[] = {options..., BELUGA_OPTIONS_END};
    return beluga_embed_n(model, ctx, texts, lengths, n, out, err, list, sizeof...(options));
}

template <class... Options>
inline int beluga_embed_start(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                              const char *const *texts, const size_t *lengths, size_t n,
                              beluga_embed_cb cb, void *payload, beluga_job **job,
                              beluga_error *err, Options... options)
{
    const beluga_option list[] = {options..., BELUGA_OPTIONS_END};
    return beluga_embed_start_n(model, loop, ctx, texts, lengths, n, cb, payload, job, err, list,
                                sizeof...(options));
}

template <class... Options>
inline int beluga_count_tokens(beluga_chat_model *model, beluga_context *ctx,
                               const beluga_messages *messages, beluga_token_count *out,
                               beluga_error *err, Options... options)
{
    const beluga_option list[] = {options..., BELUGA_OPTIONS_END};
    return beluga_count_tokens_n(model, ctx, messages, out, err, list, sizeof...(options));
}

template <class... Options>
inline int beluga_count_tokens_start(beluga_chat_model *model, beluga_loop *loop,
                                     beluga_context *ctx, const beluga_messages *messages,
                                     beluga_count_cb cb, void *payload, beluga_job **job,
                                     beluga_error *err, Options... options)
{
    const beluga_option list[] = {options..., BELUGA_OPTIONS_END};
    return beluga_count_tokens_start_n(model, loop, ctx, messages, cb, payload, job, err, list,
                                       sizeof...(options));
}
#else
#define beluga_embed(model, ctx, texts, lengths, n, out, ...)                       \
    BELUGA_CALL_(beluga_embed_n, (model, ctx, texts, lengths, n, out), __VA_ARGS__, \
                 BELUGA_OPTIONS_END)
#define beluga_embed_start(model, loop, ctx, texts, lengths, n, cb, payload, job, ...)          \
    BELUGA_CALL_(beluga_embed_start_n, (model, loop, ctx, texts, lengths, n, cb, payload, job), \
                 __VA_ARGS__, BELUGA_OPTIONS_END)
#define beluga_count_tokens(model, ctx, messages, out, ...)                       \
    BELUGA_CALL_(beluga_count_tokens_n, (model, ctx, messages, out), __VA_ARGS__, \
                 BELUGA_OPTIONS_END)
#define beluga_count_tokens_start(model, loop, ctx, messages, cb, payload, job, ...)          \
    BELUGA_CALL_(beluga_count_tokens_start_n, (model, loop, ctx, messages, cb, payload, job), \
                 __VA_ARGS__, BELUGA_OPTIONS_END)
#endif

#endif
