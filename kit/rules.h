/* Checks, once for all calls, the rules that every call must follow. */
#ifndef BELUGA_KIT_RULES_H
#define BELUGA_KIT_RULES_H

#include "kit/run.h"

/* Return the check of the rule that a call of this run broke, if that check has already failed, so
 * that this run need not report it again; else NULL. */
const char *check_blamed_rule(check_run *run);
check_action check_run_rule;
void check_rules_free(check_rules *rules);
/* Return the check of a rule that the provider breaks, or NULL. */
const char *check_broken_rule(const check_run *run);

#endif
