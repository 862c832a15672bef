/* Builds the trees: groups spans by trace, and links them to their parents. */
#include "base/sum.h"
#include "trace/trace.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int compare_times(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

/* Sort by trace, within a trace by start, and at equal starts the longer span first. */
static int compare_spans(const void *a, const void *b)
{
    const trace_span *x = a, *y = b;
    int order = strcasecmp(x->trace_id, y->trace_id);
    if (!order) order = compare_times(x->start_ns, y->start_ns);
    if (!order) order = compare_times(y->end_ns, x->end_ns);
    return order ? order : x->number < y->number ? -1 : 1;
}

static int compare_ids(const void *a, const void *b)
{
    const trace_span *x = *(trace_span *const *)a, *y = *(trace_span *const *)b;
    int order = strcasecmp(x->trace_id, y->trace_id);
    if (!order) order = strcasecmp(x->id, y->id);
    return order ? order : x->number < y->number ? -1 : x->number > y->number;
}

static bool is_same(const trace_span *a, const trace_span *b)
{
    return strcasecmp(a->trace_id, b->trace_id) == 0 && strcasecmp(a->id, b->id) == 0;
}

/* Mark spans that were exported twice, so that they count once: the later copy becomes its own
 * parent. */
static void mark_twins(trace_span **by_id, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (is_same(by_id[i - 1], by_id[i])) by_id[i]->parent = by_id[i];
}

static int drop_twins(trace_file *file)
{
    trace_span **by_id = malloc(file->n_spans * sizeof(trace_span *));
    size_t kept = 0;
    if (!by_id) return -1;
    for (size_t i = 0; i < file->n_spans; i++) by_id[i] = &file->spans[i];
    qsort(by_id, file->n_spans, sizeof *by_id, compare_ids);
    mark_twins(by_id, file->n_spans);
    free(by_id);
    for (size_t i = 0; i < file->n_spans; i++)
        if (!file->spans[i].parent) file->spans[kept++] = file->spans[i];
    file->n_spans = kept;
    return 0;
}

/* ---- parents --------------------------------------------------------------------------------- */

static trace_span *find_parent(trace_span **by_id, size_t n, const trace_span *span)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcasecmp(by_id[middle]->trace_id, span->trace_id);
        if (!order) order = strcasecmp(by_id[middle]->id, span->parent_id);
        if (!order) return by_id[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* Cut rings: in a damaged file, spans may be each other's ancestors. `number` is the state of a
 * span: 0: not visited, 1: on the current path, 2: leads to a root. */
static void cut_rings(trace_file *file)
{
    for (size_t i = 0; i < file->n_spans; i++) file->spans[i].number = 0;
    for (size_t i = 0; i < file->n_spans; i++) {
        trace_span *s = &file->spans[i], *on;
        for (; s && s->number == 0; s = s->parent) {
            s->number = 1;
            if (s->parent && s->parent->number == 1) s->parent = NULL;
        }
        for (on = &file->spans[i]; on && on->number == 1; on = on->parent) on->number = 2;
    }
}

static int find_parents(trace_file *file)
{
    trace_span **by_id = malloc(file->n_spans * sizeof(trace_span *));
    if (!by_id) return -1;
    for (size_t i = 0; i < file->n_spans; i++) by_id[i] = &file->spans[i];
    qsort(by_id, file->n_spans, sizeof *by_id, compare_ids);
    for (size_t i = 0; i < file->n_spans; i++) {
        trace_span *span = &file->spans[i];
        if (span->parent_id) span->parent = find_parent(by_id, file->n_spans, span);
    }
    free(by_id);
    cut_rings(file);
    return 0;
}

/* ---- one trace ------------------------------------------------------------------------------- */

static void append(trace_span **first, trace_span **last, trace_span *span)
{
    if (*last)
        (*last)->next = span;
    else
        *first = span;
    *last = span;
}

static void link_spans(recorded_trace *trace)
{
    trace_span *last = NULL;
    for (size_t i = 0; i < trace->n; i++) {
        trace_span *span = &trace->spans[i];
        if (span->parent)
            append(&span->parent->child, &span->parent->last_child, span);
        else
            append(&trace->root, &last, span);
    }
    for (trace_span *s = trace->root; s; s = trace_next(s))
        s->depth = s->parent ? s->parent->depth + 1 : 0;
}

/* Find the attempts: a request under an operation counts as one of its attempts. */
static void name_attempts(recorded_trace *trace)
{
    for (size_t i = 0; i < trace->n; i++) {
        trace_span *span = &trace->spans[i];
        bool within = span->parent && span->parent->kind == TRACE_OPERATION;
        if (within && span->request && span->kind == TRACE_OTHER) span->kind = TRACE_ATTEMPT;
    }
}

static void find_gaps(recorded_trace *trace)
{
    for (size_t i = 0; i < trace->n; i++) {
        const trace_span *before = NULL;
        if (trace->spans[i].kind != TRACE_OPERATION) continue;
        for (trace_span *s = trace->spans[i].child; s; s = s->next) {
            if (s->kind != TRACE_ATTEMPT) continue;
            if (before && before->failed && before->end_ns < s->start_ns)
                s->gap_from_ns = before->end_ns;
            before = s;
        }
    }
}

static void add_tokens(int64_t *sum, int64_t tokens)
{
    if (tokens < 0) return;
    if (*sum < 0) *sum = 0;
    *sum = beluga__add(*sum, tokens);
}

static void count_operation(recorded_trace *trace, const trace_span *span)
{
    bool used = span->input_tokens > 0 || span->output_tokens > 0;
    trace->n_operations++;
    trace->n_failed += span->failed;
    add_tokens(&trace->input_tokens, span->input_tokens);
    add_tokens(&trace->output_tokens, span->output_tokens);
    if (span->cost_usd >= 0)
        trace->cost_usd += span->cost_usd;
    else
        trace->n_unpriced += used;
}

static void count(recorded_trace *trace)
{
    trace->input_tokens = trace->output_tokens = -1;
    trace->start_ns = trace->spans[0].start_ns;
    for (size_t i = 0; i < trace->n; i++) {
        const trace_span *span = &trace->spans[i];
        if (span->end_ns > trace->end_ns) trace->end_ns = span->end_ns;
        if (span->kind == TRACE_OPERATION) count_operation(trace, span);
        trace->n_attempts += span->kind == TRACE_ATTEMPT;
        trace->n_retries += span->kind == TRACE_ATTEMPT && span->resent > 0;
        trace->n_tools += span->kind == TRACE_TOOL;
    }
}

/* Set the end of spans whose end is not in the file: they count as lasting until the last known
 * time of their trace. */
static void end_open_ones(recorded_trace *trace)
{
    for (size_t i = 0; i < trace->n; i++)
        if (trace->spans[i].open) trace->spans[i].end_ns = trace->end_ns;
}

static int finish_trace(recorded_trace *trace)
{
    link_spans(trace);
    name_attempts(trace);
    find_gaps(trace);
    count(trace);
    end_open_ones(trace);
    return trace_add_up(trace);
}

/* ---- all traces ------------------------------------------------------------------------------ */

static int compare_traces(const void *a, const void *b)
{
    const recorded_trace *x = a, *y = b;
    int order = compare_times(x->start_ns, y->start_ns);
    return order ? order : strcasecmp(x->id, y->id);
}

static bool begins_trace(const trace_file *file, size_t i)
{
    return i == 0 || strcasecmp(file->spans[i - 1].trace_id, file->spans[i].trace_id) != 0;
}

static int make_traces(trace_file *file)
{
    size_t n = 0;
    for (size_t i = 0; i < file->n_spans; i++) n += begins_trace(file, i);
    file->traces = calloc(n, sizeof *file->traces);
    if (!file->traces) return -1;
    for (size_t i = 0; i < file->n_spans; i++) {
        if (begins_trace(file, i))
            file->traces[file->n_traces++] =
                (recorded_trace){.id = file->spans[i].trace_id, .spans = &file->spans[i]};
        file->traces[file->n_traces - 1].n++;
    }
    for (size_t i = 0; i < file->n_traces; i++)
        if (finish_trace(&file->traces[i]) != 0) return -1;
    qsort(file->traces, file->n_traces, sizeof *file->traces, compare_traces);
    return 0;
}

int trace_file_link(trace_file *file)
{
    if (drop_twins(file) != 0) return -1;
    qsort(file->spans, file->n_spans, sizeof *file->spans, compare_spans);
    if (find_parents(file) != 0) return -1;
    return make_traces(file);
}

/* ---- walking --------------------------------------------------------------------------------- */

trace_span *trace_next(const trace_span *span)
{
    if (span->child) return span->child;
    while (!span->next && span->parent) span = span->parent;
    return span->next;
}

bool trace_is_frame(const trace_span *span)
{
    return span->child || span->kind == TRACE_GROUP;
}

/* ---- the choice of spans --------------------------------------------------------------------- */

/* Compare spans by importance: failed spans come first, then long ones. */
static int compare_weights(const void *a, const void *b)
{
    const trace_span *x = *(trace_span *const *)a, *y = *(trace_span *const *)b;
    if (x->failed != y->failed) return x->failed ? -1 : 1;
    int order = compare_times(y->end_ns - y->start_ns, x->end_ns - x->start_ns);
    return order ? order : x < y ? -1 : x > y;
}

/* Fold attempts into calls: if a call has only one attempt, the attempt is shown as part of the
 * call. */
static void fold_attempts(recorded_trace *trace)
{
    for (size_t i = 0; i < trace->n; i++) {
        trace_span *span = &trace->spans[i], *only = span->child;
        if (span->kind != TRACE_OPERATION || !only || only->next || only->child ||
            only->kind != TRACE_ATTEMPT || only->failed != span->failed)
            continue;
        only->folded = true;
        span->child = span->last_child = NULL;
        if (span->http_status < 0) span->http_status = only->http_status;
        if (!span->first_ns) span->first_ns = only->first_ns;
    }
}

static size_t show(trace_span *span)
{
    size_t n = 0;
    for (; span && !span->shown; span = span->parent, n++) span->shown = true;
    return n;
}

static void count_hidden(recorded_trace *trace)
{
    for (size_t i = 0; i < trace->n; i++) {
        trace_span *span = &trace->spans[i];
        if (!span->shown && !span->folded)
            ++*(span->parent ? &span->parent->hidden : &trace->hidden);
    }
}

int trace_select(recorded_trace *trace, size_t limit)
{
    bool all = limit == 0 || trace->n <= limit;
    trace->hidden = 0;
    for (size_t i = 0; i < trace->n; i++) {
        trace->spans[i].shown = all;
        trace->spans[i].hidden = 0;
    }
    if (all) return 0;
    trace_span **by_weight = malloc(trace->n * sizeof(trace_span *));
    size_t n = 0, shown = 0;
    if (!by_weight) return -1;
    fold_attempts(trace);
    for (size_t i = 0; i < trace->n; i++)
        if (!trace->spans[i].folded) by_weight[n++] = &trace->spans[i];
    qsort(by_weight, n, sizeof *by_weight, compare_weights);
    for (size_t i = 0; i < n && shown < limit; i++) shown += show(by_weight[i]);
    free(by_weight);
    count_hidden(trace);
    return 0;
}
