#include "batch/run.h"

#include "base/clock.h"
#include "batch/alike.h"
#include "batch/result.h"
#include "batch/signals.h"
#include "observe.h"
#include "output.h"
#include "report.h"

#include <beluga/context.h>
#include <beluga/embedding.h>
#include <beluga/loop.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS 100
/* At most this number of lines that need no call is handled in one step, so that the loop can go
 * on. */
#define STEP_LINES 1000
/* With --ordered, this many results for each call may wait for a slow line before them. */
#define WINDOW_FACTOR 4
/* The index of a job (a line under way) that is a request for embeddings, for which the
 * beluga_batch has no item. */
#define NO_INDEX UINT64_MAX

typedef struct batch_job {
    struct running_batch *run;
    /* `index` is the number of the item in the beluga_batch, `place` the number of the line in the
     * order in which the run takes lines */
    uint64_t index, place;
    uint64_t ticket; /* identifies the line to the supply */
    bool busy;
    batch_item item;
    tool_runs runs;             /* the tools that ran so far */
    uint32_t steps;             /* requests with the results of tools */
    bool tools_ran;             /* the last event was the result of a tool */
    beluga_embeddings *vectors; /* answer to a request for embeddings; NULL: none */
} batch_job;

/* A result that waits for the results of earlier lines. */
typedef struct waiting_result {
    bool ready;
    uint64_t ticket;
    cli_text text; /* empty: the line has no result, and a later run sends it again */
    batch_entry entry;
} waiting_result;

typedef struct running_batch {
    batch_work *self;
    beluga_loop *loop;
    beluga_context *context;
    beluga_batch_op *batch;
    batch_job *jobs;
    /* numbers of lines that were begun, and of results that were written; only for --ordered */
    uint64_t placed, written;
    waiting_result *window; /* NULL: results are written as they arrive */
    size_t window_size;
    size_t running;
    batch_alike alike;
    bool answered; /* a call has succeeded, or failed for a reason in its line */
    bool stopped, ended;
    bool starved; /* the supply had no line at the last attempt */
    bool stirred; /* the supply may have a line now */
    int64_t stirred_ms;
} running_batch;

/* ---- results --------------------------------------------------------------------------------- */

/* Stop because no more results can be stored, and cancel the running calls. */
static void give_up(running_batch *run)
{
    run->stopped = true;
    beluga_context_cancel(run->context);
}

/* Pass a result to the supply, or release a line that has no result. */
static void put(running_batch *run, uint64_t ticket, const cli_text *text, const batch_entry *entry)
{
    batch_supply *supply = run->self->supply;
    bool stored = text->length != 0;
    if (stored && supply->ops->put_once(supply, ticket, entry, text->data, text->length) != 0) {
        stored = false;
        give_up(run);
    }
    supply->ops->done(supply, ticket, stored);
}

static void put_in_order(running_batch *run)
{
    waiting_result *w;
    while (w = &run->window[run->written % run->window_size], w->ready) {
        put(run, w->ticket, &w->text, &w->entry);
        text_free(&w->text);
        w->ready = false;
        run->written++;
    }
}

/* Pass a result to the supply, or with --ordered keep it until the results before it are there.
 * Takes ownership of the text. */
static void deliver(running_batch *run, batch_held *held)
{
    if (!run->window) {
        put(run, held->ticket, &held->text, &held->entry);
        text_free(&held->text);
        return;
    }
    run->window[held->place % run->window_size] =
        (waiting_result){true, held->ticket, held->text, held->entry};
    put_in_order(run);
}

static void stop_for(running_batch *run, const beluga_error *err)
{
    run->stopped = true;
    if (!run->self->error.code) run->self->error = *err;
}

static void stop_without_memory(running_batch *run)
{
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_NO_MEMORY, "out of memory");
    stop_for(run, &err);
}

/* ---- failures that are alike ----------------------------------------------------------------- */

/* Deliver the results that are held back, or drop them, so that the next run sends their lines
 * again. */
static void let_go(running_batch *run, bool drop)
{
    batch_alike *alike = &run->alike;
    if (alike->count && !drop && !run->self->failure.code) run->self->failure = alike->error;
    for (size_t i = 0; i < alike->count; i++) {
        batch_held *held = &alike->held[i];
        if (drop) text_free(&held->text);
        deliver(run, held);
    }
    alike->count = 0;
}

static void stop_for_alike(running_batch *run)
{
    run->self->alike = run->alike.count;
    stop_for(run, &run->alike.error);
    let_go(run, true);
}

/* Returns the number of similar failures that end the run. It must not be larger than the window of
 * --ordered, which could otherwise fill up with them and block. */
static size_t most_alike(const running_batch *run)
{
    bool small = run->window && run->window_size < BATCH_MOST_ALIKE;
    return small ? run->window_size : BATCH_MOST_ALIKE;
}

static void hold_back(running_batch *run, const batch_held *held, const beluga_error *err)
{
    if (!batch_alike_fits(&run->alike, err)) let_go(run, false);
    batch_alike_hold(&run->alike, held, err);
    /* When a run stops, the calls under way may fail for the same reason as the earlier calls.
     * Their failures are dropped, so that the next run sends the lines again. */
    if (run->stopped)
        let_go(run, true);
    else if (run->alike.count == most_alike(run))
        stop_for_alike(run);
}

/* Decide about held results at the end, when there are too few of them to end the run. If nothing
 * was answered, they are dropped, and their error is reported. */
static void judge_the_last(running_batch *run)
{
    if (!run->alike.count) return;
    if (run->answered || run->stopped || run->self->interrupted)
        let_go(run, !run->answered);
    else
        stop_for_alike(run);
}

/* ---- the end of a line ----------------------------------------------------------------------- */

/* Deliver a final result: an answer, or a failure that the line has caused. */
static void settle(running_batch *run, batch_held *held, const beluga_error *err)
{
    if (err->code && !run->self->failure.code) run->self->failure = *err;
    deliver(run, held);
}

/* Count the requests that a call took: its attempts, and a request for each further step of tools.
 */
static uint32_t count_requests(const batch_job *job, const beluga_batch_result *result)
{
    uint32_t attempts = result->error.attempts > 0 ? (uint32_t)result->error.attempts : 0;
    if (result->response) attempts = beluga_response_attempts(result->response);
    return attempts + job->steps;
}

static bool write_result(running_batch *run, const batch_job *job,
                         const beluga_batch_result *result, batch_held *held)
{
    batch_result_source source = batch_work_source(run->self, &job->item);
    source.vectors = job->vectors;
    source.runs = &job->runs;
    int rc = batch_result_write(&source, result, &held->text, &held->entry);
    held->entry.requests = count_requests(job, result);
    if (rc == 0) return true;
    text_free(&held->text);
    stop_without_memory(run);
    return false;
}

static const beluga_error *error_of(const beluga_batch_result *result)
{
    static const beluga_error none;
    return result->response || !result->error.code ? &none : &result->error;
}

static void finish_call(running_batch *run, const batch_job *job, const beluga_batch_result *result)
{
    const beluga_error *err = error_of(result);
    batch_held held = {.place = job->place, .ticket = job->ticket};
    bool canceled = err->code == BELUGA_ERROR_CONTEXT_CANCELED;
    if (batch_alike_is_of_all(err->code)) stop_for(run, err);
    if (canceled || batch_alike_is_of_all(err->code) || !write_result(run, job, result, &held)) {
        deliver(run, &held);
    } else if (batch_alike_is_suspect(err) && !held.entry.begun) {
        held.entry.outside = true;
        hold_back(run, &held, err);
    } else {
        run->answered = true;
        let_go(run, false);
        settle(run, &held, err);
    }
}

/* ---- lines ----------------------------------------------------------------------------------- */

static bool is_window_full(const running_batch *run)
{
    return run->window && run->placed - run->written >= run->window_size;
}

/* Returns whether there is room for another result. If no call is under way, held results become
 * final here, since nothing else could make room. */
static bool has_room(running_batch *run)
{
    if (is_window_full(run) && !run->running) let_go(run, false);
    return !is_window_full(run);
}

static batch_job *find_job(running_batch *run, bool busy, uint64_t index)
{
    for (size_t i = 0; i < run->self->jobs; i++)
        if (run->jobs[i].busy == busy && (!busy || run->jobs[i].index == index))
            return &run->jobs[i];
    return NULL;
}

static void refuse_line(running_batch *run, const batch_job *job)
{
    beluga_batch_result result = {.response = NULL};
    batch_held held = {.place = run->placed++, .ticket = job->ticket};
    batch_work_refuse(&job->item, &result.error);
    write_result(run, job, &result, &held);
    settle(run, &held, &result.error);
}

static void note_tools(void *payload, const beluga_event *event)
{
    batch_job *job = payload;
    bool ran = event->kind == BELUGA_EVENT_TOOL_RESULT;
    job->steps += job->tools_ran && !ran;
    job->tools_ran = ran;
    tool_runs_note(&job->runs, event);
}

static void free_job(batch_job *job)
{
    batch_item_free(&job->item);
    tool_runs_free(&job->runs);
    beluga_embeddings_free(job->vectors);
    job->vectors = NULL;
}

static void end_job(batch_job *job, const beluga_batch_result *result)
{
    running_batch *run = job->run;
    finish_call(run, job, result);
    free_job(job);
    job->busy = false;
    run->running--;
}

/* ---- requests for embeddings ----------------------------------------------------------------- */

static void on_vectors(void *payload, beluga_embeddings *vectors, const beluga_error *error)
{
    batch_job *job = payload;
    beluga_batch_op *batch = job->run->batch;
    beluga_batch_result result = {.response = NULL};
    if (error) result.error = *error;
    job->vectors = vectors;
    end_job(job, &result);
    beluga_batch_wake(batch);
}

/* beluga_batch has no items for embeddings, so such a call is started separately. */
static void embed(running_batch *run, batch_job *job)
{
    const batch_item *item = &job->item;
    beluga_batch_result result = {.response = NULL};
    int rc = beluga_embed_start_n(run->self->model, run->loop, run->context, item->texts,
                                  item->lengths, item->n_texts, on_vectors, job, NULL,
                                  &result.error, item->request.options, item->request.n_options);
    if (rc) end_job(job, &result);
}

/* Release a line that could not be read for lack of memory. */
static void drop_line(running_batch *run, const batch_job *job, int rc)
{
    batch_held held = {.place = run->placed, .ticket = job->ticket};
    if (rc != BELUGA_ERROR_NO_MEMORY) {
        refuse_line(run, job);
        return;
    }
    stop_without_memory(run);
    run->placed++;
    deliver(run, &held);
}

static int begin_job(running_batch *run, uint64_t index, const batch_claim *claim,
                     beluga_batch_item *out)
{
    batch_job *job = find_job(run, false, 0);
    int rc = batch_work_read(run->self->plan, &claim->record, claim->repeated, &job->item);
    job->ticket = claim->ticket;
    if (rc != 0) {
        drop_line(run, job, rc);
        free_job(job);
        return BELUGA_BATCH_LATER;
    }
    job->run = run;
    job->busy = true;
    job->steps = 0;
    job->tools_ran = false;
    job->index = job->item.n_texts ? NO_INDEX : index;
    job->place = run->placed++;
    run->running++;
    if (job->item.n_texts) {
        embed(run, job);
        return BELUGA_BATCH_LATER;
    }
    *out = (beluga_batch_item){.input = beluga_input_messages(job->item.request.messages),
                               .model = job->item.model,
                               .options = job->item.request.options,
                               .n_options = job->item.request.n_options,
                               /* if the line itself defines tools, its result is the tool calls,
                                * and no tool is run */
                               .run_tools = run->self->run_tools && !job->item.model,
                               .cb = note_tools,
                               .payload = job};
    return BELUGA_BATCH_ITEM;
}

/* Wait until the supply gives another line. If it has none now (`none`), and no call is under way,
 * nothing can soon show the cause of the held failures, so they are delivered. */
static int wait_for_lines(running_batch *run, bool none)
{
    run->starved = true;
    if (none && !run->running) let_go(run, false);
    return BELUGA_BATCH_LATER;
}

/* Claim a line and begin its call. Returns a beluga_batch_next; -1 if the line needs no item in the
 * beluga_batch, so that another line can be taken at once. */
static int take_line(running_batch *run, uint64_t index, beluga_batch_item *out)
{
    batch_claim claim = {.ticket = 0};
    batch_supply *supply = run->self->supply;
    switch (supply->ops->claim(supply, run->running, &claim)) {
    case BATCH_CLAIM_END: return BELUGA_BATCH_END;
    case BATCH_CLAIM_FAILED: run->self->input_failed = supply->error != 0; return BELUGA_BATCH_END;
    case BATCH_CLAIM_LATER: return wait_for_lines(run, true);
    case BATCH_CLAIM_HOLD: return wait_for_lines(run, false);
    case BATCH_CLAIM_SOON: beluga_batch_wake(run->batch); return BELUGA_BATCH_LATER;
    case BATCH_CLAIM_LINE: break;
    }
    return begin_job(run, index, &claim, out) == BELUGA_BATCH_ITEM ? BELUGA_BATCH_ITEM : -1;
}

static int on_source(void *payload, uint64_t index, beluga_batch_item *out)
{
    running_batch *run = payload;
    run->starved = false;
    for (int i = 0; i < STEP_LINES; i++) {
        if (run->stopped || batch_signals_seen()) return BELUGA_BATCH_END;
        if (!has_room(run) || run->running >= run->self->jobs) return BELUGA_BATCH_LATER;
        int next = take_line(run, index, out);
        if (next >= 0) return next;
    }
    beluga_batch_wake(run->batch);
    return BELUGA_BATCH_LATER;
}

static void on_result(void *payload, uint64_t index, beluga_batch_result *result)
{
    end_job(find_job(payload, true, index), result);
}

static void on_done(void *payload, int status, uint64_t succeeded, uint64_t failed)
{
    running_batch *run = payload;
    (void)status;
    (void)succeeded;
    (void)failed;
    run->ended = true;
}

/* ---- life ------------------------------------------------------------------------------------ */

/* Give up the calls that only wait, for a limit or for another attempt: with a low limit they would
 * hold up the end for minutes. Their lines have no result, so they are asked later. A call under
 * way may fail and then wait, so this is repeated until the end. */
static void give_up_waiting(const running_batch *run)
{
    if (beluga_loop_cancel_waiting(run->loop)) beluga_loop_step(run->loop);
}

static void note_signal(running_batch *run)
{
    if (!batch_signals_seen() || run->self->interrupted) return;
    run->self->interrupted = true;
    give_up_waiting(run);
    batch_progress_hide(run->self->progress);
    if (!run->running)
        out_note("stopping; press Ctrl-C again to end at once");
    else
        out_note(
            "stopping after the %zu call%s under way %s ended; press Ctrl-C again to end at once",
            run->running, run->running == 1 ? "" : "s", run->running == 1 ? "has" : "have");
    beluga_batch_wake(run->batch);
}

/* If the supply had no line, ask it again only when it signals a change, and at intervals. A
 * request in each turn would keep the loop from ever waiting. */
static void note_stir(running_batch *run, bool told)
{
    int64_t now = beluga__now_ms();
    run->stirred = told || now - run->stirred_ms >= TICK_MS;
    if (run->stirred) run->stirred_ms = now;
}

/* Wait for the calls or for the supply. @return as beluga_loop_wait. */
static int wait_for_work(running_batch *run)
{
    batch_supply *supply = run->self->supply;
    if (supply->fd < 0) return beluga_loop_wait(run->loop, TICK_MS);
    int64_t due = beluga_loop_timeout_ms(run->loop);
    struct pollfd watched_fds[] = {{.fd = beluga_loop_fd(run->loop), .events = POLLIN},
                                   {.fd = supply->fd, .events = POLLIN}};
    int ready = poll(watched_fds, 2, due < 0 || due > TICK_MS ? TICK_MS : (int)due);
    note_stir(run, ready > 0 && watched_fds[1].revents);
    return beluga_loop_step(run->loop);
}

/* Returns 0, or the code of the error that ended the loop. */
static int take_turn(running_batch *run)
{
    batch_supply *supply = run->self->supply;
    int rc = wait_for_work(run);
    if (rc != 0) return rc;
    note_signal(run);
    bool stopping = run->stopped || run->self->interrupted;
    if (stopping) give_up_waiting(run);
    if (supply->ops->extend(supply, stopping) != 0) give_up(run);
    if (run->starved && run->stirred) beluga_batch_wake(run->batch);
    batch_progress_show(run->self->progress, run->self->totals);
    return 0;
}

static void wait_for_end(running_batch *run)
{
    batch_supply *supply = run->self->supply;
    int rc = 0;
    while (rc == 0 && (!run->ended || run->running)) rc = take_turn(run);
    if (rc != 0) beluga_error_set(&run->self->error, rc, "the event loop of the calls has failed");
    judge_the_last(run);
    supply->ops->finish(supply);
}

static int prepare(running_batch *run)
{
    batch_work *self = run->self;
    beluga_context *traced = observe_context(NULL);
    run->context = beluga_context_new_cancellable(traced);
    beluga_context_unref(traced);
    run->jobs = calloc(self->jobs, sizeof *run->jobs);
    if (!run->context || !run->jobs) return BELUGA_ERROR_NO_MEMORY;
    if (self->ordered) {
        run->window_size = WINDOW_FACTOR * self->jobs;
        run->window = calloc(run->window_size, sizeof *run->window);
        if (!run->window) return BELUGA_ERROR_NO_MEMORY;
    }
    int rc = beluga_loop_new(NULL, &run->loop);
    if (rc != 0) return rc;
    return beluga_batch_start_items_n(self->model, run->loop, run->context, on_source, on_result,
                                      on_done, run, &run->batch, NULL, self->options,
                                      self->n_options);
}

static void release(running_batch *run)
{
    beluga_batch_op_free(run->batch);
    beluga_loop_free(run->loop);
    beluga_context_unref(run->context);
    for (size_t i = 0; run->jobs && i < run->self->jobs; i++)
        if (run->jobs[i].busy) batch_item_free(&run->jobs[i].item);
    for (size_t i = 0; i < run->alike.count; i++) text_free(&run->alike.held[i].text);
    for (size_t i = 0; run->window && i < run->window_size; i++) text_free(&run->window[i].text);
    free(run->jobs);
    free(run->window);
}

int batch_run(batch_work *self)
{
    running_batch run = {.self = self};
    batch_signals before;
    beluga_error err;
    batch_signals_watch(&before);
    int rc = prepare(&run);
    if (rc == 0) {
        wait_for_end(&run);
        batch_progress_hide(self->progress);
    } else {
        beluga_error_set(&err, rc, "the batch can't start");
    }
    release(&run);
    batch_signals_unwatch(&before);
    if (rc != 0) self->error = err;
    return rc;
}
