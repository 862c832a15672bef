#include "trace/draw.h"

#include "base/utf8.h"
#include "terminal/term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIN_WIDTH  40
#define MAX_WIDTH  200
#define MIN_LABEL  10
#define TIME_WIDTH 8
#define MIN_BAR    8
#define MAX_BAR    MAX_WIDTH
/* On a terminal of at least this width, details have a column of their own. */
#define WIDE 100
/* On a terminal narrower than this, the heading of a trace takes two lines. */
#define NARROW          64
#define MAX_DETAILS     60
#define MAX_DRAWN_DEPTH 8

/* Columns: constant, UTF-8, ASCII, colour, meaning. */
#define MARK_MAP(XX)                               \
    XX(FRAME, "\u2500", '-', DIM, NULL)            \
    XX(WAIT, "\u2591", ':', YELLOW, "waiting")     \
    XX(RECEIVE, "\u2588", '#', GREEN, "receiving") \
    XX(FAILED, "\u2592", 'x', RED, "failed")       \
    XX(TOOL, "\u2593", '=', CYAN, "tool")          \
    XX(OTHER, "\u2584", '+', PLAIN, "other work")  \
    XX(GAP, "\u00b7", '.', DIM, "retry wait")      \
    XX(FIRST, "\u25c6", '>', GREEN, "first token") \
    XX(RETRY, "\u21bb", 'r', RED, "retry")

typedef enum bar_mark {
    MARK_NONE,
#define XX(constant, ...) MARK_##constant,
    MARK_MAP(XX)
#undef XX
        MARK_COUNT
} bar_mark;

static const struct {
    const char *utf8, *meaning;
    char ascii;
    term_look style;
} marks[] = {[MARK_NONE] = {" ", NULL, ' ', TERM_PLAIN},
#define XX(constant, utf8, ascii, color, meaning) \
    [MARK_##constant] = {utf8, meaning, ascii, TERM_##color},
             MARK_MAP(XX)
#undef XX
};

/* The layout of a trace that is drawn on a canvas. */
typedef struct draw_layout {
    trace_canvas *canvas;
    const recorded_trace *trace;
    /* widths of the columns; details is 0 if they get lines of their own */
    size_t label, bar, details;
} draw_layout;

/* The parts of a line that will be drawn for a span. */
typedef struct draw_line {
    char prefix[MAX_DRAWN_DEPTH * 8 + 16]; /* lines of the tree */
    size_t prefix_width;
    cli_text label, details;
    int64_t from_ns, to_ns;
    term_look style;
    unsigned char cells[MAX_BAR]; /* each cell is a bar_mark */
} draw_line;

/* ---- text ------------------------------------------------------------------------------------ */

/* Return the width of a text. Each character counts as one column. */
static size_t width_of(const cli_text *text)
{
    return beluga__utf8_count(text_get(text), text->length);
}

/* Make a name from the file safe to print, since the file may come from somebody else: it becomes
 * one line. If the terminal has no UTF-8, '?' replaces each character that is not ASCII. */
static void make_harmless(const trace_canvas *canvas, cli_text *words)
{
    cli_text safe = {.status = words->status};
    words_add_line(&safe, text_get(words));
    text_free(words);
    *words = safe;
    if (canvas->utf8 || safe.status) return;
    size_t n = 0;
    for (size_t i = 0; i < safe.length; i++) {
        char c = safe.data[i];
        if (!beluga__utf8_continues(c)) safe.data[n++] = (unsigned char)c < 0x80 ? c : '?';
    }
    words->length = n;
    if (n < safe.length) safe.data[n] = '\0';
}

/* Write at most `width` characters of a text. If the text is cut, the last character is a mark for
 * this. Returns the number of characters written. */
static size_t put_cut(trace_canvas *canvas, const cli_text *words, size_t width)
{
    const char *bytes = text_get(words);
    size_t n = words->length, whole = beluga__utf8_count(bytes, n), end = 0, seen = 0;
    if (whole <= width) {
        text_add(&canvas->words, bytes, n);
        return whole;
    }
    if (!width) return 0;
    while (end < n && (seen < width - 1 || beluga__utf8_continues(bytes[end])))
        seen += !beluga__utf8_continues(bytes[end++]);
    text_add(&canvas->words, bytes, end);
    text_puts(&canvas->words, canvas->utf8 ? "\u2026" : "~");
    return width;
}

static void pad(trace_canvas *canvas, size_t n)
{
    text_printf(&canvas->words, "%*s", (int)n, "");
}

static void begin_style(trace_canvas *canvas, term_look style)
{
    if (style != TERM_PLAIN) text_puts(&canvas->words, term_style(canvas->fd, style));
}

static void end_style(trace_canvas *canvas, term_look style)
{
    if (style != TERM_PLAIN) text_puts(&canvas->words, term_style(canvas->fd, TERM_PLAIN));
}

/* ---- bars ------------------------------------------------------------------------------------ */

static size_t column_of(const draw_layout *f, int64_t ns)
{
    double total = (double)(f->trace->end_ns - f->trace->start_ns);
    double at = total > 0 ? (double)(ns - f->trace->start_ns) / total * (double)f->bar : 0;
    if (at < 0) return 0;
    return at < (double)f->bar ? (size_t)at : f->bar - 1;
}

/* Mark the cells of a time span, at least one. The cell of its end is not marked, since it belongs
 * to what comes after. */
static void fill(const draw_layout *f, draw_line *row, int64_t from_ns, int64_t to_ns,
                 bar_mark mark)
{
    size_t from = column_of(f, from_ns), to = column_of(f, to_ns);
    if (to_ns >= f->trace->end_ns) to = f->bar;
    if (to <= from) to = from + 1;
    for (size_t i = from; i < to; i++) row->cells[i] = (unsigned char)mark;
    f->canvas->used |= 1U << mark;
}

static void set(const draw_layout *f, draw_line *row, int64_t at_ns, bar_mark mark)
{
    row->cells[column_of(f, at_ns)] = (unsigned char)mark;
    f->canvas->used |= 1U << mark;
}

static void fill_request(const draw_layout *f, draw_line *row, const trace_span *span)
{
    int64_t first_ns = trace_first_ns(span);
    fill(f, row, span->start_ns, span->end_ns, span->failed ? MARK_FAILED : MARK_WAIT);
    if (!first_ns) return;
    if (!span->failed) fill(f, row, first_ns, span->end_ns, MARK_RECEIVE);
    set(f, row, first_ns, MARK_FIRST);
}

static void mark_retries(const draw_layout *f, draw_line *row, const trace_span *span)
{
    for (const trace_span *s = span->child; s; s = s->next)
        if (s->kind == TRACE_ATTEMPT && s->resent > 0) set(f, row, s->start_ns, MARK_RETRY);
}

static void fill_bar(const draw_layout *f, draw_line *row, const trace_span *span)
{
    if (trace_is_frame(span)) {
        fill(f, row, span->start_ns, span->end_ns, MARK_FRAME);
        mark_retries(f, row, span);
        if (span->first_ns && trace_first_ns(span)) set(f, row, span->first_ns, MARK_FIRST);
    } else if (span->kind == TRACE_ATTEMPT || span->kind == TRACE_OPERATION) {
        fill_request(f, row, span);
    } else {
        bar_mark mark = span->kind == TRACE_TOOL ? MARK_TOOL : MARK_OTHER;
        fill(f, row, span->start_ns, span->end_ns, span->failed ? MARK_FAILED : mark);
    }
}

static void put_bar(const draw_layout *f, const draw_line *row)
{
    trace_canvas *canvas = f->canvas;
    for (size_t i = 0; i < f->bar; i++) {
        bar_mark mark = (bar_mark)row->cells[i];
        char ascii[2] = {marks[mark].ascii, '\0'};
        bool begins = i == 0 || row->cells[i - 1] != row->cells[i];
        bool ends = i + 1 == f->bar || row->cells[i + 1] != row->cells[i];
        if (begins) begin_style(canvas, marks[mark].style);
        text_puts(&canvas->words, canvas->utf8 ? marks[mark].utf8 : ascii);
        if (ends) end_style(canvas, marks[mark].style);
    }
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Return whether another row of the same level follows: a sibling, or the row for hidden siblings.
 */
static bool has_later(const trace_span *span)
{
    return span->next || (span->parent && span->parent->hidden);
}

/* Draw the lines of the tree that lead from the ancestors to this span. Deep levels are left out.
 */
static void make_prefix(const trace_canvas *canvas, draw_line *row, const trace_span *span,
                        bool last)
{
    const trace_span *ancestors[MAX_DRAWN_DEPTH];
    size_t n = 0, used = 0;
    for (const trace_span *s = span->parent; s && s->parent && n < MAX_DRAWN_DEPTH; s = s->parent)
        ancestors[n++] = s;
    row->prefix_width = 0;
    row->prefix[0] = '\0';
    while (n--) {
        const char *line = !has_later(ancestors[n]) ? "  " : canvas->utf8 ? "\u2502 " : "| ";
        used += (size_t)snprintf(row->prefix + used, sizeof row->prefix - used, "%s", line);
        row->prefix_width += 2;
    }
    if (!span->parent) return;
    const char *fork = canvas->utf8 ? "\u251c " : "|-", *end = canvas->utf8 ? "\u2514 " : "`-";
    snprintf(row->prefix + used, sizeof row->prefix - used, "%s", last ? end : fork);
    row->prefix_width += 2;
}

static void put_label(const draw_layout *f, const draw_line *row)
{
    trace_canvas *canvas = f->canvas;
    size_t prefix = row->prefix_width, room = f->label > prefix ? f->label - prefix : 0;
    begin_style(canvas, TERM_DIM);
    text_puts(&canvas->words, row->prefix);
    end_style(canvas, TERM_DIM);
    begin_style(canvas, row->style);
    size_t width = put_cut(canvas, &row->label, room);
    end_style(canvas, row->style);
    if (prefix + width < f->label) pad(canvas, f->label - prefix - width);
}

static void put_duration(const draw_layout *f, int64_t ns)
{
    cli_text time = {0};
    words_add_duration(&time, ns, f->canvas->utf8);
    size_t width = width_of(&time);
    text_puts(&f->canvas->words, " ");
    if (width < TIME_WIDTH) pad(f->canvas, TIME_WIDTH - width);
    put_cut(f->canvas, &time, TIME_WIDTH);
    words_end(&time, &f->canvas->words);
}

/* Write the details under the label, if they have no column. */
static void put_details_line(const draw_layout *f, const draw_line *row, const trace_span *span)
{
    trace_canvas *canvas = f->canvas;
    const char *line = canvas->utf8 ? "\u2502 " : "| ";
    size_t keep = row->prefix_width >= 2 ? row->prefix_width - 2 : 0, bytes = 0, seen = 0;
    while (seen < keep || (row->prefix[bytes] && beluga__utf8_continues(row->prefix[bytes])))
        seen += !beluga__utf8_continues(row->prefix[bytes++]);
    begin_style(canvas, TERM_DIM);
    text_add(&canvas->words, row->prefix, bytes);
    if (span->parent) text_puts(&canvas->words, has_later(span) ? line : "  ");
    text_puts(&canvas->words, span->child ? line : "  ");
    put_cut(canvas, &row->details, canvas->width - keep - 5);
    end_style(canvas, TERM_DIM);
    text_puts(&canvas->words, "\n");
}

static void put_row(const draw_layout *f, draw_line *row, const trace_span *span)
{
    trace_canvas *canvas = f->canvas;
    size_t details = width_of(&row->details);
    put_label(f, row);
    text_puts(&canvas->words, " ");
    put_bar(f, row);
    put_duration(f, row->to_ns - row->from_ns);
    if (f->details && details) {
        term_look style = row->style == TERM_RED ? TERM_RED : TERM_DIM;
        text_puts(&canvas->words, "  ");
        begin_style(canvas, style);
        put_cut(canvas, &row->details, f->details);
        end_style(canvas, style);
    }
    text_puts(&canvas->words, "\n");
    if (!f->details && details) put_details_line(f, row, span);
}

static void free_row(const draw_layout *f, draw_line *row)
{
    words_end(&row->label, &f->canvas->words);
    words_end(&row->details, &f->canvas->words);
}

/* If the details fit into the column of labels, put them after the label. */
static void join_details(const draw_layout *f, draw_line *row)
{
    size_t label = width_of(&row->label);
    size_t details = row->details.length;
    if (f->details || !details || row->prefix_width + label + 2 + details > f->label) return;
    text_printf(&row->label, "  %s", row->details.data);
    text_free(&row->details);
}

static void draw_gap(const draw_layout *f, const trace_span *span)
{
    draw_line row = {.from_ns = span->gap_from_ns, .to_ns = span->start_ns, .style = TERM_DIM};
    text_puts(&row.label, "retry wait");
    if (f->details && span->retry_reason) text_puts(&row.details, span->retry_reason);
    make_prefix(f->canvas, &row, span, false);
    make_harmless(f->canvas, &row.details);
    fill(f, &row, row.from_ns, row.to_ns, MARK_GAP);
    put_row(f, &row, span);
    free_row(f, &row);
}

static void draw_span(const draw_layout *f, const trace_span *span)
{
    draw_line row = {.from_ns = span->start_ns, .to_ns = span->end_ns};
    row.style = span->failed ? TERM_RED : span->parent ? TERM_PLAIN : TERM_BOLD;
    if (span->gap_from_ns) draw_gap(f, span);
    words_add_label(&row.label, span);
    words_add_details(&row.details, span);
    make_harmless(f->canvas, &row.label);
    make_harmless(f->canvas, &row.details);
    make_prefix(f->canvas, &row, span, !has_later(span));
    join_details(f, &row);
    fill_bar(f, &row, span);
    put_row(f, &row, span);
    free_row(f, &row);
}

/* ---- hidden spans ---------------------------------------------------------------------------- */

typedef struct hidden_spans {
    size_t n, failed;
    int64_t longest_ns;
} hidden_spans;

/* Return the next span under `top`, in the order of the tree, or NULL. The search does not look at
 * the ancestors of `top`, which may be many. */
static const trace_span *next_within(const trace_span *span, const trace_span *top)
{
    if (span->child) return span->child;
    while (span != top && !span->next) span = span->parent;
    return span == top ? NULL : span->next;
}

static void count_hidden(hidden_spans *hidden, const trace_span *span)
{
    for (const trace_span *s = span; s; s = next_within(s, span)) {
        hidden->n++;
        hidden->failed += s->failed;
        if (s->end_ns - s->start_ns > hidden->longest_ns)
            hidden->longest_ns = s->end_ns - s->start_ns;
    }
}

/* Draw one line for the hidden siblings of `first`. */
static void draw_hidden(const draw_layout *f, const trace_span *first)
{
    trace_canvas *canvas = f->canvas;
    hidden_spans hidden = {0};
    draw_line row = {0};
    if (!(first->parent ? first->parent->hidden : f->trace->hidden)) return;
    for (const trace_span *s = first; s; s = s->next)
        if (!s->shown) count_hidden(&hidden, s);
    make_prefix(canvas, &row, first, true);
    begin_style(canvas, TERM_DIM);
    text_printf(&canvas->words, "%s%s %zu more", row.prefix, canvas->utf8 ? "\u2026" : "...",
                hidden.n);
    if (hidden.failed) text_printf(&canvas->words, ", %zu failed", hidden.failed);
    text_puts(&canvas->words, ", each at most ");
    words_add_duration(&canvas->words, hidden.longest_ns, canvas->utf8);
    text_puts(&canvas->words, " (--all)");
    end_style(canvas, TERM_DIM);
    text_puts(&canvas->words, "\n");
}

/* ---- a trace --------------------------------------------------------------------------------- */

static void put_head(const draw_layout *f)
{
    trace_canvas *canvas = f->canvas;
    cli_text id = {0};
    text_puts(&id, f->trace->id);
    make_harmless(canvas, &id);
    begin_style(canvas, TERM_BOLD);
    text_puts(&canvas->words, "trace ");
    put_cut(canvas, &id, 32);
    end_style(canvas, TERM_BOLD);
    words_end(&id, &canvas->words);
    text_puts(&canvas->words, canvas->width < NARROW ? "\n" : "  ");
    begin_style(canvas, TERM_DIM);
    words_add_time(&canvas->words, f->trace->start_ns);
    end_style(canvas, TERM_DIM);
    text_puts(&canvas->words, "\n");
}

/* Write a list, and wrap it where it is too long: after an item, or, on a narrow terminal, after
 * any word. */
static void put_wrapped(trace_canvas *canvas, const cli_text *words)
{
    const char *text = text_get(words);
    const char *breaks_at = canvas->width < NARROW ? " ," : ",";
    size_t column = 0;
    while (*text) {
        size_t n = (*text == ' ') + strcspn(text + (*text == ' '), breaks_at);
        n += text[n] == ',';
        size_t width = beluga__utf8_count(text, n);
        bool breaks = column && column + width > canvas->width;
        if (breaks) {
            text_puts(&canvas->words, "\n  ");
            column = 2;
            n -= *text == ' ';
            text += *text == ' ';
        }
        text_add(&canvas->words, text, n);
        column += width;
        text += n;
    }
    text_puts(&canvas->words, "\n");
}

static void put_summary(const draw_layout *f)
{
    cli_text where = {0}, totals = {0};
    words_add_where(&where, f->trace, f->canvas->utf8);
    words_add_totals(&totals, f->trace);
    begin_style(f->canvas, TERM_BOLD);
    put_wrapped(f->canvas, &where);
    end_style(f->canvas, TERM_BOLD);
    put_wrapped(f->canvas, &totals);
    words_end(&where, &f->canvas->words);
    words_end(&totals, &f->canvas->words);
}

/* Write the time axis: its ends, and its middle if there is room. */
static void put_axis(const draw_layout *f)
{
    trace_canvas *canvas = f->canvas;
    int64_t total = f->trace->end_ns - f->trace->start_ns;
    cli_text middle = {0}, end = {0};
    words_add_duration(&middle, total / 2, canvas->utf8);
    words_add_duration(&end, total, canvas->utf8);
    size_t used = 1, width = width_of(&end);
    begin_style(canvas, TERM_DIM);
    pad(canvas, f->label + 1);
    text_puts(&canvas->words, "0");
    if (f->bar >= 32) {
        pad(canvas, f->bar / 2 - 1);
        used = f->bar / 2 + put_cut(canvas, &middle, TIME_WIDTH);
    }
    if (used + width < f->bar) {
        pad(canvas, f->bar - used - width);
        put_cut(canvas, &end, TIME_WIDTH);
    }
    end_style(canvas, TERM_DIM);
    text_puts(&canvas->words, "\n");
    words_end(&middle, &canvas->words);
    words_end(&end, &canvas->words);
}

static size_t measure_label(const draw_layout *f, const trace_span *span)
{
    cli_text label = {0};
    size_t depth = span->depth < MAX_DRAWN_DEPTH ? span->depth : MAX_DRAWN_DEPTH;
    words_add_label(&label, span);
    size_t width = width_of(&label);
    words_end(&label, &f->canvas->words);
    return 2 * depth + (span->gap_from_ns && width < 10 ? 10 : width);
}

static size_t measure_details(const draw_layout *f, const trace_span *span)
{
    cli_text details = {0};
    words_add_details(&details, span);
    size_t width = width_of(&details);
    words_end(&details, &f->canvas->words);
    return width;
}

static size_t at_most(size_t n, size_t most)
{
    return n < most ? n : most;
}

static void lay_out(draw_layout *f)
{
    size_t width = f->canvas->width, label = MIN_LABEL, details = 0;
    for (const trace_span *s = f->trace->root; s; s = trace_next(s)) {
        if (!s->shown) continue;
        size_t l = measure_label(f, s), d = measure_details(f, s);
        /* details follow the label if there is room */
        if (width < WIDE && d <= 14) l += d ? d + 2 : 0;
        if (l > label) label = l;
        if (d > details) details = d;
    }
    f->label = at_most(label, width * 3 / 8);
    f->details = width < WIDE ? 0 : at_most(details, at_most(MAX_DETAILS, width * 2 / 5));
    size_t taken = f->label + 1 + 1 + TIME_WIDTH + (f->details ? f->details + 2 : 0);
    f->bar = width > taken + MIN_BAR ? width - taken : MIN_BAR;
}

static void draw_rows(const draw_layout *f)
{
    const trace_span *span = f->trace->root;
    while (span) {
        if (span->shown) draw_span(f, span);
        if (span->shown && span->child) {
            span = span->child;
            continue;
        }
        /* If this span is the last of its level, draw the line for hidden spans of the level, and
         * continue with its parent in the same way. */
        const trace_span *level = span;
        while (level && !level->next) {
            draw_hidden(f, level->parent ? level->parent->child : f->trace->root);
            level = level->parent;
        }
        span = level ? level->next : NULL;
    }
}

void draw_begin(trace_canvas *canvas, int fd)
{
    size_t width = term_width_of(fd);
    *canvas = (trace_canvas){.fd = fd, .utf8 = term_is_utf8()};
    canvas->width = width < MIN_WIDTH ? MIN_WIDTH : at_most(width, MAX_WIDTH);
}

int draw_trace(trace_canvas *canvas, const recorded_trace *trace)
{
    draw_layout f = {.canvas = canvas, .trace = trace};
    lay_out(&f);
    if (canvas->words.length) text_puts(&canvas->words, "\n");
    put_head(&f);
    put_summary(&f);
    put_axis(&f);
    draw_rows(&f);
    return canvas->words.status ? -1 : 0;
}

void draw_legend(trace_canvas *canvas)
{
    bool begun = false;
    size_t column = 0;
    begin_style(canvas, TERM_DIM);
    for (unsigned mark = MARK_NONE + 1; mark < MARK_COUNT; mark++) {
        if (!(canvas->used & 1U << mark) || !marks[mark].meaning) continue;
        char ascii[2] = {marks[mark].ascii, '\0'};
        size_t width = strlen(marks[mark].meaning) + 4;
        bool breaks = begun && column + width > canvas->width;
        text_printf(&canvas->words, "%s%s %s",
                    breaks  ? "\n"
                    : begun ? "  "
                            : "\n",
                    canvas->utf8 ? marks[mark].utf8 : ascii, marks[mark].meaning);
        column = (breaks ? 0 : column) + width;
        begun = true;
    }
    end_style(canvas, TERM_DIM);
    text_puts(&canvas->words, begun ? "\n" : "");
}
