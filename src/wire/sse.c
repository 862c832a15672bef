/* Server-sent events, as the HTML standard reads them; but a last event that no blank line follows
 * is delivered, since servers forget it.
 *
 * What an event holds stays where it was fed, and is handed out from there, while that is possible:
 * the bytes are copied ("parked") when they end before their event does, or when it has several
 * data lines. */
#include "wire/framing.h"

#include <beluga/error.h>

struct slice {
    char *at; /* NULL: nothing in place */
    size_t n;
};

struct sse {
    beluga__framer *framer;
    beluga__frame_fn fn;
    void *payload;
    struct slice data, event;
};

static int park(struct sse *s)
{
    beluga__framer *framer = s->framer;
    int code = 0;
    if (s->data.at) code = beluga__buf_append(&framer->data, s->data.at, s->data.n);
    if (s->event.at && !code) {
        beluga__buf_clear(&framer->event);
        code = beluga__buf_append(&framer->event, s->event.at, s->event.n);
    }
    s->data.at = s->event.at = NULL;
    return code;
}

static char terminate(struct slice slice)
{
    char kept = slice.at[slice.n];
    slice.at[slice.n] = '\0';
    return kept;
}

static int deliver(struct sse *s)
{
    beluga__framer *framer = s->framer;
    struct slice data = s->data, event = s->event;
    if (!data.at) data = (struct slice){framer->data.data, framer->data.length};
    if (!event.at) event = (struct slice){framer->event.data, framer->event.length};
    beluga_frame frame = {.event = "message", .event_length = 7, .data = data.at, .length = data.n};
    if (event.n) frame.event = event.at, frame.event_length = event.n;
    /* A parked slice ends in NUL already, and may be the buffer's shared "", which is not written
     * to. */
    char after_data = s->data.at ? terminate(data) : '\0';
    char after_event = s->event.at ? terminate(event) : '\0';
    int code = s->fn(s->payload, &frame);
    if (s->event.at) event.at[event.n] = after_event;
    if (s->data.at) data.at[data.n] = after_data;
    return code;
}

static int dispatch(struct sse *s)
{
    beluga__framer *framer = s->framer;
    int code = 0;
    if (framer->has_data)
        code = deliver(s);
    else
        framer->alive = true;
    s->data.at = s->event.at = NULL;
    framer->has_data = framer->bare = false;
    framer->data.length = framer->event.length = 0;
    return code;
}

static int add_data(struct sse *s, char *value, size_t n)
{
    beluga__framer *framer = s->framer;
    if (!framer->has_data) {
        framer->has_data = true;
        s->data = (struct slice){value, n};
        return n > framer->max ? BELUGA_ERROR_LIMIT_EXCEEDED : 0;
    }
    if (s->data.at) beluga__buf_append(&framer->data, s->data.at, s->data.n);
    s->data.at = NULL;
    beluga__buf_putc(&framer->data, '\n');
    return beluga__buf_append(&framer->data, value, n);
}

static bool is_field(const char *line, size_t n, const char *name, size_t name_n)
{
    return n >= name_n && memcmp(line, name, name_n) == 0 && (n == name_n || line[name_n] == ':');
}

/* The value after a field's name: one space after the colon is not part of it. */
static struct slice value_of(char *line, size_t n, size_t name_n)
{
    size_t skip = name_n;
    if (skip < n) skip++;
    if (skip < n && line[skip] == ' ') skip++;
    return (struct slice){line + skip, n - skip};
}

/* No field begins with a brace. It is JSON that a server wrote where an event should be, such as an
 * error that came up on the way: hand it on up to the next blank line. */
static bool is_bare(beluga__framer *framer, const char *line)
{
    if (!framer->has_data && (*line == '{' || *line == '[')) framer->bare = true;
    return framer->bare;
}

static int read_line(struct sse *s, char *line, size_t n)
{
    size_t mark = beluga__framer_skip_mark(s->framer, line, n);
    line += mark;
    n -= mark;
    if (!n) return dispatch(s);
    if (is_bare(s->framer, line)) return add_data(s, line, n);
    if (is_field(line, n, "data", 4)) {
        struct slice value = value_of(line, n, 4);
        return add_data(s, value.at, value.n);
    }
    if (is_field(line, n, "event", 5))
        s->event = value_of(line, n, 5);
    else
        s->framer->alive = true;
    return 0;
}

/* An unfinished line and the data before it count together. */
static int keep(struct sse *s, const char *rest, size_t n)
{
    beluga__framer *framer = s->framer;
    if (framer->line.length + framer->data.length + n > framer->line.max)
        return BELUGA_ERROR_LIMIT_EXCEEDED;
    return beluga__buf_append(&framer->line, rest, n);
}

static int take_line(struct sse *s, char *line, size_t n)
{
    beluga__framer *framer = s->framer;
    if (n > framer->line.max) return BELUGA_ERROR_LIMIT_EXCEEDED;
    if (!framer->line.length) return read_line(s, line, n);
    int code = keep(s, line, n);
    if (code) return code;
    n = framer->line.length;
    framer->line.length = 0; /* what it holds stays until the next append, which parks before */
    return read_line(s, framer->line.data, n);
}

static char *find(char *at, char *end, char c)
{
    char *found = at < end ? memchr(at, c, (size_t)(end - at)) : NULL;
    return found ? found : end;
}

int beluga__sse_feed(beluga__framer *framer, char *bytes, size_t n, beluga__frame_fn fn,
                     void *payload)
{
    struct sse s = {.framer = framer, .fn = fn, .payload = payload};
    char *at = bytes, *end = bytes + n;
    if (framer->skip_newline && *at == '\n') at++;
    framer->skip_newline = false;
    /* The next of each are kept, so that all bytes are looked at once for each. */
    char *feed = find(at, end, '\n'), *carriage = find(at, end, '\r'), *stop;
    while ((stop = feed < carriage ? feed : carriage) < end) {
        int code = take_line(&s, at, (size_t)(stop - at));
        if (code) return code;
        at = stop + 1;
        if (stop == carriage) {
            if (at < end && *at == '\n')
                at++;
            else if (at == end)
                framer->skip_newline = true;
            carriage = find(at, end, '\r');
        }
        if (feed < at) feed = find(at, end, '\n');
    }
    int code = park(&s);
    return code || at >= end ? code : keep(&s, at, (size_t)(end - at));
}

int beluga__sse_end(beluga__framer *framer, beluga__frame_fn fn, void *payload)
{
    struct sse s = {.framer = framer, .fn = fn, .payload = payload};
    int code = framer->line.length ? take_line(&s, NULL, 0) : 0;
    return code ? code : dispatch(&s);
}
