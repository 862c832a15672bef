/* The model of `beluga batch`, and the usual way to ask it: a call for each line, with many calls
 * at the same time. */
#include "batch/calls.h"
#include "batch/file_supply.h"
#include "batch/run.h"
#include "commands/batch.h"
#include "exit.h"
#include "output.h"

int batch_set_budget(batch_command *b)
{
    double left = b->budget - b->output.totals.cost;
    const beluga_option option = beluga_with_budget(left);
    if (!b->budget) return 0;
    /* If no budget is left, a run with batch jobs still collects the results of jobs under way, so
     * this is no error. */
    if (left <= 0 && batch_is_by_jobs(b->args)) return 0;
    if (left > 0) return beluga_config_set_n(b->session.base, &option, 1) ? out_no_memory() : 0;
    out_error("the budget of $%.6g is spent: earlier runs have used $%.6g", b->budget,
              b->output.totals.cost);
    return CLI_EXIT_RATE;
}

int batch_open_model(batch_command *b)
{
    int rc = batch_set_budget(b);
    /* the requests about jobs are made one after the other */
    if (rc == 0 && !batch_is_by_jobs(b->args)) rc = batch_calls_wait(&b->session);
    if (rc == 0) rc = session_open(&b->session, b->args, NULL);
    if (rc == 0) rc = tools_bind(&b->tools, b->args, &b->session);
    if (rc == 0) b->plan.model = b->session.model;
    if (rc == 0 && !b->args->attach_anyway) b->plan.takes = session_capabilities(&b->session);
    return rc ? rc : batch_open_by_jobs(b);
}

int batch_ask(batch_command *b)
{
    batch_calls_allow(b->args, b->session.config, &b->jobs);
    const beluga_option options[] = {beluga_with_max_concurrent_batches((int64_t)b->jobs),
                                     beluga_with_response_schema(b->schema.data)};
    batch_file_supply supply;
    batch_file_supply_begin(&supply, &b->reader, &b->survey, &b->output);
    batch_work run = {.model = b->session.model,
                      .plan = &b->plan,
                      .supply = &supply.base,
                      .totals = &b->output.totals,
                      .reader = &b->reader,
                      .survey = &b->survey,
                      .output = &b->output,
                      .progress = &b->progress,
                      .prices = {.list = b->prices},
                      .schema = b->schema.data,
                      .options = options,
                      .n_options = b->schema.data ? 2 : 1,
                      .jobs = b->jobs,
                      .ordered = b->args->ordered,
                      .openai = b->openai,
                      .run_tools = b->tools.count != 0};
    batch_begin_progress(b, &run);
    if (batch_is_by_jobs(b->args))
        batch_ask_by_jobs(b, &run);
    else
        batch_run(&run);
    return batch_finish(b, &run);
}
