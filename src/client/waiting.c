/* Ends the calls of a loop that only wait, for a program that wants to stop soon. */
#include "middleware/layer.h"
#include "model/operation.h"

/* A call that waits for another attempt is given up, too, although the attempts that failed may
 * have cost something: that is lost in any case, and another attempt would cost as much now as it
 * would later. */
static bool may_be_given_up(const beluga_op *op)
{
    return op && !op->is_part && beluga__layer_waits(op->inner);
}

size_t beluga_loop_cancel_waiting(beluga_loop *loop)
{
    size_t n = 0;
    if (beluga__loop_inherited(loop)) return 0;
    beluga__list *all = &loop->operations;
    for (beluga__list *node = all->next; node != all; node = node->next) {
        beluga_op *op = beluga__operation_of(beluga__container_of(node, beluga__running, node));
        if (!may_be_given_up(op)) continue;
        beluga_op_cancel(op);
        n++;
    }
    return n;
}
