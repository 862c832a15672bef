/* The output of `beluga batch` and the journal of jobs beside it: checks that they fit this run,
 * opens them, and finishes them. */
#include "batch/resume.h"
#include "batch/summary.h"
#include "commands/batch.h"
#include "exit.h"
#include "output.h"
#include "report.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int batch_make_facts(batch_command *b)
{
    beluga_error err;
    const cli_args *args = b->args;
    if (!b->session.chosen_by) return session_explain_no_model(&b->session, args);
    if (session_resolve(&b->session, NULL, &err) != 0) return report_error(args, &err, NULL);
    const batch_fact_source source = {.input_digest = b->survey.digest,
                                      .layout = &b->layout,
                                      .openai = b->openai,
                                      .prompt_column = args->prompt_column,
                                      .attach_column = args->attach_column,
                                      .template = args->template,
                                      .system = b->system,
                                      .schema = b->schema.data,
                                      .tools = b->tools_text.data};
    return batch_facts_make(&b->facts, &b->texts, b->session.config, &source) ? out_no_memory() : 0;
}

static bool is_same(const struct stat *file, int fd)
{
    struct stat other;
    return fstat(fd, &other) == 0 && other.st_dev == file->st_dev && other.st_ino == file->st_ino;
}

/* Refuse an output that is the input. Otherwise a later message could advise the user to remove the
 * output, and thus the input. */
int batch_check_out(const batch_command *b)
{
    struct stat file;
    if (stat(b->out, &file) != 0 || !is_same(&file, b->input)) return 0;
    return out_usage("--out: %s is the input: choose another file", b->out);
}

static int check_errors(batch_command *b)
{
    struct stat file;
    const char *path = b->args->errors;
    if (!path || stat(path, &file) != 0) return 0;
    if (!S_ISREG(file.st_mode))
        return out_usage("--errors: %s is not a regular file, so it can't be replaced", path);
    if (!is_same(&file, b->input) && !is_same(&file, b->output.fd)) return 0;
    return out_usage(
        "--errors: %s is the input or the output, and would be overwritten: choose another file",
        path);
}

static batch_again who_again(const cli_args *args)
{
    if (!args->retry_failed) return BATCH_AGAIN_NONE;
    return args->strict ? BATCH_AGAIN_UNFINISHED : BATCH_AGAIN_FAILED;
}

bool batch_has_open_jobs(const batch_command *b)
{
    uint64_t lines;
    return batch_journal_open_jobs(&b->journal, &lines) != 0;
}

static int go_on(batch_command *b)
{
    const batch_resume resume = {.facts = &b->facts,
                                 .survey = &b->survey,
                                 .layout = &b->layout,
                                 .input_path = b->path,
                                 .input = b->input,
                                 .again = who_again(b->args),
                                 .jobs_open = batch_has_open_jobs(b),
                                 .dry = b->args->dry_run};
    return batch_resume_output(&b->output, &resume);
}

/* Refuse a run that asks by calls while batch jobs are under way, since the lines in the jobs would
 * be paid for twice. */
static int refuse_jobs(const batch_command *b)
{
    uint64_t lines;
    size_t jobs = batch_journal_open_jobs(&b->journal, &lines);
    out_error("%s has %zu batch job%s with %" PRIu64 " line%s under way, which would be paid for "
              "twice: add --provider-batch to collect %s, or --cancel",
              b->out, jobs, jobs == 1 ? "" : "s", lines, lines == 1 ? "" : "s",
              jobs == 1 ? "it" : "them");
    return CLI_EXIT_USAGE;
}

/* Read the journal. It has no lock of its own, so a run that writes must lock the output before. */
static int open_journal(batch_command *b)
{
    bool writes = batch_is_by_jobs(b->args) && !b->args->dry_run;
    if (!*b->out) return 0;
    int rc = batch_journal_open(&b->journal, b->out, b->survey.last_line, writes);
    if (rc == 0 && !batch_is_by_jobs(b->args) && !b->args->dry_run && batch_has_open_jobs(b))
        return refuse_jobs(b);
    return rc;
}

/* Note in the journal that old tries do not count, so that lines that are asked again get as many
 * tries as new lines. This is done when failed lines are asked again, or when the output is new but
 * an old journal exists. */
static int retry_in_jobs(batch_command *b, bool is_new)
{
    bool again = b->output.retried || (is_new && !batch_has_open_jobs(b));
    if (!batch_is_by_jobs(b->args) || !again || batch_journal_retry(&b->journal) == 0) return 0;
    return batch_journal_complain(&b->journal);
}

int batch_look_at_output(batch_command *b)
{
    int rc = batch_output_look(&b->output, b->out);
    if (rc == 0) rc = open_journal(b);
    return rc ? rc : go_on(b);
}

int batch_open_output(batch_command *b)
{
    bool is_new = access(b->out, F_OK) != 0;
    int rc = batch_output_open(&b->output, b->out);
    if (rc == 0) rc = check_errors(b);
    if (rc == 0) rc = open_journal(b);
    if (rc == 0) rc = go_on(b);
    return rc ? rc : retry_in_jobs(b, is_new);
}

void batch_begin_progress(batch_command *b, const batch_work *run)
{
    const batch_totals *there = &b->output.totals;
    batch_progress_begin(&b->progress, there->done + there->failed + batch_summary_left(run), there,
                         b->args->verbose == 0);
}

int batch_finish(batch_command *b, const batch_work *run)
{
    bool complete = b->output.totals.done + b->output.totals.failed == b->survey.records;
    int rc = 0;
    if (b->args->ordered && complete && !b->output.error) rc = batch_output_sort(&b->output);
    if (rc == 0 && b->args->errors) rc = batch_output_collect(&b->output, b->args->errors);
    if (rc == 0) rc = batch_check_input(b);
    int code = batch_summary_tell(b->args, run);
    return rc ? rc : code;
}
