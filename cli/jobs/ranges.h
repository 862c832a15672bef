/* Sets of line numbers as ranges: "1-100,205". */
#ifndef BELUGA_CLI_JOBS_RANGES_H
#define BELUGA_CLI_JOBS_RANGES_H

#include "text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct batch_range {
    uint64_t first, last;
} batch_range;

/* Zero-initialise this struct. */
typedef struct batch_ranges {
    batch_range *items; /* owned, in ascending order */
    size_t count, room;
    uint64_t lines; /* number of lines in the set */
} batch_ranges;

/* Add a line, which must come after all others. @return 0, or -1 if memory runs out. */
int batch_ranges_add(batch_ranges *ranges, uint64_t line);
bool batch_ranges_has(const batch_ranges *ranges, uint64_t line);

/* Append the ranges as text. @return 0, or -1 if memory runs out. */
int batch_ranges_write(const batch_ranges *ranges, cli_text *text);
/* Read ranges from a text in this form. @return 0, or -1 with errno: EINVAL for another text, or
 * ENOMEM. Free the ranges in either case. */
int batch_ranges_parse(batch_ranges *ranges, const char *text);

void batch_ranges_free(batch_ranges *ranges);

#endif
