/* Scenarios of memory: blocks that a provider does not free, and the cost of its calls. */
#ifndef BELUGA_KIT_LEAKS_H
#define BELUGA_KIT_LEAKS_H

#include "kit/run.h"

check_action check_run_memory, check_run_memory_open, check_run_memory_errors, check_run_allocator,
    check_run_descriptors, check_run_measure_generate, check_run_measure_stream,
    check_run_measure_bind, check_run_measure_at_once;

#endif
