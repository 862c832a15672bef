/* A job of the library that a request waits for. */
#ifndef BELUGA_CLI_SERVE_JOB_H
#define BELUGA_CLI_SERVE_JOB_H

#include "serve/request.h"

#include <beluga/context.h>
#include <beluga/embedding.h>

typedef struct serve_job {
    serve_work work;
    serve_request *request; /* NULL: the exchange is over */
    serve *s;
    serve_model *model; /* shared */
    protocol_request body;
    char *text; /* of the body; owned */
    size_t length;
    beluga_chat_model *asked; /* with its tools; shared; NULL: `model` itself */
    beluga_context *context;
    beluga_job *job;
    reactor_task later; /* frees it */
    int64_t estimate;   /* of tokens, of the key; -1: it was not admitted */
    bool ended;
} serve_job;

/* Begin a job for a request: read its body and find its model. @return NULL: the request was
 * answered with an error. */
serve_job *serve_job_begin(serve_request *request);
/* Refuse the request of a job that was not started. */
void serve_job_refuse(serve_job *job, const beluga_error *err);
/* Note that the job has ended; to be said in its callback, or when it was answered without one.
 * @return whether its request still waits. */
bool serve_job_ended(serve_job *job);

#endif
