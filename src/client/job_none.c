/* Replaces job.c in a library that has neither embeddings nor batch jobs. Nothing makes a job
 * there, so callers can pass only NULL to these functions. */
#include <beluga/embedding.h>

void beluga_job_cancel(beluga_job *job)
{
    (void)job;
}

void beluga_job_free(beluga_job *job)
{
    (void)job;
}
