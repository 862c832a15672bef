/* Scenarios that hinder full providers: they are cancelled in the middle of their work, and the
 * library's functions refuse what they ask for. */
#ifndef BELUGA_KIT_HINDER_H
#define BELUGA_KIT_HINDER_H

#include "kit/run.h"

/* Cancel a stream just before the plug-in's work emits its first event, and wait until the work has
 * returned. @return whether it returned. */
bool check_cancel_at_work(check_run *run);
/* Make each function of the library fail that may fail; the call must report the failure. */
check_action check_run_hindered;

#endif
