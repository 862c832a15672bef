#include "batch/summary.h"

#include "exit.h"
#include "output.h"
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Enough for the longest line of beluga_error_format. */
#define ERROR_LINE_BYTES 1536

uint64_t batch_summary_left(const batch_work *run)
{
    return run->survey->wanted - batch_output_count(run->output, run->survey->last_wanted);
}

/* Return the number of lines that are not finished, including those that --limit excludes. */
static uint64_t count_all_left(const batch_work *run)
{
    return run->survey->records - batch_output_count(run->output, run->survey->last_line);
}

/* Find the exit code. With --strict an incomplete answer counts as a failure, even if an earlier
 * run got it. */
static int find_code(const cli_args *args, const batch_work *run, uint64_t left)
{
    const batch_totals *t = &run->output->totals;
    if (run->output->error || run->journal_failed) return CLI_EXIT_OUTPUT;
    if (run->input_failed) return CLI_EXIT_USAGE;
    if (run->error.code) return exit_from_error(run->error.code);
    if (left && run->interrupted) return CLI_EXIT_INTERRUPTED;
    if (run->jobs_under_way) return CLI_EXIT_UNDERWAY;
    if (left && run->cancels) return CLI_EXIT_OK;
    if (left) return CLI_EXIT_OTHER;
    if (t->failed || (args->strict && t->unfinished)) return CLI_EXIT_PARTLY;
    return t->misfits ? CLI_EXIT_RESPONSE : CLI_EXIT_OK;
}

static const char *name_state(const batch_work *run, int code, uint64_t left)
{
    if (!left) return count_all_left(run) ? "limited" : "complete";
    if (code == CLI_EXIT_UNDERWAY) return "under_way";
    return code == CLI_EXIT_INTERRUPTED ? "interrupted" : "stopped";
}

/* ---- words ----------------------------------------------------------------------------------- */

static void tell_reason(const batch_work *run)
{
    char line[ERROR_LINE_BYTES];
    if (run->output->error) batch_output_complain(run->output);
    if (run->input_failed) out_error("the input can't be read: %s", strerror(run->reader->error));
    if (!run->error.code) return;
    beluga_error_format(&run->error, line, sizeof line);
    if (run->alike > 1)
        out_error("stopped after %zu lines in a row failed for the same reason; these lines are "
                  "left unanswered: %s",
                  run->alike, line);
    else
        out_error("%s", line);
}

static void tell_totals(const batch_work *run)
{
    uint64_t lines = run->survey->records;
    const batch_totals *t = &run->output->totals;
    char time[32], input[16], output[16], cost[48];
    batch_format_time(batch_progress_seconds(run->progress), time, sizeof time);
    batch_format_amount((double)t->input_tokens, input, sizeof input);
    batch_format_amount((double)t->output_tokens, output, sizeof output);
    batch_format_cost(t->cost, cost, sizeof cost);
    out_note("%" PRIu64 " of %" PRIu64 " lines done, %" PRIu64
             " failed, in %s; tokens: %s in, %s out; %s%s",
             t->done, lines, t->failed, time, input, output,
             t->unpriced ? (t->cost > 0 ? cost : "cost unknown") : cost,
             t->unpriced && t->cost > 0 ? " plus calls whose price is not known" : "");
}

/* This is printed with --quiet, too, since such a line counts as done although its answer may be
 * useless. */
static void tell_unfinished(const cli_args *args, const batch_work *run)
{
    uint64_t n = run->output->totals.unfinished;
    if (!n) return;
    out_say(args->json ? OUT_NOTE : OUT_WARNING,
            "%" PRIu64 " answer%s incomplete: cut at the token limit, or filtered, as "
            "finish_reason in %s says (--strict --retry-failed asks again)",
            n, n == 1 ? " is" : "s are", args->out);
}

static void tell_misfits(const cli_args *args, const batch_work *run)
{
    uint64_t n = run->output->totals.misfits;
    if (!n) return;
    out_say(
        args->json ? OUT_NOTE : OUT_WARNING,
        "%" PRIu64
        " answer%s not fit the schema; misfit in %s says why (--strict --retry-failed asks again)",
        n, n == 1 ? " does" : "s do", args->out);
}

/* Print the first failure. Most often all lines fail for the same reason, so the user need not look
 * into the output file. */
static void tell_failure(const batch_work *run)
{
    char line[ERROR_LINE_BYTES];
    if (!run->failure.code) return;
    beluga_error_format(&run->failure, line, sizeof line);
    out_note("the first failure: %s", line);
}

/* Print how many batch jobs are under way. @return `left` without the lines of these jobs. */
static uint64_t tell_jobs(const batch_work *run, uint64_t left)
{
    size_t jobs = run->jobs_under_way;
    uint64_t lines = run->lines_under_way;
    if (!jobs) return left;
    const char *are = jobs == 1 ? "is" : "are";
    if (run->jobs_in_doubt == jobs) are = "may be";
    out_note("%zu job%s with %" PRIu64
             " line%s %s under way at the provider: run the same command again to collect the "
             "answers, or with --wait to stay until the end%s",
             jobs, jobs == 1 ? "" : "s", lines, lines == 1 ? "" : "s", are,
             run->cancels ? ""
             : jobs == 1  ? "; --cancel ends it"
                          : "; --cancel ends them");
    return left > lines ? left - lines : 0;
}

/* Returns how a later run continues with the lines that are left. */
static const char *how_on(const batch_work *run)
{
    if (run->cancels) return "the same command without --cancel continues";
    if (run->error.code == BELUGA_ERROR_BUDGET_EXCEEDED)
        return "the same command with a larger --budget continues";
    if (run->budget_waits)
        return "the same command continues when jobs have ended, or with a larger --budget";
    return "the same command continues";
}

static void tell_how_on(const cli_args *args, const batch_work *run, uint64_t left)
{
    uint64_t behind = left ? 0 : count_all_left(run);
    if (run->output->error == BATCH_OUTPUT_LOST) return;
    left = tell_jobs(run, left);
    if (left)
        out_note("%" PRIu64 " line%s left; finished answers are safe in %s, and %s", left,
                 left == 1 ? " is" : "s are", args->out, how_on(run));
    else if (run->output->totals.failed)
        out_note("use --retry-failed to ask the failed lines again");
    if (behind)
        out_note("%" PRIu64
                 " more line%s left because of --limit; the same command without it continues",
                 behind, behind == 1 ? " is" : "s are");
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static int put_json(const cli_args *args, const batch_work *run, int code)
{
    const batch_totals *t = &run->output->totals;
    uint64_t left = batch_summary_left(run);
    beluga_json_writer *w = beluga_json_writer_new();
    if (!w) return out_no_memory();
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "state", name_state(run, code, left));
    beluga_json_put_string(w, "out", args->out);
    beluga_json_put_int(w, "lines", (int64_t)run->survey->records);
    beluga_json_put_int(w, "done", (int64_t)t->done);
    beluga_json_put_int(w, "failed", (int64_t)t->failed);
    beluga_json_put_int(w, "left", (int64_t)count_all_left(run));
    beluga_json_put_int(w, "unfinished", (int64_t)t->unfinished);
    beluga_json_put_int(w, "misfits", (int64_t)t->misfits);
    beluga_json_put_int(w, "input_tokens", t->input_tokens);
    beluga_json_put_int(w, "output_tokens", t->output_tokens);
    beluga_json_put_double(w, "cost", t->cost);
    beluga_json_put_int(w, "without_known_cost", (int64_t)t->unpriced);
    beluga_json_put_int(w, "jobs_under_way", (int64_t)run->jobs_under_way);
    beluga_json_put_int(w, "lines_under_way", (int64_t)run->lines_under_way);
    beluga_json_put_double(w, "seconds", batch_progress_seconds(run->progress));
    if (run->error.code)
        report_put_error(w, "error", &run->error);
    else
        beluga_json_put_null(w, "error");
    beluga_json_put_int(w, "exit_code", code);
    beluga_json_end_object(w);
    return report_json(w);
}

int batch_summary_tell(const cli_args *args, const batch_work *run)
{
    uint64_t left = batch_summary_left(run);
    int code = find_code(args, run, left);
    tell_reason(run);
    tell_totals(run);
    tell_failure(run);
    tell_unfinished(args, run);
    tell_misfits(args, run);
    tell_how_on(args, run, left);
    int rc = args->json ? put_json(args, run, code) : 0;
    return code ? code : rc;
}
