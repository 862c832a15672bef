/*
 * Delays before the further requests of a call (beluga_emit_next_request): while a plug-in is
 * checked they are played as none, since its calls would take as long as its service does, and kept
 * so that they can be judged.
 */
#ifndef BELUGA_KIT_DELAYS_H
#define BELUGA_KIT_DELAYS_H

#include "kit/run.h"

/* Play the delays of a plug-in as none from here on, also after it was loaded once more. */
void check_delays_play(const char *plugin);
/* Scenario: the delays of a call are long enough for its service, and short enough for its caller.
 */
check_action check_run_delays;

#endif
