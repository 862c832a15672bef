#include "batch/openai_result.h"

#include "embed/vectors.h"

#include <beluga/provider/json.h>

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* Programs expect an id wherever OpenAI sends one, so an id is made if the service sent none. */
typedef char made_id[48];

static const char *make_id(made_id id, const char *what, uint64_t line)
{
    snprintf(id, sizeof(made_id), "%s_%" PRIu64, what, line);
    return id;
}

/* Use the id and time of the answer, or make them if the service sent none. */
static protocol_identity identify(const protocol *table, const beluga_response *r, uint64_t line)
{
    protocol_identity identity = {.created = beluga_response_created(r)};
    const char *id = beluga_response_id(r);
    if (!identity.created) identity.created = (int64_t)time(NULL);
    if (*id)
        snprintf(identity.id, sizeof identity.id, "%s", id);
    else
        snprintf(identity.id, sizeof identity.id, "%s%" PRIu64, table->id_prefix, line);
    return identity;
}

static int64_t known(int64_t tokens)
{
    return tokens < 0 ? 0 : tokens;
}

/* ---- Embeddings ------------------------------------------------------------------------------ */

static void put_list(beluga_json_writer *w, const beluga_embeddings *e)
{
    int64_t tokens = known(beluga_embeddings_usage(e)->input_total);
    beluga_json_put_string(w, "object", "list");
    beluga_json_begin_array(w, "data");
    for (size_t i = 0; i < beluga_embeddings_count(e); i++) {
        beluga_json_begin_object(w, NULL);
        beluga_json_put_string(w, "object", "embedding");
        beluga_json_put_int(w, "index", (int64_t)i);
        vectors_put_numbers(w, "embedding", beluga_embeddings_vector(e, i),
                            beluga_embeddings_dimensions(e));
        beluga_json_end_object(w);
    }
    beluga_json_end_array(w);
    beluga_json_put_string(w, "model", beluga_embeddings_model(e));
    beluga_json_begin_object(w, "usage");
    beluga_json_put_int(w, "prompt_tokens", tokens);
    beluga_json_put_int(w, "total_tokens", tokens);
    beluga_json_end_object(w);
}

/* ---- failures -------------------------------------------------------------------------------- */

static void put_cause(beluga_json_writer *w, const beluga_error *err)
{
    beluga_json_begin_object(w, "error");
    beluga_json_put_string(w, "message", *err->cause ? err->cause : err->message);
    beluga_json_put_string(w, "code", beluga_error_name(err->code));
    beluga_json_end_object(w);
}

/* If the service has answered, its HTTP status is written; otherwise there is no response. */
static void put_failure(beluga_json_writer *w, const protocol *table, const beluga_error *err)
{
    if (!err->http_status) {
        beluga_json_put_null(w, "response");
        put_cause(w, err);
        return;
    }
    beluga_json_begin_object(w, "response");
    beluga_json_put_int(w, "status_code", err->http_status);
    beluga_json_put_string(w, "request_id", err->request_id);
    beluga_json_begin_object(w, "body");
    table->error(w, err, err->request_id);
    beluga_json_end_object(w);
    beluga_json_end_object(w);
    beluga_json_put_null(w, "error");
}

/* ---- the result ------------------------------------------------------------------------------ */

static void put_answer(beluga_json_writer *w, const batch_result_source *s,
                       const beluga_response *r)
{
    const protocol *table = s->request->protocol;
    beluga_json_begin_object(w, "response");
    beluga_json_put_int(w, "status_code", 200);
    beluga_json_put_string(w, "request_id",
                           s->vectors ? beluga_embeddings_request_id(s->vectors)
                                      : beluga_response_request_id(r));
    beluga_json_begin_object(w, "body");
    if (s->vectors) {
        put_list(w, s->vectors);
    } else {
        const protocol_identity identity = identify(table, r, s->line);
        table->answer(w, s->request, &identity, r);
    }
    beluga_json_end_object(w);
    beluga_json_end_object(w);
    beluga_json_put_null(w, "error");
}

void batch_openai_put(beluga_json_writer *w, const batch_result_source *source,
                      const beluga_batch_result *result)
{
    made_id id;
    beluga_json_put_string(w, "id", make_id(id, "batch_req", source->line));
    beluga_json_put_string(w, "custom_id", source->id);
    if (result->response || source->vectors)
        put_answer(w, source, result->response);
    else
        put_failure(w, source->request->protocol, &result->error);
}
