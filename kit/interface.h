/* Scenarios that check a provider's table, its registration and its health. */
#ifndef BELUGA_KIT_INTERFACE_H
#define BELUGA_KIT_INTERFACE_H

#include "kit/run.h"

check_action check_run_names, check_run_table, check_run_fixtures, check_run_registered,
    check_run_registered_twice, check_run_other_client, check_run_health, check_run_health_probe,
    check_run_health_sick;

#endif
