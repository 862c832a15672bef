/* Replaces job.c in a library that has neither embeddings nor batch jobs: no caller has a job, so
 * these can only be called with NULL. */
#include <beluga/embedding.h>

void beluga_job_cancel(beluga_job *job)
{
    (void)job;
}

void beluga_job_free(beluga_job *job)
{
    (void)job;
}
