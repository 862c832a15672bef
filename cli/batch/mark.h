/* The file OUT.queue records which job's results are collected into OUT, and how many of them are
 * already there. */
#ifndef BELUGA_CLI_BATCH_MARK_H
#define BELUGA_CLI_BATCH_MARK_H

#include "batch/manifest.h"

#include <stdint.h>

typedef struct batch_mark {
    char id[BATCH_MANIFEST_ID_BYTES]; /* id of the job; "": none */
    uint64_t position;                /* results up to this position are durable in OUT */
    /* number of lines in OUT when the mark was written; if OUT has fewer lines now, it was damaged
     */
    uint64_t lines;
} batch_mark;

/* Read the mark of an output. A missing or damaged mark is not an error, since a run without it
 * only has to collect all results again. */
void batch_mark_read(const char *out, batch_mark *mark);

/* Write the mark, durably. @return 0, or an exit code after printing the error. */
int batch_mark_write(const char *out, const batch_mark *mark);

void batch_mark_remove(const char *out);

#endif
