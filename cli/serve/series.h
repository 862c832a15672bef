/* The label sets of metrics. Each set has its own struct of numbers. Only a limited number of sets
 * is kept; all others are counted in one set, whose labels are "other". */
#ifndef BELUGA_CLI_SERVE_SERIES_H
#define BELUGA_CLI_SERVE_SERIES_H

#include "base/buf.h"

#include <stddef.h>
#include <stdint.h>

#define SERIES_MAX_LABELS  6
#define SERIES_VALUE_BYTES 96 /* maximum length of a label's value; a longer value is truncated */
#define SERIES_PLACES      256

typedef struct series series;

typedef struct series_table {
    size_t size;              /* size of a struct of numbers */
    size_t max;               /* maximum number of structs */
    const char *const *names; /* names of the labels, terminated by NULL */
    size_t n_names;
    size_t count;
    series *places[SERIES_PLACES], *first, **end;
} series_table;

void series_begin(series_table *table, size_t size, size_t max, const char *const *names);
void series_free(series_table *table);
/* Find the struct of numbers for these values, one for each label, or make one that is zeroed.
 * @return NULL if memory runs out. */
void *series_find(series_table *table, const char *const *values);
/* Return the label set after `item`, in the order of their first use; the first set for NULL. */
const series *series_next(const series_table *table, const series *item);
const void *series_numbers(const series *item);
/* Append the labels in the format of Prometheus, without braces. */
void series_put_labels(const series_table *table, const series *item, beluga__buf *out);
/* Append a text as the value of a label, without quotes. */
void series_put_value(beluga__buf *out, const char *text);

#endif
