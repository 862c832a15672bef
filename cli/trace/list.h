/* Writes traces as JSON, with the facts that were computed about them. */
#ifndef BELUGA_CLI_TRACE_LIST_H
#define BELUGA_CLI_TRACE_LIST_H

#include "trace/trace.h"

/* Write a trace into an array, with its spans in the order of the tree. */
int list_put_trace(beluga_json_writer *w, const recorded_trace *trace);

#endif
