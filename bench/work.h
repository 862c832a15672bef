/* Pieces of work that a benchmark repeats. */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <stddef.h>

typedef struct work {
    const char *name;
    void *(*open)(void);
    void (*run)(void *fixture, size_t n); /* n times */
    void (*close)(void *fixture);
} work;

/* Return the one of that name, or NULL. */
const work *work_find(const char *name);
/* Return the one at that place, or NULL past the last. */
const work *work_at(size_t index);

extern const work work_generate, work_generate_observed, work_stream_chat, work_bind_tools;
extern const work work_stream_event, work_parse_event;

#endif
