/* The stack of a model: the layers that its settings ask for, around an adapter. */
#ifndef BELUGA__STACK_H
#define BELUGA__STACK_H

#include "middleware/middleware.h"

/* Build the stack, which takes over the plan's prices. Returns NULL without memory. */
beluga__model *beluga__stack_new(const beluga__stack_plan *plan, beluga__model *adapter);

#endif
