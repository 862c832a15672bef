#include "mcp/lines.h"

#include <string.h>

void beluga__lines_init(beluga__lines *lines, const beluga_allocator *allocator, size_t max)
{
    beluga__buf_init(&lines->line, allocator, max);
    lines->cut = 0;
}

void beluga__lines_free(beluga__lines *lines)
{
    beluga__buf_free(&lines->line);
}

static void deliver(const char *line, size_t n, size_t cut, beluga__line_fn fn, void *payload)
{
    if (n && line[n - 1] == '\r') n--;
    if (n || cut) fn(payload, line, n, cut);
}

/* Append a piece to the current line, as far as it fits. */
static void add(beluga__lines *lines, const char *bytes, size_t n)
{
    size_t room = lines->line.max - lines->line.length, fits = n < room ? n : room;
    if (lines->cut || beluga__buf_append(&lines->line, bytes, fits)) fits = 0;
    lines->cut += n - fits;
}

void beluga__lines_feed(beluga__lines *lines, const char *bytes, size_t n, beluga__line_fn fn,
                        void *payload)
{
    const char *end;
    for (; (end = memchr(bytes, '\n', n)); n -= (size_t)(end + 1 - bytes), bytes = end + 1) {
        size_t length = (size_t)(end - bytes);
        if (!lines->line.length && !lines->cut && length <= lines->line.max) {
            deliver(bytes, length, 0, fn, payload);
            continue;
        }
        add(lines, bytes, length);
        beluga__lines_end(lines, fn, payload);
    }
    add(lines, bytes, n);
}

void beluga__lines_end(beluga__lines *lines, beluga__line_fn fn, void *payload)
{
    deliver(lines->line.data, lines->line.length, lines->cut, fn, payload);
    beluga__buf_clear(&lines->line);
    lines->cut = 0;
}
