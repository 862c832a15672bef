/* A short timeout of a call that must not end before something else has happened. On a slow machine
 * it may, so the call is made again with a longer one:
 *
 *     int64_t ms = 100;
 *     do {
 *         script(s->peer, BEGINS, SAYS("Hello"), HANGS);
 *         expect_stream_with(s, BELUGA_ERROR_STREAM_TIMEOUT, beluga_with_idle_timeout_ms(ms));
 *     } while (was_too_short(&ms, s->r.texts > 0));
 */
#ifndef TESTS_TOO_SHORT_H
#define TESTS_TOO_SHORT_H

#include <stdbool.h>
#include <stdint.h>

enum { LONGEST_TIMEOUT_MS = 60000 };

/* Returns whether to try again with the longer timeout that is then in `ms`. */
static inline bool was_too_short(int64_t *ms, bool happened)
{
    if (happened || *ms >= LONGEST_TIMEOUT_MS) return false;
    *ms *= 2;
    return true;
}

#endif
