/* Rewrites cases from the provider's present behaviour. Only tests use it. */
#ifndef BELUGA_KIT_UPDATE_H
#define BELUGA_KIT_UPDATE_H

#include "kit/run.h"

/* For check_settings: writes the requests and events that differ. */
extern const check_updater check_update_fixtures;

#endif
