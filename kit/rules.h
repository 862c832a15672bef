/* The rules that hold in every call, found out once. */
#ifndef BELUGA_KIT_RULES_H
#define BELUGA_KIT_RULES_H

#include "kit/run.h"

/* The check of the rule that a call of this run broke, if that check has failed of it: then it is
 * not told again. NULL otherwise. */
const char *check_blamed_rule(check_run *run);
check_action check_run_rule;
void check_rules_free(check_rules *rules);

#endif
