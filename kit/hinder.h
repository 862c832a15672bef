/* Scenarios that hinder full providers: their calls are cancelled in the middle of work, and the
 * library's functions fail when they are called. */
#ifndef BELUGA_KIT_HINDER_H
#define BELUGA_KIT_HINDER_H

#include "kit/run.h"

/* Cancel a stream just before the plug-in's work emits its first event, and wait until the work has
 * returned. @return whether it returned. */
bool check_cancel_at_work(check_run *run);
/* For each function of the library that may fail: make it fail, and check that the call reports the
 * failure. */
check_action check_run_hindered;

#endif
