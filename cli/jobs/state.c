/* Functions that the files of jobs.h share: how a run stops, and how the result of a line is
 * written. */
#include "base/hint.h"
#include "jobs/jobs.h"
#include "output.h"

#include <stdio.h>

#define ERROR_BYTES  1024
#define LATER_BYTES  80
#define MAX_ASKED_MS ((int64_t)60 * 60 * 1000)

void batch_jobs_stop(batch_jobs *self, const beluga_error *err)
{
    self->stopped = true;
    if (!self->work->error.code) self->work->error = *err;
}

void batch_jobs_stop_for_journal(batch_jobs *self)
{
    if (!self->work->journal_failed) {
        batch_progress_hide(self->work->progress);
        batch_journal_complain(self->journal);
    }
    self->stopped = self->work->journal_failed = true;
}

bool batch_jobs_told(batch_jobs *self, batch_trouble trouble)
{
    bool told = self->told_troubles >> trouble & 1;
    self->told_troubles |= 1u << trouble;
    return told;
}

/* Returns the wait that the provider asked for, or the longest that it can ask for. */
static int64_t find_asked_ms(const beluga_error *err)
{
    return err->retry_after_ms < MAX_ASKED_MS ? err->retry_after_ms : MAX_ASKED_MS;
}

static void write_later(const beluga_error *err, char text[LATER_BYTES])
{
    char time[32];
    *text = '\0';
    if (err->retry_after_ms <= 0) return;
    batch_format_time((double)find_asked_ms(err) / 1000, time, sizeof time);
    snprintf(text, LATER_BYTES, " after %s, as the provider asks", time);
}

void batch_jobs_fail(batch_jobs *self, batch_trouble trouble, const beluga_error *err)
{
    static const char *const whats[] = {
        [BATCH_TROUBLE_LIST] = "the provider's jobs can't be listed",
        [BATCH_TROUBLE_LOOK] = "the results of a job can't be checked",
        [BATCH_TROUBLE_ASK] = "the state of a job can't be read",
        [BATCH_TROUBLE_RESULTS] = "the results of a job can't be fetched",
        [BATCH_TROUBLE_CANCEL] = "a job can't be cancelled",
        [BATCH_TROUBLE_CREATE] = "no job could be created",
        [BATCH_TROUBLE_ROOM] = "the provider accepts no more jobs now"};
    char line[ERROR_BYTES], later[LATER_BYTES];
    bool again = self->wait && err->retryable;
    bool told = batch_jobs_told(self, trouble);
    self->unreachable |= beluga__hint_is_unsent(err);
    write_later(err, later);
    if (err->retry_after_ms > self->asked_ms) self->asked_ms = find_asked_ms(err);
    if (again && told) return;
    batch_progress_hide(self->work->progress);
    beluga_error_format(err, line, sizeof line);
    if (again) {
        out_note("%s; trying again%s: %s", whats[trouble], later, line);
        return;
    }
    out_note("%s", whats[trouble]);
    batch_jobs_stop(self, err);
}

bool batch_jobs_excuse(const batch_jobs *self, bool seen, unsigned *misses, beluga_error *err)
{
    if (!self->wait || !seen || err->code != BELUGA_ERROR_NOT_FOUND || err->http_status != 404 ||
        ++*misses > BATCH_JOB_MISSES)
        return false;
    err->retryable = 1;
    return true;
}

void batch_jobs_recover(batch_jobs *self, batch_trouble trouble)
{
    self->told_troubles &= ~(1u << trouble);
}

/* Returns whether an answer has as many vectors as the line has texts, which is 0 for a line with
 * messages. The library can't check this, since a job's results do not say what was sent. */
static bool has_vectors(const batch_item *item, const beluga_embeddings *vectors, beluga_error *err)
{
    size_t n = vectors ? beluga_embeddings_count(vectors) : 0;
    if (n == item->n_texts) return true;
    beluga_error_set(err, BELUGA_ERROR_INVALID_RESPONSE,
                     "the result has %zu vector%s, but the line has %zu text%s", n,
                     n == 1 ? "" : "s", item->n_texts, item->n_texts == 1 ? "" : "s");
    return false;
}

int batch_jobs_write(batch_jobs *self, const batch_item *item, const beluga_batch_result *result,
                     bool *fits)
{
    beluga_error err, misfit;
    batch_entry entry;
    cli_text text = {0};
    batch_result_source source = batch_work_source(self->work, item);
    if (result->response) source.vectors = beluga_response_embeddings(result->response);
    if (result->response && !has_vectors(item, source.vectors, &misfit)) source.misfit = &misfit;
    if (source.misfit && !self->work->failure.code) self->work->failure = misfit;
    if (fits) *fits = !source.misfit;
    int rc = batch_result_write(&source, result, &text, &entry);
    if (rc) {
        beluga_error_set(&err, BELUGA_ERROR_NO_MEMORY, "out of memory");
        batch_jobs_stop(self, &err);
    } else if (batch_output_add(self->work->output, &entry, text.data, text.length) != 0) {
        self->stopped = true; /* `work->output` holds the error */
        rc = -1;
    }
    text_free(&text);
    return rc;
}
