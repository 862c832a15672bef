/* Consecutive failures whose cause may lie outside the lines, such as a wrong model or a server
 * that is down. Their results are held back until it is known whether they are final. */
#ifndef BELUGA_CLI_BATCH_ALIKE_H
#define BELUGA_CLI_BATCH_ALIKE_H

#include "batch/results.h"
#include "text.h"

#include <beluga/error.h>

/* After this number of consecutive failures of the same kind, the run ends. */
#define BATCH_MOST_ALIKE 10

/* A result that is held back, and the position of its line among the lines that are asked. */
typedef struct batch_held {
    uint64_t place, ticket;
    cli_text text; /* owned */
    batch_entry entry;
} batch_held;

typedef struct batch_alike {
    batch_held held[BATCH_MOST_ALIKE];
    size_t count;
    beluga_error error; /* the error of the first result that is held */
} batch_alike;

/* Return whether an error concerns all lines. Such an error ends the run, and its line stays
 * unanswered for the next run. */
bool batch_alike_is_of_all(int code);

/* Return whether an error of a call may have a cause outside the line. */
bool batch_alike_is_suspect(const beluga_error *err);

/* Return whether an error is of the same kind as those of the held results, or no result is held.
 */
bool batch_alike_fits(const batch_alike *alike, const beluga_error *err);

/* Hold a result back. This takes its text over; the caller has checked that there is room. */
void batch_alike_hold(batch_alike *alike, const batch_held *held, const beluga_error *err);

#endif
