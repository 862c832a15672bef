/* The tool calls of one answer. Each is a job, which a thread of the client runs.
 *
 * Ownership: the run owns its jobs, which hold the call, its deadline, and the result. The thread
 * that runs a tool owns an errand: the tool, a copy of the arguments, the context, and the text
 * that the tool makes. When the tool returns, its errand goes to the loop as mail. If its job still
 * waits, the job takes the text. If the job gave up meanwhile, because the tool was late or the run
 * ended, job and errand have been separated, and the text is freed with the errand. So a tool may
 * return at any time, and never writes into memory of the run. */
#ifndef BELUGA__TOOL_JOBS_H
#define BELUGA__TOOL_JOBS_H

#include "client/chat_model.h"

typedef struct beluga__tool_job beluga__tool_job;

typedef struct beluga__tool_jobs {
    /* the model to which the tools are bound; all pointers here are borrowed */
    beluga_chat_model *model;
    beluga_loop *loop;
    beluga_context *context;
    beluga__task *changed; /* the task that is deferred when a job ends */
    void *span;            /* telemetry span of the whole run; NULL: none */
    int64_t at_once, timeout_ms;
    beluga__tool_job *jobs; /* one job for each tool call in the answer */
    size_t n, n_started, n_done;
} beluga__tool_jobs;

/* Returns the bound tool with that name, or NULL. Borrowed. */
beluga_tool *beluga__tool_find(const beluga_chat_model *model, const char *name);

/* Make a job for each tool call in an answer. The answer is borrowed until the jobs are dropped.
 * Returns 0 or NO_MEMORY. */
int beluga__tool_jobs_make(beluga__tool_jobs *jobs, const beluga_response *answer);
/* Start as many jobs as may run at once. Jobs that end at once are counted in `n_done`. Returns 0,
 * NO_MEMORY, or LIMIT_EXCEEDED when no file descriptor is left. */
int beluga__tool_jobs_start(beluga__tool_jobs *jobs);
/* Returns the result of a job that has ended, as a TOOL_RESULT; borrowed until the jobs are
 * dropped. */
beluga_event beluga__tool_jobs_result(const beluga__tool_jobs *jobs, size_t index);
/* Drop all jobs. Tools that still run continue, and their results are freed. */
void beluga__tool_jobs_drop(beluga__tool_jobs *jobs);

#endif
