#include "batch/progress.h"

#include "base/clock.h"
#include "base/sum.h"
#include "output.h"
#include "terminal/term.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BAR_MS    200
#define LINE_MS   10000
#define SAMPLE_MS 1000
#define MIN_BAR   8
#define MAX_BAR   40

/* ---- words ----------------------------------------------------------------------------------- */

void batch_format_time(double seconds, char *text, size_t size)
{
    int64_t s = seconds < 1e9 ? (int64_t)(seconds + 0.5) : 1000000000;
    if (s < 0) s = 0; /* the clock was set back */
    if (s < 60)
        snprintf(text, size, "%" PRId64 "s", s);
    else if (s < 3600)
        snprintf(text, size, "%" PRId64 "m %02" PRId64 "s", s / 60, s % 60);
    else if (s < 86400)
        snprintf(text, size, "%" PRId64 "h %02" PRId64 "m", s / 3600, s / 60 % 60);
    else
        snprintf(text, size, "%" PRId64 "d %02" PRId64 "h", s / 86400, s / 3600 % 24);
}

void batch_format_amount(double amount, char *text, size_t size)
{
    static const char units[] = " kMGT";
    size_t unit = 0;
    while (amount >= 999.5 && unit + 2 < sizeof units) {
        amount /= 1000;
        unit++;
    }
    snprintf(text, size,
             amount < 9.95 && (unit || amount != (double)(int)amount) ? "%.1f%.1s" : "%.0f%.1s",
             amount, unit ? units + unit : "");
}

void batch_format_cost(double cost, char *text, size_t size)
{
    snprintf(text, size, cost > 0 && cost < 0.1 ? "$%.4f" : "$%.2f", cost);
}

/* ---- the line -------------------------------------------------------------------------------- */

typedef enum progress_part {
    PART_PERCENT,
    PART_COUNT,
    PART_LABEL,
    PART_FAILED,
    PART_RATE,
    PART_TOKENS,
    PART_COST,
    PART_LEFT,
    PARTS
} progress_part;

static void fill_parts(const batch_figures *f, char parts[PARTS][48])
{
    char a[24];
    double share = f->total ? (double)f->done / (double)f->total : 1;
    snprintf(parts[PART_PERCENT], 48, "%3d%%", (int)(share * 100));
    snprintf(parts[PART_COUNT], 48, "%" PRIu64 "/%" PRIu64, f->done, f->total);
    if (f->label) snprintf(parts[PART_LABEL], 48, "%s", f->label);
    if (f->failed) snprintf(parts[PART_FAILED], 48, "%" PRIu64 " failed", f->failed);
    if (f->per_second > 0) {
        batch_format_amount(f->per_second, a, sizeof a);
        snprintf(parts[PART_RATE], 48, "%s/s", a);
    }
    if (f->tokens_per_second > 0) {
        batch_format_amount(f->tokens_per_second, a, sizeof a);
        snprintf(parts[PART_TOKENS], 48, "%s tok/s", a);
    }
    if (f->cost >= 0) batch_format_cost(f->cost, parts[PART_COST], 48);
    if (f->left_s >= 0) {
        batch_format_time(f->left_s, a, sizeof a);
        snprintf(parts[PART_LEFT], 48, "%s left", a);
    }
}

/* Leave out the least important parts until the others fit. Returns the width of the parts in
 * columns. */
static size_t choose(char parts[PARTS][48], size_t width)
{
    static const progress_part least[] = {PART_TOKENS, PART_RATE,  PART_COST, PART_LEFT,
                                          PART_FAILED, PART_LABEL, PART_COUNT};
    size_t n = 0;
    for (size_t i = 0; i < PARTS; i++) n += *parts[i] ? strlen(parts[i]) + 2 : 0;
    if (n) n -= 2;
    for (size_t i = 0; i < sizeof least / sizeof least[0] && n > width; i++) {
        char *part = parts[least[i]];
        if (*part) n -= strlen(part) + 2;
        *part = '\0';
    }
    return n;
}

static size_t put_bar(const batch_figures *f, size_t cells, bool utf8, char *line, size_t used)
{
    double share = f->total ? (double)f->done / (double)f->total : 1;
    size_t full = (size_t)(share * (double)cells);
    for (size_t i = 0; i < cells; i++) {
        const char *cell = i < full ? (utf8 ? "\u2501" : "#") : (utf8 ? "\u2500" : "-");
        used += (size_t)snprintf(line + used, BATCH_PROGRESS_BYTES - used, "%s", cell);
    }
    return used;
}

size_t batch_progress_format(const batch_figures *figures, size_t width, bool utf8,
                             char line[BATCH_PROGRESS_BYTES])
{
    char parts[PARTS][48] = {{0}};
    size_t used = 0, columns, cells;
    fill_parts(figures, parts);
    columns = choose(parts, width ? width : BATCH_PROGRESS_BYTES);
    cells = width > columns + 2 ? width - columns - 2 : 0;
    if (cells < MIN_BAR) cells = 0;
    if (cells > MAX_BAR) cells = MAX_BAR;
    line[0] = '\0';
    for (size_t i = 0; i < PARTS; i++) {
        if (!*parts[i]) continue;
        used += (size_t)snprintf(line + used, BATCH_PROGRESS_BYTES - used, "%s%s", i ? "  " : "",
                                 parts[i]);
        if (i != PART_PERCENT || !cells) continue;
        used += (size_t)snprintf(line + used, BATCH_PROGRESS_BYTES - used, "  ");
        used = put_bar(figures, cells, utf8, line, used);
        columns += cells + 2;
    }
    return columns;
}

/* ---- speed
 * ------------------------------------------------------------------------------------ */

static void sample(batch_progress *p, int64_t at, const batch_totals *t)
{
    size_t last = (p->next_sample + BATCH_SAMPLES - 1) % BATCH_SAMPLES;
    if (p->n_samples && at - p->samples[last].at_ms < SAMPLE_MS) return;
    p->samples[p->next_sample] =
        (batch_sample){at, t->done + t->failed, beluga__add(t->input_tokens, t->output_tokens)};
    p->next_sample = (p->next_sample + 1) % BATCH_SAMPLES;
    if (p->n_samples < BATCH_SAMPLES) p->n_samples++;
}

static void measure(const batch_progress *p, int64_t at, const batch_totals *t, batch_figures *f)
{
    size_t oldest = p->n_samples < BATCH_SAMPLES ? 0 : p->next_sample;
    const batch_sample *since = &p->samples[oldest];
    double seconds = (double)(at - since->at_ms) / 1000;
    f->left_s = -1;
    if (!p->n_samples || seconds < 0.5) return;
    f->per_second = (double)(t->done + t->failed - since->lines) / seconds;
    f->tokens_per_second =
        (double)(beluga__add(t->input_tokens, t->output_tokens) - since->tokens) / seconds;
    if (f->per_second > 0) f->left_s = (double)(f->total - f->done) / f->per_second;
}

/* ---- showing it ------------------------------------------------------------------------------ */

void batch_progress_begin(batch_progress *p, uint64_t total, const batch_totals *there, bool bar)
{
    *p = (batch_progress){.total = total, .started_ms = beluga__now_ms()};
    p->bar = bar && !out_is_quiet() && term_has_cursor(STDERR_FILENO);
    p->lines = !out_is_quiet() && !p->bar;
    p->shown_ms = p->started_ms;
    sample(p, p->started_ms, there);
}

static void write_err(const char *text)
{
    /* A failure to draw the bar is ignored. */
    ssize_t n = write(STDERR_FILENO, text, strlen(text));
    (void)n;
}

static void draw(batch_progress *p, const batch_figures *f)
{
    char line[BATCH_PROGRESS_BYTES], whole[BATCH_PROGRESS_BYTES + 16];
    size_t width = term_width_of(STDERR_FILENO);
    /* The last column stays free: some terminals begin a new line after it. */
    batch_progress_format(f, width > 1 ? width - 1 : 1, term_is_utf8(), line);
    snprintf(whole, sizeof whole, "\r%s\033[K", line);
    write_err(whole);
    p->drawn = true;
}

void batch_progress_show(batch_progress *p, const batch_totals *t)
{
    char line[BATCH_PROGRESS_BYTES];
    int64_t now = beluga__now_ms();
    batch_figures f = {.total = p->total,
                       .done = t->done + t->failed + p->elsewhere,
                       .failed = t->failed,
                       .label = p->label,
                       .left_s = -1};
    if (f.done > f.total) f.done = f.total;
    sample(p, now, t);
    if (now - p->shown_ms < (p->bar ? BAR_MS : LINE_MS) || (!p->bar && !p->lines)) return;
    p->shown_ms = now;
    f.cost = t->unpriced ? -1 : t->cost;
    if (!p->label) measure(p, now, t, &f);
    if (p->bar) {
        draw(p, &f);
        return;
    }
    batch_progress_format(&f, 0, false, line);
    out_note("%s", line);
}

void batch_progress_hide(batch_progress *p)
{
    if (p->drawn) write_err("\r\033[K");
    p->drawn = false;
}

double batch_progress_seconds(const batch_progress *p)
{
    return (double)(beluga__now_ms() - p->started_ms) / 1000;
}
