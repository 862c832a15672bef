/* Judging: requests and events are compared with those of the case. */
#ifndef BELUGA_KIT_JUDGE_H
#define BELUGA_KIT_JUDGE_H

#include "kit/run.h"

/* Compare the request that exchange `n` (from 1) sent. */
void check_request(check_run *run, size_t n);
/* Compare the story. */
void check_events(check_run *run);
/* Take out of the story the ids that differ from run to run. */
void check_forget_ids(check_run *run);
/* Return whether a header of a request is of the provider's making. */
bool check_is_compared(const char *header);

#endif
