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

/*
 * Load the prices that the options or the configuration name, else the installed ones.
 * @param out  NULL when they can't be read, which a note tells: then costs are unknown.
 * @return 0, or an exit code, reported: options or a configuration that can't be read.
 */
int trace_load_prices(const cli_args *args, beluga_prices **out);

#endif
