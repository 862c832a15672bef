/* Replaces budget.c in a library that is built without price files. No model can ask for a budget
 * there. */
#include "middleware/middleware.h"

beluga__model *beluga__budget_new(const beluga__stack_plan *plan, beluga__model *inner)
{
    (void)plan;
    return inner;
}
