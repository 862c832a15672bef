#include "kit/hinder.h"

#include "kit/exchange.h"
#include "kit/perform.h"
#include "kit/watch.h"

#include <poll.h>
#include <string.h>

enum { TURN_MS = 10 /* milliseconds between two checks whether work has begun */ };

/* ---- a cancel in the middle ------------------------------------------------------------------ */

static void hear_end(void *payload, const beluga_event *event)
{
    bool *ended = payload;
    *ended |= event->kind == BELUGA_EVENT_FINISH || event->kind == BELUGA_EVENT_ERROR;
}

static void turn(beluga_loop *loop)
{
    struct pollfd ready = {.fd = beluga_loop_fd(loop), .events = POLLIN};
    int64_t due = beluga_loop_timeout_ms(loop);
    poll(&ready, 1, due < 0 || due > TURN_MS ? TURN_MS : (int)due);
    beluga_loop_step(loop);
}

bool check_cancel_at_work(check_run *run)
{
    bool ended = false;
    beluga_loop *loop = NULL;
    beluga_op *op = NULL;
    int64_t patience = check_patience_ms(run);
    beluga_context *context = beluga_context_new_timeout(NULL, patience);
    watch_hold(patience);
    if (!beluga_loop_new(NULL, &loop) &&
        !beluga_stream_start_n(run->model, loop, context, run->call.messages, hear_end, &ended, &op,
                               &run->error, run->call.options, run->call.n_options)) {
        while (!ended && !watch_is_holding()) turn(loop);
        if (!ended) beluga_op_cancel(op);
        while (!ended) turn(loop);
    }
    watch_let_go();
    bool returned = watch_wait_for_work(patience);
    beluga_op_free(op);
    beluga_loop_free(loop);
    beluga_context_unref(context);
    return returned;
}

/* ---- what fails ------------------------------------------------------------------------------ */

static const struct {
    watch_failure which;
    const char *name, *change;
} failures[] = {
    {WATCH_RUN_BLOCKING, "beluga_emit_run_blocking", "return the code that it gives"},
    {WATCH_AFTER, "beluga_emit_after", "return the code that it gives"},
    {WATCH_ATTACH, "beluga_emit_attach", "return the code that it gives"},
    {WATCH_ALLOC, "beluga_emit_alloc", "return BELUGA_ERROR_NO_MEMORY where it gives NULL"},
};

static void judge_failure(check_run *run, size_t i)
{
    check_text_clear(&run->story);
    watch_fail(failures[i].which);
    check_push(run);
    size_t n = watch_failures();
    watch_fail(WATCH_NONE);
    watch_call_is_over();
    bool lost = run->finished || run->breach || run->error.code == BELUGA_ERROR_CONTEXT_TIMEOUT;
    if (n && lost)
        check_problem(run, "%s failed, and the call %s: %s", failures[i].name,
                      run->finished ? "succeeded all the same" : "did not say so",
                      failures[i].change);
    run->breach = 0;
}

void check_run_hindered(check_run *run)
{
    if (check_is_http(run)) {
        check_text_puts(&run->reason, "providers behind HTTP do not call these functions");
        return;
    }
    if (!run->settings->plugin || !watch_begin(run->settings->plugin, false)) {
        check_text_puts(&run->reason, "only a plug-in can be hindered");
        return;
    }
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) judge_failure(run, i);
    watch_end();
}
