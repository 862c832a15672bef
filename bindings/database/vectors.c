#include "vectors.h"

#include "call.h"

#include <beluga/embedding.h>

#include <stdlib.h>

struct db_vectors {
    db_call call;
    beluga_job *job;
    beluga_embeddings *embeddings;
    beluga_error error;
    size_t bytes_in;
    bool ended;
    bool left;     /* the caller has freed the vectors, but the call still runs */
    bool unwanted; /* the caller freed them before the call had ended: that is no failure */
};

static void destroy(db_vectors *v)
{
    db_call_end(&v->call);
    beluga_embeddings_free(v->embeddings);
    free(v);
}

static void on_end(void *payload, beluga_embeddings *embeddings, const beluga_error *error)
{
    db_vectors *v = payload;
    beluga_usage usage = BELUGA_USAGE_INIT;
    if (embeddings) usage = *beluga_embeddings_usage(embeddings);
    usage.output_total = 0; /* a vector has no tokens */
    db_session_end_call(v->call.session, db_call_price(&v->call), &usage, v->bytes_in, 0,
                        !embeddings && !v->unwanted);
    if (error) v->error = *error;
    db_session_explain(v->call.session, &v->error);
    v->embeddings = embeddings;
    v->ended = true;
    if (v->left) destroy(v);
}

static int start(db_vectors *v, const db_texts *texts, beluga_error *err)
{
    const db_call *call = &v->call;
    for (size_t i = 0; i < texts->count; i++) v->bytes_in += texts->lengths[i];
    return beluga_embed_start_n(call->model, call->session->loop, call->context, texts->texts,
                                texts->lengths, texts->count, on_end, v, &v->job, err,
                                call->options.list, call->options.n);
}

int db_vectors_start(db_session *session, const db_request *request, const db_texts *texts,
                     db_vectors **out, beluga_error *err)
{
    db_vectors *v = calloc(1, sizeof *v);
    *out = NULL;
    if (!v) return db_no_memory(err);
    int status = db_call_begin(&v->call, session, request, err);
    if (!status) status = db_session_begin_call(session, err);
    if (!status && (status = start(v, texts, err)) != 0) session->usage.failed++;
    if (status) {
        destroy(v);
        return status;
    }
    *out = v;
    return 0;
}

int db_vectors_wait(db_vectors *v, beluga_error *err)
{
    int status = db_session_wait(v->call.session, &v->ended, err);
    if (!status && !v->embeddings) {
        if (err) *err = v->error;
        status = v->error.code;
    }
    return status;
}

const float *db_vectors_get(const db_vectors *v, size_t index, size_t *dimensions)
{
    *dimensions = beluga_embeddings_dimensions(v->embeddings);
    return beluga_embeddings_vector(v->embeddings, index);
}

void db_vectors_free(db_vectors *v)
{
    if (!v) return;
    v->unwanted = !v->ended;
    if (v->unwanted) beluga_job_cancel(v->job);
    beluga_job_free(v->job);
    if (db_call_drain(v->call.session, &v->ended))
        destroy(v);
    else
        v->left = true;
}
