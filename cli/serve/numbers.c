#include "serve/numbers.h"

#include "protocol/messages.h"
#include "protocol/put.h"
#include "serve/job.h"

#include <stdlib.h>
#include <string.h>

#define MAX_TEXTS 2048

/* ---- texts ----------------------------------------------------------------------------------- */

typedef struct embed_texts {
    const char **items; /* the array is owned; the texts are borrowed from the document */
    size_t *lengths;    /* owned */
    size_t count;
} embed_texts;

static void free_texts(embed_texts *texts)
{
    free(texts->items);
    free(texts->lengths);
}

static int take_text(embed_texts *texts, const beluga_json *value, beluga_error *err)
{
    const char *text = beluga_json_string(value, &texts->lengths[texts->count]);
    if (text && *text) {
        texts->items[texts->count++] = text;
        return 0;
    }
    if (beluga_json_is_number(value) || beluga_json_is_array(value))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "input: this server accepts only texts, not lists of token ids "
                                "(LangChain sends texts with check_embedding_ctx_length=False)");
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                            "input[%zu]: it must be a string that is not empty", texts->count);
}

static int read_texts(const beluga_json *body, embed_texts *texts, beluga_error *err)
{
    const beluga_json *input = beluga_json_get(body, "input");
    const bool is_list = beluga_json_is_array(input);
    const size_t n = is_list ? beluga_json_count(input) : 1;
    int status = 0;
    if (!input || n == 0)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "input: it must be a string or a list of strings");
    if (n > MAX_TEXTS)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "input: it has more than %d texts",
                                MAX_TEXTS);
    texts->items = calloc(n, sizeof *texts->items);
    texts->lengths = calloc(n, sizeof *texts->lengths);
    if (!texts->items || !texts->lengths)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory for the texts");
    const beluga_json *v = is_list ? beluga_json_first(input) : input;
    for (; v && !status; v = is_list ? beluga_json_next(input, v) : NULL)
        status = take_text(texts, v, err);
    return status;
}

/* ---- vectors --------------------------------------------------------------------------------- */

static bool wants_base64(const serve_job *job)
{
    const char *format = beluga_json_get_string(job->body.body, "encoding_format", NULL);
    return format && strcmp(format, "base64") == 0;
}

/* Write a vector as 32-bit floats in little-endian order, encoded in base64, as clients expect. */
static void put_bytes(beluga_json_writer *w, const float *vector, size_t n)
{
    const void *bytes = vector;
    uint32_t *swapped = NULL;
    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__) {
        bytes = swapped = malloc(n * sizeof *swapped);
        for (size_t i = 0; swapped && i < n; i++) {
            memcpy(&swapped[i], &vector[i], sizeof *swapped);
            swapped[i] = __builtin_bswap32(swapped[i]);
        }
    }
    if (bytes)
        beluga_json_put_base64(w, "embedding", NULL, bytes, n * sizeof *vector);
    else
        protocol_give_up(w);
    free(swapped);
}

static void put_vector(beluga_json_writer *w, const float *vector, size_t n, bool base64)
{
    if (base64) {
        put_bytes(w, vector, n);
        return;
    }
    beluga_json_begin_array(w, "embedding");
    for (size_t i = 0; i < n; i++) beluga_json_put_double(w, NULL, (double)vector[i]);
    beluga_json_end_array(w);
}

static void put_usage(beluga_json_writer *w, const beluga_usage *usage)
{
    const int64_t tokens = protocol_known(usage->input_total);
    beluga_json_begin_object(w, "usage");
    beluga_json_put_int(w, "prompt_tokens", tokens);
    beluga_json_put_int(w, "total_tokens", tokens);
    beluga_json_end_object(w);
}

static void answer_vectors(serve_job *job, const beluga_embeddings *e)
{
    const size_t n = beluga_embeddings_count(e), dimensions = beluga_embeddings_dimensions(e);
    const bool base64 = wants_base64(job);
    beluga_json_writer *w = beluga_json_writer_new();
    if (w) {
        beluga_json_begin_object(w, NULL);
        beluga_json_put_string(w, "object", "list");
        beluga_json_begin_array(w, "data");
        for (size_t i = 0; i < n; i++) {
            beluga_json_begin_object(w, NULL);
            beluga_json_put_string(w, "object", "embedding");
            beluga_json_put_int(w, "index", (int64_t)i);
            put_vector(w, beluga_embeddings_vector(e, i), dimensions, base64);
            beluga_json_end_object(w);
        }
        beluga_json_end_array(w);
        beluga_json_put_string(w, "model", beluga_embeddings_model(e));
        put_usage(w, beluga_embeddings_usage(e));
        beluga_json_end_object(w);
    }
    serve_answer_json(job->request, 200, w);
}

static void embedded(void *payload, beluga_embeddings *e, const beluga_error *error)
{
    serve_job *job = payload;
    if (serve_job_ended(job)) {
        serve_record *record = &job->request->record;
        if (e) {
            record->usage = *beluga_embeddings_usage(e);
            record->usage.raw = NULL;
            serve_copy(record->provider, sizeof record->provider, beluga_embeddings_provider(e));
            serve_copy(record->model, sizeof record->model, beluga_embeddings_model(e));
            answer_vectors(job, e);
        } else {
            serve_answer_error(job->request, error);
        }
    }
    beluga_embeddings_free(e);
}

static int start_embedding(serve_job *job, beluga_error *err)
{
    embed_texts texts = {0};
    beluga_option options[1];
    const int64_t dimensions = beluga_json_get_int(job->body.body, "dimensions", 0);
    const int64_t estimate = serve_estimate_tokens(job->length);
    if (dimensions > 0) options[0] = beluga_with_dimensions(dimensions);
    int status = read_texts(job->body.body, &texts, err);
    if (!status) status = serve_key_admit(job->request->key, estimate, err);
    if (!status) {
        job->estimate = estimate;
        status = beluga_embed_start_n(job->model->model, job->s->loop, job->context, texts.items,
                                      texts.lengths, texts.count, embedded, job, &job->job, err,
                                      options, dimensions > 0);
    }
    free_texts(&texts);
    return status;
}

void serve_embed_handle(serve_request *request)
{
    beluga_error err;
    request->record.protocol = "embeddings";
    serve_job *job = serve_job_begin(request);
    if (job && start_embedding(job, &err)) serve_job_refuse(job, &err);
}

/* ---- counts ---------------------------------------------------------------------------------- */

static void answer_count(serve_job *job, int64_t tokens)
{
    beluga_json_writer *w = beluga_json_writer_new();
    if (w) {
        beluga_json_begin_object(w, NULL);
        beluga_json_put_int(w, "input_tokens", tokens);
        beluga_json_end_object(w);
    }
    serve_answer_json(job->request, 200, w);
}

static void counted(void *payload, const beluga_token_count *count, const beluga_error *error)
{
    serve_job *job = payload;
    if (!serve_job_ended(job)) return;
    if (count)
        answer_count(job, count->tokens);
    else if (error->code == BELUGA_ERROR_NOT_SUPPORTED)
        answer_count(job, protocol_messages_estimate(&job->body));
    else
        serve_answer_error(job->request, error);
}

static int start_counting(serve_job *job, beluga_error *err)
{
    job->body.counts = true;
    int status = protocol_request_read(&job->body);
    if (status) {
        protocol_request_explain(&job->body, status, err);
        return status;
    }
    status =
        beluga_bind_tools(job->model->model, job->body.tools, job->body.n_tools, &job->asked, err);
    if (status) return status;
    status = beluga_count_tokens_start_n(job->asked, job->s->loop, job->context, job->body.messages,
                                         counted, job, &job->job, err, NULL, 0);
    if (status != BELUGA_ERROR_NOT_SUPPORTED) return status;
    serve_job_ended(job);
    answer_count(job, protocol_messages_estimate(&job->body));
    return 0;
}

void serve_count_handle(serve_request *request)
{
    beluga_error err;
    request->record.protocol = "messages";
    serve_job *job = serve_job_begin(request);
    if (job && start_counting(job, &err)) serve_job_refuse(job, &err);
}
