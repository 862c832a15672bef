#include "batch/resume.h"

#include "batch/sidecar.h"
#include "exit.h"
#include "output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool is_begun(const batch_output *out)
{
    struct stat status;
    return out->fd >= 0 && (fstat(out->fd, &status) != 0 || status.st_size > 0);
}

static int clean(batch_output *out, const batch_resume *r)
{
    return r->dry ? batch_output_read(out, r->survey->last_line, r->again)
                  : batch_output_recover(out, r->survey->last_line, r->again);
}

/* Returns whether the output contains nothing that was paid for, not even a part of an answer, so
 * that it can be dropped. */
static bool is_without_answers(const batch_output *out)
{
    const batch_totals *t = &out->totals;
    return !t->done && !t->input_tokens && !t->output_tokens && !out->damaged;
}

static int begin_anew(batch_output *out, const batch_resume *r)
{
    int rc = batch_output_forget(out, r->survey->last_line);
    if (rc == 0 && !r->dry) rc = batch_sidecar_write(out->path, r->facts);
    return rc;
}

static void tell_changes(const batch_output *out)
{
    if (out->changed)
        out_note("the input has changed: asking %" PRIu64 " failed line%s again", out->changed,
                 out->changed == 1 ? "" : "s");
    else
        out_note("the input has changed, but not in lines that are finished");
}

static int refuse_input(const batch_output *out)
{
    batch_difference what;
    snprintf(what.text, sizeof what.text,
             "was begun with another input: line %" PRIu64
             " already has an answer, and its text has changed",
             out->strange);
    return batch_sidecar_refuse(out->path, &what);
}

/* First read the output to find out whether the input of an answered line has changed. Then read it
 * again as usual. */
static int take_other_input(batch_output *out, const batch_resume *r)
{
    uint64_t *digests = NULL;
    int rc = batch_survey_digests(r->survey, r->input_path, r->input, r->layout, &digests);
    out->digests = digests;
    if (rc == 0) rc = batch_output_read(out, r->survey->last_line, r->again);
    if (rc == 0 && out->strange) rc = refuse_input(out);
    if (rc == 0) tell_changes(out);
    if (rc == 0) rc = clean(out, r);
    if (rc == 0 && !r->dry) rc = batch_sidecar_write(out->path, r->facts);
    out->digests = NULL;
    free(digests);
    return rc;
}

static int refuse_with_jobs(const batch_output *out, const batch_difference *difference)
{
    out_error("%s %s, and its batch jobs are under way: use the input and options that it was "
              "begun with, or end the jobs with --cancel",
              out->path, difference->text);
    return CLI_EXIT_USAGE;
}

/* Without the record of the run it is not known what the jobs were asked, so their answers can't be
 * taken; and whoever only removes the output would pay for their lines twice. */
static void tell_jobs_without_record(const batch_output *out)
{
    out_note(
        "%s.jobs names batch jobs that are under way, and paid for: put %s.batch back to collect "
        "their answers, or end them with --cancel --out %s, and then remove %s.jobs, too",
        out->path, out->path, out->path, out->path);
}

int batch_resume_output(batch_output *out, const batch_resume *r)
{
    batch_difference difference;
    if (!is_begun(out) && !r->jobs_open) return begin_anew(out, r);
    int rc = batch_sidecar_compare(out->path, r->facts, &difference);
    if (rc && r->jobs_open) tell_jobs_without_record(out);
    if (rc || difference.kind == BATCH_SAME) return rc ? rc : clean(out, r);
    rc = batch_output_read(out, r->survey->last_line, BATCH_AGAIN_NONE);
    if (rc) return rc;
    if (r->jobs_open && difference.kind == BATCH_OTHER) return refuse_with_jobs(out, &difference);
    if (is_without_answers(out)) {
        out_note(r->jobs_open
                     ? "%s %s: each answer of its jobs is kept only if its line is unchanged"
                     : "%s %s, but it has no answers yet, so it begins again",
                 out->path, difference.text);
        return begin_anew(out, r);
    }
    return difference.kind == BATCH_OTHER_INPUT ? take_other_input(out, r)
                                                : batch_sidecar_refuse(out->path, &difference);
}
