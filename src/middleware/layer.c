#include "middleware/layer.h"

#include "base/clock.h"
#include "base/context.h"
#include "base/mem.h"

void *beluga__layer_new(size_t size, const beluga__model_ops *ops, beluga__runtime *runtime,
                        beluga__model *inner)
{
    beluga__layer *layer = inner ? beluga__zalloc(&runtime->allocator, size) : NULL;
    if (!layer) {
        beluga__model_release(inner);
        return NULL;
    }
    layer->model.ops = ops;
    layer->inner = inner;
    layer->runtime = runtime;
    return layer;
}

void beluga__layer_release(beluga__model *model)
{
    beluga__layer *layer = beluga__layer_of(model);
    beluga__model_release(layer->inner);
    beluga__release(&layer->runtime->allocator, layer);
}

void *beluga__layer_op(beluga_call *call, size_t size, beluga_error *err)
{
    void *op = beluga__arena_zalloc(&call->arena, size);
    if (!op) beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
    return op;
}

int beluga__layer_stopped(const beluga_call *call, beluga_error *err)
{
    bool late = beluga__context_deadline_ns(call->context) <= beluga__now_ns() &&
                !beluga_context_is_cancelled(call->context);
    int code = late ? BELUGA_ERROR_CONTEXT_TIMEOUT : BELUGA_ERROR_CONTEXT_CANCELED;
    return beluga_error_set(err, code, "%s", beluga_error_text(code));
}
