/*
 * Recorded traces: read from lines of OTLP/JSON, linked into trees, and evaluated to find where the
 * time went. The files that show traces (draw.h, page.h, list.h) only use this header.
 */
#ifndef BELUGA_CLI_TRACE_TRACE_H
#define BELUGA_CLI_TRACE_TRACE_H

#include <beluga/price.h>
#include <beluga/provider/json.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A longer file, or a file with more spans, is refused. */
#define MAX_TRACE_FILE_BYTES ((size_t)256 * 1024 * 1024)
#define MAX_TRACE_SPANS      ((size_t)1000000)

typedef enum trace_kind {
    TRACE_OTHER,     /* any other span */
    TRACE_OPERATION, /* one call of a model, including its retries */
    TRACE_ATTEMPT,   /* one request of an operation */
    TRACE_TOOL,      /* one run of a tool */
    TRACE_GROUP      /* a batch or an agent, which spends its time in its children */
} trace_kind;

/* The activities on which the time of a trace is spent. If several happen at once, the first in
 * this list counts: for example, waiting counts only while no bytes arrive. Columns: constant, name
 * in JSON, words for people. */
#define TRACE_WHERE_MAP(XX)                                       \
    XX(RECEIVING, "receiving", "receiving the answer")            \
    XX(FIRST_TOKEN, "first_token", "waiting for the first token") \
    XX(ANSWER, "answer", "waiting for the answer")                \
    XX(FAILED, "failed_attempts", "failed attempts")              \
    XX(TOOLS, "tools", "tools")                                   \
    XX(RETRY_WAIT, "retry_wait", "retry wait")                    \
    XX(OTHER, "other_spans", "other spans")                       \
    XX(ELSEWHERE, "elsewhere", "elsewhere")

typedef enum trace_where {
#define XX(constant, name, words) TRACE_WHERE_##constant,
    TRACE_WHERE_MAP(XX)
#undef XX
        TRACE_WHERE_COUNT
} trace_where;

/* Times are nanoseconds since 1970. Texts and JSON are borrowed from the file's lines. */
typedef struct trace_span {
    const char *trace_id, *id, *parent_id; /* parent_id: NULL for none */
    const char *name;
    int64_t start_ns, end_ns;
    int64_t first_ns;    /* time of the first token; 0: unknown, or not streamed */
    int64_t gap_from_ns; /* for a retry, the end of the previous attempt; 0: not a retry */
    trace_kind kind;
    bool failed;
    bool open;    /* the file does not contain the end of this span */
    bool request; /* the span is an HTTP request, or names a provider */
    /* NULL or -1: the file does not contain this value */
    const char *operation, *provider, *model, *response_model, *tool, *error_type, *message;
    const char *retry_reason, *finish;
    int64_t input_tokens, output_tokens, cache_read, cache_write, http_status, resent;
    int64_t batch_succeeded, batch_failed;
    double cost_usd;
    const beluga_json *attributes, *events; /* arrays, or NULL */
    /* links of the tree */
    struct trace_span *parent, *child, *last_child, *next;
    unsigned depth;
    bool shown;    /* set by trace_select */
    bool folded;   /* shown as part of its parent; set by trace_select */
    size_t hidden; /* number of children that are not shown */
    size_t number; /* position in the file */
} trace_span;

typedef struct recorded_trace {
    const char *id;
    trace_span *spans; /* sorted by start; the spans of one trace are adjacent */
    size_t n;
    trace_span *root; /* the first span whose parent is not in the file; `next` leads to the other
                       * such spans */
    size_t hidden;    /* number of roots that are not shown */
    int64_t start_ns, end_ns;
    int64_t where_ns[TRACE_WHERE_COUNT];
    /* n_failed counts the failed operations */
    size_t n_operations, n_attempts, n_retries, n_tools, n_failed;
    int64_t input_tokens, output_tokens; /* -1: unknown */
    double cost_usd;                     /* sum of the known costs */
    size_t n_unpriced;                   /* operations that used tokens without a known price */
} recorded_trace;

typedef struct trace_file {
    recorded_trace *traces; /* sorted by start */
    size_t n_traces;
    trace_span *spans;
    size_t n_spans, room_spans;
    beluga_json_doc **lines;
    size_t n_lines, room_lines;
    size_t n_other_lines; /* lines with metrics and logs */
    size_t torn_line;     /* number of an incomplete last line; 0: none */
} trace_file;

/*
 * Read lines of OTLP/JSON and link their spans into trees.
 * @param name    Name of the file, for messages.
 * @param prices  NULL: costs are unknown.
 * @return 0, or an exit code after reporting the error. Free with trace_file_free in either case.
 */
int trace_file_read(trace_file *file, const char *name, const char *text, size_t length,
                    const beluga_prices *prices);
void trace_file_free(trace_file *file);

/* Sort the spans, link them into trees, and compute the totals of each trace (tree.c). @return 0,
 * or -1 if memory runs out. */
int trace_file_link(trace_file *file);

/* Fill in where_ns (where.c). @return 0, or -1 if memory runs out. */
int trace_add_up(recorded_trace *trace);

/* Mark the spans to show; call this once. About `limit` spans are chosen (0: all), failed and long
 * ones first, each with its ancestors. If not all spans are shown, the only attempt of a call is
 * shown as part of the call. @return 0, or -1 if memory runs out. */
int trace_select(recorded_trace *trace, size_t limit);

/* Return the next span in the order of the tree, or NULL after the last. */
trace_span *trace_next(const trace_span *span);

/* Return whether a span spends its time in its children, so that its own bar is drawn as a frame.
 */
bool trace_is_frame(const trace_span *span);
/* Return the time of a request's first token, from the span or its operation; 0: unknown. */
int64_t trace_first_ns(const trace_span *span);

const char *trace_where_name(trace_where where);
const char *trace_where_words(trace_where where);

#endif
