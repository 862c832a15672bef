/* Times, money and spans in words, the same on a terminal and on a page. */
#ifndef BELUGA_CLI_TRACE_WORDS_H
#define BELUGA_CLI_TRACE_WORDS_H

#include "text.h"
#include "trace/trace.h"

/* A name that others gave, as one line. */
void words_add_line(cli_text *words, const char *text);
/* Free a piece that was made for a whole, which fails where the piece has. */
void words_end(cli_text *piece, cli_text *whole);

/* "148 us" (a micro sign where UTF-8 may be), "2.41 s", "3m05s". */
void words_add_duration(cli_text *words, int64_t ns, bool utf8);
void words_add_cost(cli_text *words, double usd);
/* When it began, UTC. */
void words_add_time(cli_text *words, int64_t ns);

/* Add the name of a span: "attempt 2", a tool's name, or the span's own. */
void words_add_label(cli_text *words, const trace_span *span);
/* Add the rest in few words: status, error, model, tokens, cost; nothing where nothing is known. */
void words_add_details(cli_text *words, const trace_span *span);
/* Why an attempt was waited for. */
void words_add_gap(cli_text *words, const trace_span *span);

/* "2.41 s: 1.80 s waiting for the first token, 0.40 s retry wait": what took longest first. */
void words_add_where(cli_text *words, const recorded_trace *trace, bool utf8);
/* "3 calls, 1 failed, 1 retry, 812 tokens in, 96 out, $0.0004" */
void words_add_totals(cli_text *words, const recorded_trace *trace);

#endif
