/**
 * @file embedding.h
 * Embedding vectors of texts, and counts of tokens.
 *
 * beluga_embed turns texts into vectors; the vectors of texts with similar meanings are close to
 * each other. It splits the texts into as many requests as the provider's limits require, runs
 * several requests at once, and retries each on its own. The vectors come in the order of the
 * texts. beluga_count_tokens asks a provider how many tokens of a model a conversation takes.
 *
 *     const char *const texts[] = {"a whale", "a dolphin", "a bicycle"};
 *     beluga_embeddings *e;
 *     if (!beluga_embed(model, NULL, texts, NULL, 3, &e, &err, beluga_with_dimensions(256))) {
 *         const float *whale = beluga_embeddings_vector(e, 0);
 *         printf("%g\n", beluga_similarity(whale, beluga_embeddings_vector(e, 1),
 *                                          beluga_embeddings_dimensions(e)));
 *     }
 *
 * Each of the two has a variant that runs on an event loop and calls a callback. Contexts,
 * timeouts, retries, limits, budgets, hooks, recordings, telemetry and errors work as for other
 * calls. Fallbacks are not used, since vectors and token counts of another model can't be compared
 * with these.
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
 * A set of vectors. It never changes, so that any number of threads may read it. Everything that
 * its functions return is borrowed until the set is freed.
 */
typedef struct beluga_embeddings beluga_embeddings;

/** A job on a loop that embeds texts, counts the tokens of messages, or works on a batch job. */
typedef struct beluga_job beluga_job;

/**
 * Embed texts.
 *
 * The texts are sent in requests of at most `max_inputs` texts, or without that option of as many
 * as the provider accepts. At most `max_concurrent_batches` requests run at once. When one of them
 * fails after its retries, the others are cancelled.
 *
 * @param ctx      Borrowed; NULL for none.
 * @param texts    Borrowed array of n texts. None of them may be NULL or empty: most services
 * refuse an empty text, and no service has a meaningful vector for it.
 * @param lengths  Length of each text in bytes, so that texts may contain NUL; NULL: each text ends
 * in NUL.
 * @param n        Number of texts, 1 to 1,000,000.
 * @param out      Owned (beluga_embeddings_free). NULL on failure.
 * @param err      Detail on failure, or NULL.
 * @param opts, n_opts  Borrowed, for this call; NULL and 0 for none; n_opts may be
 * BELUGA_OPTIONS_TERMINATED.
 * @return 0; BELUGA_ERROR_NOT_SUPPORTED if the provider can't embed texts;
 * BELUGA_ERROR_INVALID_INPUT if there is no text, a text is NULL, empty or not UTF-8, or an option
 * is bad; BELUGA_ERROR_LIMIT_EXCEEDED for more than 1,000,000 texts, a text of more than 64 MiB, or
 * more than 2 GiB of vectors; BELUGA_ERROR_INVALID_RESPONSE if an answer lacks the vector of a text
 * or has two for it, or has vectors of different lengths or with numbers that are not finite;
 * otherwise as beluga_generate_n.
 *
 * Threads: any, also several at once. Blocks: until all vectors have arrived; each request has the
 * timeouts of an unstreamed answer, and the deadline of `ctx` limits the whole call. Since: 0.1
 */
BELUGA_API int beluga_embed_n(beluga_chat_model *model, beluga_context *ctx,
                              const char *const *texts, const size_t *lengths, size_t n,
                              beluga_embeddings **out, beluga_error *err, const beluga_option *opts,
                              size_t n_opts);

/**
 * Callback that is called once, at the end of beluga_embed_start_n.
 *
 * @param embeddings  Owned (beluga_embeddings_free); NULL on failure.
 * @param error       Borrowed until the callback returns; NULL on success.
 */
typedef void (*beluga_embed_cb)(void *payload, beluga_embeddings *embeddings,
                                const beluga_error *error);

/**
 * Embed texts on a loop of the host program.
 *
 * @param loop     Borrowed until the callback; beluga_loop_free ends the job without a callback.
 * @param ctx, texts, lengths, n, opts, n_opts  As for beluga_embed_n; they may be freed when this
 * function returns.
 * @param cb       Called only in a step of the loop, never from inside this function.
 * @param payload  Passed to cb; borrowed until cb is called.
 * @param job      Receives an owned handle (beluga_job_free); may be NULL.
 * @return 0; as beluga_embed_n for errors that are detected before the start; BELUGA_ERROR_FORKED
 * if the loop belongs to the parent process. On failure cb is never called.
 *
 * Threads: only the loop's thread. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_embed_start_n(beluga_chat_model *model, beluga_loop *loop,
                                    beluga_context *ctx, const char *const *texts,
                                    const size_t *lengths, size_t n, beluga_embed_cb cb,
                                    void *payload, beluga_job **job, beluga_error *err,
                                    const beluga_option *opts, size_t n_opts);

/**
 * Cancel a job: its callback gets the error context_canceled in a later step of the loop. A second
 * cancel does nothing, nor does a cancel after the end or with NULL.
 *
 * Threads: only the loop's thread; on other threads cancel the job's context
 * (beluga_context_cancel). Since: 0.1
 */
BELUGA_API void beluga_job_cancel(beluga_job *job);
/**
 * Free the handle; NULL does nothing. A running job goes on, and its callback is still called.
 * Threads: only the loop's thread. Since: 0.1
 */
BELUGA_API void beluga_job_free(beluga_job *job);

/** Free a set of vectors; NULL does nothing. Threads: any. Since: 0.1 */
BELUGA_API void beluga_embeddings_free(beluga_embeddings *embeddings);
/** Return the number of vectors, which is the number of texts. Since: 0.1 */
BELUGA_API size_t beluga_embeddings_count(const beluga_embeddings *embeddings);
/** Return the number of floats in each vector. Since: 0.1 */
BELUGA_API size_t beluga_embeddings_dimensions(const beluga_embeddings *embeddings);
/**
 * Return the vector of text `index`, or NULL if `index` is out of range. All vectors are stored in
 * one block, in the order of the texts and beginning with that of text 0. Since: 0.1
 */
BELUGA_API const float *beluga_embeddings_vector(const beluga_embeddings *embeddings, size_t index);
/**
 * Return the usage of all requests together, never NULL; -1 for a count that no request reported.
 * Since: 0.1
 */
BELUGA_API const beluga_usage *beluga_embeddings_usage(const beluga_embeddings *embeddings);
/**
 * Return the name of the model as its provider reports it, or else the name that was asked for.
 * Since: 0.1
 */
BELUGA_API const char *beluga_embeddings_model(const beluga_embeddings *embeddings);
/** Return the name of the provider that embedded the texts. Since: 0.1 */
BELUGA_API const char *beluga_embeddings_provider(const beluga_embeddings *embeddings);
/** Return the provider's id of the first HTTP request, "" when unknown. Since: 0.1 */
BELUGA_API const char *beluga_embeddings_request_id(const beluga_embeddings *embeddings);
/**
 * Return warning `index`, about something that the provider can't express; NULL if `index` is out
 * of range.
 */
BELUGA_API const char *beluga_embeddings_warning(const beluga_embeddings *embeddings, size_t index);

/**
 * Return the cosine of the angle between two vectors: 1 for the same direction, 0 for a right
 * angle, -1 for opposite directions; 0 also when all numbers of a vector are 0.
 *
 * @param a, b  Borrowed arrays of n floats.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API double beluga_similarity(const float *a, const float *b, size_t n);

/** The result of counting tokens. */
typedef struct beluga_token_count {
    int64_t tokens; /**< number of tokens */
    /** one line that names the parts that the service does not count; "" if it counts all parts */
    char left_out[256];
    void *reserved[4];
} beluga_token_count;

/**
 * Ask the provider how many of the model's tokens messages take, together with the bound tools.
 *
 * Nothing is generated, and no service charges for it. If a service can't count a part, such as
 * tools or images, the count does not include that part, and `left_out` names it.
 * beluga_message_estimate_tokens gives an estimate without a request.
 *
 * @param messages  Borrowed; not empty.
 * @param out       Receives the count; zeroed on failure.
 * @param ctx, err, opts, n_opts  As for beluga_embed_n.
 * @return 0; BELUGA_ERROR_NOT_SUPPORTED if the provider can't count tokens; otherwise as
 * beluga_generate_n.
 *
 * Threads: any, also several at once. Blocks: until the count has arrived; some services need two
 * requests, each with its own timeouts. Since: 0.1
 */
BELUGA_API int beluga_count_tokens_n(beluga_chat_model *model, beluga_context *ctx,
                                     const beluga_messages *messages, beluga_token_count *out,
                                     beluga_error *err, const beluga_option *opts, size_t n_opts);

/**
 * Callback that is called once, at the end of beluga_count_tokens_start_n.
 *
 * @param count  Borrowed until the callback returns; NULL on failure.
 * @param error  Borrowed until the callback returns; NULL on success.
 */
typedef void (*beluga_count_cb)(void *payload, const beluga_token_count *count,
                                const beluga_error *error);

/**
 * Start on a loop of the host program what beluga_count_tokens_n does.
 *
 * It takes the parameters of beluga_embed_start_n, with `messages` in place of the texts; they may
 * be freed when this function returns.
 *
 * @return 0; as beluga_count_tokens_n for errors that are detected before the start;
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
 * Trim a conversation so that it fits into a limit of tokens.
 *
 * It removes the oldest turns, and no more of them than necessary; a turn is a message of the user
 * (or several in a row) with all messages that followed it. If that is not enough, it removes the
 * oldest answers of the last turn, each with the results of its tool calls. System messages, the
 * user's last message, and the last answer after it always stay. A tool call and its result are
 * kept or removed together, if they are at most 1,024 messages apart.
 *
 * @param model       Its provider counts the tokens (beluga_count_tokens), together with the tools
 * that are bound to it. That takes about a dozen requests for a thousand turns, and one if no
 * message must be removed. NULL: beluga_message_estimate_tokens counts instead; leave room for its
 * error then.
 * @param ctx         Borrowed; NULL for none.
 * @param messages    Borrowed; not empty.
 * @param max_tokens  1 or more: the model's context window minus the tokens that its answer needs,
 * and minus room for parts that the service does not count (beluga_token_count).
 * @param out         Owned (beluga_messages_free): a new list with references to the messages that
 * stay. NULL on failure.
 * @param err         Detail on failure, or NULL.
 * @return 0; BELUGA_ERROR_LIMIT_EXCEEDED if the messages that always stay are too long already;
 * BELUGA_ERROR_INVALID_INPUT if there are no messages, or max_tokens is less than 1;
 * BELUGA_ERROR_NOT_SUPPORTED if the provider can't count tokens; otherwise as
 * beluga_count_tokens_n.
 *
 * Threads: any, also several at once. Blocks: while the provider counts; never without a model.
 * Since: 0.1
 */
BELUGA_API int beluga_trim_messages(beluga_chat_model *model, beluga_context *ctx,
                                    const beluga_messages *messages, int64_t max_tokens,
                                    beluga_messages **out, beluga_error *err);

BELUGA_END_DECLS

/**
 * Macros that take options as further arguments: beluga_embed, beluga_embed_start,
 * beluga_count_tokens and beluga_count_tokens_start take the same arguments as the functions with
 * `_n` up to `err`, and then any number of options.
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
