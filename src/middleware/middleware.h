/* The layers around an adapter; client/stack.c knows their order. */
#ifndef BELUGA__MIDDLEWARE_H
#define BELUGA__MIDDLEWARE_H

#include "model/model.h"

#include <beluga/price.h>

/* The arguments for making the layers of one model. */
typedef struct beluga__stack_plan {
    beluga__runtime *runtime;
    const beluga__settings *settings; /* the model's settings */
    beluga__target *const *others;    /* the models to fall back to */
    size_t n_others;
    /* NULL if there is no budget; the budget layer takes over the prices. */
    beluga_prices *prices;
} beluga__stack_plan;

/* Make a layer. Each function takes over `inner`, which is released with the layer. It returns NULL
 * if out of memory, after releasing `inner`, and if `inner` is NULL. The settings are read when the
 * layer is made, and not kept; the fallback layer takes references to the other models. */
beluga__model *beluga__hooks_new(const beluga__stack_plan *plan, beluga__model *inner);
beluga__model *beluga__cache_new(const beluga__stack_plan *plan, beluga__model *inner);
beluga__model *beluga__budget_new(const beluga__stack_plan *plan, beluga__model *inner);
beluga__model *beluga__fallback_new(const beluga__stack_plan *plan, beluga__model *inner);
beluga__model *beluga__limits_new(const beluga__stack_plan *plan, beluga__model *inner);
beluga__model *beluga__breaker_new(const beluga__stack_plan *plan, beluga__model *inner);
beluga__model *beluga__retry_new(const beluga__stack_plan *plan, beluga__model *inner);
beluga__model *beluga__attempt_new(const beluga__stack_plan *plan, beluga__model *inner);

/* Returns 0 if this library has a cache of answers, else NOT_SUPPORTED. */
int beluga__cache_check(beluga_error *err);

/* Defaults of options. They are here since the description of the stack shows them, too. */
enum { BELUGA__DEFAULT_MAX_RETRIES = 3, BELUGA__DEFAULT_BREAKER_OPEN_MS = 15000 };

#endif
