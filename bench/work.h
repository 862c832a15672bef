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

/* The works that a program can do; ended by an entry without a name. */
extern const work works[];

/* The provider that is called by works without a network. Set it before `open`. */
extern const char *work_provider;

/* Return the work of that name, or NULL. */
static inline const work *work_find(const char *name)
{
    const work *w = works;
    while (w->name && strcmp(w->name, name) != 0) w++;
    return w->name ? w : NULL;
}

#endif
