/* Work of several calls on one loop, with one end. embed.c, count.c and batch_job.c are its
 * kinds. */
#ifndef BELUGA__JOB_H
#define BELUGA__JOB_H

#include "client/chat_model.h"
#include "options/copy.h"

#include <beluga/embedding.h>

struct beluga_job {
    unsigned refs; /* one for the user's handle, one while the job runs */
    bool running;
    beluga_chat_model *model; /* a reference */
    beluga_loop *loop;
    beluga_context *context;          /* a reference, or NULL */
    beluga__options options;          /* copied, since calls start later than the job */
    void (*cancel)(beluga_job *job);  /* cancel the calls under way */
    void (*abort)(beluga_job *job);   /* end them without an event, and the job */
    void (*release)(beluga_job *job); /* free what is the kind's own, but not the job */
};

/* Make a job of `size` bytes, zeroed, whose first member is the beluga_job. Returns NULL, with
 * detail in err, which is never NULL. The job has one reference, for the work. */
void *beluga__job_new(size_t size, beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                      const beluga_option *opts, size_t n_opts, beluga_error *err);
/* End a call of the job's without an event, and free it; NULL: none is under way. */
void beluga__job_abort_call(beluga_op **op);
/* The work has ended: give its reference back. */
void beluga__job_end(beluga_job *job);
/* Give the caller a handle, if one is wanted. */
void beluga__job_hand_over(beluga_job *job, beluga_job **out);
/* Returns the spec of the job's next call. */
beluga__call_spec beluga__job_spec(const beluga_job *job);

/* Work that a thread waits for. */
typedef struct beluga__job_waiter {
    bool done;
    int status;
    beluga_error *error; /* never NULL */
} beluga__job_waiter;

/* The job has ended; error NULL: well. */
void beluga__job_ended(beluga__job_waiter *wait, const beluga_error *error);
/* Run a function on a leased loop, which starts a job, and wait for the end of that. */
int beluga__job_wait(beluga_chat_model *model, beluga__job_waiter *wait,
                     int (*start)(beluga_loop *loop, void *argument, beluga_job **job,
                                  beluga_error *err),
                     void *argument);

#endif
