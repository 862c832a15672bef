/* A trace as a waterfall of characters. */
#ifndef BELUGA_CLI_TRACE_DRAW_H
#define BELUGA_CLI_TRACE_DRAW_H

#include "trace/trace.h"
#include "trace/words.h"

typedef struct trace_canvas {
    cli_text words; /* what is drawn */
    int fd;         /* where it will be written: tells width and colours */
    size_t width;
    bool utf8;
    unsigned used; /* marks that need a legend */
} trace_canvas;

/* Begin, as wide as the terminal of `fd`. */
void draw_begin(trace_canvas *canvas, int fd);
/* Draw what trace_select chose of one. @return 0, or -1 without memory. */
int draw_trace(trace_canvas *canvas, const recorded_trace *trace);
/* Say what the marks mean. */
void draw_legend(trace_canvas *canvas);

#endif
