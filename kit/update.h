/* Cases that are written as their provider is now. Only tests do it. */
#ifndef BELUGA_KIT_UPDATE_H
#define BELUGA_KIT_UPDATE_H

#include "kit/run.h"

/* For check_settings: write what was sent and what came out, where it differs. */
extern const check_updater check_update_fixtures;

#endif
