/* beluga batch: asks each of many lines once, and continues an interrupted run. */
#include "commands/batch.h"

#include "batch/estimate.h"
#include "commands/command.h"
#include "prices.h"
#include "schema.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* Run --dry-run: print an estimate without asking a line. */
static int estimate(batch_command *b)
{
    int rc = batch_look_at_output(b);
    if (rc == 0) rc = prices_load(b->session.config, true, &b->prices);
    if (rc != 0) return rc;
    const batch_estimate estimate = {.plan = &b->plan,
                                     .reader = &b->reader,
                                     .survey = &b->survey,
                                     .output = &b->output,
                                     .config = b->session.config,
                                     .prices = b->prices,
                                     .model = b->texts.model,
                                     .journal = &b->journal,
                                     .factor = b->args->provider_batch ? batch_job_factor(b) : 0,
                                     .budget = b->budget};
    if (b->args->provider_batch && !(estimate.factor > 0)) return batch_refuse_provider(b);
    return batch_estimate_tell(b->args, &estimate);
}

static int run_batch(batch_command *b)
{
    int rc = batch_take_options(b);
    if (rc == 0 && !*b->path) return batch_cancel_jobs(b);
    if (rc == 0) rc = session_load(&b->session, b->args);
    if (rc == 0) rc = batch_choose_system(b);
    if (rc == 0) rc = tools_open(&b->tools, b->args, b->session.base, false);
    if (rc == 0 && b->tools.count) rc = tools_describe(&b->tools, &b->tools_text);
    if (rc == 0) rc = schema_read(b->args->schema, &b->schema);
    if (rc == 0) rc = batch_read_input(b);
    if (rc == 0) rc = batch_check_out(b);
    if (rc == 0) rc = batch_make_facts(b);
    if (rc == 0 && b->args->dry_run) return estimate(b);
    if (rc == 0 && b->args->queue) rc = batch_find_job(b);
    if (rc == 0) rc = batch_open_output(b);
    if (rc == 0 && b->args->queue) return batch_collect(b);
    if (rc == 0) rc = batch_open_model(b);
    if (rc == 0) rc = prices_load(b->session.config, true, &b->prices);
    if (rc != 0) return rc;
    return batch_ask(b);
}

static int run(const cli_args *args)
{
    batch_command b = {.args = args, .input = -1, .output = {.fd = -1}, .journal = {.fd = -1}};
    if (batch_queue_is_asked(args)) return batch_queue_run(args);
    /* Ignore the signal, so that a file that is too large is an ordinary write error. */
    signal(SIGXFSZ, SIG_IGN);
    int rc = run_batch(&b);
    batch_journal_free(&b.journal);
    batch_output_close(&b.output);
    batch_gather_free(&b.collector);
    text_free(&b.options);
    batch_reader_free(&b.reader);
    if (b.input >= 0) close(b.input);
    beluga_prices_free(b.prices);
    batch_survey_free(&b.survey);
    text_free(&b.schema);
    free(b.system);
    session_free(&b.session);
    text_free(&b.tools_text);
    tool_set_free(&b.tools);
    return rc;
}
const cli_command cmd_batch = {
    .name = "batch",
    .operands = "FILE",
    .summary = "Ask a model about every line of a file, and go on where an earlier run stopped.",
    .takes = ARG_SET(ARG_OUT, ARG_MODEL, ARG_JOBS, ARG_TEMPLATE, ARG_PARAMETER, ARG_SYSTEM,
                     ARG_SCHEMA, ARG_TOOLS, ARG_FORMAT, ARG_DELIMITER, ARG_NO_HEADER,
                     ARG_PROMPT_COLUMN, ARG_ATTACH_COLUMN, ARG_ATTACH_ANYWAY, ARG_OUTPUT_FORMAT,
                     ARG_LIMIT, ARG_ORDERED, ARG_RETRY_FAILED, ARG_ERRORS, ARG_DRY_RUN, ARG_BUDGET,
                     ARG_STRICT, ARG_PROVIDER_BATCH, ARG_WAIT, ARG_POLL, ARG_KEEP_FILES, ARG_CANCEL,
                     ARG_QUEUE, ARG_KEEP_JOB, ARG_WORK, ARG_STAY, ARG_IDLE, ARG_STATUS, ARG_REMOVE,
                     ARG_JSON, ARG_CALLS),
    .max_operands = 1,
    .draws_progress = true,
    .run = run,
    .details =
        "Each line is a text, plain or as a JSON string; an object with \"prompt\" or "
        "\"messages\"; a list of messages; or a request in OpenAI's batch format (custom_id, "
        "method, url, body) to /v1/chat/completions, /v1/responses or /v1/embeddings. The model in "
        "such a request is ignored: -m names the model. In a CSV, the column \"prompt\" or "
        "\"text\" is asked, or the column that --prompt-column names. With --template, the prompt "
        "can contain any fields of the line. FILE may be - for stdin, compressed by gzip, or "
        "UTF-16. Blank lines are skipped.\n\n"
        "The output has an object for each finished line: id (the id or the number of the line), "
        "line, text, tool_calls, finish_reason, usage, misfit (why the answer does not fit "
        "--schema), cost in US dollars (null: unknown), or error. A line that can't be read gets "
        "an error, as does a line whose id an earlier line has. A failure that concerns all lines, "
        "such as a refused key, stops the run and fails no line.\n\n"
        "If the run is stopped (by Ctrl-C, a kill, a full disk or a power cut), the same command "
        "continues it: no finished line is asked again, lost, or written twice. Ctrl-C waits for "
        "the requests under way, and leaves the lines that only wait for a limit or a retry to the "
        "next run; a second Ctrl-C ends at once. The file OUT.batch, beside the output, "
        "describes the run. With another model or template, or with other options that change "
        "answers, the command refuses to continue, unless no line has an answer yet. The input may "
        "change in lines that have no answer yet. Failed lines count as finished until "
        "--retry-failed asks them again. But if ten lines in a row fail for the same reason, such "
        "as a wrong model or a server that is down, the run ends and leaves them unanswered.\n\n"
        "An answer that was cut at its token limit, or filtered, is finished, but is counted as "
        "unfinished in the summary. With --strict, its line is a failed line, and \"partial\" has "
        "the part that arrived; --retry-failed then also asks such lines of earlier runs again.\n\n"
        "With --provider-batch the lines become jobs of the provider's batch API. A job is as "
        "large as the provider allows, but at most 64 MiB. While jobs are under way, the command "
        "ends with exit status 12: run it again to collect the answers, or add --wait. The file "
        "OUT.jobs records the jobs, so that no line is paid for twice, even if a run is killed or "
        "an answer is lost. A line whose job ended before the line was answered is put into "
        "another job, up to three times. Lines for /v1/embeddings get jobs of their own, if the "
        "provider's jobs embed texts. Uploaded files are deleted when the answers are safe. "
        "--cancel cancels the jobs; the answers so far are paid for, and collected.\n\n"
        "Many machines can ask one file together, through a job in NATS JetStream: --queue "
        "nats://HOST/JOB puts the lines into the job and collects their results, --work "
        "nats://HOST/JOB asks them on any number of machines, each with its own keys, --status "
        "shows the job, and --remove removes it. You can kill and restart each of these commands, "
        "and the servers. The command with --queue decides what is asked; --budget and request "
        "limits apply to all workers together. When all results are in the output, the job is "
        "removed, unless --keep-job is given.\n\n"
        "With --json a summary is printed: {state, out, lines, done, failed, left, unfinished, "
        "misfits, input_tokens, output_tokens, cost, without_known_cost, jobs_under_way, "
        "lines_under_way, seconds, error, exit_code}; with --dry-run it is the estimate.",
};
