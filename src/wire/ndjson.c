/* NDJSON has one JSON value on each line. Blank lines are skipped; the last line needs no end. */
#include "wire/framing.h"

#include <beluga/error.h>

static bool is_blank(const char *line, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r') return false;
    return true;
}

static int take_line(beluga__framer *framer, char *line, size_t n, beluga__frame_fn fn,
                     void *payload)
{
    if (framer->line.length) {
        if (beluga__buf_append(&framer->line, line, n)) return framer->line.status;
        line = framer->line.data;
        n = framer->line.length;
        framer->line.length = 0; /* the bytes stay valid until the next append */
    }
    size_t mark = beluga__framer_skip_mark(framer, line, n);
    line += mark;
    n -= mark;
    if (n && line[n - 1] == '\r') n--;
    if (is_blank(line, n)) {
        framer->alive = true;
        return 0;
    }
    if (n > framer->max) return BELUGA_ERROR_LIMIT_EXCEEDED;
    beluga_frame frame = {.data = line, .length = n};
    char kept = line[n];
    line[n] = '\0';
    int code = fn(payload, &frame);
    line[n] = kept;
    return code;
}

int beluga__ndjson_feed(beluga__framer *framer, char *bytes, size_t n, beluga__frame_fn fn,
                        void *payload)
{
    char *end = bytes + n, *newline;
    for (char *at = bytes; at < end; at = newline + 1) {
        newline = memchr(at, '\n', (size_t)(end - at));
        if (!newline) return beluga__buf_append(&framer->line, at, (size_t)(end - at));
        int code = take_line(framer, at, (size_t)(newline - at), fn, payload);
        if (code) return code;
    }
    return 0;
}

int beluga__ndjson_end(beluga__framer *framer, beluga__frame_fn fn, void *payload)
{
    return framer->line.length ? take_line(framer, NULL, 0, fn, payload) : 0;
}
