#include "loop/guard.h"

#include "base/context.h"

struct beluga__guard_link {
    beluga__cancel_watch watch;
    beluga__guard_link *next;
    beluga__guard *guard;
};

static void heard(beluga__cancel_watch *watch)
{
    beluga__guard *guard = beluga__container_of(watch, beluga__guard_link, watch)->guard;
    guard->cancelled(guard);
}

int beluga__guard_start(beluga__guard *guard, beluga_loop *loop, beluga_context *context,
                        beluga__arena *arena, void (*cancelled)(beluga__guard *), beluga_error *err)
{
    guard->loop = loop;
    guard->links = NULL;
    guard->cancelled = cancelled;
    for (beluga_context *c = context; c; c = c->parent) {
        if (c->wake.fd < 0) continue;
        beluga__guard_link *link = beluga__arena_zalloc(arena, sizeof *link);
        if (!link) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
        link->guard = guard;
        link->watch.cancelled = heard;
        int status = loop->ops->watch_cancel(loop, c, &link->watch);
        if (status)
            return beluga_error_set(err, status, "the context can't be watched for cancellation");
        link->next = guard->links;
        guard->links = link;
    }
    return 0;
}

void beluga__guard_end(beluga__guard *guard)
{
    for (beluga__guard_link *link = guard->links; link; link = link->next)
        guard->loop->ops->unwatch_cancel(guard->loop, &link->watch);
    guard->links = NULL;
}
