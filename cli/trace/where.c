/* Adds up the time of a trace. Every moment counts for only one activity. */
#include "trace/trace.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
#define XX(constant, name, words) name,
    TRACE_WHERE_MAP(XX)
#undef XX
};

static const char *const phrases[] = {
#define XX(constant, name, words) words,
    TRACE_WHERE_MAP(XX)
#undef XX
};

const char *trace_where_name(trace_where where)
{
    return names[where];
}

const char *trace_where_words(trace_where where)
{
    return phrases[where];
}

int64_t trace_first_ns(const trace_span *span)
{
    int64_t first_ns = span->first_ns;
    if (!first_ns && span->kind == TRACE_ATTEMPT) first_ns = span->parent->first_ns;
    return first_ns >= span->start_ns && first_ns <= span->end_ns ? first_ns : 0;
}

/* A point in time at which the number of spans that do the activity `where` changes by one. */
typedef struct activity_change {
    int64_t at_ns;
    int change;
    trace_where where;
} activity_change;

typedef struct activity_changes {
    activity_change *items;
    size_t n;
} activity_changes;

/* The maximum number of changes by one span: it may have a time of waiting, a time of receiving and
 * a gap before it, each with a beginning and an end. */
#define TURNS_OF_SPAN 6

static void add(activity_changes *turns, trace_where where, int64_t from_ns, int64_t to_ns)
{
    if (to_ns <= from_ns) return;
    turns->items[turns->n++] = (activity_change){from_ns, 1, where};
    turns->items[turns->n++] = (activity_change){to_ns, -1, where};
}

static void add_request(activity_changes *turns, const trace_span *span)
{
    int64_t first_ns = trace_first_ns(span);
    if (span->failed) {
        add(turns, TRACE_WHERE_FAILED, span->start_ns, span->end_ns);
    } else if (!first_ns) {
        add(turns, TRACE_WHERE_ANSWER, span->start_ns, span->end_ns);
    } else {
        add(turns, TRACE_WHERE_FIRST_TOKEN, span->start_ns, first_ns);
        add(turns, TRACE_WHERE_RECEIVING, first_ns, span->end_ns);
    }
}

static bool has_attempts(const trace_span *span)
{
    const trace_span *s = span->child;
    while (s && s->kind != TRACE_ATTEMPT) s = s->next;
    return s != NULL;
}

static void add_span(activity_changes *turns, const trace_span *span)
{
    if (span->gap_from_ns) add(turns, TRACE_WHERE_RETRY_WAIT, span->gap_from_ns, span->start_ns);
    switch (span->kind) {
    case TRACE_ATTEMPT: add_request(turns, span); break;
    case TRACE_OPERATION:
        if (!has_attempts(span)) add_request(turns, span);
        break;
    case TRACE_TOOL: add(turns, TRACE_WHERE_TOOLS, span->start_ns, span->end_ns); break;
    case TRACE_OTHER:
        if (!span->child) add(turns, TRACE_WHERE_OTHER, span->start_ns, span->end_ns);
        break;
    case TRACE_GROUP: break;
    }
}

static int compare_turns(const void *a, const void *b)
{
    const activity_change *x = a, *y = b;
    return x->at_ns < y->at_ns ? -1 : x->at_ns > y->at_ns;
}

static void sweep(recorded_trace *trace, const activity_changes *turns)
{
    int64_t active[TRACE_WHERE_COUNT] = {0}, at_ns = trace->start_ns;
    for (size_t i = 0; i <= turns->n; i++) {
        int64_t until_ns = i < turns->n ? turns->items[i].at_ns : trace->end_ns;
        unsigned where = 0;
        while (where < TRACE_WHERE_ELSEWHERE && !active[where]) where++;
        trace->where_ns[where] += until_ns - at_ns;
        at_ns = until_ns;
        if (i < turns->n) active[turns->items[i].where] += turns->items[i].change;
    }
}

int trace_add_up(recorded_trace *trace)
{
    activity_changes turns = {.items = malloc(TURNS_OF_SPAN * trace->n * sizeof(activity_change))};
    if (!turns.items) return -1;
    memset(trace->where_ns, 0, sizeof trace->where_ns);
    for (size_t i = 0; i < trace->n; i++) add_span(&turns, &trace->spans[i]);
    qsort(turns.items, turns.n, sizeof *turns.items, compare_turns);
    sweep(trace, &turns);
    free(turns.items);
    return 0;
}
