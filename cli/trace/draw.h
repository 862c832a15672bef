/* Draws a trace as a waterfall of characters. */
#ifndef BELUGA_CLI_TRACE_DRAW_H
#define BELUGA_CLI_TRACE_DRAW_H

#include "trace/trace.h"
#include "trace/words.h"

typedef struct trace_canvas {
    cli_text words; /* the drawn text */
    int fd;         /* file descriptor of the output, which determines width and colours */
    size_t width;
    bool utf8;
    unsigned used; /* a bit for each mark that was drawn, so that the legend explains it */
} trace_canvas;

/* Begin a canvas as wide as the terminal of `fd`. */
void draw_begin(trace_canvas *canvas, int fd);
/* Draw the spans of a trace that trace_select chose. @return 0, or -1 if memory runs out. */
int draw_trace(trace_canvas *canvas, const recorded_trace *trace);
/* Explain the marks. */
void draw_legend(trace_canvas *canvas);

#endif
