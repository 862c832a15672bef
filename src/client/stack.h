/* The stack of a model: an adapter, and around it the layers that the settings ask for. */
#ifndef BELUGA__STACK_H
#define BELUGA__STACK_H

#include "middleware/middleware.h"

/* Build the stack around the adapter. It takes over the plan's prices. Returns NULL if out of
 * memory. */
beluga__model *beluga__stack_new(const beluga__stack_plan *plan, beluga__model *adapter);

#endif
