/* What every middleware is made of: a model around another one. */
#ifndef BELUGA__LAYER_H
#define BELUGA__LAYER_H

#include "model/model.h"

typedef struct beluga__layer {
    beluga__model model;
    beluga__model *inner; /* owned */
    beluga__runtime *runtime;
} beluga__layer;

/* Make a layer of `size` bytes, all zero but its first member. It takes over `inner`, and NULL for
 * that, or no memory, is NULL. */
void *beluga__layer_new(size_t size, const beluga__model_ops *ops, beluga__runtime *runtime,
                        beluga__model *inner);
/* The `release` of a layer that owns nothing else. */
void beluga__layer_release(beluga__model *model);

/* Zeroed memory for an op, in the arena of its call; NULL with the error set. */
void *beluga__layer_op(beluga_call *call, size_t size, beluga_error *err);

static inline beluga__layer *beluga__layer_of(beluga__model *model)
{
    return beluga__container_of(model, beluga__layer, model);
}

/* Why a call is being cancelled: by its caller, or because its deadline passed. Returns the code.
 */
int beluga__layer_stopped(const beluga_call *call, beluga_error *err);

#endif
