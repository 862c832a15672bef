/*
 * `beluga batch`: what its files share. It reads its options and the input, looks at the output of
 * an earlier run, and has the lines that are left asked in one of three ways.
 *
 *     batch.c          the order of all this, --dry-run, and the help
 *     batch_options.c  its options, and which of them go together
 *     batch_input.c    the input
 *     batch_output.c   the output, the journal of jobs beside it, and the end of a run
 *     batch_ask.c      the model, and the way of a call for each line
 *     batch_by_jobs.c  the way of the provider's batch jobs: --provider-batch, --cancel
 *     batch_queue.c    the way over a queue that machines share, and what is asked of it
 *
 * Functions return 0, or an exit code whose reason was reported, where nothing else is said.
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

/* All that a run needs from its beginning to its end. */
typedef struct batch_command {
    /* of the command line */
    const cli_args *args;
    const char *path; /* of the input; "-": stdin; "": none, for --cancel */
    const char *out;  /* "": no output, for --dry-run */
    size_t jobs;      /* calls at once */
    double budget;    /* US dollars; 0: none */
    bool openai;      /* results have the form of OpenAI's batches */
    uint64_t limit;   /* number of lines to ask; 0: all */
    batch_layout layout;
    batch_template template;
    /* what each line is asked with */
    cli_session session;
    char *system; /* owned; NULL: none */
    tool_set tools;
    cli_text tools_text; /* what the model is told of them; empty: no tools */
    cli_text schema;
    beluga_prices *prices;
    beluga_price price; /* of the model, where `is_priced` */
    bool is_priced;
    /* the input */
    int input;
    batch_survey survey; /* what its first reading found */
    batch_reader reader; /* the second reading, during which lines are asked */
    batch_digest digest; /* of the second reading */
    batch_plan plan;
    /* the output */
    batch_facts facts; /* what results depend on */
    batch_fact_texts texts;
    batch_output output;
    batch_progress progress;
    /* --provider-batch */
    batch_journal journal;
    batch_jobs by_jobs;
    /* --queue */
    batch_gatherer collector;
    cli_text options; /* for the job's manifest */
} batch_command;

/* ---- options --------------------------------------------------------------------------------- */

int batch_take_options(batch_command *b);
/* Return whether lines are asked by the provider's jobs, or those in such jobs are cancelled. */
bool batch_is_by_jobs(const cli_args *args);

/* ---- the input ------------------------------------------------------------------------------- */

/* Find the system text: that of the command line, or of the alias that names the model. */
int batch_choose_system(batch_command *b);
/* Read the input once as a whole, and be ready to read it line by line. */
int batch_read_input(batch_command *b);
/* Compare the two readings, which may be hours apart, when the second one is at its end. */
int batch_check_input(batch_command *b);

/* ---- the output ------------------------------------------------------------------------------ */

/* Refuse the input as the output. */
int batch_check_out(const batch_command *b);
/* Note all that results depend on: another run goes on only where it is the same. */
int batch_make_facts(batch_command *b);
/* Find which lines are finished, and change nothing. */
int batch_look_at_output(batch_command *b);
/* Open the output and the journal to write to them, and find which lines are finished. */
int batch_open_output(batch_command *b);
/* Return whether jobs in the journal are under way, or may be. */
bool batch_has_open_jobs(const batch_command *b);
/* Begin to show progress: lines that are finished already count as there. */
void batch_begin_progress(batch_command *b, const batch_work *run);
/* Sort the output and collect its errors, as the options ask, and tell the summary. */
int batch_finish(batch_command *b, const batch_work *run);

/* ---- the three ways -------------------------------------------------------------------------- */

/* Make what earlier runs left of --budget that of this one. */
int batch_set_budget(batch_command *b);
int batch_open_model(batch_command *b);
/* Ask the lines that are left, by calls or by the provider's jobs. */
int batch_ask(batch_command *b);

/* Learn what the open model's provider takes as a job, where one is asked for. */
int batch_open_by_jobs(batch_command *b);
void batch_ask_by_jobs(batch_command *b, batch_work *run);
/* Say that the provider has no batch API, and which ones have. */
int batch_refuse_provider(batch_command *b);
/* Return the price of a job beside the usual one; 0: the provider has no batch API. */
double batch_job_factor(const batch_command *b);
/* --cancel without the input: end the jobs that the journal names. */
int batch_cancel_jobs(batch_command *b);

/* Find the job of --queue, before the output is touched. */
int batch_find_job(batch_command *b);
/* Put the lines into the job, and collect their results. */
int batch_collect(batch_command *b);
/* Return whether --work, --status or --remove is given, so that there is no input. */
bool batch_queue_is_asked(const cli_args *args);
/* Do what these ask for. */
int batch_queue_run(const cli_args *args);

#endif
