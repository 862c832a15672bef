/* The list of scenarios. */
#ifndef BELUGA_KIT_SCENARIOS_H
#define BELUGA_KIT_SCENARIOS_H

#include "kit/run.h"

/* The scenarios in the order in which they run; ended by a NULL name. */
extern const check_scenario check_scenarios[];

#endif
