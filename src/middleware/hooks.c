/* Hooks: functions of the host program that run before a call, at each event, and at its end. They
 * are the outermost layer, so they see what the caller sees. */
#include "base/sized.h"
#include "middleware/layer.h"
#include "middleware/middleware.h"

#include <beluga/hooks.h>

typedef struct hooks {
    beluga__layer base;
    beluga_hooks f; /* a copy of the fields that this version knows */
} hooks;

typedef struct hooks_stage {
    beluga__layer_stage base;
    beluga_usage usage;
    bool told;
} hooks_stage;

static const beluga_hooks *hooks_of(const hooks_stage *stage)
{
    return &beluga__container_of(stage->base.layer, hooks, base)->f;
}

static void tell_failed(hooks_stage *stage, const beluga_error *err)
{
    const beluga_hooks *f = hooks_of(stage);
    if (!stage->told && f->failed) f->failed(f->payload, stage->base.call, err, &stage->usage);
    stage->told = true;
}

static void tell_after(hooks_stage *stage, const beluga_event *finish)
{
    const beluga_hooks *f = hooks_of(stage);
    stage->told = true;
    if (f->after)
        f->after(f->payload, stage->base.call, (beluga_finish_reason)finish->u.finish.reason,
                 &stage->usage);
}

/* Call the hook for an event. Returns 0, or a code with the reason why the call must end. */
static int ask(hooks_stage *stage, const beluga_event *event, beluga_error *err)
{
    const beluga_hooks *f = hooks_of(stage);
    int status = 0;
    err->code = 0;
    if (f->event) status = f->event(f->payload, stage->base.call, event, err);
    if (!status && f->tool_call && event->kind == BELUGA_EVENT_TOOL_CALL_END)
        status = f->tool_call(f->payload, stage->base.call, event->u.tool_call.id,
                              event->u.tool_call.name, event->u.tool_call.arguments,
                              event->u.tool_call.length, err);
    if (status && !err->code) beluga_error_set(err, status, "a hook ended the call");
    return status;
}

static void stop(hooks_stage *stage, const beluga_event *event, beluga_error *err)
{
    beluga__stage *inner = stage->base.inner;
    stage->base.inner = NULL;
    if (event->kind != BELUGA_EVENT_FINISH)
        beluga__stage_cancel(inner); /* without an inner stage the call has ended already */
    beluga__call_locate(stage->base.call, err);
    tell_failed(stage, err);
    beluga__sink_error(stage->base.outer, err);
}

static void on_event(beluga__sink *sink, const beluga_event *event)
{
    hooks_stage *stage = beluga__container_of(sink, hooks_stage, base.sink);
    beluga_error err;
    if (event->kind == BELUGA_EVENT_USAGE) {
        stage->usage = event->u.usage;
        stage->usage.raw = NULL;
        stage->usage.raw_length = 0;
    }
    if (event->kind == BELUGA_EVENT_ERROR) {
        tell_failed(stage, event->u.error);
    } else if (ask(stage, event, &err)) {
        stop(stage, event, &err);
        return;
    }
    if (event->kind == BELUGA_EVENT_FINISH) tell_after(stage, event);
    beluga__layer_deliver(&stage->base, event);
}

static int ask_before(hooks_stage *stage, beluga_error *err)
{
    const beluga_hooks *f = hooks_of(stage);
    err->code = 0;
    int status = f->before ? f->before(f->payload, stage->base.call, err) : 0;
    if (status && !err->code) beluga_error_set(err, status, "a hook refused the call");
    return status;
}

static int begin(beluga__layer_stage *base, beluga_error *err)
{
    hooks_stage *stage = beluga__container_of(base, hooks_stage, base);
    stage->usage = (beluga_usage)BELUGA_USAGE_INIT;
    int status = ask_before(stage, err);
    if (!status) status = beluga__layer_ask(base, err);
    if (!status) return 0;
    beluga__call_locate(base->call, err);
    tell_failed(stage, err);
    return status;
}

static void cancelled(beluga__layer_stage *base)
{
    beluga_error err;
    beluga__layer_stopped(base->call, &err);
    tell_failed(beluga__container_of(base, hooks_stage, base), &err);
}

static const beluga__layer_kind kind = {BELUGA__LAYER_OPS, sizeof(hooks_stage), begin,
                                        on_event,          cancelled,           NULL};

beluga__model *beluga__hooks_new(const beluga__stack_plan *plan, beluga__model *inner)
{
    const beluga_hooks *given = plan->settings->known[BELUGA_OPTION_HOOKS].value.pointer;
    hooks *self = beluga__layer_new(sizeof *self, &kind, plan->runtime, inner);
    if (!self) return NULL;
    beluga__sized_read(&self->f, given, 0, false);
    return &self->base.model;
}
