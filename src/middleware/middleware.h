/* The layers around an adapter; client/stack.c has their order. */
#ifndef BELUGA__MIDDLEWARE_H
#define BELUGA__MIDDLEWARE_H

#include "model/model.h"

#include <beluga/price.h>

/* Everything that the layers of one model are made from. */
typedef struct beluga__stack_plan {
    beluga__runtime *runtime;
    const beluga__settings *settings; /* settings of the model */
    beluga__target *const *others;    /* models to fall back to */
    size_t n_others;
    /* NULL where there is no budget; the budget layer takes the prices over */
    beluga_prices *prices;
} beluga__stack_plan;

/* Each of these takes over `inner` and releases it when it is released itself. It returns NULL
 * without memory, having released `inner`, and where `inner` is NULL. The settings are read at once
 * and borrowed no longer; of the other models the fallback takes references. */
beluga__model *beluga__hooks_new(const beluga__stack_plan *plan, beluga__model *inner);
beluga__model *beluga__cache_new(const beluga__stack_plan *plan, beluga__model *inner);
beluga__model *beluga__budget_new(const beluga__stack_plan *plan, beluga__model *inner);
beluga__model *beluga__fallback_new(const beluga__stack_plan *plan, beluga__model *inner);
beluga__model *beluga__limits_new(const beluga__stack_plan *plan, beluga__model *inner);
beluga__model *beluga__breaker_new(const beluga__stack_plan *plan, beluga__model *inner);
beluga__model *beluga__retry_new(const beluga__stack_plan *plan, beluga__model *inner);
beluga__model *beluga__attempt_new(const beluga__stack_plan *plan, beluga__model *inner);

/* Returns 0 where this library has a cache of answers, else NOT_SUPPORTED. */
int beluga__cache_check(beluga_error *err);

/* Values for options that are not set; the description of the stack shows them. */
enum { BELUGA__DEFAULT_MAX_RETRIES = 3, BELUGA__DEFAULT_BREAKER_OPEN_MS = 15000 };

#endif
