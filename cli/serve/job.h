/* A request that waits for a job of the library, such as embeddings. */
#ifndef BELUGA_CLI_SERVE_JOB_H
#define BELUGA_CLI_SERVE_JOB_H

#include "serve/request.h"

#include <beluga/context.h>
#include <beluga/embedding.h>

typedef struct serve_job {
    serve_work work;
    serve_request *request; /* NULL after the exchange has ended */
    serve *s;
    serve_model *model; /* owned reference */
    protocol_request body;
    char *text; /* owned; text of the body */
    size_t length;
    /* the model with the tools of the request, owned reference; NULL: `model` itself */
    beluga_chat_model *asked;
    beluga_context *context;
    beluga_job *job;
    reactor_task later; /* frees the job */
    /* estimated tokens, which were charged to the key; -1: the request was not admitted */
    int64_t estimate;
    bool ended;
} serve_job;

/* Read the body of a request and find the model. @return the job, not yet started; NULL if the
 * request was answered with an error. */
serve_job *serve_job_begin(serve_request *request);
/* Answer the request of a job that was not started with an error. */
void serve_job_refuse(serve_job *job, const beluga_error *err);
/* Record that the job has ended; call this in its callback, or if the request was answered without
 * a callback. @return whether the request still waits for its answer. */
bool serve_job_ended(serve_job *job);

#endif
