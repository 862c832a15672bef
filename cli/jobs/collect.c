#include "base/clock.h"
#include "batch/alike.h"
#include "batch/signals.h"
#include "jobs/chunk.h"
#include "jobs/jobs.h"
#include "jobs/pass.h"
#include "output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* After this time a file of results is taken to be complete. */
#define COMPLETE_MS ((int64_t)10 * 60 * 1000)

/* The number of equal lines among which a line without an answer is looked for. */
#define MOST_EQUAL 1000

typedef enum line_state {
    LINE_OPEN,  /* no result has arrived */
    LINE_DONE,  /* the result is in the output */
    LINE_AGAIN, /* the line will be put into another job; this job counts as one of its tries */
    LINE_FREE   /* the line will be put into another job; this job does not count as a try */
} line_state;

/* A line of the job, and its offset in the input. A job may have many lines, so this struct is
 * small: 32 bytes. */
typedef struct job_line {
    uint64_t line, digest, offset;
    line_state state;
    bool came;  /* a result with its number has come */
    bool moved; /* it has got the result of an equal line that was elsewhere in the input */
} job_line;

typedef struct collection {
    batch_jobs *self;
    batch_noted_job *job;
    batch_pass pass;
    job_line *lines; /* owned, in ascending order */
    size_t count, room;
    job_line **by_digest; /* owned: the same lines in the order of their digests; NULL: not needed
                           * yet */
    uint64_t delivered, answered, strange, changed, gone;
    uint64_t missing;     /* results that the provider has made, but did not send */
    bool unread;          /* an answer could not be used */
    beluga_error suspect; /* a failure whose cause may lie outside its line, such as a wrong model;
                           * code 0: none */
} collection;

/* ---- the lines of a job ---------------------------------------------------------------------- */

static int add_line(collection *c, const batch_record *record)
{
    if (c->count == c->room) {
        size_t room = c->room ? 2 * c->room : 1024;
        job_line *lines = reallocarray(c->lines, room, sizeof *lines);
        if (!lines) return -1;
        c->lines = lines;
        c->room = room;
    }
    bool done = batch_output_has(c->self->work->output, record->line);
    c->lines[c->count++] = (job_line){.line = record->line,
                                      .digest = record->digest,
                                      .offset = record->offset,
                                      .state = done ? LINE_DONE : LINE_OPEN};
    return 0;
}

static int fail_to_read(const collection *c, beluga_error *err)
{
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "the input can't be read: %s",
                            strerror(c->pass.reader.error));
}

static uint64_t first_of(const batch_noted_job *job)
{
    return job->lines.count ? job->lines.items[0].first : 0;
}

/* Returns the first job, in the order of the input, whose lines begin after `line`, and whose place
 * in the input is not known yet. */
static batch_noted_job *find_next(const batch_journal *journal, uint64_t line)
{
    batch_noted_job *next = NULL;
    for (size_t i = 0; i < journal->count; i++) {
        batch_noted_job *job = &journal->jobs[i];
        if (job->place.line || first_of(job) <= line) continue;
        if (!next || first_of(job) < first_of(next)) next = job;
    }
    return next;
}

/* Find the places of all jobs in one reading of the input, so that collecting a job need not read
 * the lines before it. Returns 0, or a code with a detailed error. */
static int find_places(collection *c, beluga_error *err)
{
    batch_record record;
    int got = 1;
    batch_noted_job *next = find_next(c->self->journal, 0);
    while (next && (got = batch_reader_next(&c->pass.reader, &record)) > 0)
        for (; next && record.line >= first_of(next);
             next = find_next(c->self->journal, first_of(next)))
            next->place = (batch_place){record.offset, record.line};
    return got < 0 ? fail_to_read(c, err) : 0;
}

/* Read the lines of the job from the input. Returns 0, or a code with a detailed error. */
static int read_lines(collection *c, beluga_error *err)
{
    batch_record record;
    const batch_ranges *ranges = &c->job->lines;
    uint64_t last = ranges->count ? ranges->items[ranges->count - 1].last : 0;
    int got, rc = 0;
    batch_reader_seek(&c->pass.reader, c->job->place.offset, c->job->place.line);
    while (rc == 0 && (got = batch_reader_next(&c->pass.reader, &record)) > 0) {
        if (record.line > last) return 0;
        if (batch_ranges_has(ranges, record.line)) rc = add_line(c, &record);
    }
    if (rc) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory");
    return got < 0 ? fail_to_read(c, err) : 0;
}

/* Begin to read the job's lines. Their attachments are not read, since only ids and schemas are
 * needed. */
static int begin(collection *c, beluga_error *err)
{
    char why[BATCH_FAULT_BYTES];
    batch_plan plan = *c->self->work->plan;
    plan.attach_name = NULL;
    plan.model = NULL;
    if (batch_pass_begin(&c->pass, &plan, c->self->layout, c->self->input, why) != 0)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "%s", why);
    int rc = c->job->place.line ? 0 : find_places(c, err);
    if (rc || !c->job->place.line) return rc; /* none of the job's lines is still in the input */
    return read_lines(c, err);
}

static int compare_lines(const void *a, const void *b)
{
    uint64_t left = ((const job_line *)a)->line, right = ((const job_line *)b)->line;
    return (left > right) - (left < right);
}

static job_line *find_line(const collection *c, uint64_t line)
{
    const job_line wanted = {.line = line};
    if (!c->count) return NULL;
    return bsearch(&wanted, c->lines, c->count, sizeof wanted, compare_lines);
}

static int compare_digests(const void *a, const void *b)
{
    uint64_t left = (*(job_line *const *)a)->digest, right = (*(job_line *const *)b)->digest;
    return (left > right) - (left < right);
}

static bool sort_by_digest(collection *c)
{
    if (c->by_digest || !c->count) return c->by_digest != NULL;
    c->by_digest = reallocarray(NULL, c->count, sizeof *c->by_digest);
    if (!c->by_digest) return false;
    for (size_t i = 0; i < c->count; i++) c->by_digest[i] = &c->lines[i];
    qsort(c->by_digest, c->count, sizeof *c->by_digest, compare_digests);
    return true;
}

/* Returns the line to which the text of a result's line has moved, since lines before it were added
 * or removed; NULL: none. Of several equal lines, one without an answer is preferred. */
static job_line *find_moved(collection *c, uint64_t digest)
{
    size_t low = 0, high = sort_by_digest(c) ? c->count : 0, last = high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->by_digest[middle]->digest < digest)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == last || c->by_digest[low]->digest != digest) return NULL;
    if (last - low > MOST_EQUAL) last = low + MOST_EQUAL;
    for (size_t i = low; i < last && c->by_digest[i]->digest == digest; i++)
        if (c->by_digest[i]->state != LINE_DONE) return c->by_digest[i];
    return c->by_digest[low];
}

/* Returns the line of a result; NULL if the job has no such line, or the line has changed. */
static job_line *find_result_line(collection *c, const char *id)
{
    batch_job_line_id parts;
    bool ours = batch_line_id_read(id, &parts) && batch_job_name_has_tag(c->job->name, parts.tag) &&
                batch_ranges_has(&c->job->lines, parts.line);
    job_line *line = ours ? find_line(c, parts.line) : NULL;
    c->delivered += !line || !line->came; /* a provider may send a result twice */
    c->strange += !ours;
    if (!ours) return NULL;
    if (line) line->came = true;
    if (line && line->digest == parts.digest && !line->moved) return line;
    job_line *moved = find_moved(c, parts.digest);
    if (moved) {
        if (moved->state == LINE_FREE && c->changed) c->changed--;
        moved->moved = true;
        return moved;
    }
    c->gone += !line;
    if (!line || line->state != LINE_OPEN) return NULL;
    line->state = LINE_FREE;
    c->changed++;
    return NULL;
}

/* ---- results --------------------------------------------------------------------------------- */

/* Write a result. The line is read again for this, which is cheaper than keeping its contents. */
static int write_result(collection *c, job_line *line, const beluga_batch_result *result)
{
    batch_record record;
    batch_item item;
    batch_reader_seek(&c->pass.reader, line->offset, line->line);
    if (batch_reader_next(&c->pass.reader, &record) != 1 || record.digest != line->digest) {
        c->changed++;
        line->state = LINE_FREE;
        return 0;
    }
    /* The line may have become invalid, for example because an attachment was deleted. This is
     * ignored, since the line was already answered. */
    batch_work_parse(c->self->work, &c->pass.plan, &record, &item);
    bool fits = true;
    int rc = batch_jobs_write(c->self, &item, result, &fits);
    batch_item_free(&item);
    if (rc == 0) line->state = LINE_DONE;
    c->answered += rc == 0 && fits && result->response;
    c->unread |= !fits;
    return rc;
}

/* Returns whether an error means that an answer came, is paid for, and can't be read. */
static bool is_unreadable(int code)
{
    return code == BELUGA_ERROR_INVALID_RESPONSE || code == BELUGA_ERROR_MALFORMED_RESPONSE;
}

/* Returns the next state of a line that got no answer. After BATCH_JOB_TRIES jobs, the error is
 * final. */
static line_state try_again(const collection *c, const job_line *line)
{
    unsigned tries = batch_journal_tries(c->self->journal, line->line);
    return tries + 1 < BATCH_JOB_TRIES ? LINE_AGAIN : LINE_DONE;
}

/* Returns the state of a line whose result is a failure; LINE_DONE: the failure is final. */
static line_state judge(collection *c, const job_line *line, const beluga_error *err)
{
    if (batch_alike_is_of_all(err->code)) {
        if (!c->self->work->error.code) c->self->work->error = *err;
        return LINE_FREE;
    }
    if (err->code == BELUGA_ERROR_CONTEXT_CANCELED)
        return c->job->cancelled ? LINE_FREE : try_again(c, line);
    bool unreadable = is_unreadable(err->code);
    c->unread |= unreadable;
    if (err->retryable && !unreadable) return try_again(c, line);
    if (!batch_alike_is_suspect(err)) return LINE_DONE;
    if (!c->suspect.code) c->suspect = *err;
    return try_again(c, line);
}

static int take_failure(collection *c, job_line *line, const beluga_batch_result *result)
{
    line_state state = judge(c, line, &result->error);
    if (state != LINE_DONE) {
        line->state = state;
        return 0;
    }
    if (!c->self->work->failure.code) c->self->work->failure = result->error;
    return write_result(c, line, result);
}

static int take_result(collection *c, job_line *line, const beluga_batch_result *result)
{
    if (!result->response && result->error.code) return take_failure(c, line, result);
    return write_result(c, line, result);
}

static int on_result(void *payload, const char *id, beluga_batch_result *result)
{
    collection *c = payload;
    batch_output *output = c->self->work->output;
    if (batch_signals_seen()) return 1;
    job_line *line = find_result_line(c, id);
    if (line && line->state == LINE_DONE) c->answered += result->response != NULL;
    if (line && line->state != LINE_DONE && take_result(c, line, result) != 0) return 1;
    if (batch_output_sync(output, false) != 0) c->self->stopped = true;
    batch_progress_show(c->self->work->progress, &output->totals);
    return c->self->stopped;
}

/* ---- the end of a job ------------------------------------------------------------------------ */

/* Set the state of a line for which the job has no result. If the whole job failed, or the user
 * cancelled it, this does not count as a try. */
static int settle_open_line(collection *c, job_line *line, uint32_t state)
{
    beluga_batch_result result = {.response = NULL};
    if (state == BELUGA_BATCH_STATE_FAILED || c->job->cancelled) {
        line->state = LINE_FREE;
        return 0;
    }
    line->state = try_again(c, line);
    if (line->state != LINE_DONE) return 0;
    beluga_error_set(&result.error, BELUGA_ERROR_EMPTY_RESPONSE,
                     "no result for this line after %d batch jobs", BATCH_JOB_TRIES);
    if (!c->self->work->failure.code) c->self->work->failure = result.error;
    return write_result(c, line, &result);
}

/* If no line of the job was answered, and a line failed for a reason outside the lines, such as a
 * wrong model, another job would probably fail, too. So the run ends, and this job does not count
 * as a try of its lines. */
static void judge_all(collection *c)
{
    if (c->answered || !c->suspect.code) return;
    if (!c->self->work->error.code) c->self->work->error = c->suspect;
    for (size_t i = 0; i < c->count; i++)
        if (c->lines[i].state == LINE_AGAIN) c->lines[i].state = LINE_FREE;
}

/* If the job has results, and all of them are for lines that it does not contain, the server may
 * have changed their ids, and would do so in the next job, too. */
static void judge_strange(collection *c)
{
    if (!c->strange || c->strange < c->delivered) return;
    c->unread = true;
    if (!c->suspect.code)
        beluga_error_set(&c->suspect, BELUGA_ERROR_INVALID_RESPONSE,
                         "no result of the job %s has the id of one of its lines", c->job->id);
}

static int settle(collection *c, uint32_t state)
{
    int rc = 0;
    judge_strange(c);
    for (size_t i = 0; i < c->count && rc == 0; i++)
        if (c->lines[i].state == LINE_OPEN) rc = settle_open_line(c, &c->lines[i], state);
    judge_all(c);
    if (rc == 0 && batch_output_sync(c->self->work->output, true) != 0) rc = -1;
    return rc;
}

static int note_collected(collection *c)
{
    batch_ranges again = {0};
    int rc = 0;
    for (size_t i = 0; i < c->count && rc == 0; i++)
        if (c->lines[i].state == LINE_AGAIN) rc = batch_ranges_add(&again, c->lines[i].line);
    if (rc)
        c->self->journal->error = ENOMEM;
    else
        rc = batch_journal_collected(c->self->journal, c->job, &again);
    batch_ranges_free(&again);
    return rc;
}

/* If the job has answers, but none of them can be read, its files are kept: the answers are paid
 * for, and another version of this program, or a person, may be able to read them. */
static int keep_unread(const collection *c)
{
    if (c->answered || !c->unread) return 0;
    out_note("no answer of the job %s can be read, so its files are kept at the provider; another "
             "run would ask its lines again",
             c->job->id);
    return batch_journal_deleted(c->self->journal, c->job, true);
}

static void tell(const collection *c)
{
    if (c->changed)
        out_note("%" PRIu64
                 " line%s of the input changed since the job %s was created: beluga asks %s again",
                 c->changed, c->changed == 1 ? "" : "s", c->job->id,
                 c->changed == 1 ? "it" : "them");
    if (c->gone)
        out_note("%" PRIu64
                 " line%s of the job %s %s no longer in the input: the answers are dropped",
                 c->gone, c->gone == 1 ? "" : "s", c->job->id, c->gone == 1 ? "is" : "are");
    if (c->missing)
        out_note("the results of the job %s lack %" PRIu64
                 " answers that the provider has made; its files stay there for you to look at",
                 c->job->id, c->missing);
    if (c->strange)
        out_note("the job %s returned %" PRIu64 " result%s for lines that it does not contain",
                 c->job->id, c->strange, c->strange == 1 ? "" : "s");
}

/* Returns the least number of results that a job must have: as many as it has answers. One that has
 * completed must have all that have not failed, since the number of answers may lag behind; without
 * counts, one, since requests that failed have results, too. A file that was cut lacks at least one
 * (`cut`). */
static uint64_t count_expected(const collection *c, const beluga_batch_job *seen, bool cut)
{
    bool completed = seen->state == BELUGA_BATCH_STATE_COMPLETED;
    int64_t n = seen->succeeded < 0 ? completed : seen->succeeded;
    if (seen->state == BELUGA_BATCH_STATE_FAILED) n = 0;
    if (completed && seen->failed >= 0 && seen->total - seen->failed > n)
        n = seen->total - seen->failed;
    return cut && (uint64_t)n <= c->delivered ? c->delivered + 1 : (uint64_t)n;
}

/* Returns whether to wait for results that the provider has made, and that are paid for, but did
 * not send. Their file may have been cut at the end of a line, or be incomplete for some time. So
 * the results are fetched again, until some minutes have passed; then the lines are asked again,
 * and the files stay at the provider, for the user to look at. */
static bool waits_for_results(collection *c, const beluga_batch_job *seen, bool cut)
{
    beluga_error err;
    batch_noted_job *job = c->job;
    int64_t now = beluga__wall_ms();
    uint64_t expected = count_expected(c, seen, cut);
    if (c->delivered >= expected) return false;
    c->missing = expected - c->delivered;
    bool first = !job->looked_ms || job->looked_ms > now;
    if (!first && now - job->looked_ms >= COMPLETE_MS) return false;
    if (first && batch_journal_looked(c->self->journal, job, now) != 0)
        batch_jobs_stop_for_journal(c->self);
    beluga_error_set(
        &err, BELUGA_ERROR_STREAM_CLOSED,
        "the job %s has ended, but only %" PRIu64 " of at least %" PRIu64
        " results came. If this does not change in %d minutes, the lines of the others "
        "are asked again",
        job->id, c->delivered, expected, (int)(COMPLETE_MS / 60000));
    if (!c->self->stopped) batch_jobs_fail(c->self, BATCH_TROUBLE_RESULTS, &err);
    return true;
}

static void end(collection *c, uint32_t state)
{
    if (settle(c, state) != 0) {
        c->self->stopped = true; /* `work->output` holds the error */
        return;
    }
    if (note_collected(c) != 0 || keep_unread(c) != 0) {
        batch_jobs_stop_for_journal(c->self);
        return;
    }
    if (c->missing && batch_journal_deleted(c->self->journal, c->job, true) != 0)
        batch_jobs_stop_for_journal(c->self);
    tell(c);
    batch_jobs_recover(c->self, BATCH_TROUBLE_RESULTS);
    c->self->ended = true;
}

/* Say what can be done about results that are gone, or can't be read, since the next run could do
 * no more. */
static void explain_no_results(const batch_jobs *self, const batch_noted_job *job, bool gone)
{
    out_note("the results of the job %s %s. If this does not change, look at the job on the "
             "provider's own page; to ask its lines again, and pay for them again, remove %s when "
             "no other job is under way",
             job->id,
             gone ? "are not there: providers delete them after some time" : "can't be read",
             self->journal->path);
}

/* Handle a failure to fetch results. The results so far are in the output, and the next run fetches
 * the others. A file that can't be read is fetched again several times, since a server between may
 * have sent a page of its own. */
static void fail(batch_jobs *self, batch_noted_job *job, beluga_error *err)
{
    bool gone = err->code == BELUGA_ERROR_NOT_FOUND, unreadable = is_unreadable(err->code);
    batch_jobs_excuse(self, job->seen, &job->missed_results, err);
    if (unreadable && ++job->missed_results > BATCH_JOB_MISSES) err->retryable = 0;
    batch_jobs_fail(self, BATCH_TROUBLE_RESULTS, err);
    if (self->stopped && (gone || unreadable)) explain_no_results(self, job, gone);
    if (err->code == BELUGA_ERROR_LIMIT_EXCEEDED)
        out_note("the results so far are safe; to fetch the others, give the same command with a "
                 "larger -o max_response_bytes=BYTES");
}

void batch_jobs_collect(batch_jobs *self, batch_noted_job *job, const beluga_batch_job *seen)
{
    beluga_error err;
    collection c = {.self = self, .job = job};
    int rc = begin(&c, &err);
    if (rc) batch_jobs_stop(self, &err);
    if (rc == 0) {
        rc = beluga_batch_job_results(self->work->model, self->context, job->id, on_result, &c,
                                      &err);
        bool cut = rc == BELUGA_ERROR_MALFORMED_RESPONSE && c.delivered;
        if ((rc == 0 || cut) && !self->stopped && !waits_for_results(&c, seen, cut))
            end(&c, seen->state);
        else if (rc && !cut && !batch_signals_seen() && !self->stopped)
            fail(self, job, &err);
    }
    batch_pass_free(&c.pass);
    free(c.by_digest);
    free(c.lines);
}
