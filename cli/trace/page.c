#include "trace/page.h"

#include "base/utf8.h"
#include "terminal/term.h"

#include <inttypes.h>
#include <string.h>

/* A longer value is cut, so that the page does not become too large for a browser. */
#define MAX_VALUE_BYTES 65536
/* Spans at deeper levels get the indentation of this level. */
#define MAX_INDENT 12

static void put_character(cli_text *page, const char *shown, size_t length)
{
    switch (shown[0]) {
    case '&': text_puts(page, "&amp;"); break;
    case '<': text_puts(page, "&lt;"); break;
    case '>': text_puts(page, "&gt;"); break;
    case '"': text_puts(page, "&quot;"); break;
    case '\'': text_puts(page, "&#39;"); break;
    default: text_add(page, shown, length);
    }
}

/* Write a text. Every text from a file is written by this function. Control characters, which HTML
 * does not allow, are shown as on a terminal. */
static void put_text_n(cli_text *page, const char *text, size_t n)
{
    char shown[TERM_SHOWN_BYTES];
    size_t length;
    for (size_t i = 0; i < n;) {
        i += term_show(text + i, n - i, shown, &length);
        if (length) put_character(page, shown, length);
    }
}

static void put_text(cli_text *page, const char *text)
{
    put_text_n(page, text, strlen(text));
}

/* Write words onto the page, escaped, and free them. */
static void put_words(cli_text *page, cli_text *words)
{
    put_text_n(page, text_get(words), words->length);
    words_end(words, page);
}

static void put_duration(cli_text *page, int64_t ns)
{
    cli_text words = {0};
    words_add_duration(&words, ns, true);
    put_words(page, &words);
}

/* ---- the page -------------------------------------------------------------------------------- */

static const char style[] =
    ":root{color-scheme:light dark;--paper:#fff;--ink:#1b1f24;--soft:#5b6570;--line:#d5dae0;"
    "--wait:#d99a1c;--receive:#2f8f4e;--failed:#c8372d;--tool:#1f7fa6;--other:#7a6bb0;"
    "--frame:#9aa4af}\n"
    "@media(prefers-color-scheme:dark){:root{--paper:#14171b;--ink:#e3e7ec;--soft:#98a2ad;"
    "--line:#2c333b;--wait:#e0ae45;--receive:#58b877;--failed:#ef6a60;--tool:#4fb0d6;"
    "--other:#a79be0;--frame:#67727d}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:80rem;padding:1rem;background:var(--paper);color:var(--ink);"
    "font:15px/1.45 system-ui,sans-serif}\n"
    "h1{font-size:1.2rem}h2{font-size:1rem;margin:2rem 0 .2rem;overflow-wrap:anywhere}\n"
    "code,pre,td{font-family:ui-monospace,monospace;font-size:.85em}\n"
    "p{margin:.2rem 0}.where{font-weight:600}.soft{color:var(--soft)}\n"
    ".split{display:flex;height:.8rem;margin:.5rem 0;border-radius:.2rem;overflow:hidden}\n"
    ".axis,.row{display:grid;grid-template-columns:minmax(0,2fr) minmax(0,3fr) 5rem;"
    "column-gap:.6rem;align-items:center}\n"
    ".axis{color:var(--soft);font-size:.8em}.axis>span:nth-child(2){display:flex;"
    "justify-content:space-between}\n"
    ".gap-row{border-top:1px solid var(--line);padding:.2rem 0}"
    "details{border-top:1px solid var(--line)}summary{list-style:none;cursor:pointer;"
    "padding:.2rem 0}summary::-webkit-details-marker{display:none}\n"
    "summary:hover,summary:focus-visible{background:color-mix(in srgb,var(--ink) 7%,transparent)}\n"
    ".name{overflow-wrap:anywhere}.name small{color:var(--soft);margin-left:.5em}.bad .name,.bad "
    "small{color:var(--failed)}\n"
    ".time{text-align:right;font-variant-numeric:tabular-nums}\n"
    ".bar{position:relative;height:1rem}.bar i{position:absolute;top:.15rem;height:.7rem;"
    "min-width:2px;border-radius:.15rem}\n"
    ".bar .frame{top:.4rem;height:.2rem}.bar .first,.bar .retry{top:0;height:1rem;width:2px;"
    "border-radius:0}\n"
    ".frame{background:var(--frame)}.wait{background:var(--wait)}.receive{background:"
    "var(--receive)}.failed,.retry{background:var(--failed)}.tool{background:var(--tool)}"
    ".other{background:var(--other)}.first{background:var(--ink)}\n"
    ".gap{border-top:2px dotted var(--soft);background:none}.bar .gap{top:.45rem;height:0}"
    ".split .gap{border:0;background:var(--line)}\n"
    ".facts{margin:.2rem 0 .8rem;padding-left:1rem;overflow-x:auto}.facts td{vertical-align:top;"
    "padding:.1rem .6rem .1rem 0}.facts td+td{white-space:pre-wrap;overflow-wrap:anywhere}\n"
    ".facts td:first-child{color:var(--soft)}.value{max-height:16rem;overflow:auto}\n"
    ".key{display:flex;flex-wrap:wrap;gap:.2rem 1rem;margin:.5rem 0;font-size:.85em}"
    ".key i{display:inline-block;width:.8rem;height:.7rem;margin-right:.3rem}\n"
    "@media(max-width:40rem){.axis,.row{grid-template-columns:minmax(0,1fr) 5rem}"
    ".row .bar,.axis>span:nth-child(2){grid-column:1/-1;grid-row:2}}\n";

void page_begin(cli_text *page, const char *title)
{
    text_puts(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                    "<meta http-equiv=\"Content-Security-Policy\" "
                    "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
                    "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    put_text(page, title);
    text_puts(page, " - where the time went</title>\n<style>\n");
    text_puts(page, style);
    text_puts(page, "</style>\n</head>\n<body>\n<h1>");
    put_text(page, title);
    text_puts(page, "</h1>\n");
}

void page_end(cli_text *page, const char *note)
{
    if (note) {
        text_puts(page, "<p class=\"soft\">");
        put_text(page, note);
        text_puts(page, "</p>\n");
    }
    text_puts(page,
              "<p class=\"key soft\"><span><i class=\"wait\"></i>waiting</span>"
              "<span><i class=\"receive\"></i>receiving</span>"
              "<span><i class=\"failed\"></i>failed</span><span><i class=\"tool\"></i>tool</span>"
              "<span><i class=\"other\"></i>other work</span>"
              "<span><i class=\"first\" style=\"width:2px\"></i>first token</span>"
              "<span><i class=\"retry\" style=\"width:2px\"></i>retry</span>"
              "<span><i class=\"gap\" style=\"height:0\"></i>retry wait</span></p>\n"
              "</body>\n</html>\n");
}

/* ---- bars ------------------------------------------------------------------------------------ */

static double percent(const recorded_trace *trace, int64_t ns)
{
    double total = (double)(trace->end_ns - trace->start_ns);
    return total > 0 ? 100 * (double)ns / total : 0;
}

static void put_piece(cli_text *page, const recorded_trace *trace, const char *class_name,
                      int64_t from_ns, int64_t to_ns)
{
    text_printf(page, "<i class=\"%s\" style=\"left:%.3f%%;width:%.3f%%\"></i>", class_name,
                percent(trace, from_ns - trace->start_ns), percent(trace, to_ns - from_ns));
}

static void put_moment(cli_text *page, const recorded_trace *trace, const char *class_name,
                       int64_t at_ns)
{
    double left = percent(trace, at_ns - trace->start_ns);
    text_printf(page, "<i class=\"%s\" style=\"left:%.3f%%\"></i>", class_name,
                left < 99.8 ? left : 99.8);
}

static void put_request(cli_text *page, const recorded_trace *trace, const trace_span *span)
{
    int64_t first_ns = trace_first_ns(span);
    if (span->failed) {
        put_piece(page, trace, "failed", span->start_ns, span->end_ns);
    } else if (first_ns) {
        put_piece(page, trace, "wait", span->start_ns, first_ns);
        put_piece(page, trace, "receive", first_ns, span->end_ns);
    } else {
        put_piece(page, trace, "wait", span->start_ns, span->end_ns);
    }
    if (first_ns) put_moment(page, trace, "first", first_ns);
}

static void put_frame(cli_text *page, const recorded_trace *trace, const trace_span *span)
{
    put_piece(page, trace, "frame", span->start_ns, span->end_ns);
    for (const trace_span *s = span->child; s; s = s->next)
        if (s->kind == TRACE_ATTEMPT && s->resent > 0)
            put_moment(page, trace, "retry", s->start_ns);
    if (trace_first_ns(span)) put_moment(page, trace, "first", trace_first_ns(span));
}

static void put_bar(cli_text *page, const recorded_trace *trace, const trace_span *span)
{
    text_puts(page, "<span class=\"bar\">");
    if (trace_is_frame(span))
        put_frame(page, trace, span);
    else if (span->kind == TRACE_ATTEMPT || span->kind == TRACE_OPERATION)
        put_request(page, trace, span);
    else
        put_piece(page, trace,
                  span->failed               ? "failed"
                  : span->kind == TRACE_TOOL ? "tool"
                                             : "other",
                  span->start_ns, span->end_ns);
    text_puts(page, "</span>");
}

/* ---- facts about a span ---------------------------------------------------------------------- */

static void put_value_text(cli_text *page, const char *text, size_t n)
{
    put_text_n(page, text, beluga__utf8_cut(text, n, MAX_VALUE_BYTES));
    if (n > MAX_VALUE_BYTES) text_puts(page, "\u2026 (cut)");
}

/* Write a value of OTLP. Of a list, all items are written, but lists inside it are left out. */
static void put_value(cli_text *page, const beluga_json *value)
{
    const beluga_json *inner = beluga_json_first(value), *items;
    size_t n;
    const char *text = beluga_json_string(inner, &n);
    if (text) {
        put_value_text(page, text, n);
    } else if (beluga_json_get(value, "boolValue")) {
        text_puts(page, beluga_json_bool(inner, false) ? "true" : "false");
    } else if (beluga_json_is_number(inner)) {
        text_printf(page, "%.12g", beluga_json_double(inner, 0));
    } else if ((items = beluga_json_get(inner, "values")) != NULL) {
        const char *between = "";
        for (const beluga_json *v = beluga_json_first(items); v; v = beluga_json_next(items, v)) {
            size_t length;
            const char *item = beluga_json_string(beluga_json_first(v), &length);
            text_puts(page, between);
            put_value_text(page, item ? item : "\u2026", item ? length : strlen("\u2026"));
            between = ", ";
        }
    }
}

static void put_fact_head(cli_text *page, const char *name)
{
    text_puts(page, "<tr><td>");
    put_text(page, name);
    text_puts(page, "</td><td><div class=\"value\">");
}

static void put_fact(cli_text *page, const char *name, const char *value)
{
    if (!value) return;
    put_fact_head(page, name);
    put_value_text(page, value, strlen(value));
    text_puts(page, "</div></td></tr>\n");
}

static void put_attributes(cli_text *page, const beluga_json *attributes)
{
    for (const beluga_json *a = beluga_json_first(attributes); a;
         a = beluga_json_next(attributes, a)) {
        const char *key = beluga_json_get_string(a, "key", NULL);
        if (!key) continue;
        put_fact_head(page, key);
        put_value(page, beluga_json_get(a, "value"));
        text_puts(page, "</div></td></tr>\n");
    }
}

static void put_facts(cli_text *page, const recorded_trace *trace, const trace_span *span)
{
    text_puts(page, "<div class=\"facts\"><table>\n");
    put_fact(page, "span", span->id);
    put_fact(page, "parent", span->parent_id);
    put_fact(page, "name", span->name);
    put_fact_head(page, "began after");
    put_duration(page, span->start_ns - trace->start_ns);
    text_puts(page, "</div></td></tr>\n");
    if (trace_first_ns(span)) {
        put_fact_head(page, "first token after");
        put_duration(page, trace_first_ns(span) - span->start_ns);
        text_puts(page, "</div></td></tr>\n");
    }
    put_fact(page, "status", span->message);
    put_attributes(page, span->attributes);
    text_puts(page, "</table></div>\n");
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void put_indent(cli_text *page, unsigned depth)
{
    text_printf(page, "<span class=\"name\" style=\"padding-left:%.1frem\">",
                0.9 * (depth < MAX_INDENT ? depth : MAX_INDENT));
}

static void put_gap(cli_text *page, const recorded_trace *trace, const trace_span *span)
{
    cli_text words = {0};
    words_add_gap(&words, span);
    text_puts(page, "<div class=\"row gap-row soft\">");
    put_indent(page, span->depth);
    put_words(page, &words);
    text_puts(page, "</span><span class=\"bar\">");
    put_piece(page, trace, "gap", span->gap_from_ns, span->start_ns);
    text_puts(page, "</span><span class=\"time\">");
    put_duration(page, span->start_ns - span->gap_from_ns);
    text_puts(page, "</span></div>\n");
}

static void put_span(cli_text *page, const recorded_trace *trace, const trace_span *span)
{
    cli_text label = {0}, details = {0};
    words_add_label(&label, span);
    words_add_details(&details, span);
    if (span->gap_from_ns) put_gap(page, trace, span);
    text_printf(page, "<details><summary class=\"row%s\">", span->failed ? " bad" : "");
    put_indent(page, span->depth);
    put_words(page, &label);
    text_puts(page, " <small>");
    put_words(page, &details);
    text_puts(page, "</small></span>");
    put_bar(page, trace, span);
    text_puts(page, "<span class=\"time\">");
    put_duration(page, span->end_ns - span->start_ns);
    text_puts(page, "</span></summary>\n");
    put_facts(page, trace, span);
    text_puts(page, "</details>\n");
}

/* ---- a trace --------------------------------------------------------------------------------- */

static void put_split(cli_text *page, const recorded_trace *trace)
{
    static const char *const classes[] = {
        [TRACE_WHERE_RECEIVING] = "receive", [TRACE_WHERE_FIRST_TOKEN] = "wait",
        [TRACE_WHERE_ANSWER] = "wait",       [TRACE_WHERE_FAILED] = "failed",
        [TRACE_WHERE_TOOLS] = "tool",        [TRACE_WHERE_RETRY_WAIT] = "gap",
        [TRACE_WHERE_OTHER] = "other",       [TRACE_WHERE_ELSEWHERE] = "frame"};
    text_puts(page, "<div class=\"split\">");
    for (unsigned i = 0; i < TRACE_WHERE_COUNT; i++)
        if (trace->where_ns[i] > 0)
            text_printf(page, "<i class=\"%s\" style=\"width:%.3f%%\" title=\"%s\"></i>",
                        classes[i], percent(trace, trace->where_ns[i]),
                        trace_where_words((trace_where)i));
    text_puts(page, "</div>\n");
}

static void put_head(cli_text *page, const recorded_trace *trace)
{
    cli_text where = {0}, totals = {0}, time = {0};
    words_add_where(&where, trace, true);
    words_add_totals(&totals, trace);
    words_add_time(&time, trace->start_ns);
    text_puts(page, "<section>\n<h2>trace <code>");
    put_text(page, trace->id);
    text_puts(page, "</code></h2>\n<p class=\"soft\">");
    put_words(page, &time);
    text_puts(page, "</p>\n<p class=\"where\">");
    put_words(page, &where);
    text_puts(page, "</p>\n<p>");
    put_words(page, &totals);
    text_puts(page, "</p>\n");
    put_split(page, trace);
    text_puts(page, "<div class=\"axis\"><span></span><span><span>0</span><span>");
    put_duration(page, trace->end_ns - trace->start_ns);
    text_puts(page, "</span></span><span></span></div>\n");
}

void page_add_trace(cli_text *page, const recorded_trace *trace)
{
    size_t hidden = 0;
    put_head(page, trace);
    for (const trace_span *s = trace->root; s; s = trace_next(s)) {
        if (s->shown)
            put_span(page, trace, s);
        else
            hidden++;
    }
    if (hidden) text_printf(page, "<p class=\"soft\">\u2026 %zu more spans (--all)</p>\n", hidden);
    text_puts(page, "</section>\n");
}
