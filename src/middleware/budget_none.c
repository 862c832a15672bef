/* In place of budget.c in a library without files of prices, where nobody asks for it. */
#include "middleware/middleware.h"

beluga__model *beluga__budget_new(const beluga__stack_plan *plan, beluga__model *inner)
{
    (void)plan;
    return inner;
}
