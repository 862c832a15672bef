/* Formats times, money and spans as texts, for the terminal and for the page. */
#ifndef BELUGA_CLI_TRACE_WORDS_H
#define BELUGA_CLI_TRACE_WORDS_H

#include "text.h"
#include "trace/trace.h"

/* Add a name from a file, as one line. */
void words_add_line(cli_text *words, const char *text);
/* Free `piece`, a text that was added to `whole`. If `piece` has failed, `whole` fails, too. */
void words_end(cli_text *piece, cli_text *whole);

/* Add "148 us" (with a micro sign where UTF-8 is allowed), "2.41 s" or "3m05s". */
void words_add_duration(cli_text *words, int64_t ns, bool utf8);
void words_add_cost(cli_text *words, double usd);
/* Add the start time, in UTC. */
void words_add_time(cli_text *words, int64_t ns);

/* Add the label of a span: "attempt 2", the name of a tool, or the span's own name. */
void words_add_label(cli_text *words, const trace_span *span);
/* Add the details of a span in few words: status, error, model, tokens, cost; unknown ones are left
 * out. */
void words_add_details(cli_text *words, const trace_span *span);
/* Add "retry wait" and the reason for the retry, as the label of the wait before an attempt. */
void words_add_gap(cli_text *words, const trace_span *span);

/* Add "2.41 s: 1.80 s waiting for the first token, 0.40 s retry wait", with the longest activity
 * first. */
void words_add_where(cli_text *words, const recorded_trace *trace, bool utf8);
/* Add "3 calls, 1 failed, 1 retry, 812 tokens in, 96 out, $0.0004". */
void words_add_totals(cli_text *words, const recorded_trace *trace);

#endif
