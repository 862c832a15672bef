/* A pass: one reading of the input from its beginning, independent of other readings of the file.
 */
#ifndef BELUGA_CLI_JOBS_PASS_H
#define BELUGA_CLI_JOBS_PASS_H

#include "batch/item.h"
#include "batch/layout.h"

/* This struct has pointers into itself, so it must not be moved. */
typedef struct batch_pass {
    batch_reader reader;
    batch_plan plan; /* its columns are those of `reader` */
} batch_pass;

/* Begin to read the input. @param like  The plan for the lines, which is copied. @return 0, or -1
 * if the header of the input is wrong; `why` then says what is wrong. Free the pass in either case.
 */
int batch_pass_begin(batch_pass *pass, const batch_plan *like, const batch_layout *layout, int fd,
                     char why[BATCH_FAULT_BYTES]);
void batch_pass_free(batch_pass *pass);

#endif
