/* Scenarios in which calls must be refused. */
#ifndef BELUGA_KIT_REFUSALS_H
#define BELUGA_KIT_REFUSALS_H

#include "kit/run.h"

check_action check_run_no_configuration, check_run_bad_option, check_run_no_arguments,
    check_run_cancelled_before, check_run_expired_before, check_run_deadline, check_run_statuses,
    check_run_no_connection;

#endif
