/* Scenarios of batch jobs: each function of a provider's batch API is played the answers that its
 * author wrote, and tells what became of them. */
#ifndef BELUGA_KIT_JOBS_H
#define BELUGA_KIT_JOBS_H

#include "kit/run.h"

check_action check_run_job_create, check_run_job_get, check_run_job_list, check_run_job_results,
    check_run_job_cancel, check_run_job_delete;

#endif
