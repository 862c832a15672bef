/* Spans, while they are recorded and while they wait to be exported. Spans are taken from slabs,
 * which are kept and used again. Text that does not fit into a span is allocated separately. */
#ifndef BELUGA__RECORDED_SPAN_H
#define BELUGA__RECORDED_SPAN_H

#include "telemetry/series.h"

#include <beluga/response.h>

enum { BELUGA__SPAN_ROOM = 880 };

/* An internal type of attribute: a list of texts, each followed by a NUL. */
enum { BELUGA__ATTRIBUTE_TEXTS = 16 };

typedef struct beluga__attribute {
    struct beluga__attribute *next;
    const char *name;
    uint32_t type; /* a beluga_attribute_type, or TEXTS */
    uint32_t length;
    union {
        const char *string;
        int64_t integer;
        double number;
        bool boolean;
    } value;
} beluga__attribute;

typedef struct beluga__attributes {
    beluga__attribute *first, **last;
    uint32_t count, dropped;
} beluga__attributes;

typedef struct beluga__mark {
    struct beluga__mark *next;
    int64_t at_ns;
    const char *name;
    beluga__attributes attributes;
} beluga__mark;

typedef struct beluga__trace_id {
    uint64_t high, low;
} beluga__trace_id;

typedef struct beluga__span {
    struct beluga__span *next;         /* next span in the queue */
    _Atomic uint32_t next_free, index; /* links of the free list; indices count from 1 */
    beluga_telemetry *telemetry;
    beluga__subject *subject;
    /* only compared with other calls, never dereferenced; valid while the span is open */
    const beluga_call *call;
    beluga__trace_id trace;
    uint64_t id, parent_id; /* 0: no parent */
    int64_t start_ns, end_ns;
    uint8_t kind; /* a beluga_span_kind */
    bool sampled, remote_parent, streamed, traced, measured;
    int code;       /* error code with which the span ended */
    int retry_code; /* for an operation: the error code of its last attempt */
    /* times of the first and the last chunk with content; 0: none yet */
    int64_t first_ns, chunk_ns;
    beluga__distribution *chunks; /* times between chunks, in the span's memory; NULL: no chunks */
    const char *message;          /* the error's message */
    const char *tracestate;       /* may be NULL */
    beluga__attributes attributes;
    beluga__mark *marks, **last_mark;
    uint32_t n_marks, marks_dropped;
    uint64_t *links; /* span ids of the same trace */
    uint32_t n_links, links_dropped;
    beluga_response_builder *content; /* builds the answer, if content is captured */
    char *at, *end;                   /* free memory of the span */
    void *blocks;                     /* further blocks of memory */
    size_t extra;                     /* total bytes of these blocks */
    _Alignas(16) char room[BELUGA__SPAN_ROOM];
} beluga__span;

typedef struct beluga__span_pool {
    const beluga_allocator *allocator;
    pthread_mutex_t *lock;
    /* The lower bits are the index of the first free span. The upper bits are a counter that
     * changes with each use, so that a stale head never compares equal (ABA). */
    _Atomic uint64_t free;
    _Atomic(beluga__span *) slabs[BELUGA__MAX_SPANS / 64];
    _Atomic uint32_t n_slabs;
} beluga__span_pool;

void beluga__span_pool_init(beluga__span_pool *pool, const beluga_allocator *allocator,
                            pthread_mutex_t *lock);
void beluga__span_pool_free(beluga__span_pool *pool);
/* Mark all spans as unused; a forked child calls this. */
void beluga__span_pool_reset(beluga__span_pool *pool);
/* Take a free span. Returns NULL if out of memory, or if too many spans are open. Threads: any. */
beluga__span *beluga__span_take(beluga__span_pool *pool);
void beluga__span_give_back(beluga__span_pool *pool, beluga__span *span);

/* Allocate memory that lives as long as the span. Returns NULL if out of memory, or if the span has
 * reached its maximum. */
void *beluga__span_alloc(beluga__span *span, size_t size);
char *beluga__span_copy(beluga__span *span, const char *text, size_t length);
/* Copy a text that may not be UTF-8. Invalid bytes become "?", since a receiver would refuse the
 * whole export because of them. */
char *beluga__span_copy_text(beluga__span *span, const char *text, size_t length);

typedef struct beluga__span_limits {
    uint32_t attributes, events, links, value_bytes;
} beluga__span_limits;

/* Add an attribute or an event. If the limit is reached, or if out of memory, it is counted as
 * dropped. `name` is not copied. */
beluga__attribute *beluga__span_add(beluga__span *span, beluga__attributes *to, const char *name,
                                    uint32_t type);
void beluga__span_add_text(beluga__span *span, beluga__attributes *to, const char *name,
                           const char *text, size_t length);
beluga__mark *beluga__span_mark(beluga__span *span, const char *name, int64_t at_ns);

#endif
