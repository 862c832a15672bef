#include "batch/status.h"

#include "base/clock.h"
#include "batch/manifest.h"
#include "batch/progress.h"
#include "batch/queue_supply.h"
#include "exit.h"
#include "output.h"
#include "queue/queue.h"
#include "report.h"

#include <inttypes.h>
#include <poll.h>
#include <string.h>

#define MOST_WORKERS 256
#define COUNT_MS     5000
/* The rate is measured during this time, in which the workers report their state, too. */
#define SAMPLE_MS 2000

typedef struct job_status {
    const cli_args *args;
    queue *queue;
    batch_manifest manifest;
    batch_limits limits;
    queue_counts counts;
    queue_sum spent;
    queue_worker workers[MOST_WORKERS];
    size_t n_workers, n_told;
    double per_second;
} job_status;

/* ---- asking ---------------------------------------------------------------------------------- */

static int join(job_status *s)
{
    beluga_error err;
    const char *json;
    size_t n;
    const queue_settings settings = {.address = s->args->status};
    if (queue_open(&settings, &s->queue, &err) != 0) return report_error(s->args, &err, NULL);
    if (queue_join(s->queue, &json, &n, &err) != 0) return report_error(s->args, &err, NULL);
    if (batch_manifest_read(&s->manifest, json, n) == 0) return 0;
    out_error("another version of beluga made the job %s: install the same version here",
              queue_job(s->queue));
    return CLI_EXIT_USAGE;
}

static int count(job_status *s)
{
    beluga_error err;
    if (queue_count(s->queue, &s->counts, COUNT_MS)) return 0;
    if (!queue_failed(s->queue, &err))
        beluga_error_set(&err, BELUGA_ERROR_TIMEOUT,
                         "%s: the state of the job can't be read: ask "
                         "again when the server answers",
                         queue_where(s->queue));
    return report_error(s->args, &err, NULL);
}

static void wait_a_moment(job_status *s, int64_t until)
{
    for (int64_t left; (left = until - beluga__now_ms()) > 0;) {
        struct pollfd ready = {.fd = -1};
        queue_workers(s->queue, s->workers, MOST_WORKERS);
        queue_spent(s->queue, &s->spent);
        poll(&ready, 1, left < 100 ? (int)left : 100);
    }
}

static int look(job_status *s)
{
    char terms[QUEUE_TERMS_BYTES];
    int rc = count(s);
    uint64_t before = s->counts.finished;
    int64_t since = beluga__now_ms();
    if (rc) return rc;
    wait_a_moment(s, since + SAMPLE_MS);
    rc = count(s);
    double seconds = (double)(beluga__now_ms() - since) / 1000;
    if (s->counts.finished > before)
        s->per_second = (double)(s->counts.finished - before) / seconds;
    s->n_workers = queue_workers(s->queue, s->workers, MOST_WORKERS);
    s->n_told = s->n_workers < MOST_WORKERS ? s->n_workers : MOST_WORKERS;
    queue_spent(s->queue, &s->spent);
    s->limits = s->manifest.limits;
    if (queue_terms(s->queue, terms)) batch_limits_take(&s->limits, terms);
    return rc;
}

static uint64_t count_lines(const job_status *s)
{
    return s->counts.lines ? s->counts.lines : s->manifest.lines;
}

static uint64_t count_left(const job_status *s)
{
    uint64_t lines = count_lines(s);
    return lines > s->counts.finished ? lines - s->counts.finished : 0;
}

static const char *name_state(const job_status *s)
{
    if (!count_left(s)) return "over";
    if (!s->counts.lines) return "filling";
    return s->n_workers ? "running" : "waiting";
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void put_worker(beluga_json_writer *w, const queue_worker *worker)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "name", worker->name);
    beluga_json_put_int(w, "in_flight", (int64_t)worker->in_flight);
    beluga_json_put_int(w, "done", (int64_t)worker->done);
    beluga_json_put_int(w, "failed", (int64_t)worker->failed);
    beluga_json_put_double(w, "seen_seconds", (double)worker->seen_ms / 1000);
    beluga_json_end_object(w);
}

static void put_spent(beluga_json_writer *w, const job_status *s)
{
    beluga_json_put_double(w, "cost", s->spent.cost);
    beluga_json_put_double(w, "paid_before", s->manifest.paid);
    if (s->limits.budget > 0) beluga_json_put_double(w, "budget", s->limits.budget);
    beluga_json_put_int(w, "input_tokens", s->spent.input_tokens);
    beluga_json_put_int(w, "output_tokens", s->spent.output_tokens);
    beluga_json_put_double(w, "per_second", s->per_second);
    if (s->per_second > 0)
        beluga_json_put_double(w, "seconds_left", (double)count_left(s) / s->per_second);
    else
        beluga_json_put_null(w, "seconds_left");
}

static int put_json(const job_status *s)
{
    const queue_counts *c = &s->counts;
    beluga_json_writer *w = beluga_json_writer_new();
    if (!w) return out_no_memory();
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "job", queue_job(s->queue));
    beluga_json_put_string(w, "state", name_state(s));
    beluga_json_put_string(w, "model", s->manifest.model);
    beluga_json_put_int(w, "lines", (int64_t)count_lines(s));
    beluga_json_put_int(w, "put", (int64_t)c->put);
    beluga_json_put_int(w, "waiting", (int64_t)c->waiting);
    beluga_json_put_int(w, "claimed", (int64_t)c->claimed);
    beluga_json_put_int(w, "finished", (int64_t)c->finished);
    beluga_json_put_int(w, "failed", s->spent.failed);
    put_spent(w, s);
    beluga_json_begin_array(w, "workers");
    for (size_t i = 0; i < s->n_told; i++) put_worker(w, &s->workers[i]);
    beluga_json_end_array(w);
    beluga_json_end_object(w);
    return report_json(w);
}

/* ---- a drawing ------------------------------------------------------------------------------- */

static void draw_bar(const job_status *s)
{
    char line[BATCH_PROGRESS_BYTES];
    batch_figures f = {.total = count_lines(s),
                       .done = s->counts.finished,
                       .failed = s->spent.failed > 0 ? (uint64_t)s->spent.failed : 0,
                       .per_second = s->per_second,
                       .cost = s->spent.cost,
                       .left_s = -1};
    if (s->per_second > 0 && count_left(s)) f.left_s = (double)count_left(s) / s->per_second;
    batch_progress_format(&f, term_is_out() ? term_width() - 1 : 0, term_is_utf8(), line);
    out_printf("%s\n", line);
}

static void draw_lines(const job_status *s)
{
    const queue_counts *c = &s->counts;
    out_printf("Job      %s (%s), %s\n", queue_job(s->queue), s->manifest.model, name_state(s));
    draw_bar(s);
    out_printf("Waiting  %" PRIu64 ", claimed by workers %" PRIu64 "\n", c->waiting, c->claimed);
    if (!c->lines)
        out_printf("Put      %" PRIu64 " of %" PRIu64 " lines so far\n", c->put, count_lines(s));
    if (s->limits.budget > 0)
        out_printf("Budget   $%.6g, of which $%.6g is spent\n", s->limits.budget,
                   batch_budget_used(&s->manifest, &s->spent));
}

static void draw_workers(const job_status *s)
{
    out_printf("Workers  %zu\n", s->n_workers);
    for (size_t i = 0; i < s->n_told; i++) {
        const queue_worker *w = &s->workers[i];
        out_printf("  ");
        out_name(w->name);
        out_printf("  %zu claimed, %" PRIu64 " done, %" PRIu64 " failed\n", w->in_flight, w->done,
                   w->failed);
    }
}

int batch_status_tell(const cli_args *args)
{
    static job_status s; /* static, since it is too large for a stack */
    s = (job_status){.args = args};
    int rc = join(&s);
    if (rc == 0) rc = look(&s);
    if (rc == 0 && args->json) rc = put_json(&s);
    if (rc == 0 && !args->json) {
        draw_lines(&s);
        draw_workers(&s);
    }
    batch_manifest_free(&s.manifest);
    queue_free(s.queue);
    return rc;
}
