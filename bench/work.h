/* Pieces of work that a benchmark repeats. */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <stddef.h>
#include <string.h>

typedef struct work {
    const char *name;
    void *(*open)(void);
    void (*run)(void *fixture, size_t n); /* n times */
    void (*close)(void *fixture);
} work;

/* The pieces of work of a program; ended by an entry without a name. */
extern const work works[];

/* The provider that is called by pieces of work without a network. Set it before `open`. */
extern const char *work_provider;

/* Return the piece of work with this name, or NULL. */
static inline const work *work_find(const char *name)
{
    const work *w = works;
    while (w->name && strcmp(w->name, name) != 0) w++;
    return w->name ? w : NULL;
}

#endif
