/* Traces as one HTML page, without scripts and without resources from other sites. */
#ifndef BELUGA_CLI_TRACE_PAGE_H
#define BELUGA_CLI_TRACE_PAGE_H

#include "trace/trace.h"
#include "trace/words.h"

void page_begin(cli_text *page, const char *title);
/* Add the spans of a trace that trace_select chose. */
void page_add_trace(cli_text *page, const recorded_trace *trace);
/* End the page. `note` says which traces were left out; NULL: none. */
void page_end(cli_text *page, const char *note);

#endif
