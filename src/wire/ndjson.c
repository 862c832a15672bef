/* NDJSON: one JSON value a line. Blank lines are skipped, and the last line needs no line end. */
#include "wire/framing.h"

#include <beluga/error.h>

static bool is_blank(const char *line, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r') return false;
    return true;
}

/* Returns 0 if `code` reports a line that is too large and such lines are skipped; otherwise
 * returns `code`. */
static int pass_over(beluga__framer *framer, int code)
{
    if (code != BELUGA_ERROR_LIMIT_EXCEEDED || !framer->passes_over) return code;
    beluga__buf_clear(&framer->line);
    return framer->passed_over = true, 0;
}

/* Store the beginning of a line whose end has not arrived yet. */
static int keep(beluga__framer *framer, const char *bytes, size_t n)
{
    if (framer->in_passed) return 0;
    int code = beluga__buf_append(&framer->line, bytes, n);
    framer->in_passed = code && pass_over(framer, code) == 0;
    return framer->in_passed ? 0 : code;
}

static int take_line(beluga__framer *framer, char *line, size_t n, beluga__frame_fn fn,
                     void *payload)
{
    if (framer->in_passed) return framer->in_passed = false, 0;
    if (framer->line.length) {
        int code = beluga__buf_append(&framer->line, line, n);
        if (code) return pass_over(framer, code);
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
    if (n > framer->max) return pass_over(framer, BELUGA_ERROR_LIMIT_EXCEEDED);
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
        if (!newline) return keep(framer, at, (size_t)(end - at));
        int code = take_line(framer, at, (size_t)(newline - at), fn, payload);
        if (code) return code;
    }
    return 0;
}

int beluga__ndjson_end(beluga__framer *framer, beluga__frame_fn fn, void *payload)
{
    return framer->line.length ? take_line(framer, NULL, 0, fn, payload) : 0;
}
