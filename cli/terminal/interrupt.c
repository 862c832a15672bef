#include "terminal/interrupt.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

static _Atomic(beluga_context *) watched;
static struct sigaction before;

static void on_interrupt(int number)
{
    (void)number;
    beluga_context *context = atomic_load(&watched);
    if (context) beluga_context_cancel(context);
}

void interrupt_watch(beluga_context *context, bool survive)
{
    struct sigaction action = {.sa_handler = on_interrupt};
    if (!survive) action.sa_flags = (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    atomic_store(&watched, context);
    sigaction(SIGINT, &action, &before);
}

void interrupt_unwatch(void)
{
    sigaction(SIGINT, &before, NULL);
    atomic_store(&watched, NULL);
}
