/*
 * Delays before the further requests of a call (beluga_emit_next_request): while a plug-in is
 * checked they are played as none, since its calls would take as long as its service does, and kept
 * so that they can be judged.
 */
#ifndef BELUGA_KIT_DELAYS_H
#define BELUGA_KIT_DELAYS_H

#include <stddef.h>
#include <stdint.h>

enum {
    CHECK_MAX_DELAYS = 32, /* further requests that are kept */
    CHECK_TOKEN_BYTES = 96 /* the end of a token, which is where tokens differ */
};

typedef struct check_delay {
    char token[CHECK_TOKEN_BYTES];
    int64_t delay_ms;
} check_delay;

/* Play the delays of a plug-in as none from here on, also after it was loaded once more. */
void check_delays_play(const char *plugin);
/* Take what was asked for since the last time, at most CHECK_MAX_DELAYS. @return the number. */
size_t check_delays_take(check_delay *out);

#endif
