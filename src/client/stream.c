/* Pull streams: the events of a call wait in a queue, on a loop that is leased until the stream is
 * freed. */
#include "base/mem.h"
#include "client/chat_model.h"
#include "client/queue.h"

struct beluga_stream {
    beluga_client *client; /* the client; the leased loop holds a reference to it */
    beluga__network_loop *loop;
    beluga_op *op;
    beluga__queue queue;
    bool ready; /* an event has arrived */
    bool ended; /* the terminal event has arrived */
    bool paused;
    int status;          /* 0, or the code that all further calls of beluga_stream_next return */
    int stuck;           /* error code if an event could not be kept, or 0 */
    beluga_error *error; /* detail, in the call's arena; NULL: none, or no memory for it */
};

static void fail(beluga_stream *stream, int status, const beluga_error *err)
{
    beluga_call *call = stream->op->call;
    stream->status = status;
    stream->error = beluga__arena_alloc(&call->arena, sizeof *stream->error);
    if (!stream->error) return;
    if (err)
        *stream->error = *err;
    else
        beluga_error_set(stream->error, status, "%s", beluga_error_text(status));
    beluga__call_locate(call, stream->error);
}

static void on_event(void *payload, const beluga_event *event)
{
    beluga_stream *stream = payload;
    stream->ready = true;
    stream->ended = event->kind == BELUGA_EVENT_FINISH || event->kind == BELUGA_EVENT_ERROR;
    if (event->kind == BELUGA_EVENT_ERROR) {
        fail(stream, stream->stuck ? stream->stuck : event->u.error->code,
             stream->stuck ? NULL : event->u.error);
        return;
    }
    if (!stream->stuck) stream->stuck = beluga__queue_push(&stream->queue, event);
    if (stream->stuck && stream->ended)
        fail(stream, stream->stuck, NULL);
    else if (stream->stuck)
        beluga_op_cancel(stream->op);
    else if (!stream->ended && !stream->paused &&
             beluga__queue_size(&stream->queue) > BELUGA__MAX_QUEUE_BYTES) {
        stream->paused = true;
        beluga_op_pause(stream->op, true);
    }
}

static int start(beluga_stream *stream, beluga_chat_model *model, beluga_context *ctx,
                 const beluga_messages *messages, beluga_error *err, const beluga_option *opts,
                 size_t n)
{
    stream->client = beluga__chat_model_client(model);
    int status = beluga__loops_lease(&stream->client->loops, &stream->loop, err);
    if (status) return status;
    beluga_loop *loop = &stream->loop->base;
    beluga__queue_init(&stream->queue, loop, &model->target->runtime->allocator);
    status = beluga__chat_model_start(model, loop, BELUGA__CALL_STREAM, ctx, NULL, messages, opts,
                                      n, on_event, stream, &stream->op, err);
    if (!status) return 0;
    beluga__queue_free(&stream->queue, loop);
    beluga__loops_give_back(&stream->client->loops, stream->loop);
    return status;
}

int beluga_stream_chat_n(beluga_chat_model *model, beluga_context *ctx,
                         const beluga_messages *messages, beluga_stream **out, beluga_error *err,
                         const beluga_option *opts, size_t n)
{
    const beluga_allocator *allocator = &model->target->runtime->allocator;
    *out = NULL;
    beluga_stream *stream = beluga__zalloc(allocator, sizeof *stream);
    if (!stream) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the stream");
    int status = start(stream, model, ctx, messages, err, opts, n);
    if (status)
        beluga__release(allocator, stream);
    else
        *out = stream;
    return status;
}

int beluga_stream_input_n(beluga_chat_model *model, beluga_context *ctx, beluga_input input,
                          beluga_stream **out, beluga_error *err, const beluga_option *opts,
                          size_t n)
{
    beluga_messages *messages;
    *out = NULL;
    int status = beluga_ensure_messages(input, &messages, err);
    if (status) return status;
    status = beluga_stream_chat_n(model, ctx, messages, out, err, opts, n);
    beluga_messages_free(messages);
    return status;
}

int beluga_stream_next(beluga_stream *stream, const beluga_event **event, beluga_error *err)
{
    *event = NULL;
    if (beluga__loop_forked(stream->loop))
        return beluga_error_set(err, BELUGA_ERROR_FORKED,
                                "the stream belongs to the parent process");
    for (;;) {
        *event = beluga__queue_pop(&stream->queue);
        if (*event) return 0;
        if (stream->ended) break;
        if (stream->paused) {
            stream->paused = false;
            beluga_op_pause(stream->op, false);
        }
        stream->ready = false;
        int status = beluga__loop_run(stream->loop, &stream->ready);
        if (status) return beluga_error_set(err, status, "%s", beluga_error_text(status));
    }
    if (stream->status && err && stream->error)
        *err = *stream->error;
    else if (stream->status)
        beluga_error_set(err, stream->status, "%s", beluga_error_text(stream->status));
    return stream->status;
}

void beluga_stream_free(beluga_stream *stream)
{
    /* a forked child must not touch its parent's stream */
    if (!stream || beluga__loop_forked(stream->loop)) return;
    beluga__network_loop *loop = stream->loop;
    beluga_client *client = stream->client;
    beluga__operation_abort(stream->op);
    beluga__operation_free(stream->op);
    beluga__queue_free(&stream->queue, &loop->base);
    beluga__release(&client->runtime.allocator, stream);
    beluga__loops_give_back(&client->loops, loop);
}
