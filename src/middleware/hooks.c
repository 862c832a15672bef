/* Hooks: the host's own functions before a call, at each of its events, and at its end. They are
 * the outermost layer, so that they see what the caller sees. */
#include "middleware/layer.h"
#include "middleware/middleware.h"

#include <beluga/hooks.h>

typedef struct hooks {
    beluga__layer layer;
    beluga_hooks f; /* those of a later version are not read */
} hooks;

typedef struct hooks_op {
    beluga__stage op;
    beluga__sink sink;
    beluga__sink *outer;
    beluga__stage *inner;
    hooks *self;
    beluga_call *call;
    beluga_usage usage;
    bool told;
} hooks_op;

static void tell_failed(hooks_op *op, const beluga_error *err)
{
    const beluga_hooks *f = &op->self->f;
    if (!op->told && f->failed) f->failed(f->payload, op->call, err, &op->usage);
    op->told = true;
}

static void tell_after(hooks_op *op, const beluga_event *finish)
{
    const beluga_hooks *f = &op->self->f;
    op->told = true;
    if (f->after)
        f->after(f->payload, op->call, (beluga_finish_reason)finish->u.finish.reason, &op->usage);
}

/* What a hook says of an event: 0, or why the call ends. */
static int ask(hooks_op *op, const beluga_event *event, beluga_error *err)
{
    const beluga_hooks *f = &op->self->f;
    int status = 0;
    err->code = 0;
    if (f->event) status = f->event(f->payload, op->call, event, err);
    if (!status && f->tool_call && event->kind == BELUGA_EVENT_TOOL_CALL_END)
        status = f->tool_call(f->payload, op->call, event->u.tool_call.id, event->u.tool_call.name,
                              event->u.tool_call.arguments, event->u.tool_call.length, err);
    if (status && !err->code) beluga_error_set(err, status, "a hook ended the call");
    return status;
}

static void stop(hooks_op *op, const beluga_event *event, beluga_error *err)
{
    beluga__stage *inner = op->inner;
    op->inner = NULL;
    if (event->kind != BELUGA_EVENT_FINISH)
        beluga__stage_cancel(inner); /* else it is over already */
    beluga__call_locate(op->call, err);
    tell_failed(op, err);
    beluga__sink_error(op->outer, err);
}

static void on_event(beluga__sink *sink, const beluga_event *event)
{
    hooks_op *op = beluga__container_of(sink, hooks_op, sink);
    beluga_error err;
    if (event->kind == BELUGA_EVENT_USAGE) {
        op->usage = event->u.usage;
        op->usage.raw = NULL;
        op->usage.raw_length = 0;
    }
    if (event->kind == BELUGA_EVENT_ERROR) {
        tell_failed(op, event->u.error);
    } else if (ask(op, event, &err)) {
        stop(op, event, &err);
        return;
    }
    if (event->kind == BELUGA_EVENT_FINISH) tell_after(op, event);
    op->outer->event(op->outer, event);
}

static int begin(hooks_op *op, beluga_error *err)
{
    const beluga_hooks *f = &op->self->f;
    beluga__model *inner = op->self->layer.inner;
    err->code = 0;
    int status = f->before ? f->before(f->payload, op->call, err) : 0;
    if (status && !err->code) beluga_error_set(err, status, "a hook refused the call");
    return status ? status : inner->ops->start(inner, op->call, &op->sink, &op->inner, err);
}

static int start(beluga__model *model, beluga_call *call, beluga__sink *sink, beluga__stage **out,
                 beluga_error *err)
{
    hooks_op *op = beluga__layer_op(call, sizeof *op, err);
    beluga_error unset;
    if (!op) return BELUGA_ERROR_NO_MEMORY;
    if (!err) err = &unset;
    op->op.ops = model->ops;
    op->sink.event = on_event;
    op->outer = sink;
    op->call = call;
    op->self = (hooks *)beluga__layer_of(model);
    op->usage = (beluga_usage)BELUGA_USAGE_INIT;
    int status = begin(op, err);
    if (status) {
        beluga__call_locate(call, err);
        tell_failed(op, err);
    } else
        *out = &op->op;
    return status;
}

static void cancel(beluga__stage *base)
{
    hooks_op *op = beluga__container_of(base, hooks_op, op);
    beluga_error err;
    beluga__stage_cancel(op->inner);
    beluga__layer_stopped(op->call, &err);
    tell_failed(op, &err);
}

static void pause(beluga__stage *base, bool paused)
{
    beluga__stage_pause(beluga__container_of(base, hooks_op, op)->inner, paused);
}

static const beluga__model_ops hooks_ops = {start, cancel, pause, beluga__layer_release};

beluga__model *beluga__hooks_new(beluga__runtime *runtime, const beluga_hooks *given,
                                 beluga__model *inner)
{
    hooks *self = beluga__layer_new(sizeof *self, &hooks_ops, runtime, inner);
    if (!self) return NULL;
    memcpy(&self->f, given, given->size < sizeof self->f ? given->size : sizeof self->f);
    return &self->layer.model;
}
