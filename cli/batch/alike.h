/* Detects consecutive failures that may have a common cause outside the lines, such as a wrong
 * model or a server that is down. The results of these lines are held back until it is known
 * whether they are final. */
#ifndef BELUGA_CLI_BATCH_ALIKE_H
#define BELUGA_CLI_BATCH_ALIKE_H

#include "batch/results.h"
#include "text.h"

#include <beluga/error.h>

/* After this number of consecutive failures of the same kind, the run ends. */
#define BATCH_MOST_ALIKE 10

/* A result that is held back. `place` is the number of its line in the order in which the run takes
 * the lines; `ticket` identifies the line to the supply (supply.h). */
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

/* Return whether an error would occur with every line, such as a wrong key. Such an error ends the
 * run, and the next run sends the failed line again. */
bool batch_alike_is_of_all(int code);

/* Return whether the error of a call may have a cause other than the line itself. */
bool batch_alike_is_suspect(const beluga_error *err);

/* Return whether an error has the same code as the errors of the held results, or no result is
 * held. */
bool batch_alike_fits(const batch_alike *alike, const beluga_error *err);

/* Hold a result back, and take ownership of its text. The caller must ensure that fewer than
 * BATCH_MOST_ALIKE results are held. */
void batch_alike_hold(batch_alike *alike, const batch_held *held, const beluga_error *err);

#endif
