#include "middleware/layer.h"

#include "base/clock.h"
#include "base/context.h"
#include "base/mem.h"
#include "model/course.h"

void *beluga__layer_new(size_t size, const beluga__layer_kind *kind, beluga__runtime *runtime,
                        beluga__model *inner)
{
    beluga__layer *layer = inner ? beluga__zalloc(&runtime->allocator, size) : NULL;
    if (!layer) {
        beluga__model_release(inner);
        return NULL;
    }
    layer->model.ops = &kind->ops;
    layer->inner = inner;
    layer->runtime = runtime;
    return layer;
}

static void hear(beluga__sink *sink, const beluga_event *event)
{
    (void)sink;
    (void)event;
}

beluga__sink beluga__layer_nobody = {hear};

static const beluga__layer_kind *kind_of(const beluga__model_ops *ops)
{
    return beluga__container_of(ops, beluga__layer_kind, ops);
}

int beluga__layer_start(beluga__model *model, beluga_call *call, beluga__sink *sink,
                        beluga__stage **out, beluga_error *err)
{
    const beluga__layer_kind *kind = kind_of(model->ops);
    beluga__layer_stage *base = beluga__arena_zalloc(&call->arena, kind->stage_size);
    if (!base) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
    base->stage.ops = model->ops;
    base->sink.event = kind->event;
    base->outer = sink;
    base->layer = beluga__container_of(model, beluga__layer, model);
    base->call = call;
    int status = kind->begin(base, err);
    if (!status) *out = &base->stage;
    return status;
}

void beluga__layer_cancel(beluga__stage *stage)
{
    beluga__layer_stage *base = beluga__container_of(stage, beluga__layer_stage, stage);
    const beluga__layer_kind *kind = kind_of(stage->ops);
    base->outer = &beluga__layer_nobody;
    beluga__stage_cancel(base->inner);
    base->inner = NULL;
    if (kind->cancelled) kind->cancelled(base);
}

void beluga__layer_pause(beluga__stage *stage, bool paused)
{
    beluga__layer_stage *base = beluga__container_of(stage, beluga__layer_stage, stage);
    const beluga__layer_kind *kind = kind_of(stage->ops);
    base->paused = paused;
    beluga__stage_pause(base->inner, paused);
    if (kind->paused) kind->paused(base);
}

void beluga__layer_release(beluga__model *model)
{
    beluga__layer *layer = beluga__container_of(model, beluga__layer, model);
    beluga__model_release(layer->inner);
    beluga__release(&layer->runtime->allocator, layer);
}

bool beluga__layer_waits(const beluga__stage *stage)
{
    while (stage && stage->ops->cancel == beluga__layer_cancel) {
        const beluga__layer_stage *base = beluga__container_of(stage, beluga__layer_stage, stage);
        if (!base->inner) return !beluga__course_resumes(base->call);
        stage = base->inner;
    }
    return false;
}

int beluga__layer_stopped(const beluga_call *call, beluga_error *err)
{
    bool late = beluga__context_deadline_ns(call->context) <= beluga__now_ns() &&
                !beluga_context_is_cancelled(call->context);
    int code = late ? BELUGA_ERROR_CONTEXT_TIMEOUT : BELUGA_ERROR_CONTEXT_CANCELED;
    return beluga_error_set(err, code, "%s", beluga_error_text(code));
}
