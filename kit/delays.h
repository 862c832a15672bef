/* Delays before further requests of a call (beluga_emit_next_request). While a plug-in is checked
 * its delays are shortened to 0, since calls would otherwise take as long as with the real service.
 * The delays are recorded so that they can be judged. */
#ifndef BELUGA_KIT_DELAYS_H
#define BELUGA_KIT_DELAYS_H

#include <stddef.h>
#include <stdint.h>

enum {
    CHECK_MAX_DELAYS = 32, /* most delays that are recorded */
    CHECK_TOKEN_BYTES = 96 /* only the last bytes of a token are kept, since tokens differ there */
};

typedef struct check_delay {
    char token[CHECK_TOKEN_BYTES];
    int64_t delay_ms;
} check_delay;

/* From here on shorten all delays of a plug-in to 0, even if it is loaded again. */
void check_delays_play(const char *plugin);
/* Copy the delays that were recorded since the last call of this function, at most
 * CHECK_MAX_DELAYS. @return their number. */
size_t check_delays_take(check_delay *out);

#endif
