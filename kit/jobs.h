/* Scenarios of batch jobs: the kit plays the author's answers to each function of the provider's
 * batch API, and checks what the library reports. */
#ifndef BELUGA_KIT_JOBS_H
#define BELUGA_KIT_JOBS_H

#include "kit/run.h"

check_action check_run_job_create, check_run_job_get, check_run_job_list, check_run_job_results,
    check_run_job_cancel, check_run_job_delete, check_run_job_embed, check_run_job_doubt;

#endif
