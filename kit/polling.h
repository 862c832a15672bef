/* The scenario of calls that ask again and again: their delays are long enough for the service, and
 * short enough for the caller. */
#ifndef BELUGA_KIT_POLLING_H
#define BELUGA_KIT_POLLING_H

#include "kit/run.h"

check_action check_run_delays;

#endif
