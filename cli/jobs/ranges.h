/* Sets of lines as ranges of their numbers: "1-100,205". */
#ifndef BELUGA_CLI_JOBS_RANGES_H
#define BELUGA_CLI_JOBS_RANGES_H

#include "text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct batch_range {
    uint64_t first, last;
} batch_range;

/* Begins as zeros. */
typedef struct batch_ranges {
    batch_range *items; /* owned, in ascending order */
    size_t count, room;
    uint64_t lines; /* how many lines are in it */
} batch_ranges;

/* Add a line behind all others. @return 0, or -1 without memory. */
int batch_ranges_add(batch_ranges *ranges, uint64_t line);
bool batch_ranges_has(const batch_ranges *ranges, uint64_t line);

/* Append the ranges as text. @return 0, or -1 without memory. */
int batch_ranges_write(const batch_ranges *ranges, cli_text *text);
/* Read such a text. @return 0, or -1: it is another text (EINVAL), or there is no memory (ENOMEM).
 * Free the ranges in either case. */
int batch_ranges_parse(batch_ranges *ranges, const char *text);

void batch_ranges_free(batch_ranges *ranges);

#endif
