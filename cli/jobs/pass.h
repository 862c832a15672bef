/* A reading of the input from its beginning, beside others of the same file. */
#ifndef BELUGA_CLI_JOBS_PASS_H
#define BELUGA_CLI_JOBS_PASS_H

#include "batch/item.h"
#include "batch/layout.h"

/* It points into itself: it stays where it was begun. */
typedef struct batch_pass {
    batch_reader reader;
    batch_plan plan; /* its columns are those of `reader` */
} batch_pass;

/* @param like  What the lines ask. @return 0, or -1 with what is wrong with the header in `why`.
 * Free the pass in either case. */
int batch_pass_begin(batch_pass *pass, const batch_plan *like, const batch_layout *layout, int fd,
                     char why[BATCH_FAULT_BYTES]);
void batch_pass_free(batch_pass *pass);

#endif
