/* The layers around an adapter. Each takes over `inner` and releases it; NULL without memory (inner
 * is released then), and NULL for an inner that is NULL. src/client/open.c knows their order. */
#ifndef BELUGA__MIDDLEWARE_H
#define BELUGA__MIDDLEWARE_H

#include "model/model.h"

#include <beluga/hooks.h>
#include <beluga/price.h>

beluga__model *beluga__attempt_new(beluga__runtime *runtime, beluga__model *inner);
beluga__model *beluga__retry_new(beluga__runtime *runtime, const beluga__settings *settings,
                                 beluga__model *inner);
beluga__model *beluga__breaker_new(beluga__runtime *runtime, const beluga__settings *settings,
                                   beluga__model *inner);
beluga__model *beluga__limits_new(beluga__runtime *runtime, const beluga__settings *settings,
                                  beluga__model *inner);
/* Takes references of its own to the others. */
beluga__model *beluga__fallback_new(beluga__runtime *runtime, const beluga__settings *settings,
                                    beluga__target *const *others, size_t n, beluga__model *inner);
/* Takes over the prices, too. */
beluga__model *beluga__budget_new(beluga__runtime *runtime, const beluga__settings *settings,
                                  beluga_prices *prices, beluga__target *const *others, size_t n,
                                  beluga__model *inner);
/* Whether there is one in this library; else NOT_SUPPORTED. */
int beluga__cache_check(beluga_error *err);
beluga__model *beluga__cache_new(beluga__runtime *runtime, const beluga__settings *settings,
                                 beluga__model *inner);
/* The hooks are copied. */
beluga__model *beluga__hooks_new(beluga__runtime *runtime, const beluga_hooks *hooks,
                                 beluga__model *inner);

#endif
