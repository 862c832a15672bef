/* Traces as one page for a browser: no script, nothing from elsewhere. */
#ifndef BELUGA_CLI_TRACE_PAGE_H
#define BELUGA_CLI_TRACE_PAGE_H

#include "trace/trace.h"
#include "trace/words.h"

void page_begin(trace_words *page, const char *title);
/* What trace_select chose of one. */
void page_add_trace(trace_words *page, const recorded_trace *trace);
/* `note` is what was left out, or NULL. */
void page_end(trace_words *page, const char *note);

#endif
