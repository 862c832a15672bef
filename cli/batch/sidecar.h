/* The file beside an output, OUT.batch, which says what the output belongs to. */
#ifndef BELUGA_CLI_BATCH_SIDECAR_H
#define BELUGA_CLI_BATCH_SIDECAR_H

#include <stdbool.h>
#include <stddef.h>

#define BATCH_MAX_FACTS 8

typedef struct batch_fact {
    const char *name;
    const char *value;
} batch_fact;

typedef struct batch_facts {
    batch_fact items[BATCH_MAX_FACTS];
    size_t count;
} batch_facts;

/*
 * Compare with what was written for `out`, or write it where there is nothing finished yet.
 * @param begun  There is something in the output.
 * @return 0, or an exit code, reported: it belongs to something else.
 */
int batch_sidecar_check(const char *out, const batch_facts *facts, bool begun, bool dry);

#endif
