/* The parts that all middleware shares. A layer is a model around an inner model, and each call has
 * a stage in each layer. */
#ifndef BELUGA__LAYER_H
#define BELUGA__LAYER_H

#include "model/model.h"

/* The first member of every layer's struct. */
typedef struct beluga__layer {
    beluga__model model;
    beluga__model *inner; /* owned */
    beluga__runtime *runtime;
} beluga__layer;

/* The first member of every stage's struct. */
typedef struct beluga__layer_stage {
    beluga__stage stage;
    beluga__sink sink; /* the inner stage delivers its events here */
    /* this stage delivers its events here; after a cancellation this is beluga__layer_nobody */
    beluga__sink *outer;
    beluga__stage *inner; /* NULL while no inner stage runs */
    beluga__layer *layer;
    beluga_call *call;
    /* true while the call is paused; an inner stage that begins during the pause is paused, too */
    bool paused;
    /* The following four members are used only by the retry and fallback layers. They are here
     * because they fit into padding bytes. */
    bool delivered; /* content was delivered and not taken back */
    /* earlier requests of the call have delivered content, and it was not taken back */
    bool kept;
    uint16_t first;    /* number of the attempt that sent the call's first request */
    uint16_t attempts; /* number of attempts so far */
} beluga__layer_stage;

/* The functions of one kind of layer. All layers use the common functions for start, cancel and
 * pause below, which call these functions for the parts that differ. */
typedef struct beluga__layer_kind {
    beluga__model_ops ops;
    size_t stage_size;
    /* Begins a call. The stage is zero except for its base. Most layers start the inner model
     * here. */
    int (*begin)(beluga__layer_stage *base, beluga_error *err);
    /* handles an event of the inner stage */
    void (*event)(beluga__sink *sink, const beluga_event *event);
    /* Called after the inner stage was cancelled, paused or resumed; NULL: the layer has nothing to
     * do then. */
    void (*cancelled)(beluga__layer_stage *base);
    void (*paused)(beluga__layer_stage *base);
} beluga__layer_kind;

/* The `ops` of a kind of layer. A layer that owns more than its inner model passes its own release
 * function. */
#define BELUGA__LAYER_OPS_WITH(release) \
    {beluga__layer_start, beluga__layer_cancel, beluga__layer_pause, (release)}
#define BELUGA__LAYER_OPS BELUGA__LAYER_OPS_WITH(beluga__layer_release)

/* Make a zeroed layer of `size` bytes and set its base. The layer takes over `inner`. Returns NULL
 * if out of memory, or if `inner` is NULL. */
void *beluga__layer_new(size_t size, const beluga__layer_kind *kind, beluga__runtime *runtime,
                        beluga__model *inner);

int beluga__layer_start(beluga__model *model, beluga_call *call, beluga__sink *sink,
                        beluga__stage **out, beluga_error *err);
void beluga__layer_cancel(beluga__stage *stage);
void beluga__layer_pause(beluga__stage *stage, bool paused);
void beluga__layer_release(beluga__model *model);

/* Returns whether a call only waits: no request of it is under way, and none was answered whose
 * answer it would lose. `stage` is its outermost stage. While a layer waits for the call's turn, or
 * for the time of another attempt, it has no inner stage. */
bool beluga__layer_waits(const beluga__stage *stage);

/* Set the error for a call that is being cancelled, because its caller cancelled it or its deadline
 * passed. Returns the code. */
int beluga__layer_stopped(const beluga_call *call, beluga_error *err);

/* Start a model below the stage, for the stage's call or for a call derived from it. */
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

/* The sink of a cancelled stage. It drops every event, since a callback may cancel a stage while
 * the stage still delivers events. */
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
