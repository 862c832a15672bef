#include "batch/run.h"

#include "batch/alike.h"
#include "batch/result.h"
#include "batch/signals.h"
#include "observe.h"
#include "output.h"
#include "report.h"

#include <beluga/context.h>
#include <beluga/embedding.h>
#include <beluga/loop.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS 100
/* Number of finished lines that are skipped in one step, before the loop goes on. */
#define SKIP_LINES 1000
/* With --ordered, this many lines for each call may wait behind a slow one. */
#define WINDOW_FACTOR 4
/* The index of a job that is no input of the batch. */
#define NO_INDEX UINT64_MAX

typedef struct batch_job {
    struct running_batch *run;
    uint64_t index, place; /* `index` counts the batch's inputs, `place` the lines that are asked */
    bool busy;
    batch_item item;
    tool_runs runs;             /* the calls of tools so far */
    beluga_embeddings *vectors; /* what came of texts; NULL: nothing */
} batch_job;

/* A result that waits for the results of earlier lines. */
typedef struct waiting_result {
    bool ready;
    cli_text text; /* empty: a later run asks the line */
    batch_entry entry;
} waiting_result;

typedef struct running_batch {
    batch_work *self;
    beluga_loop *loop;
    beluga_context *context;
    beluga_batch_op *batch;
    batch_job *jobs;
    /* numbers of lines begun, and of results written; used only for --ordered */
    uint64_t placed, written;
    waiting_result *window; /* NULL: results are written as they come */
    size_t window_size;
    size_t running;
    batch_alike alike;
    bool answered; /* a call succeeded, or failed for what its line asks */
    bool stopped, ended;
} running_batch;

/* ---- results --------------------------------------------------------------------------------- */

/* No more results can be stored, so the running calls are cancelled. */
static void give_up(running_batch *run)
{
    run->stopped = true;
    beluga_context_cancel(run->context);
}

static void put(running_batch *run, const cli_text *text, const batch_entry *entry)
{
    if (text->length && batch_output_add(run->self->output, entry, text->data, text->length) != 0)
        give_up(run);
}

static void put_in_order(running_batch *run)
{
    waiting_result *w;
    while (w = &run->window[run->written % run->window_size], w->ready) {
        put(run, &w->text, &w->entry);
        text_free(&w->text);
        w->ready = false;
        run->written++;
    }
}

/* Write or keep a result, and take over its text. */
static void deliver(running_batch *run, uint64_t place, cli_text *text, const batch_entry *entry)
{
    if (!run->window) {
        put(run, text, entry);
        text_free(text);
        return;
    }
    run->window[place % run->window_size] = (waiting_result){true, *text, *entry};
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

/* Results that are held back become final, or are dropped and left for the next run. */
static void let_go(running_batch *run, bool drop)
{
    batch_alike *alike = &run->alike;
    if (alike->count && !drop && !run->self->failure.code) run->self->failure = alike->error;
    for (size_t i = 0; i < alike->count; i++) {
        batch_held *held = &alike->held[i];
        if (drop) text_free(&held->text);
        deliver(run, held->place, &held->text, &held->entry);
    }
    alike->count = 0;
}

static void stop_for_alike(running_batch *run)
{
    run->self->alike = run->alike.count;
    stop_for(run, &run->alike.error);
    let_go(run, true);
}

/* A window that is full of them would wait for a next one for ever. */
static size_t most_alike(const running_batch *run)
{
    bool small = run->window && run->window_size < BATCH_MOST_ALIKE;
    return small ? run->window_size : BATCH_MOST_ALIKE;
}

static void hold_back(running_batch *run, const batch_held *held, const beluga_error *err)
{
    if (!batch_alike_fits(&run->alike, err)) let_go(run, false);
    batch_alike_hold(&run->alike, held, err);
    /* In a run that stops, the calls under way would fail like those before them. */
    if (run->stopped)
        let_go(run, true);
    else if (run->alike.count == most_alike(run))
        stop_for_alike(run);
}

/* At the end there are too few to tell. Where nothing was answered, they are all that is known. */
static void judge_the_last(running_batch *run)
{
    if (!run->alike.count) return;
    if (run->answered || run->stopped || run->self->interrupted)
        let_go(run, !run->answered);
    else
        stop_for_alike(run);
}

/* ---- the end of a line ----------------------------------------------------------------------- */

/* Deliver a result that is final: an answer, or a failure that came of the line. */
static void settle(running_batch *run, batch_held *held, const beluga_error *err)
{
    if (err->code && !run->self->failure.code) run->self->failure = *err;
    deliver(run, held->place, &held->text, &held->entry);
}

static bool write_result(running_batch *run, const batch_job *job,
                         const beluga_batch_result *result, batch_held *held)
{
    batch_result_source source = batch_work_source(run->self, &job->item);
    source.vectors = job->vectors;
    source.runs = &job->runs;
    if (batch_result_write(&source, result, &held->text, &held->entry) == 0) return true;
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
    batch_held held = {.place = job->place};
    bool canceled = err->code == BELUGA_ERROR_CONTEXT_CANCELED;
    if (batch_alike_is_of_all(err->code)) stop_for(run, err);
    if (canceled || batch_alike_is_of_all(err->code) || !write_result(run, job, result, &held)) {
        deliver(run, job->place, &held.text, &held.entry);
    } else if (batch_alike_is_suspect(err) && !held.entry.begun) {
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

/* Where no call is under way, nobody but this function could make room. */
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
    batch_held held = {.place = run->placed++};
    batch_work_refuse(&job->item, &result.error);
    write_result(run, job, &result, &held);
    settle(run, &held, &result.error);
}

static void note_tools(void *payload, const beluga_event *event)
{
    batch_job *job = payload;
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

/* ---- texts, which have vectors for an answer ------------------------------------------------- */

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

/* The batch knows of calls with messages only: this call is one of ours beside it. */
static void embed(running_batch *run, batch_job *job)
{
    const batch_item *item = &job->item;
    beluga_batch_result result = {.response = NULL};
    int rc = beluga_embed_start_n(run->self->model, run->loop, run->context, item->texts,
                                  item->lengths, item->n_texts, on_vectors, job, NULL,
                                  &result.error, item->request.options, item->request.n_options);
    if (rc) end_job(job, &result);
}

static int begin_job(running_batch *run, uint64_t index, const batch_record *record,
                     beluga_batch_item *out)
{
    batch_job *job = find_job(run, false, 0);
    int rc = batch_work_parse(run->self, run->self->plan, record, &job->item);
    if (rc != 0) {
        if (rc == BELUGA_ERROR_NO_MEMORY)
            stop_without_memory(run);
        else
            refuse_line(run, job);
        free_job(job);
        return BELUGA_BATCH_LATER;
    }
    job->run = run;
    job->busy = true;
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
                               /* a line that brings tools is answered by their calls */
                               .run_tools = run->self->run_tools && !job->item.model,
                               .cb = note_tools,
                               .payload = job};
    return BELUGA_BATCH_ITEM;
}

static int on_source(void *payload, uint64_t index, beluga_batch_item *out)
{
    running_batch *run = payload;
    batch_record record;
    for (int i = 0; i < SKIP_LINES; i++) {
        if (run->stopped || batch_signals_seen()) return BELUGA_BATCH_END;
        if (!has_room(run) || run->running >= run->self->jobs) return BELUGA_BATCH_LATER;
        int got = batch_reader_next(run->self->reader, &record);
        run->self->input_failed |= got < 0;
        if (got <= 0 || batch_survey_is_behind(run->self->survey, record.line))
            return BELUGA_BATCH_END;
        if (batch_output_has(run->self->output, record.line)) continue;
        if (begin_job(run, index, &record, out) == BELUGA_BATCH_ITEM) return BELUGA_BATCH_ITEM;
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

static void note_signal(running_batch *run)
{
    if (!batch_signals_seen() || run->self->interrupted) return;
    run->self->interrupted = true;
    batch_progress_hide(run->self->progress);
    out_note("stopping when the %zu call%s under way %s ended; once more ends at once",
             run->running, run->running == 1 ? "" : "s", run->running == 1 ? "has" : "have");
    beluga_batch_wake(run->batch);
}

static void wait_for_end(running_batch *run)
{
    batch_output *output = run->self->output;
    while (!run->ended || run->running) {
        int rc = beluga_loop_wait(run->loop, TICK_MS);
        if (rc != 0) {
            beluga_error_set(&run->self->error, rc, "the calls can't go on");
            break;
        }
        note_signal(run);
        if (batch_output_sync(output, false) != 0) give_up(run);
        batch_progress_show(run->self->progress, &output->totals);
    }
    judge_the_last(run);
    batch_output_sync(output, true);
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
        beluga_error_set(&err, rc, "the batch can't begin");
    }
    release(&run);
    batch_signals_unwatch(&before);
    if (rc != 0) self->error = err;
    return rc;
}
