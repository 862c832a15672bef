/* The file OUT.queue: which job collects its results into OUT, and how far it has come. */
#ifndef BELUGA_CLI_BATCH_MARK_H
#define BELUGA_CLI_BATCH_MARK_H

#include "batch/manifest.h"

#include <stdint.h>

typedef struct batch_mark {
    char id[BATCH_MANIFEST_ID_BYTES]; /* of the job; "": none */
    uint64_t position;                /* results up to it are durable in OUT */
    uint64_t lines;                   /* that OUT had then: one with fewer was damaged since */
} batch_mark;

/* Read the mark of an output; one that is missing or damaged is empty, for it only saves time. */
void batch_mark_read(const char *out, batch_mark *mark);

/* Write it, durably. @return 0, or an exit code, reported. */
int batch_mark_write(const char *out, const batch_mark *mark);

void batch_mark_remove(const char *out);

#endif
