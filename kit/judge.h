/* Compares requests and events with the expected ones of the case. */
#ifndef BELUGA_KIT_JUDGE_H
#define BELUGA_KIT_JUDGE_H

#include "kit/run.h"

/* Compare the request of exchange `n` (from 1); for a call of several requests, compare all of
 * them. */
void check_request(check_run *run, size_t n);
/* Compare the story with the expected events. */
void check_events(check_run *run);
/* Remove from the story the ids that differ from run to run. */
void check_forget_ids(check_run *run);

#endif
