#include "answer.h"

#include "base/clock.h"
#include "markdown/stream.h"
#include "observe.h"
#include "output.h"
#include "terminal/interrupt.h"
#include "terminal/term.h"
#include "tools/ask.h"
#include "tools/desk.h"

#include <beluga/client.h>
#include <beluga/context.h>
#include <beluga/log.h>
#include <beluga/loop.h>
#include <beluga/tool_loop.h>

#include <stdio.h>
#include <string.h>

typedef struct running_call {
    const answer_request *request;
    cli_answer *answer;
    beluga_context *context;
    beluga_loop *loop;
    beluga_response_builder *builder;
    tool_desk *desk;      /* NULL: the call has no tools */
    beluga_tool_run *run; /* owned; NULL: the call has no tools */
    /* first_content_ns is the time from the start to the first content; -1: no content yet */
    int64_t started_ns, first_content_ns;
    markdown *drawing; /* NULL: the answer is printed unchanged */
    bool ended;
} running_call;

static void fail(running_call *run, int code, const char *message)
{
    if (run->answer->status == 0)
        run->answer->status = beluga_error_set(&run->answer->error, code, "%s", message);
}

static void print_warnings(const beluga_event *event)
{
    for (size_t i = 0; i < event->u.start.count; i++)
        out_note("warning: %s", event->u.start.warnings[i]);
}

static const char *what(uint32_t kind)
{
    return kind == BELUGA_PART_IMAGE   ? "an image"
           : kind == BELUGA_PART_AUDIO ? "a sound"
                                       : "a file";
}

/* Print a note about media in the answer, since a terminal can't show images or sound. The JSON of
 * the answer contains them. */
static void note_media(const beluga_event *event)
{
    const char *type = event->u.media.media_type ? event->u.media.media_type : "unknown type";
    if (event->u.media.url)
        out_note("%s (%s): %s", what(event->u.media.kind), type, event->u.media.url);
    else
        out_note("%s (%s, %zu bytes); --json prints its bytes in base64", what(event->u.media.kind),
                 type, event->u.media.length);
}

/* Draw the result of a call that names an unknown tool, or does not fit the tool's schema. Other
 * results are drawn by the tool itself, but such a call never reaches a tool. */
static void show_result(const beluga_event *event)
{
    int status = event->u.tool_result.status;
    if (status == BELUGA_ERROR_TOOL_CALL || status == BELUGA_ERROR_TOOL_NOT_FOUND)
        ask_draw_result(event->u.tool_result.name, event->u.tool_result.text,
                        event->u.tool_result.length, true, -1);
    term_spinner_resume();
}

/* End the text before a tool call; the next text begins on a new line. */
static void end_text(running_call *run)
{
    if (run->drawing) {
        markdown_end(run->drawing);
        run->drawing = markdown_new();
    }
    out_end_line();
}

static void show(running_call *run, const beluga_event *event)
{
    if (event->kind == BELUGA_EVENT_TOOL_RESULT) show_result(event);
    if (event->kind == BELUGA_EVENT_TOOL_CALL_BEGIN && run->desk && !run->request->silent)
        end_text(run);
    if (event->kind == BELUGA_EVENT_START) print_warnings(event);
    if (event->kind == BELUGA_EVENT_MEDIA && !run->request->silent) note_media(event);
    if (event->kind != BELUGA_EVENT_TEXT || run->request->silent) return;
    if (run->drawing)
        markdown_add(run->drawing, event->u.text.text, event->u.text.length);
    else
        out_text(event->u.text.text, event->u.text.length);
    /* If a write has failed, for example on a full disk, cancel the call, since the rest of its
     * answer would be lost. A closed pipe has already ended the process. */
    if (out_failed()) beluga_context_cancel(run->context);
}

static void note_time(running_call *run, const beluga_event *event)
{
    bool content = event->kind == BELUGA_EVENT_MEDIA ||
                   (event->kind >= BELUGA_EVENT_TEXT && event->kind <= BELUGA_EVENT_TOOL_CALL_END);
    if (content && run->first_content_ns < 0)
        run->first_content_ns = beluga__now_ns() - run->started_ns;
}

static void on_event(void *payload, const beluga_event *event)
{
    running_call *run = payload;
    note_time(run, event);
    int rc = beluga_response_builder_add(run->builder, event);
    if (run->desk) tool_runs_note(&run->answer->runs, event);
    show(run, event);
    if (event->kind == BELUGA_EVENT_ERROR && run->answer->status == 0) {
        run->answer->error = *event->u.error;
        run->answer->status = event->u.error->code;
    }
    if (rc != 0) {
        fail(run, rc, "the answer can't be stored");
        beluga_context_cancel(run->context);
    }
    run->ended |= event->kind == BELUGA_EVENT_ERROR || event->kind == BELUGA_EVENT_FINISH;
}

static int prepare(running_call *run)
{
    beluga_context *traced = observe_context(NULL);
    run->context = beluga_context_new_cancellable(traced);
    beluga_context_unref(traced);
    run->builder = beluga_response_builder_new();
    int rc = beluga_loop_new(NULL, &run->loop);
    if (rc == 0 && (!run->context || !run->builder)) rc = BELUGA_ERROR_NO_MEMORY;
    if (rc != 0) fail(run, rc, "the call can't be set up");
    return rc;
}

static int start_tools(running_call *run)
{
    const answer_request *r = run->request;
    desk_open(run->desk);
    return beluga_run_tools_start_n(r->model, run->loop, run->context, r->messages, on_event, run,
                                    &run->run, &run->answer->error, r->options, r->n_options);
}

static int start_call(running_call *run)
{
    const answer_request *r = run->request;
    int (*const begin)(beluga_chat_model *, beluga_loop *, beluga_context *,
                       const beluga_messages *, beluga_event_cb, void *, beluga_op **,
                       beluga_error *, const beluga_option *, size_t) =
        r->unstreamed ? beluga_generate_start_n : beluga_stream_start_n;
    return begin(r->model, run->loop, run->context, r->messages, on_event, run, NULL,
                 &run->answer->error, r->options, r->n_options);
}

static int start(running_call *run)
{
    run->answer->status = run->desk ? start_tools(run) : start_call(run);
    return run->answer->status;
}

static void start_spinner(const beluga_chat_model *model)
{
    char name[256], label[64];
    if (out_is_quiet()) return;
    snprintf(name, sizeof name, "%s/%s", beluga_provider_name(model), beluga_model_name(model));
    beluga_text_to_line(name, strlen(name), label, sizeof label);
    term_spinner_start(label);
}

static void wait_for_end(running_call *run)
{
    while (!run->ended) {
        int64_t tick = term_spinner_tick();
        int rc =
            run->desk ? desk_wait(run->desk, run->loop, tick) : beluga_loop_wait(run->loop, tick);
        if (rc == 0) continue;
        fail(run, rc, "the call can't continue");
        return;
    }
}

static void collect(running_call *run)
{
    beluga_response *response = NULL;
    beluga_response_builder_set_times(run->builder, beluga__now_ns() - run->started_ns,
                                      run->first_content_ns);
    int rc = beluga_response_builder_finish(run->builder, &response);
    if (rc != 0 && run->answer->status == 0) fail(run, rc, beluga_error_text(rc));
    run->answer->response = response;
}

/* Collect the answer of a tool loop: the answer of its last step, or, if that step failed, the part
 * of its answer that arrived. */
static void collect_last(running_call *run)
{
    beluga_response *last = run->run ? beluga_tool_run_response(run->run) : NULL;
    if (!last) return;
    beluga_response_free(run->answer->response);
    run->answer->response = last;
}

/* Tell tools that still run that their results are no longer wanted, and wait a few seconds for
 * their end. */
static void end_tools(running_call *run)
{
    if (!run->desk) return;
    desk_close(run->desk);
    beluga_tool_run_free(run->run);
    beluga_context_cancel(run->context);
    desk_settle(run->desk);
}

int answer_run(const answer_request *request, cli_answer *answer)
{
    running_call run = {.request = request,
                        .answer = answer,
                        .desk = request->tools ? request->tools->desk : NULL,
                        .started_ns = beluga__now_ns(),
                        .first_content_ns = -1};
    *answer = (cli_answer){0};
    if (prepare(&run) == 0) {
        interrupt_watch(run.context, request->survive);
        if (start(&run) == 0) {
            start_spinner(request->model);
            if (!request->silent && !request->plain && markdown_is_possible())
                run.drawing = markdown_new();
            wait_for_end(&run);
            term_spinner_stop();
            markdown_end(run.drawing);
            collect(&run);
            collect_last(&run);
        }
        end_tools(&run);
        interrupt_unwatch();
        if (!request->silent) out_end_line();
    }
    beluga_loop_free(run.loop);
    beluga_response_builder_free(run.builder);
    beluga_context_unref(run.context);
    return answer->status;
}

void answer_free(cli_answer *answer)
{
    beluga_response_free(answer->response);
    answer->response = NULL;
    tool_runs_free(&answer->runs);
}
