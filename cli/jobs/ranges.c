#include "jobs/ranges.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static int append(batch_ranges *r, batch_range range)
{
    if (r->count == r->room) {
        size_t room = r->room ? 2 * r->room : 8;
        batch_range *items = reallocarray(r->items, room, sizeof *items);
        if (!items) return -1;
        r->items = items;
        r->room = room;
    }
    r->items[r->count++] = range;
    r->lines += range.last - range.first + 1;
    return 0;
}

int batch_ranges_add(batch_ranges *r, uint64_t line)
{
    batch_range *last = r->count ? &r->items[r->count - 1] : NULL;
    if (!last || last->last + 1 != line) return append(r, (batch_range){line, line});
    last->last = line;
    r->lines++;
    return 0;
}

bool batch_ranges_has(const batch_ranges *r, uint64_t line)
{
    size_t low = 0, high = r->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->items[middle].last < line)
            low = middle + 1;
        else
            high = middle;
    }
    return low < r->count && r->items[low].first <= line;
}

int batch_ranges_write(const batch_ranges *r, cli_text *text)
{
    int rc = text_puts(text, "");
    for (size_t i = 0; i < r->count && rc == 0; i++) {
        const batch_range *range = &r->items[i];
        rc = text_printf(text, "%s%" PRIu64, i ? "," : "", range->first);
        if (rc == 0 && range->last != range->first)
            rc = text_printf(text, "-%" PRIu64, range->last);
    }
    return rc ? -1 : 0;
}

/* Read a number. Returns the text after the number, or NULL if there is no number. */
static const char *take_number(const char *text, uint64_t *number)
{
    char *end;
    if (*text < '1' || *text > '9') return NULL;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno ? NULL : end;
}

/* Read a range, which must come after the ranges before it. Returns the text after the range, or
 * NULL. */
static const char *take_range(const batch_ranges *r, const char *text, batch_range *range)
{
    *range = (batch_range){0};
    text = take_number(text, &range->first);
    range->last = range->first;
    if (text && *text == '-') text = take_number(text + 1, &range->last);
    uint64_t before = r->count ? r->items[r->count - 1].last : 0;
    return range->first <= before || range->last < range->first ? NULL : text;
}

int batch_ranges_parse(batch_ranges *r, const char *text)
{
    batch_range range;
    *r = (batch_ranges){0};
    while (*text) {
        text = take_range(r, text, &range);
        if (!text || (*text && (*text != ',' || !text[1]))) return errno = EINVAL, -1;
        if (append(r, range) != 0) return errno = ENOMEM, -1;
        text += *text == ',';
    }
    return 0;
}

void batch_ranges_free(batch_ranges *r)
{
    free(r->items);
    *r = (batch_ranges){0};
}
