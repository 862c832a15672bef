/* The tool loop: a state machine on a loop. A step is a streamed call whose events are passed to
 * the caller, except the FINISH of an answer that calls tools or pauses. Then the tools run as jobs
 * (tool_jobs.h), and the next step begins. */
#include "base/clock.h"
#include "base/mem.h"
#include "client/tool_jobs.h"
#include "model/span.h"
#include "options/copy.h"
#include "schema/tool.h"

#include <beluga/tool_loop.h>

#include <stdio.h>

enum { DEFAULT_STEPS = 10, DEFAULT_AT_ONCE = 8, DEFAULT_TIMEOUT_MS = 60000 };

/* What follows an answer. */
typedef enum next_step { END, RUN_TOOLS, ASK_AGAIN } next_step;

struct beluga_tool_run {
    beluga_chat_model *model;
    beluga_loop *loop;
    beluga_context *context;   /* a child of the caller's context, which the run can cancel */
    beluga_messages *messages; /* borrowed from the caller */
    beluga_event_cb cb;
    void *payload;
    beluga__options options;
    const beluga_option *later; /* options of all steps except the first */
    size_t n_later;
    int64_t max_steps, steps;
    beluga__running running; /* entry in the loop's list of running calls, until the run ends */
    /* watches the context while tools run; during a call the call itself watches it */
    beluga__guard guard;
    bool cancelled;
    beluga_op *op; /* the call of the current step */
    beluga_response_builder builder;
    /* the answer whose tools run; when the run has ended, the last answer */
    beluga_response *answer;
    beluga__task next;      /* runs in the loop's next turn: starts the next step, or more jobs */
    beluga__tool_jobs jobs; /* jobs for the tool calls in the answer */
    beluga_usage before;    /* total usage of the steps that have ended */
    bool head_told, ended;
    void *span; /* telemetry span; NULL: there is none, or it has ended */
    int64_t start_ns;
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

static void drop_jobs(beluga_tool_run *run)
{
    beluga__guard_end(&run->guard);
    beluga__tool_jobs_drop(&run->jobs);
}

static void end_span(beluga_tool_run *run, const beluga_error *err)
{
    beluga_span_end end = beluga__span_ended(run->start_ns, err);
    beluga__span_close(run->model->target, run->span, &end);
    run->span = NULL;
}

static void begin_span(beluga_tool_run *run, beluga_context *ctx)
{
    beluga_span_start start = {
        .kind = BELUGA_SPAN_TOOL_LOOP, .streaming = true, .operation = "invoke_agent"};
    run->start_ns = start.start_ns = beluga__now_ns();
    run->span = run->jobs.span = beluga__span_begin(run->model->target, ctx, NULL, &start);
}

/* End the run's use of the loop: its task, its jobs, its span and its place in the list of running
 * calls. `err` says why there is no answer; it is NULL if there is an answer. */
static void leave(beluga_tool_run *run, const beluga_error *err)
{
    if (run->ended) return;
    run->ended = true;
    beluga__task_cancel(&run->next);
    drop_jobs(run);
    if (run->span) end_span(run, err);
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

/* The loop is being closed, so the run ends without an event. */
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

/* --- between an answer and its jobs ----------------------------------------------------------- */

static bool caller_runs_one(const beluga_tool_run *run, const beluga_response *answer)
{
    for (size_t i = 0; i < beluga_response_tool_call_count(answer); i++) {
        const char *name = beluga_response_tool_call(answer, i)->name;
        const beluga_tool *tool = beluga__tool_find(run->model, name);
        if (tool && !tool->execute) return true;
    }
    return false;
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
    return status ? status : beluga__tool_jobs_make(&run->jobs, run->answer);
}

static int add_result(beluga_tool_run *run, const beluga_event *result)
{
    beluga_message *message = beluga_tool_message_n(
        result->u.tool_result.id, result->u.tool_result.text, result->u.tool_result.length);
    if (message && result->u.tool_result.status) beluga_message_set_tool_error(message, true);
    return beluga_messages_add(run->messages, message);
}

/* Add the answer to the conversation, and then the results of its tool calls, in the order of the
 * calls. */
static int collect(beluga_tool_run *run)
{
    int status = beluga_messages_add(run->messages, beluga_response_message(run->answer));
    for (size_t i = 0; i < run->jobs.n && !status; i++) {
        const beluga_event result = beluga__tool_jobs_result(&run->jobs, i);
        tell(run, &result);
        status = add_result(run, &result);
    }
    drop_jobs(run);
    beluga_response_free(run->answer);
    run->answer = NULL;
    return status;
}

/* --- steps ------------------------------------------------------------------------------------ */

/* Decide what follows the answer. If the model paused, the conversation is sent again, so that the
 * model can continue. The tool calls of an incomplete answer are not run, since parts of their
 * arguments, or whole calls, may be missing. */
static next_step what_follows(const beluga_tool_run *run)
{
    size_t calls = beluga_response_tool_call_count(run->answer);
    uint32_t reason = beluga_response_finish_reason(run->answer);
    if (reason == BELUGA_FINISH_PAUSE && !calls) return ASK_AGAIN;
    bool runs =
        calls && beluga_finish_reason_is_whole(reason) && !caller_runs_one(run, run->answer);
    return runs ? RUN_TOOLS : END;
}

static void go_to(beluga_tool_run *run, next_step then)
{
    int status = then == RUN_TOOLS ? make_jobs(run) : collect(run);
    if (!status)
        run->loop->ops->defer(run->loop, &run->next);
    else if (status == BELUGA_ERROR_LIMIT_EXCEEDED)
        fail_with(run, status, "no file descriptors are left for the tools' calls (see ulimit -n)");
    else
        fail_with(run, BELUGA_ERROR_NO_MEMORY,
                  then == RUN_TOOLS ? "no memory for the tools' calls"
                                    : "no memory for the answer");
}

static void fail_at_limit(beluga_tool_run *run, const char *does)
{
    char text[96];
    snprintf(text, sizeof text, "the model still %s after %lld answers: raise max_tool_steps", does,
             (long long)run->steps);
    fail_with(run, BELUGA_ERROR_LIMIT_EXCEEDED, text);
}

static void answered(beluga_tool_run *run, const beluga_event *finish)
{
    next_step then = what_follows(run);
    beluga_usage usage = total(run, beluga_response_usage(run->answer));
    if (then == END) {
        beluga__response_set_usage(run->answer, &usage);
        end_with(run, finish);
        return;
    }
    run->before = usage;
    if (run->steps >= run->max_steps)
        fail_at_limit(run, then == RUN_TOOLS ? "calls tools" : "pauses");
    else
        go_to(run, then);
}

static void step_over(beluga_tool_run *run, const beluga_event *event)
{
    beluga_op *op = run->op;
    run->op = NULL;
    /* the builder's error; if there is one, the run has cancelled the call because of it */
    int stuck = run->builder.status;
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
    beluga__operation_free(op);
}

static void forward(beluga_tool_run *run, const beluga_event *event)
{
    beluga_event changed = *event;
    bool head = event->kind == BELUGA_EVENT_START || event->kind == BELUGA_EVENT_METADATA;
    /* for its caller the run is one stream, so START and METADATA of later steps are not
     * delivered */
    if (head && run->head_told) return;
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

static bool gives_body(const beluga_tool_run *run)
{
    bool gives = false;
    for (size_t i = 0; i < run->options.n; i++)
        gives |= run->options.opts[i].key == BELUGA_OPTION_REQUEST_BODY &&
                 run->options.opts[i].type != 0;
    return gives;
}

static int begin_step(beluga_tool_run *run, beluga_error *err)
{
    if (gives_body(run))
        return beluga_error_set(
            err, BELUGA_ERROR_INVALID_INPUT,
            "request_body is the body of one request, but a tool loop sends several: leave it out");
    bool first = run->steps++ == 0;
    beluga__chat_model_fold(run->model, &run->builder, 0);
    int status = beluga__chat_model_start(
        run->model, run->loop, BELUGA__CALL_STREAM, run->context, run->span, run->messages,
        first ? run->options.opts : run->later, first ? run->options.n : run->n_later, on_event,
        run, &run->op, err);
    if (!status) run->op->is_part = !first;
    return status;
}

/* Start more jobs or the next step, or end the run. */
static void go_on(beluga__task *task)
{
    beluga_tool_run *run = beluga__container_of(task, beluga_tool_run, next);
    beluga_error err;
    if (run->ended) return;
    if (run->jobs.n) {
        int status =
            run->cancelled ? BELUGA_ERROR_CONTEXT_CANCELED : beluga__tool_jobs_start(&run->jobs);
        if (!status && run->jobs.n_done < run->jobs.n) return;
        if (!status) status = collect(run);
        if (status) {
            fail_with(run, status, beluga_error_text(status));
            return;
        }
    }
    if (begin_step(run, &err)) fail(run, &err);
}

/* --- making and freeing a run ----------------------------------------------------------------- */

/* Returns whether the options of the run or of the model say that the model must call a tool. */
static bool is_forced(const beluga_tool_run *run)
{
    const char *choice =
        beluga__settings_string(&run->model->target->settings, BELUGA_OPTION_TOOL_CHOICE);
    for (size_t i = 0; i < run->options.n; i++)
        if (run->options.opts[i].key == BELUGA_OPTION_TOOL_CHOICE)
            choice = run->options.opts[i].type ? run->options.opts[i].value.string : NULL;
    return choice && strcmp(choice, "auto") != 0 && strcmp(choice, "none") != 0;
}

/* Make the options of all steps but the first. An option that forces the model to call a tool
 * applies to the first step only: otherwise the model could never answer. */
static int choose_later(beluga_tool_run *run)
{
    size_t n = run->options.n;
    run->later = run->options.opts;
    run->n_later = n;
    if (!is_forced(run)) return 0;
    beluga_option *opts = beluga__arena_alloc(&run->options.arena, (n + 1) * sizeof *opts);
    if (!opts) return BELUGA_ERROR_NO_MEMORY;
    if (n) memcpy(opts, run->options.opts, n * sizeof *opts);
    opts[n] = beluga_with_tool_choice("auto");
    run->later = opts;
    run->n_later = n + 1;
    return 0;
}

static int take_options(beluga_tool_run *run, const beluga_option *opts, size_t n)
{
    const beluga__settings *s = &run->model->target->settings;
    beluga__options *own = &run->options;
    beluga__tool_jobs *jobs = &run->jobs;
    run->max_steps = beluga__settings_int(s, BELUGA_OPTION_MAX_TOOL_STEPS, DEFAULT_STEPS);
    jobs->at_once = beluga__settings_int(s, BELUGA_OPTION_MAX_CONCURRENT_TOOLS, DEFAULT_AT_ONCE);
    jobs->timeout_ms = beluga__settings_int(s, BELUGA_OPTION_TOOL_TIMEOUT, DEFAULT_TIMEOUT_MS);
    int status = beluga__options_copy(own, &run->model->target->runtime->allocator, opts, n);
    beluga__options_int(own, BELUGA_OPTION_MAX_TOOL_STEPS, &run->max_steps);
    beluga__options_int(own, BELUGA_OPTION_MAX_CONCURRENT_TOOLS, &jobs->at_once);
    beluga__options_int(own, BELUGA_OPTION_TOOL_TIMEOUT, &jobs->timeout_ms);
    return status ? status : choose_later(run);
}

/* Make a run and add it to the loop's list of running calls. Returns NULL if out of memory. */
static beluga_tool_run *new_run(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                                beluga_messages *messages)
{
    beluga_tool_run *run = beluga__zalloc(&model->target->runtime->allocator, sizeof *run);
    if (!run) return NULL;
    run->model = run->jobs.model = beluga_chat_model_ref(model);
    run->loop = run->jobs.loop = loop;
    run->context = run->jobs.context = beluga_context_new_cancellable(ctx);
    run->messages = messages;
    run->before = (beluga_usage)BELUGA_USAGE_INIT;
    run->next.run = go_on;
    run->jobs.changed = &run->next;
    run->running.abort = abort_run;
    beluga__list_append(&loop->operations, &run->running.node);
    loop->active++;
    return run;
}

int beluga_run_tools_start_n(beluga_chat_model *model, beluga_loop *loop, beluga_context *ctx,
                             beluga_messages *messages, beluga_event_cb cb, void *payload,
                             beluga_tool_run **out, beluga_error *err, const beluga_option *opts,
                             size_t n)
{
    beluga_error why;
    *out = NULL;
    beluga_tool_run *run = new_run(model, loop, ctx, messages);
    if (!run) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the tool loop");
    run->cb = cb;
    run->payload = payload;
    int status = run->context ? take_options(run, opts, n) : BELUGA_ERROR_NO_MEMORY;
    begin_span(run, ctx);
    if (status)
        beluga_error_set(&why, status, "no memory, or no file descriptor, for the tool loop");
    else
        /* failures that are known before the start are returned at once */
        status = begin_step(run, &why);
    if (!status) {
        *out = run;
        return 0;
    }
    if (run->span) end_span(run, &why);
    beluga_tool_run_free(run);
    if (err) *err = why;
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
    /* a forked child must not touch its parent's run */
    if (!run || (!run->ended && beluga__loop_inherited(run->loop))) return;
    beluga_chat_model *model = run->model;
    leave_cancelled(run);
    beluga_context_cancel(run->context); /* lets tools that still run see the cancellation */
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
    int status = beluga__loops_lease(&client->loops, &loop, err);
    if (status) return status;
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
