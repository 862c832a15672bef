/* Full providers that are hindered: cancelled in the middle of their work, and refused what they
 * ask the library for. */
#ifndef BELUGA_KIT_HINDER_H
#define BELUGA_KIT_HINDER_H

#include "kit/run.h"

/* Cancel a stream while the plug-in's work is about to emit its first event, and wait until the
 * work has returned. @return whether it did. */
bool check_cancel_at_work(check_run *run);
/* Each function of the library that may fail does so, and the call must say it. */
check_action check_run_hindered;

#endif
