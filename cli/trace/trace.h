/*
 * Recorded traces: read from lines of OTLP/JSON, made into trees, and asked where the time went.
 * What draws them (draw.h, page.h, list.h) reads only this.
 */
#ifndef BELUGA_CLI_TRACE_TRACE_H
#define BELUGA_CLI_TRACE_TRACE_H

#include <beluga/price.h>
#include <beluga/provider/json.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A longer file is refused, as is one with more spans. */
#define MAX_TRACE_FILE_BYTES ((size_t)256 * 1024 * 1024)
#define MAX_TRACE_SPANS      ((size_t)1000000)

typedef enum trace_kind {
    TRACE_OTHER,     /* anybody's */
    TRACE_OPERATION, /* one call of a model, its retries inside */
    TRACE_ATTEMPT,   /* one request of it */
    TRACE_TOOL,      /* one run of a tool */
    TRACE_GROUP      /* a batch or an agent: what is under it counts */
} trace_kind;

/* The things that a moment of a trace is spent on. If several happen at once, the first in this
 * list counts: a wait is one only when nothing came in meanwhile. Constant, name in JSON, words for
 * people. */
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
    int64_t first_ns;    /* when the first token came; 0: unknown, or not streamed */
    int64_t gap_from_ns; /* of a retried attempt: when the one before ended; 0: none */
    trace_kind kind;
    bool failed;
    bool open;    /* it never ended, as far as the file knows */
    bool request; /* of a provider, or over HTTP */
    /* NULL or -1 where it is not told */
    const char *operation, *provider, *model, *response_model, *tool, *error_type, *message;
    const char *retry_reason, *finish;
    int64_t input_tokens, output_tokens, cache_read, cache_write, http_status, resent;
    int64_t batch_succeeded, batch_failed;
    double cost_usd;
    const beluga_json *attributes, *events; /* arrays, or NULL */
    /* the tree */
    struct trace_span *parent, *child, *last_child, *next;
    unsigned depth;
    bool shown;    /* by trace_select */
    bool folded;   /* into its parent, by trace_select */
    size_t hidden; /* children that are not */
    size_t number; /* in the file */
} trace_span;

typedef struct recorded_trace {
    const char *id;
    trace_span *spans; /* by start; those of one trace stand together */
    size_t n;
    trace_span *root; /* the first of those without a parent here; `next` leads to more */
    size_t hidden;    /* roots that are not shown */
    int64_t start_ns, end_ns;
    int64_t where_ns[TRACE_WHERE_COUNT];
    size_t n_operations, n_attempts, n_retries, n_tools, n_failed; /* n_failed: operations */
    int64_t input_tokens, output_tokens;                           /* -1: nobody told */
    double cost_usd;                                               /* of those that are known */
    size_t n_unpriced; /* operations that used tokens of no known price */
} recorded_trace;

typedef struct trace_file {
    recorded_trace *traces; /* by start */
    size_t n_traces;
    trace_span *spans;
    size_t n_spans, room_spans;
    beluga_json_doc **lines;
    size_t n_lines, room_lines;
    size_t n_other_lines; /* metrics and logs */
    size_t torn_line;     /* number of a last line that is not whole; 0: none */
} trace_file;

/*
 * Read lines of OTLP/JSON and make trees of their spans.
 * @param name    Of the file, for messages.
 * @param prices  NULL: no cost is known.
 * @return 0, or an exit code, reported. Free with trace_file_free in either case.
 */
int trace_file_read(trace_file *file, const char *name, const char *text, size_t length,
                    const beluga_prices *prices);
void trace_file_free(trace_file *file);

/* tree.c: sort, link, add up. @return 0, or -1 without memory. */
int trace_file_link(trace_file *file);

/* where.c: fill in where_ns. @return 0, or -1 without memory. */
int trace_add_up(recorded_trace *trace);

/* Mark what to show, once: about `limit` spans (0: all), the failed and the longest first, each
 * with those above it; a call's only attempt is then part of the call. @return 0, or -1 without
 * memory. */
int trace_select(recorded_trace *trace, size_t limit);

/* The next span in the order of the tree, NULL after the last. */
trace_span *trace_next(const trace_span *span);

/* Return whether the spans under it say what its time was spent on: its own bar is a frame. */
bool trace_is_frame(const trace_span *span);
/* When the first token of a request came, by it or by its operation; 0: unknown. */
int64_t trace_first_ns(const trace_span *span);

const char *trace_where_name(trace_where where);
const char *trace_where_words(trace_where where);

#endif
