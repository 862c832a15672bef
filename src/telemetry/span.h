/* Spans while they are recorded and while they wait to be sent. They come from slabs that are
 * kept, so that after a while no more memory is allocated for spans. Text that does not fit into a
 * span gets memory of its own. */
#ifndef BELUGA__RECORDED_SPAN_H
#define BELUGA__RECORDED_SPAN_H

#include "telemetry/series.h"

#include <beluga/response.h>

enum { BELUGA__SPAN_ROOM = 880 };

/* An internal type of attribute: texts, each ended by NUL. */
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
    _Atomic uint32_t next_free, index; /* links of the pool; indices count from 1 */
    beluga_telemetry *telemetry;
    beluga__subject *subject;
    const beluga_call *call; /* only compared, and only while the span is open */
    beluga__trace_id trace;
    uint64_t id, parent_id; /* 0: no parent */
    int64_t start_ns, end_ns;
    uint8_t kind; /* a beluga_span_kind */
    bool sampled, remote_parent, streamed, traced, measured;
    int code;                     /* error code at its end */
    int retry_code;               /* for an operation, the code of its last attempt */
    int64_t first_ns, chunk_ns;   /* times of the first and the last content; 0: none yet */
    beluga__distribution *chunks; /* in the span's memory; NULL: no chunks */
    const char *message;          /* the error's message */
    const char *tracestate;       /* may be NULL */
    beluga__attributes attributes;
    beluga__mark *marks, **last_mark;
    uint32_t n_marks, marks_dropped;
    uint64_t *links; /* span ids of the same trace */
    uint32_t n_links, links_dropped;
    beluga_response_builder *content; /* the answer, where it is captured */
    char *at, *end;                   /* free memory of the span */
    void *blocks;                     /* blocks of further memory */
    size_t extra;                     /* bytes of the blocks */
    _Alignas(16) char room[BELUGA__SPAN_ROOM];
} beluga__span;

typedef struct beluga__span_pool {
    const beluga_allocator *allocator;
    pthread_mutex_t *lock;
    /* The index of the first free span, with a count above it, so that no two heads are equal. */
    _Atomic uint64_t free;
    _Atomic(beluga__span *) slabs[BELUGA__MAX_SPANS / 64];
    _Atomic uint32_t n_slabs;
} beluga__span_pool;

void beluga__span_pool_init(beluga__span_pool *pool, const beluga_allocator *allocator,
                            pthread_mutex_t *lock);
void beluga__span_pool_free(beluga__span_pool *pool);
/* Make all spans free again, in a forked child. */
void beluga__span_pool_reset(beluga__span_pool *pool);
/* Take a span. Returns NULL without memory, or when too many spans are open. Any thread may call
 * this. */
beluga__span *beluga__span_take(beluga__span_pool *pool);
void beluga__span_give_back(beluga__span_pool *pool, beluga__span *span);

/* Allocate memory that lives as long as the span; NULL without memory, or past its maximum. */
void *beluga__span_alloc(beluga__span *span, size_t size);
char *beluga__span_copy(beluga__span *span, const char *text, size_t length);
/* Copy a text that may not be UTF-8, with "?" for each invalid byte, since a receiver would refuse
 * the whole export. */
char *beluga__span_copy_text(beluga__span *span, const char *text, size_t length);

typedef struct beluga__span_limits {
    uint32_t attributes, events, links, value_bytes;
} beluga__span_limits;

/* Add an attribute or a mark. Past the limit or without memory, it is counted as dropped. `name`
 * is not copied. */
beluga__attribute *beluga__span_add(beluga__span *span, beluga__attributes *to, const char *name,
                                    uint32_t type);
void beluga__span_add_text(beluga__span *span, beluga__attributes *to, const char *name,
                           const char *text, size_t length);
beluga__mark *beluga__span_mark(beluga__span *span, const char *name, int64_t at_ns);

#endif
