/* Failures in a row whose cause may lie outside their lines: a wrong model, a server that is down.
 * Their results are held back until it is known whether they are final. */
#ifndef BELUGA_CLI_BATCH_ALIKE_H
#define BELUGA_CLI_BATCH_ALIKE_H

#include "batch/results.h"
#include "text.h"

#include <beluga/error.h>

/* So many failures in a row that are alike end a run. */
#define BATCH_MOST_ALIKE 10

/* The result of a line, and its place among those that are asked. */
typedef struct batch_held {
    uint64_t place, ticket;
    cli_text text; /* owned */
    batch_entry entry;
} batch_held;

typedef struct batch_alike {
    batch_held held[BATCH_MOST_ALIKE];
    size_t count;
    beluga_error error; /* the error of the first one */
} batch_alike;

/* Return whether an error concerns all lines: it ends the run, and its line is left for the next
 * one. */
bool batch_alike_is_of_all(int code);

/* Return whether an error of a call may have its cause outside the line that was asked. */
bool batch_alike_is_suspect(const beluga_error *err);

/* Return whether an error is like those that are held, or none is. */
bool batch_alike_fits(const batch_alike *alike, const beluga_error *err);

/* Hold a result back, and take over its text; there must be room. */
void batch_alike_hold(batch_alike *alike, const batch_held *held, const beluga_error *err);

#endif
