/* A chat model: a target, and the tools bound to it. */
#ifndef BELUGA__CHAT_MODEL_H
#define BELUGA__CHAT_MODEL_H

#include "client/client.h"
#include "model/operation.h"
#include "schema/response.h"

struct beluga_chat_model {
    atomic_uint refs;
    beluga__target *target; /* a reference */
    size_t n_tools;
    beluga_tool *tools[]; /* one reference to each tool */
};

/* Make a chat model, which gets its own references to the target and the tools. Returns NULL if out
 * of memory. */
beluga_chat_model *beluga__chat_model_new(beluga__target *target, beluga_tool *const *tools,
                                          size_t n);

/* How the events of a call are delivered. */
typedef enum beluga__call_kind {
    BELUGA__CALL_STREAM,
    /* events are delivered when the answer is complete, so the call may restart */
    BELUGA__CALL_GENERATE,
    BELUGA__CALL_FOLD, /* like GENERATE, and the events are folded into one response */
} beluga__call_kind;

/* Make a call of a model and start it on a loop. parent_span: the telemetry span that contains the
 * call, or NULL. */
int beluga__chat_model_start(beluga_chat_model *model, beluga_loop *loop, beluga__call_kind kind,
                             beluga_context *ctx, void *parent_span,
                             const beluga_messages *messages, const beluga_option *opts, size_t n,
                             beluga_event_cb cb, void *payload, beluga_op **out, beluga_error *err);

/* Ask for one page of the list of models. Each name arrives as a TEXT event. If FINISH has a raw
 * finish word, it is the token of the next page. `page` is such a token; NULL: the first page. */
int beluga__chat_model_start_list(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                                  const char *page, beluga_event_cb cb, void *payload,
                                  beluga_op **out, beluga_error *err);

/* Embed the texts of `spec`, or count the tokens of its messages. The functions set the kind, the
 * target and the tools in `spec`. The events are EMBEDDING and TOKEN_COUNT. If FINISH has a raw
 * finish word, the count needs a further call, with that word as the `page` of its `spec`. */
int beluga__chat_model_start_embed(beluga_chat_model *model, beluga__call_spec *spec,
                                   beluga_event_cb cb, void *payload, beluga_op **out,
                                   beluga_error *err);
int beluga__chat_model_start_count(beluga_chat_model *model, beluga__call_spec *spec,
                                   beluga_event_cb cb, void *payload, beluga_op **out,
                                   beluga_error *err);

/* Make a call about batch jobs; `spec` has its kind and job. The events are BATCH_JOB and
 * BATCH_RESULT. If FINISH has a raw finish word, it is the token of the list's next page. */
int beluga__chat_model_start_job(beluga_chat_model *model, beluga__call_spec *spec,
                                 beluga_event_cb cb, void *payload, beluga_op **out,
                                 beluga_error *err);

/* Prepare a builder that folds the answer of a call. `max_bytes` is the limit of the builder. */
static inline void beluga__chat_model_fold(const beluga_chat_model *model,
                                           beluga_response_builder *builder, size_t max_bytes)
{
    beluga__response_builder_init(builder, model->target->runtime, max_bytes);
    if (model->target->call_bytes) builder->block_bytes = BELUGA__SMALL_RESPONSE_BYTES;
}

static inline beluga_client *beluga__chat_model_client(const beluga_chat_model *model)
{
    return beluga__client_of(model->target->runtime);
}

#endif
