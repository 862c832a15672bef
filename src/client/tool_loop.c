/* The tool loop: a state machine on a loop. A step is a streamed call whose events go on to the
 * caller, less the finish of answers that call tools or pause; then the tools run on the executor,
 * and the next step begins.
 *
 * A tool's job outlives the run, so that a tool that comes late finds a flag and not a hole: the
 * run is pointed to by the job only while it waits for it. */
#include "client/chat_model.h"

#include "base/clock.h"
#include "base/mem.h"
#include "options/copy.h"
#include "model/span.h"
#include "schema/tool.h"

#include <beluga/tool_loop.h>
#include <stdio.h>

enum { DEFAULT_STEPS = 10, DEFAULT_AT_ONCE = 8, DEFAULT_TIMEOUT_MS = 60000 };

typedef struct job job;

/* What an answer leads to. */
enum then { END, RUN_TOOLS, ASK_AGAIN };

struct beluga_tool_run {
    beluga_chat_model *model;
    beluga_loop *loop;
    beluga_context *context;   /* cancellable: under the caller's */
    beluga_messages *messages; /* the caller's */
    beluga_event_cb cb;
    void *payload;
    beluga__options options;
    int64_t max_steps, at_once, tool_timeout_ms;
    beluga__running running; /* among the loop's calls until it has ended */
    beluga__guard guard;     /* of the context, while tools run; calls have their own */
    bool cancelled;
    beluga_op *op; /* the step's call */
    beluga_response_builder builder;
    beluga_response *answer; /* of the step whose tools run; at the end the last one */
    beluga__task next;       /* begins a step, or more jobs, in the loop's next turn */
    job **jobs;              /* one a call of the answer */
    size_t n_jobs, n_started, n_done;
    int64_t steps;
    beluga_usage before; /* of the steps that are over */
    bool head_told, ended;
    void *span; /* of telemetry; NULL: none, or it has ended */
    int64_t start_ns;
};

struct job {
    atomic_uint refs;     /* the run's and the worker's */
    beluga_tool_run *run; /* NULL: nobody waits; the loop's thread only */
    beluga__timer late;
    beluga__mail mail;
    beluga__mailbox *mailbox;
    beluga__runtime *runtime;
    beluga_context *context;
    beluga_tool *tool; /* NULL: unknown */
    char *arguments;
    size_t arguments_length;
    const beluga_tool_call *call; /* in the answer */
    char *text;                   /* what the model reads; of the process's allocator */
    size_t length;
    int status;
    int64_t start_ns, duration_ns;
    bool done;
    void *span; /* of telemetry; the run's thread only */
};

/* --- events ----------------------------------------------------------------------------------- */

static void tell(beluga_tool_run *run, const beluga_event *event)
{
    if (run->cb) run->cb(run->payload, event);
}

static int64_t sum(int64_t a, int64_t b)
{
    return a < 0 ? b : b < 0 ? a : a + b;
}

static beluga_usage total(const beluga_tool_run *run, const beluga_usage *now)
{
    beluga_usage usage = *now;
    usage.input_total = sum(run->before.input_total, now->input_total);
    usage.input_cache_read = sum(run->before.input_cache_read, now->input_cache_read);
    usage.input_cache_write = sum(run->before.input_cache_write, now->input_cache_write);
    usage.output_total = sum(run->before.output_total, now->output_total);
    usage.output_reasoning = sum(run->before.output_reasoning, now->output_reasoning);
    return usage;
}

static void drop_jobs(beluga_tool_run *run);

static void end_span(beluga_tool_run *run, void **span, int64_t start_ns, const beluga_error *err)
{
    beluga_span_end end = {.size = sizeof end,
                           .status = err ? err->code : 0,
                           .error = err,
                           .usage = BELUGA_USAGE_INIT,
                           .duration_ns = beluga__now_ns() - start_ns};
    beluga__span_end(run->model->target, *span, &end);
    *span = NULL;
}

static void begin_span(beluga_tool_run *run, beluga_context *ctx)
{
    beluga_span_start start = {
        .kind = BELUGA_SPAN_TOOL_LOOP, .streaming = true, .operation = "invoke_agent"};
    run->start_ns = start.start_ns = beluga__now_ns();
    run->span = beluga__span_begin(run->model->target, ctx, NULL, &start);
}

/* From here on the run needs no loop. `err`: why it ends without an answer. */
static void leave(beluga_tool_run *run, const beluga_error *err)
{
    if (run->ended) return;
    run->ended = true;
    beluga__task_cancel(&run->next);
    drop_jobs(run);
    if (run->span) end_span(run, &run->span, run->start_ns, err);
    beluga__list_remove(&run->running.node);
    run->loop->active--;
}

static void end_with(beluga_tool_run *run, const beluga_event *event)
{
    leave(run, event->kind == BELUGA_EVENT_ERROR ? event->u.error : NULL);
    tell(run, event);
}

static void leave_cancelled(beluga_tool_run *run)
{
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_CONTEXT_CANCELED, "cancelled");
    leave(run, &err);
}

/* The loop goes: silently. */
static void abort_run(beluga__running *running)
{
    leave_cancelled(beluga__container_of(running, beluga_tool_run, running));
}

static void fail(beluga_tool_run *run, const beluga_error *err)
{
    beluga_event event = {.kind = BELUGA_EVENT_ERROR};
    event.u.error = err;
    beluga_response_free(run->answer);
    run->answer = NULL;
    end_with(run, &event);
}

static void fail_with(beluga_tool_run *run, int status, const char *what)
{
    beluga_error err;
    beluga_error_set(&err, status, "%s", what);
    beluga_error_wrap(&err, "run_tools", NULL);
    fail(run, &err);
}

static void tell_result(beluga_tool_run *run, size_t index)
{
    const job *j = run->jobs[index];
    beluga_event event = {.kind = BELUGA_EVENT_TOOL_RESULT, .index = (uint32_t)index};
    event.u.tool_result.id = j->call->id;
    event.u.tool_result.name = j->call->name;
    event.u.tool_result.text = j->text ? j->text : "";
    event.u.tool_result.length = j->length;
    event.u.tool_result.status = j->status;
    event.u.tool_result.duration_ns = j->duration_ns;
    tell(run, &event);
}

/* --- jobs ------------------------------------------------------------------------------------- */

static void job_unref(job *j)
{
    if (atomic_fetch_sub_explicit(&j->refs, 1, memory_order_acq_rel) != 1) return;
    beluga__runtime *runtime = j->runtime;
    beluga_tool_unref(j->tool);
    beluga_context_unref(j->context);
    beluga__mailbox_unref(j->mailbox);
    beluga_free(j->text);
    beluga__release(&runtime->allocator, j->arguments);
    beluga__release(&runtime->allocator, j);
    runtime->unref(runtime);
}

static bool captures(const beluga_tool_run *run)
{
    return run->model->target->runtime->capture_content;
}

static void begin_tool_span(beluga_tool_run *run, job *j)
{
    beluga_span_start start = {.kind = BELUGA_SPAN_TOOL,
                               .operation = "execute_tool",
                               .start_ns = beluga__now_ns(),
                               .tool_name = j->call->name,
                               .tool_call_id = j->call->id,
                               .tool_description =
                                   j->tool ? beluga_tool_description(j->tool) : NULL,
                               .content = captures(run) ? j->arguments : NULL,
                               .content_length = j->arguments_length};
    j->start_ns = start.start_ns;
    if (run->span) j->span = beluga__span_begin(run->model->target, NULL, run->span, &start);
}

/* What the tool gave; of one that is late, the words that stand for it. */
static void end_tool_span(beluga_tool_run *run, job *j)
{
    beluga_error err;
    if (!j->span) return;
    if (j->status) beluga_error_set(&err, j->status, "%s", beluga_error_text(j->status));
    beluga_span_end end = {.size = sizeof end,
                           .status = j->status,
                           .error = j->status ? &err : NULL,
                           .usage = BELUGA_USAGE_INIT,
                           .duration_ns = beluga__now_ns() - j->start_ns,
                           .content = captures(run) ? j->text : NULL,
                           .content_length = j->length};
    beluga__span_end(run->model->target, j->span, &end);
    j->span = NULL;
}

/* Nobody waits for it any more; the worker may still write into the job. */
static void cancel_tool_span(beluga_tool_run *run, job *j)
{
    beluga_error err;
    if (!j->span) return;
    beluga_error_set(&err, BELUGA_ERROR_CONTEXT_CANCELED, "cancelled");
    end_span(run, &j->span, j->start_ns, &err);
}

static void drop_jobs(beluga_tool_run *run)
{
    beluga__guard_end(&run->guard);
    for (size_t i = 0; i < run->n_jobs; i++) {
        job *j = run->jobs[i];
        run->loop->ops->timer_clear(run->loop, &j->late);
        j->run = NULL;
        cancel_tool_span(run, j);
        job_unref(j);
    }
    beluga__release(&run->model->target->runtime->allocator, run->jobs);
    run->jobs = NULL;
    run->n_jobs = run->n_started = run->n_done = 0;
}

static char *own_text(const char *text, size_t *length)
{
    *length = strlen(text);
    return beluga__copy(beluga_allocator_default(), text, *length);
}

/* A tool that failed may have said why; else the error's words are what the model reads. */
static void conclude(job *j, int status, const beluga_error *err)
{
    j->status = status;
    j->duration_ns = j->start_ns ? beluga__now_ns() - j->start_ns : 0;
    if (status && !j->length) {
        beluga_free(j->text);
        j->text = own_text(err->message, &j->length);
    }
}

static void finish_job(beluga_tool_run *run, job *j)
{
    j->done = true;
    j->run = NULL;
    end_tool_span(run, j);
    run->loop->ops->timer_clear(run->loop, &j->late);
    run->n_done++;
    run->loop->ops->defer(run->loop, &run->next);
}

static void job_came_back(beluga__mail *mail, beluga_loop *loop)
{
    job *j = beluga__container_of(mail, job, mail);
    if (loop && j->run) finish_job(j->run, j);
    job_unref(j);
}

/* On the executor. Late or not, the text is the job's: the run has made its own when it stopped
 * waiting. */
static void job_work(void *argument)
{
    job *j = argument;
    beluga_error err;
    err.code = 0;
    const beluga__runtime *outside = beluga__enter(j->runtime);
    int status = beluga_tool_execute(j->tool, j->context, j->arguments, j->arguments_length,
                                     &j->text, &j->length, &err);
    beluga__leave(outside);
    conclude(j, status, &err);
    beluga__mailbox_post(j->mailbox, &j->mail);
}

/* Only the run's copy of the job is concluded: the worker goes on with the old one, to nowhere. */
static void job_is_late(beluga__timer *timer)
{
    job *old = beluga__container_of(timer, job, late);
    beluga_tool_run *run = old->run;
    beluga_error err;
    size_t index = 0;
    while (run->jobs[index] != old) index++;
    beluga_context_cancel(old->context);
    job *j = beluga__zalloc(&old->runtime->allocator, sizeof *j);
    if (!j) {
        fail_with(run, BELUGA_ERROR_NO_MEMORY, "no memory for a tool's result");
        return;
    }
    atomic_init(&j->refs, 1);
    j->runtime = old->runtime;
    j->runtime->ref(j->runtime);
    j->call = old->call;
    j->start_ns = old->start_ns;
    j->span = old->span;
    old->span = NULL;
    beluga_error_set(&err, BELUGA_ERROR_TOOL_EXECUTION, "tool %s: no result in time",
                     j->call->name);
    conclude(j, BELUGA_ERROR_TOOL_EXECUTION, &err);
    run->jobs[index] = j;
    old->run = NULL;
    job_unref(old);
    finish_job(run, j);
}

/* Calls that a tool makes under its context are part of its span. */
static beluga_context *tool_trace(const beluga_tool_run *run, const job *j)
{
    const beluga_telemetry_sink *sink = j->span ? beluga__sink_of(run->model->target) : NULL;
    beluga_trace_context trace = {.size = sizeof trace};
    beluga_context *traced = NULL;
    if (sink && sink->context && sink->context(sink->payload, j->span, &trace))
        traced = beluga_context_new_trace(run->context, trace.traceparent, trace.tracestate);
    return traced ? traced : beluga_context_ref(run->context);
}

static int job_context(beluga_tool_run *run, job *j, int64_t *timeout_ms)
{
    int64_t left_ms = beluga_context_remaining_ms(run->context);
    *timeout_ms = j->tool->timeout_ms ? j->tool->timeout_ms : run->tool_timeout_ms;
    if (left_ms >= 0 && left_ms < *timeout_ms) *timeout_ms = left_ms;
    beluga_context *traced = tool_trace(run, j);
    beluga_context *limited = beluga_context_new_timeout(traced, *timeout_ms);
    beluga_context_unref(traced);
    j->context = limited ? beluga_context_new_cancellable(limited) : NULL;
    beluga_context_unref(limited);
    return j->context ? 0 : BELUGA_ERROR_NO_MEMORY;
}

static int start_job(beluga_tool_run *run, job *j)
{
    int64_t timeout_ms;
    beluga__mailbox *mailbox;
    int status = beluga__loop_mailbox(run->loop, &mailbox);
    if (!status) begin_tool_span(run, j);
    if (!status) status = job_context(run, j, &timeout_ms);
    if (status) return status;
    j->mailbox = beluga__mailbox_ref(mailbox);
    j->mail.run = job_came_back;
    j->late.fire = job_is_late;
    atomic_fetch_add_explicit(&j->refs, 1, memory_order_relaxed);
    status = j->runtime->submit(j->runtime, job_work, j);
    if (status) {
        job_unref(j);
        return status;
    }
    j->run = run;
    run->loop->ops->timer_set(run->loop, &j->late, j->start_ns + timeout_ms * BELUGA__NS_PER_MS);
    return 0;
}

static void unknown_tool(beluga_tool_run *run, job *j)
{
    beluga_error err;
    char names[256] = "";
    size_t at = 0;
    for (size_t i = 0; i < run->model->n_tools && at < sizeof names; i++)
        at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", i ? ", " : "",
                               beluga_tool_name(run->model->tools[i]));
    beluga_error_set(&err, BELUGA_ERROR_TOOL_NOT_FOUND, "there is no tool %.60s; there are: %s",
                     j->call->name, names);
    begin_tool_span(run, j);
    conclude(j, BELUGA_ERROR_TOOL_NOT_FOUND, &err);
    end_tool_span(run, j);
    j->done = true;
    run->n_done++;
}

/* As many as may run at once. */
static int start_jobs(beluga_tool_run *run)
{
    while (run->n_started < run->n_jobs && (int64_t)(run->n_started - run->n_done) < run->at_once) {
        job *j = run->jobs[run->n_started++];
        if (!j->tool) {
            unknown_tool(run, j);
            continue;
        }
        int status = start_job(run, j);
        if (status) return status;
    }
    return 0;
}

/* --- from an answer to jobs, and back --------------------------------------------------------- */

static beluga_tool *find_tool(const beluga_tool_run *run, const char *name)
{
    for (size_t i = 0; i < run->model->n_tools; i++)
        if (strcmp(beluga_tool_name(run->model->tools[i]), name) == 0) return run->model->tools[i];
    return NULL;
}

static bool caller_runs_one(const beluga_tool_run *run, const beluga_response *answer)
{
    for (size_t i = 0; i < beluga_response_tool_call_count(answer); i++) {
        const beluga_tool *tool = find_tool(run, beluga_response_tool_call(answer, i)->name);
        if (tool && !tool->execute) return true;
    }
    return false;
}

static job *new_job(beluga_tool_run *run, const beluga_tool_call *call)
{
    beluga__runtime *runtime = run->model->target->runtime;
    job *j = beluga__zalloc(&runtime->allocator, sizeof *j);
    char *arguments = beluga__copy(&runtime->allocator, call->arguments, call->length);
    if (!j || !arguments) {
        beluga__release(&runtime->allocator, j);
        beluga__release(&runtime->allocator, arguments);
        return NULL;
    }
    atomic_init(&j->refs, 1);
    j->runtime = runtime;
    runtime->ref(runtime);
    j->call = call;
    j->tool = beluga_tool_ref(find_tool(run, call->name));
    j->arguments = arguments;
    j->arguments_length = call->length;
    return j;
}

static void context_cancelled(beluga__guard *guard)
{
    beluga_tool_run *run = beluga__container_of(guard, beluga_tool_run, guard);
    run->cancelled = true;
    run->loop->ops->defer(run->loop, &run->next);
}

static int make_jobs(beluga_tool_run *run)
{
    int status = beluga__guard_start(&run->guard, run->loop, run->context, &run->options.arena,
                                     context_cancelled, NULL);
    if (status) return status;
    size_t n = beluga_response_tool_call_count(run->answer);
    run->jobs = beluga__zalloc(&run->model->target->runtime->allocator, n * sizeof *run->jobs);
    if (!run->jobs) return BELUGA_ERROR_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        run->jobs[i] = new_job(run, beluga_response_tool_call(run->answer, i));
        if (!run->jobs[i]) return BELUGA_ERROR_NO_MEMORY;
        run->n_jobs++;
    }
    return 0;
}

static int add_result(beluga_tool_run *run, const job *j)
{
    beluga_message *message = j->text ? beluga_tool_message_n(j->call->id, j->text, j->length)
                                      : beluga_tool_message(j->call->id, "");
    if (message && j->status) beluga_message_set_tool_error(message, true);
    return beluga_messages_add(run->messages, message);
}

/* The answer goes into the conversation, and behind it the results of its calls, if it has any, in
 * their order. */
static int collect(beluga_tool_run *run)
{
    int status = beluga_messages_add(run->messages, beluga_response_message(run->answer));
    for (size_t i = 0; i < run->n_jobs && !status; i++) {
        tell_result(run, i);
        status = add_result(run, run->jobs[i]);
    }
    drop_jobs(run);
    beluga_response_free(run->answer);
    run->answer = NULL;
    return status;
}

/* --- steps ------------------------------------------------------------------------------------ */

/* A pause waits for nothing but to be asked again. Calls of an answer that is not whole are not
 * run: nobody knows what is missing, in their arguments or among them. */
static enum then what_follows(const beluga_tool_run *run)
{
    size_t calls = beluga_response_tool_call_count(run->answer);
    uint32_t reason = beluga_response_finish_reason(run->answer);
    if (reason == BELUGA_FINISH_PAUSE && !calls) return ASK_AGAIN;
    bool runs =
        calls && beluga_finish_reason_is_whole(reason) && !caller_runs_one(run, run->answer);
    return runs ? RUN_TOOLS : END;
}

static void go_to(beluga_tool_run *run, enum then then)
{
    int status = then == RUN_TOOLS ? make_jobs(run) : collect(run);
    if (!status)
        run->loop->ops->defer(run->loop, &run->next);
    else if (status == BELUGA_ERROR_LIMIT_EXCEEDED)
        fail_with(run, status, "no descriptors for the tools' calls (see ulimit -n)");
    else
        fail_with(run, BELUGA_ERROR_NO_MEMORY,
                  then == RUN_TOOLS ? "no memory for the tools' calls"
                                    : "no memory for the answer");
}

static void answered(beluga_tool_run *run, const beluga_event *finish)
{
    enum then then = what_follows(run);
    beluga_usage usage = total(run, beluga_response_usage(run->answer));
    if (then == END) {
        beluga__response_set_usage(run->answer, &usage);
        end_with(run, finish);
        return;
    }
    run->before = usage;
    if (run->steps >= run->max_steps)
        fail_with(run, BELUGA_ERROR_LIMIT_EXCEEDED,
                  then == RUN_TOOLS ? "the model still calls tools after max_tool_steps answers"
                                    : "the model still pauses after max_tool_steps answers");
    else
        go_to(run, then);
}

static void step_over(beluga_tool_run *run, const beluga_event *event)
{
    beluga_op *op = run->op;
    run->op = NULL;
    int stuck = run->builder.status; /* why we cancelled it, if we did */
    int status = beluga_response_builder_finish(&run->builder, &run->answer);
    if (stuck)
        fail_with(run, stuck, beluga_error_text(stuck));
    else if (event->kind == BELUGA_EVENT_ERROR)
        fail(run, event->u.error);
    else if (status)
        fail_with(run, status, beluga_error_text(status));
    else {
        beluga__response_set_times(run->answer, op->duration_ns, op->first_content_ns);
        answered(run, event);
    }
    beluga_op_free(op);
}

static void forward(beluga_tool_run *run, const beluga_event *event)
{
    beluga_event changed = *event;
    bool head = event->kind == BELUGA_EVENT_START || event->kind == BELUGA_EVENT_METADATA;
    if (head && run->head_told) return; /* one stream: one head */
    if (event->kind == BELUGA_EVENT_USAGE) changed.u.usage = total(run, &event->u.usage);
    if (!head) run->head_told = true;
    tell(run, &changed);
}

static void on_event(void *payload, const beluga_event *event)
{
    beluga_tool_run *run = payload;
    int status = beluga_response_builder_add(&run->builder, event);
    if (event->kind == BELUGA_EVENT_FINISH || event->kind == BELUGA_EVENT_ERROR) {
        step_over(run, event);
        return;
    }
    forward(run, event);
    if (status) beluga_op_cancel(run->op);
}

static int begin_step(beluga_tool_run *run, beluga_error *err)
{
    run->steps++;
    beluga__response_builder_init(&run->builder, run->model->target->runtime, 0);
    return beluga__chat_model_start(run->model, run->loop, BELUGA__CALL_STREAM, run->context,
                                    run->span, run->messages, run->options.opts, run->options.n,
                                    on_event, run, &run->op, err);
}

/* Where the run goes on: more jobs, the next step, or the end. */
static void go_on(beluga__task *task)
{
    beluga_tool_run *run = beluga__container_of(task, beluga_tool_run, next);
    beluga_error err;
    if (run->ended) return;
    if (run->n_jobs) {
        int status = run->cancelled ? BELUGA_ERROR_CONTEXT_CANCELED : start_jobs(run);
        if (!status && run->n_done < run->n_jobs) return;
        if (!status) status = collect(run);
        if (status) {
            fail_with(run, status, beluga_error_text(status));
            return;
        }
    }
    if (begin_step(run, &err)) fail(run, &err);
}

/* --- life ------------------------------------------------------------------------------------- */

static int take_options(beluga_tool_run *run, const beluga_option *opts, size_t n)
{
    const beluga__settings *s = &run->model->target->settings;
    run->max_steps = beluga__settings_int(s, BELUGA_OPTION_MAX_TOOL_STEPS, DEFAULT_STEPS);
    run->at_once = beluga__settings_int(s, BELUGA_OPTION_MAX_CONCURRENT_TOOLS, DEFAULT_AT_ONCE);
    run->tool_timeout_ms = beluga__settings_int(s, BELUGA_OPTION_TOOL_TIMEOUT, DEFAULT_TIMEOUT_MS);
    int status =
        beluga__options_copy(&run->options, &run->model->target->runtime->allocator, opts, n);
    beluga__options_int(&run->options, BELUGA_OPTION_MAX_TOOL_STEPS, &run->max_steps);
    beluga__options_int(&run->options, BELUGA_OPTION_MAX_CONCURRENT_TOOLS, &run->at_once);
    beluga__options_int(&run->options, BELUGA_OPTION_TOOL_TIMEOUT, &run->tool_timeout_ms);
    return status;
}

int beluga_run_tools_start_n(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                             beluga_messages *messages, beluga_event_cb cb, void *payload,
                             beluga_tool_run **out, beluga_error *err, const beluga_option *opts,
                             size_t n)
{
    beluga_error unused;
    *out = NULL;
    if (!err) err = &unused;
    beluga_tool_run *run = beluga__zalloc(&model->target->runtime->allocator, sizeof *run);
    if (!run) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the tool loop");
    run->model = beluga_chat_model_ref(model);
    run->loop = loop;
    run->messages = messages;
    run->cb = cb;
    run->payload = payload;
    run->before = (beluga_usage)BELUGA_USAGE_INIT;
    run->next.run = go_on;
    run->context = beluga_context_new_cancellable(ctx);
    int status = run->context ? take_options(run, opts, n) : BELUGA_ERROR_NO_MEMORY;
    begin_span(run, ctx);
    run->running.abort = abort_run;
    beluga__list_append(&loop->operations, &run->running.node);
    loop->active++;
    if (status)
        beluga_error_set(err, status, "no memory, or no descriptor, for the tool loop");
    else
        status = begin_step(run, err); /* what can be known before the start is told at once */
    if (status && run->span) end_span(run, &run->span, run->start_ns, err);
    if (!status)
        *out = run;
    else
        beluga_tool_run_free(run);
    return status;
}

beluga_response *beluga_tool_run_response(beluga_tool_run *run)
{
    beluga_response *response = run->ended ? run->answer : NULL;
    if (response) run->answer = NULL;
    return response;
}

void beluga_tool_run_free(beluga_tool_run *run)
{
    /* the parent's is left alone */
    if (!run || (!run->ended && beluga__loop_inherited(run->loop))) return;
    beluga_chat_model *model = run->model;
    leave_cancelled(run);
    beluga_context_cancel(run->context); /* abandoned tools can see it */
    if (run->op) {
        beluga__operation_abort(run->op);
        beluga_op_free(run->op);
    }
    if (run->builder.allocator) beluga__response_builder_clear(&run->builder);
    beluga_response_free(run->answer);
    beluga__options_free(&run->options);
    beluga_context_unref(run->context);
    beluga__release(&model->target->runtime->allocator, run);
    beluga_chat_model_unref(model);
}

/* --- blocking --------------------------------------------------------------------------------- */

typedef struct waiting {
    beluga_event_cb cb;
    void *payload;
    bool done;
    beluga_error error;
} waiting;

static void pass_on(void *payload, const beluga_event *event)
{
    waiting *w = payload;
    if (w->cb) w->cb(w->payload, event);
    if (event->kind == BELUGA_EVENT_ERROR) w->error = *event->u.error;
    w->done = event->kind == BELUGA_EVENT_ERROR || event->kind == BELUGA_EVENT_FINISH;
}

int beluga_run_tools_n(beluga_chat_model *model, beluga_context *ctx, beluga_messages *messages,
                       beluga_event_cb cb, void *payload, beluga_response **out, beluga_error *err,
                       const beluga_option *opts, size_t n)
{
    beluga_client *client = beluga__chat_model_client(model);
    waiting w = {.cb = cb, .payload = payload};
    beluga_tool_run *run;
    beluga__network_loop *loop;
    *out = NULL;
    int status = beluga__loops_lease(&client->loops, &loop);
    if (status)
        return beluga_error_set(err, status, "no loop for the call: %s", beluga_error_text(status));
    status = beluga_run_tools_start_n(model, &loop->base, ctx, messages, pass_on, &w, &run, err,
                                      opts, n);
    if (!status) {
        status = beluga__loop_run(loop, &w.done);
        if (status) beluga_error_set(err, status, "%s", beluga_error_text(status));
        if (!status && !(*out = beluga_tool_run_response(run))) {
            status = w.error.code;
            if (err) *err = w.error;
        }
        beluga_tool_run_free(run);
    }
    beluga__loops_give_back(&client->loops, loop);
    return status;
}
