/* The parts that all middleware shares: a layer is a model around an inner model, and each call
 * has a stage in each layer. */
#ifndef BELUGA__LAYER_H
#define BELUGA__LAYER_H

#include "model/model.h"

/* Every layer's own struct begins with this. */
typedef struct beluga__layer {
    beluga__model model;
    beluga__model *inner; /* owned */
    beluga__runtime *runtime;
} beluga__layer;

/* The struct of every layer's stage begins with this. */
typedef struct beluga__layer_stage {
    beluga__stage stage;
    beluga__sink sink;    /* the inner stage delivers its events here */
    beluga__sink *outer;  /* this stage delivers its events here; after a cancellation, to nobody */
    beluga__stage *inner; /* NULL while no inner stage runs */
    beluga__layer *layer;
    beluga_call *call;
    bool paused; /* an inner stage that begins while this is set is paused, too */
    /* Only the retry and fallback layers use these; here they fill bytes that would be padding. */
    bool delivered;    /* content was delivered, and was not taken back */
    bool kept;         /* requests before the one that runs have delivered something */
    uint16_t first;    /* number of the attempt that began with the call's first request */
    uint16_t attempts; /* number of attempts that were sent */
} beluga__layer_stage;

/* One kind of layer. All layers start, cancel and pause by the functions below, which do the
 * common part and call these functions for the rest. */
typedef struct beluga__layer_kind {
    beluga__model_ops ops;
    size_t stage_size;
    /* Begins a call with a stage that is zero except for its base; most layers ask the inner model
     * here. */
    int (*begin)(beluga__layer_stage *base, beluga_error *err);
    /* handles an event of the inner stage */
    void (*event)(beluga__sink *sink, const beluga_event *event);
    /* These run after the inner stage was cancelled, paused or resumed; NULL: the layer has
     * nothing to do. */
    void (*cancelled)(beluga__layer_stage *base);
    void (*paused)(beluga__layer_stage *base);
} beluga__layer_kind;

/* The `ops` of every kind of layer. A layer that owns more than its inner model passes its own
 * release. */
#define BELUGA__LAYER_OPS_WITH(release) \
    {beluga__layer_start, beluga__layer_cancel, beluga__layer_pause, (release)}
#define BELUGA__LAYER_OPS BELUGA__LAYER_OPS_WITH(beluga__layer_release)

/* Make a layer of `size` bytes that is zero except for its base. The layer takes over `inner`.
 * Returns NULL without memory, and where `inner` is NULL. */
void *beluga__layer_new(size_t size, const beluga__layer_kind *kind, beluga__runtime *runtime,
                        beluga__model *inner);

int beluga__layer_start(beluga__model *model, beluga_call *call, beluga__sink *sink,
                        beluga__stage **out, beluga_error *err);
void beluga__layer_cancel(beluga__stage *stage);
void beluga__layer_pause(beluga__stage *stage, bool paused);
void beluga__layer_release(beluga__model *model);

/* Explain why a call is being cancelled: its caller cancelled it, or its deadline passed. Returns
 * the code. */
int beluga__layer_stopped(const beluga_call *call, beluga_error *err);

/* Start a model below the stage, for the stage's call or a call derived from it. */
static inline int beluga__layer_ask_other(beluga__layer_stage *base, beluga__model *model,
                                          beluga_call *call, beluga_error *err)
{
    int status = model->ops->start(model, call, &base->sink, &base->inner, err);
    if (!status && base->paused) beluga__stage_pause(base->inner, true);
    return status;
}

static inline int beluga__layer_ask(beluga__layer_stage *base, beluga_error *err)
{
    return beluga__layer_ask_other(base, base->layer->inner, base->call, err);
}

/* Sink of a cancelled stage, which ignores every event. A callback may cancel a stage while the
 * stage handles an event. */
extern beluga__sink beluga__layer_nobody;

static inline bool beluga__layer_is_over(const beluga__layer_stage *base)
{
    return base->outer == &beluga__layer_nobody;
}

static inline void beluga__layer_deliver(const beluga__layer_stage *base, const beluga_event *event)
{
    base->outer->event(base->outer, event);
}

#endif
