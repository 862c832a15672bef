/* The layers tell each other more about an error in the room that it keeps for later versions. */
#ifndef BELUGA__HINT_H
#define BELUGA__HINT_H

#include <beluga/error.h>
#include <stdbool.h>

/* A server of this machine does not run: nobody listens on its port, and that seldom changes in
 * seconds. */
static inline void beluga__hint_set_not_running(beluga_error *err, bool set)
{
    err->reserved[0] = set;
}

static inline bool beluga__hint_is_not_running(const beluga_error *err)
{
    return err->reserved[0];
}

#endif
