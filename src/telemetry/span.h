/* These are spans while they are recorded and while they wait to be sent. Spans come from slabs
 * that are kept, so that in the long run none is allocated. Text that does not fit into a span gets
 * memory of its own. */
#ifndef BELUGA__RECORDED_SPAN_H
#define BELUGA__RECORDED_SPAN_H

#include "telemetry/series.h"

#include <beluga/response.h>

enum { BELUGA__SPAN_ROOM = 880 };

/* This attribute type is not public: texts, each ended by NUL. */
enum { BELUGA__ATTRIBUTE_TEXTS = 16 };

typedef struct beluga__attribute {
    struct beluga__attribute *next;
    const char *name;
    uint32_t type; /* beluga_attribute_type, or TEXTS */
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
    struct beluga__span *next;         /* in the queue */
    _Atomic uint32_t next_free, index; /* in the pool; counted from 1 */
    beluga_telemetry *telemetry;
    beluga__subject *subject;
    beluga__trace_id trace;
    uint64_t id, parent_id; /* 0: none */
    int64_t start_ns, end_ns;
    uint8_t kind; /* beluga_span_kind */
    bool sampled, remote_parent, streamed, traced, measured;
    int code;                     /* of its end */
    int retry_code;               /* an operation's: the code of its last attempt */
    int64_t first_ns, chunk_ns;   /* times of the first content, and the last; 0: none yet */
    beluga__distribution *chunks; /* in the span's memory; NULL: none */
    const char *message;          /* the error's */
    const char *tracestate;       /* or NULL */
    beluga__attributes attributes;
    beluga__mark *marks, **last_mark;
    uint32_t n_marks, marks_dropped;
    uint64_t *links; /* span ids of the same trace */
    uint32_t n_links, links_dropped;
    beluga_response_builder *content; /* the answer, where it is captured */
    char *at, *end;                   /* free room */
    void *blocks;                     /* blocks of more room */
    size_t extra;                     /* bytes of the blocks */
    _Alignas(16) char room[BELUGA__SPAN_ROOM];
} beluga__span;

typedef struct beluga__span_pool {
    const beluga_allocator *allocator;
    pthread_mutex_t *lock;
    /* the index of the first free span, and above it a count, so that no two heads are alike */
    _Atomic uint64_t free;
    _Atomic(beluga__span *) slabs[BELUGA__MAX_SPANS / 64];
    _Atomic uint32_t n_slabs;
} beluga__span_pool;

void beluga__span_pool_init(beluga__span_pool *pool, const beluga_allocator *allocator,
                            pthread_mutex_t *lock);
void beluga__span_pool_free(beluga__span_pool *pool);
/* Make all spans free again, in a forked child. */
void beluga__span_pool_reset(beluga__span_pool *pool);
/* Returns NULL without memory, or when too many are open. Any thread may call it. */
beluga__span *beluga__span_take(beluga__span_pool *pool);
void beluga__span_give_back(beluga__span_pool *pool, beluga__span *span);

/* Allocate memory that lives as long as the span; NULL without memory, or past its maximum. */
void *beluga__span_alloc(beluga__span *span, size_t size);
char *beluga__span_copy(beluga__span *span, const char *text, size_t length);
/* Copy a text that may not be UTF-8, with "?" for each such byte, since one of them would cost the
 * whole export. */
char *beluga__span_copy_text(beluga__span *span, const char *text, size_t length);

typedef struct beluga__span_limits {
    uint32_t attributes, events, links, value_bytes;
} beluga__span_limits;

/* Add an attribute or a mark. One that is past its limit, or finds no memory, is counted as
 * dropped. `name` is not copied. */
beluga__attribute *beluga__span_add(beluga__span *span, beluga__attributes *to, const char *name,
                                    uint32_t type);
void beluga__span_add_text(beluga__span *span, beluga__attributes *to, const char *name,
                           const char *text, size_t length);
beluga__mark *beluga__span_mark(beluga__span *span, const char *name, int64_t at_ns);

#endif
