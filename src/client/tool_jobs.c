#include "client/tool_jobs.h"

#include "base/clock.h"
#include "base/mem.h"
#include "model/span.h"
#include "schema/tool.h"

#include <stdio.h>

/* The result of a tool call. */
typedef struct outcome {
    char *text; /* the text that the model reads; from the process's allocator */
    size_t length;
    int status;
    int64_t duration_ns;
} outcome;

typedef struct errand {
    /* the job that waits for this errand, or NULL; used on the loop's thread only */
    beluga__tool_job *job;
    beluga__mail mail;
    beluga__mailbox *mailbox;
    beluga__runtime *runtime;
    beluga_context *context;
    beluga_tool *tool;
    char *arguments;
    size_t arguments_length;
    int64_t start_ns;
    outcome outcome;
} errand;

struct beluga__tool_job {
    beluga__tool_jobs *all;
    const beluga_tool_call *call; /* points into the answer */
    errand *errand;               /* NULL: there is no errand, or the job no longer waits for it */
    beluga__timer late;
    outcome outcome;
    int64_t start_ns;
    void *span; /* telemetry span; NULL: there is none, or it has ended */
};

/* --- telemetry -------------------------------------------------------------------------------- */

static void begin_span(beluga__tool_job *job, const beluga_tool *tool)
{
    beluga__target *target = job->all->model->target;
    beluga_span_start start = {.kind = BELUGA_SPAN_TOOL,
                               .operation = "execute_tool",
                               .start_ns = beluga__now_ns(),
                               .tool_name = job->call->name,
                               .tool_call_id = job->call->id,
                               .tool_description = tool ? beluga_tool_description(tool) : NULL};
    job->start_ns = start.start_ns;
    if (target->runtime->capture_content) {
        start.content = job->call->arguments;
        start.content_length = job->call->length;
    }
    if (job->all->span) job->span = beluga__span_begin(target, NULL, job->all->span, &start);
}

static void end_span(beluga__tool_job *job, const beluga_error *err)
{
    const beluga__target *target = job->all->model->target;
    beluga_span_end end = beluga__span_ended(job->start_ns, err);
    if (target->runtime->capture_content) {
        end.content = job->outcome.text;
        end.content_length = job->outcome.length;
    }
    beluga__span_close(target, job->span, &end);
    job->span = NULL;
}

/* Returns a context with the tool's span, so that calls that the tool makes become children of the
 * span. */
static beluga_context *traced_context(const beluga__tool_job *job)
{
    beluga_context *context = job->all->context, *traced = NULL;
    const beluga_telemetry_sink *sink = job->span ? beluga__sink_of(job->all->model->target) : NULL;
    beluga_trace_context trace = {.size = sizeof trace};
    if (sink && sink->context && sink->context(sink->payload, job->span, &trace))
        traced = beluga_context_new_trace(context, trace.traceparent, trace.tracestate);
    return traced ? traced : beluga_context_ref(context);
}

/* --- the end of a job ------------------------------------------------------------------------- */

/* Set the result of a tool call. If the tool failed and gave no text, the model reads the error's
 * message. */
static void conclude(outcome *o, int status, const beluga_error *err, int64_t start_ns)
{
    o->status = status;
    o->duration_ns = beluga__now_ns() - start_ns;
    if (!status || o->length) return;
    beluga_free(o->text);
    o->text = beluga__copy(beluga_allocator_default(), err->message, strlen(err->message));
    o->length = o->text ? strlen(o->text) : 0;
}

/* Separate a job from its errand. The errand continues without the job. */
static void give_up(beluga__tool_job *job)
{
    if (job->errand) job->errand->job = NULL;
    job->errand = NULL;
    beluga__timer_clear(job->all->loop, &job->late);
}

static void finish(beluga__tool_job *job)
{
    beluga_error err;
    int status = job->outcome.status;
    if (status) beluga_error_set(&err, status, "%s", beluga_error_text(status));
    if (job->span) end_span(job, status ? &err : NULL);
    job->all->n_done++;
}

static void finish_later(beluga__tool_job *job)
{
    finish(job);
    job->all->loop->ops->defer(job->all->loop, job->all->changed);
}

static void tool_is_late(beluga__timer *timer)
{
    beluga__tool_job *job = beluga__container_of(timer, beluga__tool_job, late);
    beluga_error err;
    beluga_context_cancel(job->errand->context);
    give_up(job);
    beluga_error_set(&err, BELUGA_ERROR_TOOL_EXECUTION, "tool %s gave no result before its timeout",
                     job->call->name);
    conclude(&job->outcome, err.code, &err, job->start_ns);
    finish_later(job);
}

/* End a job with an error, because its tool is not bound to the model. */
static void refuse(beluga__tool_job *job)
{
    const beluga_chat_model *model = job->all->model;
    beluga_error err;
    char names[256] = "";
    size_t at = 0;
    for (size_t i = 0; i < model->n_tools && at < sizeof names; i++)
        at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", i ? ", " : "",
                               beluga_tool_name(model->tools[i]));
    beluga_error_set(&err, BELUGA_ERROR_TOOL_NOT_FOUND, "there is no tool %.60s; the tools are: %s",
                     job->call->name, *names ? names : "none");
    begin_span(job, NULL);
    conclude(&job->outcome, err.code, &err, job->start_ns);
    finish(job);
}

/* --- errands ---------------------------------------------------------------------------------- */

static void free_errand(errand *e)
{
    beluga__runtime *runtime = e->runtime;
    beluga_tool_unref(e->tool);
    beluga_context_unref(e->context);
    beluga__mailbox_unref(e->mailbox);
    beluga_free(e->outcome.text);
    beluga__release(&runtime->allocator, e->arguments);
    beluga__release(&runtime->allocator, e);
    runtime->unref(runtime);
}

static void came_back(beluga__mail *mail, beluga_loop *loop)
{
    errand *e = beluga__container_of(mail, errand, mail);
    beluga__tool_job *job = loop ? e->job : NULL;
    if (job) {
        give_up(job);
        job->outcome = e->outcome;
        e->outcome.text = NULL;
        finish_later(job);
    }
    free_errand(e);
}

/* Run the tool, on a thread of the client. */
static void run_tool(void *argument)
{
    errand *e = argument;
    beluga_error err = {.code = 0};
    const beluga__runtime *outside = beluga__enter(e->runtime);
    int status = beluga_tool_execute(e->tool, e->context, e->arguments, e->arguments_length,
                                     &e->outcome.text, &e->outcome.length, &err);
    beluga__leave(outside);
    conclude(&e->outcome, status, &err, e->start_ns);
    beluga__mailbox_post(e->mailbox, &e->mail);
}

static beluga_context *tool_context(const beluga__tool_job *job, int64_t timeout_ms)
{
    beluga_context *traced = traced_context(job);
    beluga_context *limited = beluga_context_new_timeout(traced, timeout_ms);
    beluga_context *context = limited ? beluga_context_new_cancellable(limited) : NULL;
    beluga_context_unref(traced);
    beluga_context_unref(limited);
    return context;
}

/* Make an errand. Returns NULL if out of memory. */
static errand *new_errand(const beluga__tool_job *job, beluga_tool *tool, int64_t timeout_ms,
                          beluga__mailbox *mailbox)
{
    beluga__runtime *runtime = job->all->model->target->runtime;
    errand *e = beluga__zalloc(&runtime->allocator, sizeof *e);
    if (!e) return NULL;
    e->runtime = runtime;
    runtime->ref(runtime);
    e->mail.run = came_back;
    e->mailbox = beluga__mailbox_ref(mailbox);
    e->tool = beluga_tool_ref(tool);
    e->start_ns = job->start_ns;
    e->context = tool_context(job, timeout_ms);
    e->arguments = beluga__copy(&runtime->allocator, job->call->arguments, job->call->length);
    e->arguments_length = job->call->length;
    if (e->context && e->arguments) return e;
    free_errand(e);
    return NULL;
}

static int start(beluga__tool_job *job, beluga_tool *tool)
{
    beluga_loop *loop = job->all->loop;
    beluga__mailbox *mailbox;
    int64_t left_ms = beluga_context_remaining_ms(job->all->context);
    int64_t timeout_ms = tool->timeout_ms ? tool->timeout_ms : job->all->timeout_ms;
    if (left_ms >= 0 && left_ms < timeout_ms) timeout_ms = left_ms;
    int status = beluga__loop_mailbox(loop, &mailbox);
    if (status) return status;
    begin_span(job, tool);
    errand *e = new_errand(job, tool, timeout_ms, mailbox);
    if (!e) return BELUGA_ERROR_NO_MEMORY;
    e->job = job;
    job->errand = e;
    status = loop->runtime->submit(e->runtime, run_tool, e);
    if (status) {
        job->errand = NULL;
        free_errand(e);
        return status;
    }
    job->late.fire = tool_is_late;
    loop->ops->timer_set(loop, &job->late, job->start_ns + timeout_ms * BELUGA__NS_PER_MS);
    return 0;
}

/* --- all jobs --------------------------------------------------------------------------------- */

beluga_tool *beluga__tool_find(const beluga_chat_model *model, const char *name)
{
    for (size_t i = 0; i < model->n_tools; i++)
        if (strcmp(beluga_tool_name(model->tools[i]), name) == 0) return model->tools[i];
    return NULL;
}

int beluga__tool_jobs_make(beluga__tool_jobs *jobs, const beluga_response *answer)
{
    size_t n = beluga_response_tool_call_count(answer);
    jobs->jobs = beluga__zalloc(&jobs->model->target->runtime->allocator, n * sizeof *jobs->jobs);
    if (!jobs->jobs) return BELUGA_ERROR_NO_MEMORY;
    for (; jobs->n < n; jobs->n++) {
        jobs->jobs[jobs->n].all = jobs;
        jobs->jobs[jobs->n].call = beluga_response_tool_call(answer, jobs->n);
    }
    return 0;
}

int beluga__tool_jobs_start(beluga__tool_jobs *jobs)
{
    int status = 0;
    while (!status && jobs->n_started < jobs->n &&
           (int64_t)(jobs->n_started - jobs->n_done) < jobs->at_once) {
        beluga__tool_job *job = &jobs->jobs[jobs->n_started++];
        beluga_tool *tool = beluga__tool_find(jobs->model, job->call->name);
        if (tool)
            status = start(job, tool);
        else
            refuse(job);
    }
    return status;
}

beluga_event beluga__tool_jobs_result(const beluga__tool_jobs *jobs, size_t index)
{
    const beluga__tool_job *job = &jobs->jobs[index];
    beluga_event event = {.kind = BELUGA_EVENT_TOOL_RESULT, .index = (uint32_t)index};
    event.u.tool_result.id = job->call->id;
    event.u.tool_result.name = job->call->name;
    event.u.tool_result.text = job->outcome.text ? job->outcome.text : "";
    event.u.tool_result.length = job->outcome.length;
    event.u.tool_result.status = job->outcome.status;
    event.u.tool_result.duration_ns = job->outcome.duration_ns;
    return event;
}

void beluga__tool_jobs_drop(beluga__tool_jobs *jobs)
{
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_CONTEXT_CANCELED, "cancelled");
    for (size_t i = 0; i < jobs->n; i++) {
        beluga__tool_job *job = &jobs->jobs[i];
        give_up(job);
        if (job->span) end_span(job, &err);
        beluga_free(job->outcome.text);
    }
    beluga__release(&jobs->model->target->runtime->allocator, jobs->jobs);
    jobs->jobs = NULL;
    jobs->n = jobs->n_started = jobs->n_done = 0;
}
