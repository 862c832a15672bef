/* Rewrites an author's cases to match the provider's present behaviour: the requests and the
 * events, never an answer. Differences that a scenario finds are noted first, and written when the
 * scenario has ended without any other problem. */
#ifndef BELUGA_KIT_UPDATE_H
#define BELUGA_KIT_UPDATE_H

#include "kit/run.h"

/* Return whether the files of the run's case will be written. An author's case is written if it
 * exists or if its scenario was chosen by name; a case of the library's own providers is always
 * written. */
bool check_is_updated(const check_run *run);
/* Note that request `i` differs from the section. `differences` are lines that show how, or NULL if
 * the section is missing. */
void check_change_request(check_run *run, size_t i, const char *section, const char *differences);
/* Note that the story differs from the section `events`, whose text is `want`; NULL: the section is
 * missing. */
void check_change_events(check_run *run, const char *want);
/* Write the noted changes, unless a problem was found, the scenario was skipped, or `rule` is not
 * NULL: it is the name of a check which found that the provider breaks a rule. */
void check_write_changes(check_run *run, const char *rule);

#endif
