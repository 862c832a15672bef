/* Going on with an output that an earlier run began, or beginning it. */
#ifndef BELUGA_CLI_BATCH_RESUME_H
#define BELUGA_CLI_BATCH_RESUME_H

#include "batch/facts.h"
#include "batch/layout.h"
#include "batch/results.h"
#include "batch/survey.h"

typedef struct batch_resume {
    const batch_facts *facts;
    const batch_survey *survey;
    const batch_layout *layout; /* of the input, to read it once more where it has changed */
    const char *input_path;
    int input;
    batch_again again;
    bool jobs_open; /* jobs are under way that ask what the record beside the output says */
    bool dry;       /* change nothing */
} batch_resume;

/*
 * Find the lines that are finished in an open output, and clean it. The facts must be those with
 * which it was begun, with two exceptions:
 *
 *   - As long as no line is answered, nothing is lost, and it begins anew.
 *   - The input may have other lines where none is answered: a line that could not be read was
 *     mended, say, or lines came behind the last one. Their results are dropped.
 *
 * While jobs are under way, only the input may be another one: each result is held against its
 * line.
 *
 * @return 0, or an exit code, reported.
 */
int batch_resume_output(batch_output *out, const batch_resume *resume);

#endif
