/*
 * `beluga batch`: declarations that its files share. The command reads its options and the input,
 * looks at the output of an earlier run, and asks the remaining lines in one of three ways.
 *
 *     batch.c          the order of all steps, --dry-run, and the help
 *     batch_options.c  the options, and which of them can be combined
 *     batch_input.c    the input
 *     batch_output.c   the output, the journal of jobs beside it, and the end of a run
 *     batch_ask.c      the model, and runs with a call for each line
 *     batch_by_jobs.c  runs with the provider's batch jobs: --provider-batch, --cancel
 *     batch_queue.c    runs with a queue that machines share, and commands about such a queue
 *
 * Unless a comment says otherwise, functions return 0, or an exit code after they have reported the
 * reason.
 */
#ifndef BELUGA_CLI_COMMANDS_BATCH_H
#define BELUGA_CLI_COMMANDS_BATCH_H

#include "args.h"
#include "batch/facts.h"
#include "batch/gather.h"
#include "batch/work.h"
#include "jobs/jobs.h"
#include "prices.h"
#include "schema.h"
#include "session.h"
#include "tools/tools.h"

/* The state of a run. */
typedef struct batch_command {
    /* from the command line */
    const cli_args *args;
    const char *path; /* path of the input; "-": stdin; "": none, for --cancel */
    const char *out;  /* "": no output, for --dry-run */
    size_t jobs;      /* number of calls at the same time */
    double budget;    /* US dollars; 0: none */
    bool openai;      /* results have the form of OpenAI's batches */
    uint64_t limit;   /* number of lines to ask; 0: all */
    batch_layout layout;
    batch_template template;
    /* the settings of all lines */
    cli_session session;
    char *system; /* owned; NULL: none */
    tool_set tools;
    cli_text tools_text; /* the model's description of the tools; empty: no tools */
    cli_text schema;
    beluga_prices *prices;
    beluga_price price; /* price of the model; only set if `is_priced` */
    bool is_priced;
    /* the input */
    int input;
    batch_survey survey; /* result of the first reading */
    batch_reader reader; /* second reading, during which the lines are asked */
    batch_digest digest; /* digest of the input, computed during the second reading */
    batch_plan plan;
    /* the output */
    batch_facts facts; /* the facts that results depend on */
    batch_fact_texts texts;
    batch_output output;
    batch_progress progress;
    /* --provider-batch */
    batch_journal journal;
    batch_jobs by_jobs;
    /* --queue */
    batch_gatherer collector;
    cli_text options; /* the model's options, for the manifest of the job of --queue */
} batch_command;

/* ---- options --------------------------------------------------------------------------------- */

int batch_take_options(batch_command *b);
/* Return whether this run asks lines by the provider's batch jobs, or cancels such jobs. */
bool batch_is_by_jobs(const cli_args *args);

/* ---- the input ------------------------------------------------------------------------------- */

/* Find the system text: that of the command line, or that of the model's alias. */
int batch_choose_system(batch_command *b);
/* Read the whole input once, and prepare to read it line by line. */
int batch_read_input(batch_command *b);
/* At the end of the second reading, check that the input has not changed since the first. */
int batch_check_input(batch_command *b);

/* ---- the output ------------------------------------------------------------------------------ */

/* Refuse an output file that is also the input. */
int batch_check_out(const batch_command *b);
/* Collect the facts that the results depend on. A later run may continue only if they are the same.
 */
int batch_make_facts(batch_command *b);
/* Find the finished lines, without changing a file. */
int batch_look_at_output(batch_command *b);
/* Open the output and the journal for writing, and find the finished lines. */
int batch_open_output(batch_command *b);
/* Return whether the journal has jobs that are under way, or may be. */
bool batch_has_open_jobs(const batch_command *b);
/* Begin to show progress, starting with the lines that are already finished. */
void batch_begin_progress(batch_command *b, const batch_work *run);
/* Sort the output and write its errors into a file, if the options ask for this, and print the
 * summary. */
int batch_finish(batch_command *b, const batch_work *run);

/* ---- the three ways to ask ------------------------------------------------------------------- */

/* Set the budget of this run to the part of --budget that earlier runs have left. */
int batch_set_budget(batch_command *b);
int batch_open_model(batch_command *b);
/* Ask the remaining lines, with a call for each or by the provider's batch jobs. */
int batch_ask(batch_command *b);

/* If the lines are asked by batch jobs, find the provider's limits for a job. */
int batch_open_by_jobs(batch_command *b);
void batch_ask_by_jobs(batch_command *b, batch_work *run);
/* Report that the provider has no batch API, and which providers have one. */
int batch_refuse_provider(batch_command *b);
/* Return the factor by which the provider multiplies its prices in a batch job; 0: it has no batch
 * API. */
double batch_job_factor(const batch_command *b);
/* --cancel without the input: cancel the jobs that the journal names. */
int batch_cancel_jobs(batch_command *b);

/* Find the job of --queue in the shared queue, before the output is changed. */
int batch_find_job(batch_command *b);
/* Put the lines into the job of --queue, and collect their results. */
int batch_collect(batch_command *b);
/* Return whether --work, --status or --remove is given, which need no input. */
bool batch_queue_is_asked(const cli_args *args);
/* Run --work, --status or --remove. */
int batch_queue_run(const cli_args *args);

#endif
