/* Continues an output that an earlier run began, or begins a new output. */
#ifndef BELUGA_CLI_BATCH_RESUME_H
#define BELUGA_CLI_BATCH_RESUME_H

#include "batch/facts.h"
#include "batch/layout.h"
#include "batch/results.h"
#include "batch/survey.h"

typedef struct batch_resume {
    const batch_facts *facts;
    const batch_survey *survey;
    const batch_layout *layout; /* layout of the input, for reading it again if it has changed */
    const char *input_path;
    int input;
    batch_again again;
    /* batch jobs are under way, with the input and the options that OUT.batch records */
    bool jobs_open;
    bool dry; /* do not change any file */
} batch_resume;

/*
 * Find the finished lines in an open output, and clean the file. The facts must be those with which
 * the output was begun, with two exceptions:
 *
 *   - While no line has an answer, nothing can be lost, and the output begins again.
 *   - Input lines that have no answer may have changed. For example, a line that could not be read
 *     was corrected, or lines were added at the end. Results of changed lines are dropped.
 *
 * While jobs are under way, only the input may differ: the line of each result is then checked.
 *
 * @return 0, or an exit code after printing the error.
 */
int batch_resume_output(batch_output *out, const batch_resume *resume);

#endif
