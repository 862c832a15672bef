/* What the layers tell each other about an error, in the room that it keeps for later. */
#ifndef BELUGA__HINT_H
#define BELUGA__HINT_H

#include <beluga/error.h>
#include <stdbool.h>

/* Nobody listens on this machine: a server that is not running, which seldom comes up in seconds.
 */
static inline void beluga__hint_set_not_running(beluga_error *err, bool set)
{
    err->reserved[0] = set;
}

static inline bool beluga__hint_is_not_running(const beluga_error *err)
{
    return err->reserved[0];
}

#endif
