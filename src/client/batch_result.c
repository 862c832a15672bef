/* Decodes one result of a batch job like the answer to a separate call. */
#include "client/batch_result.h"

#include "model/decode_answer.h"
#include "model/unfinished.h"
#include "schema/embeddings.h"
#include "schema/event.h"
#include "schema/response.h"

typedef struct decoded {
    beluga__sink sink;
    beluga_call *call;
    beluga_response_builder builder;
    beluga_embeddings *vectors; /* owned; NULL: the result is an answer */
    beluga_error error;
} decoded;

/* Store METADATA, with the call's model if it names none. For a call that is sent, the operation
 * fills in the model. */
static void add_metadata(decoded *d, const beluga_event *event)
{
    beluga_event whole = *event;
    if (!whole.u.metadata.model) whole.u.metadata.model = d->call->model_name;
    beluga_response_builder_add(&d->builder, &whole);
}

static void add_finish(decoded *d, const beluga_event *event)
{
    beluga_event last = *event;
    if (d->error.code || beluga__unfinished_check(d->call, event, &d->error)) {
        beluga__call_locate(d->call, &d->error);
        last = (beluga_event){.kind = BELUGA_EVENT_ERROR, .u.error = &d->error};
    }
    beluga_response_builder_add(&d->builder, &last);
}

/* Store a vector. After a failure the others are dropped, and FINISH becomes an error. */
static void add_vector(decoded *d, const beluga_event *event)
{
    if (!d->error.code)
        beluga__embeddings_put(d->vectors, event->index, event->u.embedding.values,
                               event->u.embedding.count, &d->error);
}

static void on_decoded(beluga__sink *sink, const beluga_event *event)
{
    decoded *d = beluga__container_of(sink, decoded, sink);
    switch (event->kind) {
    case BELUGA_EVENT_METADATA: add_metadata(d, event); break;
    case BELUGA_EVENT_EMBEDDING: add_vector(d, event); break;
    case BELUGA_EVENT_FINISH: add_finish(d, event); break;
    case BELUGA_EVENT_ERROR: d->error = *event->u.error; /* fall through */
    default: beluga_response_builder_add(&d->builder, event);
    }
}

/* Move the vectors into the response. Returns 0 or NO_MEMORY. */
static int add_vectors(decoded *d, beluga_response *response)
{
    if (!d->vectors) return 0;
    int status = beluga__embeddings_describe(d->vectors, beluga_response_provider(response),
                                             beluga_response_model(response), response->request_id,
                                             beluga_response_usage(response));
    response->embeddings = d->vectors;
    d->vectors = NULL;
    return status;
}

static void conclude(decoded *d, beluga_batch_result *result)
{
    beluga_response *response = NULL;
    int stuck = d->builder.status;
    int status = beluga_response_builder_finish(&d->builder, &response);
    if (!status) status = add_vectors(d, response);
    if (!status) {
        result->response = response;
        return;
    }
    result->partial = response;
    if (!stuck && d->error.code) {
        result->error = d->error;
        return;
    }
    status = stuck ? stuck : status;
    beluga_error_set(&result->error, status,
                     status == BELUGA_ERROR_LIMIT_EXCEEDED
                         ? "the answer is larger than max_response_bytes"
                         : "no memory for the answer");
    beluga__call_locate(d->call, &result->error);
}

static int make_call(const beluga_chat_model *model, beluga_loop *loop, beluga_kind_of_call kind,
                     beluga_call **call, beluga_error *err)
{
    const beluga__call_spec spec = {.target = model->target,
                                    .loop = loop,
                                    .kind = kind,
                                    .answered = true,
                                    .tools = model->tools,
                                    .n_tools = model->n_tools,
                                    .operation = "batch_results"};
    int status = beluga__call_new(&spec, call, err);
    /* a result is never a stream, whatever the model's options say */
    if (!status) (*call)->streamed = false;
    return status;
}

void beluga__batch_result_decode(const beluga_chat_model *model, beluga_loop *loop,
                                 const beluga_event *event, beluga_batch_result *result)
{
    decoded d = {.sink.event = on_decoded};
    bool embeds = event->index == BELUGA__RESULT_OF_VECTORS;
    beluga_kind_of_call kind = embeds ? BELUGA_CALL_EMBED : BELUGA_CALL_ANSWER;
    d.error.code = 0;
    if (make_call(model, loop, kind, &d.call, &result->error)) return;
    if (embeds && !(d.vectors = beluga__embeddings_new(0)))
        beluga_error_set(&d.error, BELUGA_ERROR_NO_MEMORY, "no memory for the vectors");
    const beluga__settings *s = d.call->settings;
    beluga__chat_model_fold(model, &d.builder,
                            (size_t)beluga__settings_int(s, BELUGA_OPTION_MAX_RESPONSE_BYTES, 0));
    beluga__decode_answer(d.call, event->u.batch_result.status, event->u.batch_result.body,
                          event->u.batch_result.length, &d.sink);
    conclude(&d, result);
    beluga_embeddings_free(d.vectors);
    beluga__call_unref_on_loop(d.call); /* the loop keeps the call's memory for the next result */
}
