/* Runs of `beluga batch` with the provider's own batch jobs: --provider-batch and --cancel. */
#include "base/limits.h"
#include "batch/estimate.h"
#include "commands/batch.h"
#include "exit.h"
#include "output.h"
#include "report.h"

#include <beluga/registry.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Write the names of the providers that have a batch API, as many as fit. */
static void list_batch_providers(batch_command *b, char *text, size_t size)
{
    const char *names[BELUGA__MAX_SHOWN_PROVIDERS];
    size_t used = 0, n = session_list_providers(&b->session, names, BELUGA__MAX_SHOWN_PROVIDERS);
    *text = '\0';
    for (size_t i = 0; i < n; i++) {
        beluga_provider provider;
        beluga_error err;
        if (session_describe(&b->session, names[i], &provider, &err) != 0 || !provider.batch)
            continue;
        size_t need = strlen(names[i]) + 2;
        if (used + need >= size) return;
        used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", names[i]);
    }
}

int batch_refuse_provider(batch_command *b)
{
    char names[1024];
    list_batch_providers(b, names, sizeof names);
    out_error("--provider-batch: beluga knows no batch API for %s; these providers have one: %s",
              b->texts.model, *names ? names : "none");
    return CLI_EXIT_CONFIG;
}

int batch_open_by_jobs(batch_command *b)
{
    beluga_error err;
    batch_jobs *jobs = &b->by_jobs;
    if (!batch_is_by_jobs(b->args)) return 0;
    if (beluga_config_get_item(b->session.config, BELUGA_OPTION_FALLBACK, 0, NULL))
        return out_usage(
            "--provider-batch: a job can have only one model; leave out the option fallback");
    jobs->limits.size = sizeof jobs->limits;
    int rc = beluga_batch_limits_get(b->session.model, &jobs->limits, &err);
    if (rc == BELUGA_ERROR_NOT_SUPPORTED) return batch_refuse_provider(b);
    return rc ? report_error(b->args, &err, NULL) : 0;
}

/* This does not open the model, since that may need a key, and an estimate must work without one.
 */
double batch_job_factor(const batch_command *b)
{
    beluga_provider provider;
    beluga_registry *registry = beluga_registry_default();
    int rc = beluga_registry_describe(registry, b->session.config, &provider, NULL);
    if (rc || !provider.batch) return 0;
    return provider.batch->price_factor > 0 ? provider.batch->price_factor : 1;
}

void batch_ask_by_jobs(batch_command *b, batch_work *run)
{
    batch_jobs *jobs = &b->by_jobs;
    const beluga_config *config = b->session.config;
    int64_t timeout = BELUGA__DEFAULT_TIMEOUT_MS;
    beluga_config_get_int(config, BELUGA_OPTION_TIMEOUT, &timeout);
    beluga_config_get_int(config, BELUGA_OPTION_MAX_TOKENS, &jobs->max_tokens);
    b->is_priced = batch_estimate_price(b->prices, b->texts.model, &b->price);
    run->prices.factor = jobs->limits.price_factor;
    jobs->work = run;
    jobs->journal = &b->journal;
    jobs->layout = &b->layout;
    jobs->input = b->input;
    jobs->model = b->texts.model;
    jobs->price = b->is_priced ? &b->price : NULL;
    jobs->budget = b->budget;
    jobs->timeout_ms = timeout;
    batch_jobs_run(jobs);
}

/* ---- --cancel without the input -------------------------------------------------------------- */

/* Print the result of --cancel. A cancelled job counts as under way until it has ended and its
 * results are collected. */
static int put_cancelled(const batch_command *b, size_t refused, int code)
{
    uint64_t lines;
    size_t jobs = batch_journal_open_jobs(&b->journal, &lines);
    beluga_json_writer *w = b->args->json ? beluga_json_writer_new() : NULL;
    if (!w) return b->args->json ? out_no_memory() : code;
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "out", b->out);
    beluga_json_put_int(w, "refused", (int64_t)refused);
    beluga_json_put_int(w, "jobs_under_way", (int64_t)jobs);
    beluga_json_put_int(w, "lines_under_way", (int64_t)lines);
    beluga_json_put_int(w, "exit_code", code);
    beluga_json_end_object(w);
    int rc = report_json(w);
    return code ? code : rc;
}

static int tell_cancelled(const batch_command *b, size_t refused)
{
    if (b->by_jobs.work->journal_failed) return put_cancelled(b, refused, CLI_EXIT_OUTPUT);
    if (b->by_jobs.work->error.code) return report_error(b->args, &b->by_jobs.work->error, NULL);
    out_note("to collect the answers so far, run the same command with the input and "
             "--provider-batch, or with the input and --cancel to ask no new lines");
    return put_cancelled(b, refused, refused ? CLI_EXIT_OTHER : CLI_EXIT_OK);
}

/* Open the model that the journal names, so that the user need not repeat it. */
static int open_journaled_model(batch_command *b)
{
    const char *model = NULL;
    for (size_t i = 0; i < b->journal.count; i++)
        if (b->journal.jobs[i].phase < BATCH_JOB_FILES) model = b->journal.jobs[i].model;
    int rc = session_load(&b->session, b->args);
    if (rc == 0) rc = session_open(&b->session, b->args, b->args->model ? NULL : model);
    snprintf(b->texts.model, sizeof b->texts.model, "%s", model);
    return rc ? rc : batch_open_by_jobs(b);
}

int batch_cancel_jobs(batch_command *b)
{
    struct stat file;
    batch_work work = {.progress = &b->progress};
    if (stat(b->out, &file) != 0) return out_usage("--cancel: there is no file %s", b->out);
    int rc = batch_output_open(&b->output, b->out);
    if (rc == 0) rc = batch_journal_open(&b->journal, b->out, 0, true);
    if (rc) return rc;
    if (!batch_has_open_jobs(b)) {
        out_note("no batch job is under way for %s", b->out);
        return put_cancelled(b, 0, CLI_EXIT_OK);
    }
    rc = open_journaled_model(b);
    if (rc) return rc;
    work.model = b->session.model;
    b->by_jobs.work = &work;
    b->by_jobs.journal = &b->journal;
    b->by_jobs.model = b->texts.model;
    b->by_jobs.timeout_ms = BELUGA__DEFAULT_TIMEOUT_MS;
    return tell_cancelled(b, batch_jobs_cancel(&b->by_jobs));
}
