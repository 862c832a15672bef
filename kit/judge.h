/* What must be true: what was sent and what came, compared with what the case says. */
#ifndef BELUGA_KIT_JUDGE_H
#define BELUGA_KIT_JUDGE_H

#include "kit/run.h"

/* Compare the request that exchange `n` (from 1) sent. */
void check_request(check_run *run, size_t n);
/* Compare the story. */
void check_events(check_run *run);
/* Some ids are others each time: take them out of the story. */
void check_forget_ids(check_run *run);
/* Return whether a header of a request is of the provider's making. */
bool check_is_compared(const char *header);

#endif
