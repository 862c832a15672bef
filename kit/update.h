/* Rewrites the cases of an author from the provider's present behaviour: the requests and the
 * events, and never an answer. What a scenario finds is noted first, and written when the scenario
 * is over and nothing else is wrong. */
#ifndef BELUGA_KIT_UPDATE_H
#define BELUGA_KIT_UPDATE_H

#include "kit/run.h"

/* Return whether the files of the run's case are to be written. An author's case is written where
 * it is there or the scenario was asked for; one of ours in any case. */
bool check_is_updated(const check_run *run);
/* Note that request `i` differs from the section; `differences` are lines which say how, or NULL
 * where the section is missing. */
void check_change_request(check_run *run, size_t i, const char *section, const char *differences);
/* Note that the story differs from the section events, whose text is `want`; NULL: it is missing.
 */
void check_change_events(check_run *run, const char *want);
/* Write what was noted, unless a problem was found, the scenario was skipped or `rule`, which is a
 * check's name or NULL, says that the provider breaks a rule. */
void check_write_changes(check_run *run, const char *rule);

#endif
