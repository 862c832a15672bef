/* Cuts what a process writes into lines. Of a line that is longer than the maximum the beginning is
 * kept, and its end is counted only. */
#ifndef BELUGA__LINES_H
#define BELUGA__LINES_H

#include "base/buf.h"

typedef struct beluga__lines {
    beluga__buf line; /* an unfinished line */
    size_t cut;       /* bytes of the unfinished line that did not fit */
} beluga__lines;

/* Receives a line without its end, borrowed for the call. `cut` bytes of it are missing. */
typedef void (*beluga__line_fn)(void *payload, const char *line, size_t n, size_t cut);

void beluga__lines_init(beluga__lines *lines, const beluga_allocator *allocator, size_t max);
void beluga__lines_free(beluga__lines *lines);
/* Give each line that these bytes complete to `fn`, but for empty ones. A line for which there is
 * no memory is cut, too. */
void beluga__lines_feed(beluga__lines *lines, const char *bytes, size_t n, beluga__line_fn fn,
                        void *payload);
/* Give the rest, which no line end follows, to `fn`. */
void beluga__lines_end(beluga__lines *lines, beluga__line_fn fn, void *payload);

#endif
