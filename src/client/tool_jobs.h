/* The tool calls of one answer: each is a job, which a thread of the client's runs.
 *
 * Ownership: the run owns its jobs, which know what was called, until when there is time, and the
 * result. The thread that runs a tool owns an errand: the tool, a copy of the arguments, the
 * context, and the text that the tool makes. When the tool returns, its errand goes to the loop as
 * mail. If its job still waits, the job takes the text. If the job gave up meanwhile, because it
 * was late or the run ended, the two have let go of each other, and the text is freed with the
 * errand. So a tool may come back at any time, and never writes into memory of the run. */
#ifndef BELUGA__TOOL_JOBS_H
#define BELUGA__TOOL_JOBS_H

#include "client/chat_model.h"

typedef struct beluga__tool_job beluga__tool_job;

typedef struct beluga__tool_jobs {
    beluga_chat_model *model; /* the tools are bound to it; borrowed, as all of these */
    beluga_loop *loop;
    beluga_context *context;
    beluga__task *changed; /* deferred when a job is done */
    void *span;            /* of the whole run, for telemetry; NULL: none */
    int64_t at_once, timeout_ms;
    beluga__tool_job *jobs; /* one a call of the answer */
    size_t n, n_started, n_done;
} beluga__tool_jobs;

/* The tool of that name, or NULL. Borrowed. */
beluga_tool *beluga__tool_find(const beluga_chat_model *model, const char *name);

/* Make a job of each call of an answer, which is borrowed until they are dropped. 0 or NO_MEMORY.
 */
int beluga__tool_jobs_make(beluga__tool_jobs *jobs, const beluga_response *answer);
/* Start as many as may run at once, and tell in `n_done` of those that are done already. 0,
 * NO_MEMORY, or LIMIT_EXCEEDED without a descriptor. */
int beluga__tool_jobs_start(beluga__tool_jobs *jobs);
/* The result of a job that is done, as a TOOL_RESULT; borrowed until they are dropped. */
beluga_event beluga__tool_jobs_result(const beluga__tool_jobs *jobs, size_t index);
/* Forget all jobs; nobody waits for those that run. */
void beluga__tool_jobs_drop(beluga__tool_jobs *jobs);

#endif
