#include "trace/words.h"

#include "base/sum.h"

#include <beluga/log.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_US 1000
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)
/* An activity with a smaller share of a trace's time is not mentioned. */
#define MIN_SHARE 0.005

void words_add_line(cli_text *words, const char *text)
{
    size_t n = strlen(text), size = beluga_text_to_line(text, n, NULL, 0) + 1;
    if (text_reserve(words, size)) return;
    words->length += beluga_text_to_line(text, n, words->data + words->length, size);
}

void words_end(cli_text *piece, cli_text *whole)
{
    if (!whole->status) whole->status = piece->status;
    text_free(piece);
}

/* ---- times and money ------------------------------------------------------------------------- */

static void add_three_digits(cli_text *words, double number, const char *unit)
{
    int after = number < 9.995 ? 2 : number < 99.95 ? 1 : 0;
    text_printf(words, "%.*f %s", after, number, unit);
}

void words_add_duration(cli_text *words, int64_t ns, bool utf8)
{
    int64_t s = (ns + NS_PER_S / 2) / NS_PER_S;
    if (ns == 0)
        text_puts(words, "0 s");
    else if (ns < NS_PER_MS)
        add_three_digits(words, (double)ns / NS_PER_US, utf8 ? "\u00b5s" : "us");
    else if (ns < NS_PER_S)
        add_three_digits(words, (double)ns / (double)NS_PER_MS, "ms");
    else if (s < 60)
        add_three_digits(words, (double)ns / (double)NS_PER_S, "s");
    else if (s < 3600)
        text_printf(words, "%" PRId64 "m%02" PRId64 "s", s / 60, s % 60);
    else
        text_printf(words, "%" PRId64 "h%02" PRId64 "m", s / 3600, s / 60 % 60);
}

void words_add_cost(cli_text *words, double usd)
{
    int after = usd >= 1 ? 2 : usd >= 0.01 ? 4 : 6;
    if (usd == 0)
        text_puts(words, "$0");
    else if (usd < 0.000001)
        text_puts(words, "<$0.000001");
    else
        text_printf(words, "$%.*f", after, usd);
}

void words_add_time(cli_text *words, int64_t ns)
{
    char text[64];
    struct tm parts;
    time_t seconds = (time_t)(ns / NS_PER_S);
    gmtime_r(&seconds, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    text_printf(words, "%s.%03dZ", text, (int)(ns % NS_PER_S / NS_PER_MS));
}

/* ---- spans ----------------------------------------------------------------------------------- */

void words_add_label(cli_text *words, const trace_span *span)
{
    /* attempts without a provider are plain HTTP requests */
    if (span->kind == TRACE_ATTEMPT && span->provider)
        text_printf(words, "attempt %" PRId64, span->resent > 0 ? beluga__add(span->resent, 1) : 1);
    else if (span->kind == TRACE_TOOL && span->tool)
        text_printf(words, "tool %s", span->tool);
    else
        text_puts(words, span->name);
}

/* A text that is made of items with a separator between them. */
typedef struct joined_words {
    cli_text *words;
    bool begun;
} joined_words;

static cli_text *next_item(joined_words *list)
{
    if (list->begun) text_puts(list->words, ", ");
    list->begun = true;
    return list->words;
}

static void list_outcome(joined_words *list, const trace_span *span)
{
    if (span->http_status > 0) text_printf(next_item(list), "%" PRId64, span->http_status);
    if (span->error_type)
        text_printf(list->words, "%s%s", list->begun ? " " : "", span->error_type);
    else if (span->failed)
        text_printf(list->words, "%s%s", list->begun ? " " : "",
                    span->message ? span->message : "failed");
    list->begun = list->begun || span->failed;
    if (span->open) text_puts(next_item(list), "not ended");
}

static void list_models(joined_words *list, const trace_span *span)
{
    const char *asked = span->model, *answered = span->response_model;
    if (span->kind != TRACE_OPERATION && span->kind != TRACE_GROUP) return;
    if (asked && !strstr(span->name, asked)) text_puts(next_item(list), asked);
    if (answered && (!asked || strcmp(asked, answered) != 0))
        text_printf(next_item(list), "by %s", answered);
}

static void list_usage(joined_words *list, const trace_span *span)
{
    if (span->input_tokens >= 0) text_printf(next_item(list), "%" PRId64 " in", span->input_tokens);
    if (span->output_tokens >= 0)
        text_printf(next_item(list), "%" PRId64 " out", span->output_tokens);
    if (span->cost_usd >= 0)
        words_add_cost(next_item(list), span->cost_usd);
    else if (span->kind == TRACE_OPERATION && (span->input_tokens > 0 || span->output_tokens > 0))
        text_puts(next_item(list), "cost unknown");
}

void words_add_details(cli_text *words, const trace_span *span)
{
    joined_words list = {words, false};
    list_outcome(&list, span);
    list_models(&list, span);
    list_usage(&list, span);
    if (span->finish && strcmp(span->finish, "stop") != 0 && !span->failed)
        text_puts(next_item(&list), span->finish);
    if (span->batch_succeeded >= 0)
        text_printf(next_item(&list), "%" PRId64 " ok", span->batch_succeeded);
    if (span->batch_failed > 0)
        text_printf(next_item(&list), "%" PRId64 " failed", span->batch_failed);
}

void words_add_gap(cli_text *words, const trace_span *span)
{
    text_puts(words, "retry wait");
    if (span->retry_reason) text_printf(words, ", %s", span->retry_reason);
}

/* ---- summaries ------------------------------------------------------------------------------- */

typedef struct where_share {
    int64_t ns;
    trace_where where;
} where_share;

static int compare_shares(const void *a, const void *b)
{
    const where_share *x = a, *y = b;
    if (x->ns != y->ns) return x->ns < y->ns ? 1 : -1;
    return (int)x->where - (int)y->where;
}

void words_add_where(cli_text *words, const recorded_trace *trace, bool utf8)
{
    where_share shares[TRACE_WHERE_COUNT];
    int64_t total = trace->end_ns - trace->start_ns;
    for (unsigned i = 0; i < TRACE_WHERE_COUNT; i++)
        shares[i] = (where_share){trace->where_ns[i], (trace_where)i};
    qsort(shares, TRACE_WHERE_COUNT, sizeof *shares, compare_shares);
    words_add_duration(words, total, utf8);
    for (unsigned i = 0; i < TRACE_WHERE_COUNT; i++) {
        if (shares[i].ns <= 0 || (double)shares[i].ns < MIN_SHARE * (double)total) break;
        text_puts(words, i ? ", " : ": ");
        words_add_duration(words, shares[i].ns, utf8);
        text_printf(words, " %s", trace_where_words(shares[i].where));
    }
}

static void list_count(joined_words *list, size_t n, const char *one, const char *many)
{
    if (n) text_printf(next_item(list), "%zu %s", n, n == 1 ? one : many);
}

void words_add_totals(cli_text *words, const recorded_trace *trace)
{
    joined_words list = {words, false};
    list_count(&list, trace->n, "span", "spans");
    list_count(&list, trace->n_operations, "call", "calls");
    list_count(&list, trace->n_failed, "of them failed", "of them failed");
    list_count(&list, trace->n_retries, "retry", "retries");
    list_count(&list, trace->n_tools, "tool", "tools");
    if (trace->input_tokens >= 0)
        text_printf(next_item(&list), "%" PRId64 " tokens in", trace->input_tokens);
    if (trace->output_tokens >= 0)
        text_printf(next_item(&list), "%" PRId64 " tokens out", trace->output_tokens);
    if (trace->cost_usd > 0 || (trace->input_tokens >= 0 && !trace->n_unpriced))
        words_add_cost(next_item(&list), trace->cost_usd);
    if (trace->n_unpriced && trace->cost_usd > 0)
        text_printf(words, " and %zu calls of unknown price", trace->n_unpriced);
    else if (trace->n_unpriced)
        text_puts(next_item(&list), "cost unknown");
}
