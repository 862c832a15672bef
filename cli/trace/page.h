/* Traces as one page for a browser: no script, nothing from elsewhere. */
#ifndef BELUGA_CLI_TRACE_PAGE_H
#define BELUGA_CLI_TRACE_PAGE_H

#include "trace/trace.h"
#include "trace/words.h"

void page_begin(cli_text *page, const char *title);
/* Add the spans of a trace that trace_select chose. */
void page_add_trace(cli_text *page, const recorded_trace *trace);
/* `note` is what was left out, or NULL. */
void page_end(cli_text *page, const char *note);

#endif
