/* Cuts the output of a process into lines. If a line is longer than the maximum, its beginning is
 * kept and the rest is only counted. */
#ifndef BELUGA__LINES_H
#define BELUGA__LINES_H

#include "base/buf.h"

typedef struct beluga__lines {
    beluga__buf line; /* an unfinished line */
    size_t cut;       /* how many bytes of the unfinished line did not fit */
} beluga__lines;

/* Receives a line without its line end, borrowed for the call. `cut` further bytes of the line are
 * missing. */
typedef void (*beluga__line_fn)(void *payload, const char *line, size_t n, size_t cut);

void beluga__lines_init(beluga__lines *lines, const beluga_allocator *allocator, size_t max);
void beluga__lines_free(beluga__lines *lines);
/* Pass each complete line to `fn`, except empty ones. If there is not enough memory for a line, it
 * is cut, too. */
void beluga__lines_feed(beluga__lines *lines, const char *bytes, size_t n, beluga__line_fn fn,
                        void *payload);
/* Pass the last line to `fn`, even if it has no line end. */
void beluga__lines_end(beluga__lines *lines, beluga__line_fn fn, void *payload);

#endif
