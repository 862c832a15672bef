#include "serve/series.h"

#include "base/mix.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

/* A label set. Its numbers follow this struct in memory, and after them the values of the labels,
 * each terminated by NUL. */
struct series {
    series *next_of_place, *next;
    size_t id_bytes;
    char *id;
    _Alignas(16) char numbers[];
};

void series_begin(series_table *table, size_t size, size_t max, const char *const *names)
{
    *table = (series_table){.size = size, .max = max, .names = names};
    while (names[table->n_names]) table->n_names++;
    table->end = &table->first;
}

void series_free(series_table *table)
{
    for (series *item = table->first, *next; item; item = next) {
        next = item->next;
        free(item);
    }
    table->first = NULL;
}

/* Write the values of the labels one after the other, each terminated by NUL. Returns their length
 * in bytes. */
static size_t make_id(const series_table *table, const char *const *values, char *id)
{
    size_t n = 0;
    for (size_t i = 0; i < table->n_names; i++) {
        size_t bytes = strlen(values[i]);
        bytes = beluga__utf8_cut(values[i], bytes, SERIES_VALUE_BYTES - 1);
        memcpy(id + n, values[i], bytes);
        n += bytes;
        id[n++] = '\0';
    }
    return n;
}

static series **place_of(series_table *table, const char *id, size_t n)
{
    return &table->places[beluga__fnv(BELUGA__FNV, id, n) % SERIES_PLACES];
}

static series *find(series *item, const char *id, size_t n)
{
    while (item && (item->id_bytes != n || memcmp(item->id, id, n) != 0))
        item = item->next_of_place;
    return item;
}

static series *add(series_table *table, series **place, const char *id, size_t n)
{
    series *item = calloc(1, sizeof *item + table->size + n);
    if (!item) return NULL;
    item->id = item->numbers + table->size;
    item->id_bytes = n;
    memcpy(item->id, id, n);
    item->next_of_place = *place;
    *place = item;
    *table->end = item;
    table->end = &item->next;
    table->count++;
    return item;
}

void *series_find(series_table *table, const char *const *values)
{
    static const char *const others[SERIES_MAX_LABELS] = {"other", "other", "other",
                                                          "other", "other", "other"};
    char id[SERIES_MAX_LABELS * SERIES_VALUE_BYTES];
    size_t n = make_id(table, values, id);
    series **place = place_of(table, id, n), *item = find(*place, id, n);
    if (!item && table->count + 1 >= table->max) {
        n = make_id(table, others, id);
        place = place_of(table, id, n);
        item = find(*place, id, n);
    }
    if (!item) item = add(table, place, id, n);
    return item ? item->numbers : NULL;
}

const series *series_next(const series_table *table, const series *item)
{
    return item ? item->next : table->first;
}

const void *series_numbers(const series *item)
{
    return item->numbers;
}

void series_put_value(beluga__buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\\' || *text == '"') beluga__buf_putc(out, '\\');
        if (*text == '\n')
            beluga__buf_puts(out, "\\n");
        else
            beluga__buf_putc(out, *text);
    }
}

void series_put_labels(const series_table *table, const series *item, beluga__buf *out)
{
    const char *value = item->id;
    for (size_t i = 0; i < table->n_names; i++, value += strlen(value) + 1) {
        beluga__buf_printf(out, "%s%s=\"", i ? "," : "", table->names[i]);
        series_put_value(out, value);
        beluga__buf_putc(out, '"');
    }
}
