/* Replaces budget.c in a library that is built without price files. There, opening a model with a
 * budget fails. */
#include "middleware/middleware.h"

beluga__model *beluga__budget_new(const beluga__stack_plan *plan, beluga__model *inner)
{
    (void)plan;
    return inner;
}
