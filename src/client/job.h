/* A job: several calls on one loop with one result. embed.c, count.c and batch_job.c implement the
 * kinds of jobs. */
#ifndef BELUGA__JOB_H
#define BELUGA__JOB_H

#include "client/chat_model.h"
#include "options/copy.h"

#include <beluga/embedding.h>

struct beluga_job {
    unsigned refs; /* one reference for the user's handle, one while the job runs */
    bool running;
    beluga_chat_model *model; /* a reference */
    beluga_loop *loop;
    beluga_context *context;         /* a reference, or NULL */
    beluga__options options;         /* copied, since calls start later than the job */
    void (*cancel)(beluga_job *job); /* cancel all calls of the job */
    void (*abort)(beluga_job *job);  /* end all calls and the job without an event */
    /* free the members that belong to this kind of job, but not the job itself */
    void (*release)(beluga_job *job);
};

/* Make a zeroed job of `size` bytes, whose first member is the beluga_job. Returns NULL on failure,
 * with detail in err, which must not be NULL. The job has one reference, which is released when it
 * ends. */
void *beluga__job_new(size_t size, beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                      const beluga_option *opts, size_t n_opts, beluga_error *err);
/* End a call of the job without an event, and free it. *op may be NULL. */
void beluga__job_abort_call(beluga_op **op);
/* Record that the job has ended, and release the reference that a running job holds. */
void beluga__job_end(beluga_job *job);
/* If `out` is not NULL, give the caller a handle, which holds a reference. */
void beluga__job_hand_over(beluga_job *job, beluga_job **out);
/* Returns a call spec with the job's loop, context and options. The caller sets the other
 * members. */
beluga__call_spec beluga__job_spec(const beluga_job *job);

/* A thread's wait for a job. */
typedef struct beluga__job_waiter {
    bool done;
    int status;
    beluga_error *error; /* receives the job's error; never NULL */
} beluga__job_waiter;

/* Record that the job has ended. `error` is NULL if the job succeeded. */
void beluga__job_ended(beluga__job_waiter *wait, const beluga_error *error);
/* Run a function that starts a job on a leased loop, and wait for the job to end. */
int beluga__job_wait(beluga_chat_model *model, beluga__job_waiter *wait,
                     int (*start)(beluga_loop *loop, void *argument, beluga_job **job,
                                  beluga_error *err),
                     void *argument);

#endif
