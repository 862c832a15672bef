/* Scenarios of sharing, and of many concurrent calls. */
#ifndef BELUGA_KIT_SHARING_H
#define BELUGA_KIT_SHARING_H

#include "kit/run.h"

check_action check_run_input_kept, check_run_bind_new, check_run_bind_kept, check_run_bind_at_once,
    check_run_batch_order, check_run_batch_limit, check_run_batch_error, check_run_calls_20,
    check_run_calls_1000, check_run_streams_20;

#endif
