/* The file beside an output, OUT.batch, which records the input and settings of the output. */
#ifndef BELUGA_CLI_BATCH_SIDECAR_H
#define BELUGA_CLI_BATCH_SIDECAR_H

#include <stdbool.h>
#include <stddef.h>

#define BATCH_MAX_FACTS 12

typedef struct batch_fact {
    const char *name;
    const char *value;
} batch_fact;

typedef struct batch_facts {
    batch_fact items[BATCH_MAX_FACTS];
    size_t count;
} batch_facts;

/*
 * Compare the facts with the record beside `out`, or write the record where no line is finished
 * yet.
 * @param begun The output has content.
 * @return 0, or an exit code, reported, where the output belongs to other facts.
 */
int batch_sidecar_check(const char *out, const batch_facts *facts, bool begun, bool dry);

#endif
