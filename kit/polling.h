/* The scenario of calls that poll: their delays must be long enough for the service, and short
 * enough for the caller. */
#ifndef BELUGA_KIT_POLLING_H
#define BELUGA_KIT_POLLING_H

#include "kit/run.h"

check_action check_run_delays;

#endif
