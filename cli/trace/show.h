/* Shows a file of traces as text, as JSON, or as a page. */
#ifndef BELUGA_CLI_TRACE_SHOW_H
#define BELUGA_CLI_TRACE_SHOW_H

#include "args.h"
#include "trace/trace.h"

/*
 * Draw the traces that the options choose on descriptor `fd`, stdout or stderr.
 * @return 0, or an exit code after reporting the error.
 */
int trace_show(const cli_args *args, trace_file *file, int fd);

/* Print the computed facts as one JSON object. @return as trace_show. */
int trace_show_json(const cli_args *args, trace_file *file);
/* Write the page of --html. @return as trace_show. */
int trace_show_page(const cli_args *args, trace_file *file, const char *title);

#endif
