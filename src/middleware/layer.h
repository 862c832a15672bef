/* What every middleware is made of: a model around another one, and a stage of each call in it. */
#ifndef BELUGA__LAYER_H
#define BELUGA__LAYER_H

#include "model/model.h"

/* The beginning of each layer's own struct. */
typedef struct beluga__layer {
    beluga__model model;
    beluga__model *inner; /* owned */
    beluga__runtime *runtime;
} beluga__layer;

/* The beginning of each layer's own stage. */
typedef struct beluga__layer_stage {
    beluga__stage stage;
    beluga__sink sink;    /* the inner stage delivers to it */
    beluga__sink *outer;  /* this stage delivers to it, and to nobody when it was cancelled */
    beluga__stage *inner; /* NULL while none runs */
    beluga__layer *layer;
    beluga_call *call;
    bool paused; /* an inner stage that begins later is paused, too */
    /* Two layers ask again, and need these. They stand here because they fill what would be
     * padding. */
    bool delivered; /* content went out, and was not taken back */
    int attempts;   /* how many requests were sent */
} beluga__layer_stage;

/* One kind of layer. Its models start, cancel and pause by the functions below, which do what is
 * the same in all of them, and call these for the rest. */
typedef struct beluga__layer_kind {
    beluga__model_ops ops;
    size_t stage_size;
    /* Begin with a stage that is zero but for its base: mostly, ask the inner model. */
    int (*begin)(beluga__layer_stage *base, beluga_error *err);
    void (*event)(beluga__sink *sink, const beluga_event *event); /* of the inner stage */
    /* These follow when the inner stage was cancelled, and when it was paused or goes on; NULL:
     * there is nothing to do. */
    void (*cancelled)(beluga__layer_stage *base);
    void (*paused)(beluga__layer_stage *base);
} beluga__layer_kind;

/* The `ops` of every kind. A layer that owns more than its inner model has a release of its own. */
#define BELUGA__LAYER_OPS_WITH(release) \
    {beluga__layer_start, beluga__layer_cancel, beluga__layer_pause, (release)}
#define BELUGA__LAYER_OPS BELUGA__LAYER_OPS_WITH(beluga__layer_release)

/* Make a layer of `size` bytes, all zero but its base. It takes over `inner`. Returns NULL without
 * memory, and where `inner` is NULL. */
void *beluga__layer_new(size_t size, const beluga__layer_kind *kind, beluga__runtime *runtime,
                        beluga__model *inner);

int beluga__layer_start(beluga__model *model, beluga_call *call, beluga__sink *sink,
                        beluga__stage **out, beluga_error *err);
void beluga__layer_cancel(beluga__stage *stage);
void beluga__layer_pause(beluga__stage *stage, bool paused);
void beluga__layer_release(beluga__model *model);

/* Tell why a call is being cancelled: by its caller, or because its deadline passed. Returns the
 * code. */
int beluga__layer_stopped(const beluga_call *call, beluga_error *err);

/* Start a model below the stage, for its call or one that was derived from that. */
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

/* The sink of a stage that was cancelled, which may happen in a callback while it handles an event:
 * it hears everything and does nothing. */
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
