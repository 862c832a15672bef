/* The file OUT.queue: which job's results are collected into OUT, and how far that has come. */
#ifndef BELUGA_CLI_BATCH_MARK_H
#define BELUGA_CLI_BATCH_MARK_H

#include "batch/manifest.h"

#include <stdint.h>

typedef struct batch_mark {
    char id[BATCH_MANIFEST_ID_BYTES]; /* id of the job; "": none */
    uint64_t position;                /* results up to this position are durable in OUT */
    uint64_t lines;                   /* number of lines that OUT had then; if it has fewer now,
                                       * it was damaged since */
} batch_mark;

/* Read the mark of an output. A missing or damaged mark counts as empty, since it only saves time.
 */
void batch_mark_read(const char *out, batch_mark *mark);

/* Write the mark, durably. @return 0, or an exit code, reported. */
int batch_mark_write(const char *out, const batch_mark *mark);

void batch_mark_remove(const char *out);

#endif
