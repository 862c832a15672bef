/* A file of traces, shown one way or another. */
#ifndef BELUGA_CLI_TRACE_SHOW_H
#define BELUGA_CLI_TRACE_SHOW_H

#include "args.h"
#include "trace/trace.h"

/*
 * Draw what the options choose on descriptor `fd`: stdout or stderr.
 * @return 0, or an exit code, reported.
 */
int trace_show(const cli_args *args, trace_file *file, int fd);

/* Print what was found out as one JSON object. @return as above. */
int trace_show_json(const cli_args *args, trace_file *file);
/* Write the page of --html. @return as above. */
int trace_show_page(const cli_args *args, trace_file *file, const char *title);

#endif
