/* A job of the library whose end a request waits for. */
#ifndef BELUGA_CLI_SERVE_JOB_H
#define BELUGA_CLI_SERVE_JOB_H

#include "serve/request.h"

#include <beluga/context.h>
#include <beluga/embedding.h>

typedef struct serve_job {
    serve_work work;
    serve_request *request; /* NULL after the exchange is over */
    serve *s;
    serve_model *model; /* owned reference */
    protocol_request body;
    char *text; /* owned; text of the body */
    size_t length;
    beluga_chat_model *asked; /* owned reference to the model with its tools; NULL: `model`
                               * itself */
    beluga_context *context;
    beluga_job *job;
    reactor_task later; /* frees the job */
    int64_t estimate;   /* estimated tokens, which the key was charged; -1: the request was not
                         * admitted */
    bool ended;
} serve_job;

/* Begin a job for a request: read the body and find the model. @return NULL if the request was
 * answered with an error. */
serve_job *serve_job_begin(serve_request *request);
/* Refuse the request of a job that was not started. */
void serve_job_refuse(serve_job *job, const beluga_error *err);
/* Note that the job has ended; call this in its callback, or if it was answered without one.
 * @return whether its request still waits. */
bool serve_job_ended(serve_job *job);

#endif
