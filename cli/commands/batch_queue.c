/* Runs of `beluga batch` with a queue that many machines share: --queue, --work, --status and
 * --remove. */
#include "batch/status.h"
#include "batch/summary.h"
#include "batch/worker.h"
#include "commands/batch.h"
#include "output.h"
#include "queue/queue.h"
#include "report.h"

#include <beluga/error.h>

/* ---- putting and collecting ------------------------------------------------------------------ */

static void take_limits(const batch_command *b, batch_limits *limits)
{
    const beluga_config *config = b->session.config;
    beluga_config_get_int(config, BELUGA_OPTION_REQUESTS_PER_MINUTE, &limits->requests_per_minute);
    beluga_config_get_int(config, BELUGA_OPTION_TOKENS_PER_MINUTE, &limits->tokens_per_minute);
    beluga_config_get_int(config, BELUGA_OPTION_MAX_CONCURRENT_CALLS,
                          &limits->max_concurrent_calls);
    limits->budget = b->budget;
}

int batch_find_job(batch_command *b)
{
    const cli_args *args = b->args;
    batch_gatherer *c = &b->collector;
    if (batch_manifest_options(args, b->session.config, &b->options) != 0) return out_no_memory();
    *c = (batch_gatherer){.args = args,
                          .out = b->out,
                          .facts = &b->facts,
                          .survey = &b->survey,
                          .reader = &b->reader,
                          .output = &b->output,
                          .progress = &b->progress,
                          .made = {.model = b->texts.model,
                                   .template = args->template,
                                   .system = b->system,
                                   .schema = b->schema.data,
                                   .prompt_column = args->prompt_column,
                                   .attach_column = args->attach_column,
                                   .options = b->options.data,
                                   .openai = b->openai,
                                   .strict = args->strict,
                                   .attach_anyway = args->attach_anyway,
                                   .has_tools = b->tools.count != 0,
                                   .layout = b->layout}};
    take_limits(b, &c->made.limits);
    return batch_gather_find(c);
}

/* Put the lines into the job of --queue, and collect their results. */
int batch_collect(batch_command *b)
{
    batch_gatherer *c = &b->collector;
    const batch_totals *there = &b->output.totals;
    batch_work run = {.totals = there,
                      .supply = &c->lines.base,
                      .progress = &b->progress,
                      .survey = &b->survey,
                      .output = &b->output};
    /* If the budget is spent, the results of an existing job are collected nevertheless. */
    int rc = c->joined ? 0 : batch_set_budget(b);
    batch_begin_progress(b, &run);
    if (rc == 0) rc = batch_gather_run(c);
    if (rc != 0) return rc;
    run.error = c->error;
    run.failure = c->failure;
    run.interrupted = c->interrupted;
    bool over = !c->code && !b->output.error && !batch_summary_left(&run);
    rc = batch_finish(b, &run);
    if (over && !b->args->keep_job) batch_gather_end(c);
    return c->code ? c->code : rc;
}

/* ---- without an input: workers, and commands about a job ------------------------------------- */

bool batch_queue_is_asked(const cli_args *args)
{
    return args->work || args->status || args->remove;
}

static int remove_job(const cli_args *args)
{
    beluga_error err;
    queue *q = NULL;
    const queue_settings settings = {.address = args->remove};
    if (queue_open(&settings, &q, &err) != 0) return report_error(args, &err, NULL);
    int rc = queue_remove(q, &err) ? report_error(args, &err, NULL) : 0;
    if (rc == 0) out_note("the job %s was removed, with its lines and results", queue_job(q));
    queue_free(q);
    return rc;
}

/* Refuse options that the job already determines. A worker chooses only how it reaches the model
 * and runs tools. */
static int check_options(const cli_args *args)
{
    static const arg_set all[] = {ARG_WORK, ARG_STATUS, ARG_REMOVE, ARG_JSON, ARG_CALLS, ARG_COUNT};
    static const arg_set work[] = {ARG_MODEL,         ARG_JOBS, ARG_TOOLS, ARG_ATTACH_COLUMN,
                                   ARG_ATTACH_ANYWAY, ARG_STAY, ARG_IDLE,  ARG_COUNT};
    const char *asked = args->work ? "work" : args->status ? "status" : "remove";
    const char *address = args->work ? args->work : args->status ? args->status : args->remove;
    if (!queue_is_address(address))
        return out_usage("--%s %s: name the job of a queue, as in nats://HOST/JOB%s", asked,
                         address,
                         args->status ? "; for jobs of --provider-batch, run the same command with "
                                        "--dry-run"
                                      : "");
    if (args->operands.count)
        return out_usage("--%s takes no input file: it uses the lines of the job", asked);
    for (arg i = 0; i < ARG_COUNT; i++) {
        if (!args->given[i] || arg_set_has(all, i) || (args->work && arg_set_has(work, i)))
            continue;
        return out_usage("--%s can't be combined with --%s: the command with --queue decides what "
                         "is asked and where results go",
                         asked, arg_infos[i].name);
    }
    return 0;
}

int batch_queue_run(const cli_args *args)
{
    if ((args->work != NULL) + (args->status != NULL) + (args->remove != NULL) > 1)
        return out_usage("--work, --status and --remove exclude each other: give only one");
    int rc = check_options(args);
    if (rc) return rc;
    if (args->work) return batch_worker_run(args);
    return args->status ? batch_status_tell(args) : remove_job(args);
}
