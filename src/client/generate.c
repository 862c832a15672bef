/* Whole answers: the events of a call are folded into a response. The blocking functions run their
 * call on a leased loop. */
#include "base/mem.h"
#include "client/chat_model.h"
#include "client/queue.h"

typedef struct folding {
    beluga_response_builder builder;
    beluga_op *op;
    bool done;
    beluga_error error; /* copied from the ERROR event */
} folding;

static void fold(void *payload, const beluga_event *event)
{
    folding *f = payload;
    int status = beluga_response_builder_add(&f->builder, event);
    switch (event->kind) {
    case BELUGA_EVENT_ERROR: f->error = *event->u.error; /* fallthrough */
    case BELUGA_EVENT_FINISH: f->done = true; return;
    }
    if (status) beluga_op_cancel(f->op); /* the builder reports its error when the call has ended */
}

static beluga_response **partial_of(const beluga_option *opts, size_t n)
{
    beluga_response **partial = NULL;
    for (size_t i = 0; opts && i < n && opts[i].key != BELUGA_OPTION_END; i++)
        if (opts[i].key == BELUGA_OPTION_PARTIAL) partial = opts[i].value.pointer;
    return partial;
}

/* Turn the folded events into the result of the call. */
static int conclude(folding *f, beluga_response **out, beluga_response **partial, beluga_error *err)
{
    beluga_response *response = NULL;
    int stuck = f->builder.status;
    int status = beluga_response_builder_finish(&f->builder, &response);
    if (response) beluga__response_set_times(response, f->op->duration_ns, f->op->first_content_ns);
    if (!status) {
        *out = response;
        return 0;
    }
    if (partial)
        *partial = response;
    else
        beluga_response_free(response);
    if (!stuck && f->error.code) {
        *err = f->error;
        return err->code;
    }
    if (stuck) status = stuck;
    beluga_error_set(err, status,
                     status == BELUGA_ERROR_LIMIT_EXCEEDED
                         ? "the answer is larger than max_response_bytes"
                         : "no memory for the answer");
    beluga__call_locate(f->op->call, err);
    return status;
}

int beluga_generate_n(beluga_chat_model *model, beluga_context *ctx,
                      const beluga_messages *messages, beluga_response **out, beluga_error *err,
                      const beluga_option *opts, size_t n)
{
    beluga_response **partial = partial_of(opts, n);
    beluga__loops *loops = &beluga__chat_model_client(model)->loops;
    beluga__network_loop *loop;
    beluga_error unused;
    folding f;
    *out = NULL;
    if (partial) *partial = NULL;
    if (!err) err = &unused;
    f.done = false;
    f.error.code = 0;
    int status = beluga__loops_lease(loops, &loop, err);
    if (status) return status;
    status = beluga__chat_model_start(model, &loop->base, BELUGA__CALL_FOLD, ctx, NULL, messages,
                                      opts, n, fold, &f, &f.op, err);
    if (!status) {
        const beluga__settings *s = f.op->call->settings;
        size_t max = (size_t)beluga__settings_int(s, BELUGA_OPTION_MAX_RESPONSE_BYTES, 0);
        beluga__chat_model_fold(model, &f.builder, max);
        status = beluga__loop_run(loop, &f.done);
        if (status) {
            beluga__operation_abort(f.op);
            beluga__response_builder_clear(&f.builder);
            beluga_error_set(err, status, "%s", beluga_error_text(status));
        } else {
            status = conclude(&f, out, partial, err);
        }
        beluga__operation_free(f.op);
    }
    beluga__loops_give_back(loops, loop);
    return status;
}

int beluga_invoke_n(beluga_chat_model *model, beluga_context *ctx, beluga_input input,
                    beluga_response **out, beluga_error *err, const beluga_option *opts, size_t n)
{
    beluga_messages *messages;
    *out = NULL;
    int status = beluga_ensure_messages(input, &messages, err);
    if (status) return status;
    status = beluga_generate_n(model, ctx, messages, out, err, opts, n);
    beluga_messages_free(messages);
    return status;
}

/* --- push of whole answers: events are held until the answer is complete ---------------------- */

typedef struct held {
    beluga__queue queue;
    beluga_loop *loop;
    beluga_op *op;
    beluga_event_cb cb;
    void *payload;
    int status; /* error code if an event could not be kept */
} held;

static void drop_held(void *payload)
{
    held *h = payload;
    const beluga_allocator *allocator = h->queue.bytes.allocator;
    beluga__queue_free(&h->queue, h->loop);
    beluga__release(allocator, h);
}

/* Returns whether an event is delivered even if the call failed. That is so for the body of a
 * refusal, and for the usage, since the provider may charge for it. */
static bool is_of_failure(const beluga_event *event)
{
    return event->kind == BELUGA_EVENT_USAGE ||
           (event->kind == BELUGA_EVENT_RAW && event->u.raw.refused);
}

static void release_all(held *h, const beluga_event *terminal)
{
    const beluga_event *event;
    /* If the answer is an error only because of the option strict, its events are delivered as
     * well. */
    bool failed = terminal->kind == BELUGA_EVENT_ERROR && !h->op->refused;
    while ((event = beluga__queue_pop(&h->queue)))
        if (!failed || is_of_failure(event)) h->cb(h->payload, event);
    h->cb(h->payload, terminal);
    drop_held(h);
}

static void hold(void *payload, const beluga_event *event)
{
    held *h = payload;
    if (event->kind == BELUGA_EVENT_RESTART) {
        beluga__queue_clear(&h->queue);
        return;
    }
    if (event->kind != BELUGA_EVENT_FINISH && event->kind != BELUGA_EVENT_ERROR) {
        if (!h->status) h->status = beluga__queue_push(&h->queue, event);
        if (h->status) beluga_op_cancel(h->op);
        return;
    }
    beluga_event last = *event;
    beluga_error err;
    if (h->status) {
        beluga_error_set(&err, h->status, "%s", beluga_error_text(h->status));
        beluga__call_locate(h->op->call, &err);
        last.kind = BELUGA_EVENT_ERROR;
        last.u.error = &err;
    }
    release_all(h, &last);
}

int beluga_generate_start_n(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                            const beluga_messages *messages, beluga_event_cb cb, void *payload,
                            beluga_op **out, beluga_error *err, const beluga_option *opts, size_t n)
{
    if (out) *out = NULL;
    if (beluga__loop_forked(beluga__loop_of(loop)))
        return beluga_error_set(err, BELUGA_ERROR_FORKED, "the loop belongs to the parent process");
    const beluga_allocator *allocator = &model->target->runtime->allocator;
    held *h = beluga__zalloc(allocator, sizeof *h);
    if (!h) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
    beluga__queue_init(&h->queue, loop, allocator);
    h->loop = loop;
    h->cb = cb;
    h->payload = payload;
    int status = beluga__chat_model_start(model, loop, BELUGA__CALL_GENERATE, ctx, NULL, messages,
                                          opts, n, hold, h, &h->op, err);
    if (status) {
        drop_held(h);
        return status;
    }
    h->op->aborted = drop_held;
    if (out)
        *out = h->op;
    else
        beluga__operation_free(h->op);
    return 0;
}
