/* Server-sent events as the HTML standard defines them, with one difference: the last event is
 * delivered even without a blank line behind it, since some servers omit that line.
 *
 * If possible, the text of an event is delivered from the bytes that were fed. It is copied
 * ("parked") if the fed bytes end before the event does, or if the event has several data lines. */
#include "wire/framing.h"

#include <beluga/error.h>

typedef struct slice {
    char *at; /* NULL: the text was parked and is not in the fed bytes */
    size_t n;
} slice;

typedef struct reader {
    beluga__framer *framer;
    beluga__frame_fn fn;
    void *payload;
    slice data, event;
} reader;

static int park(reader *r)
{
    beluga__framer *framer = r->framer;
    int code = 0;
    if (r->data.at) code = beluga__buf_append(&framer->data, r->data.at, r->data.n);
    if (r->event.at && !code) {
        beluga__buf_clear(&framer->event);
        code = beluga__buf_append(&framer->event, r->event.at, r->event.n);
    }
    r->data.at = r->event.at = NULL;
    return code;
}

static char terminate(slice text)
{
    char kept = text.at[text.n];
    text.at[text.n] = '\0';
    return kept;
}

static int deliver(reader *r)
{
    beluga__framer *framer = r->framer;
    slice data = r->data, event = r->event;
    if (!data.at) data = (slice){framer->data.data, framer->data.length};
    if (!event.at) event = (slice){framer->event.data, framer->event.length};
    beluga_frame frame = {.event = event.n ? event.at : "message",
                          .event_length = event.n ? event.n : 7,
                          .data = data.at,
                          .length = data.n};
    /* A parked text ends in NUL already. It may be the buffer's shared "", which must not be
     * written to. */
    char after_data = r->data.at ? terminate(data) : '\0';
    char after_event = r->event.at ? terminate(event) : '\0';
    int code = r->fn(r->payload, &frame);
    if (r->event.at) event.at[event.n] = after_event;
    if (r->data.at) data.at[data.n] = after_data;
    return code;
}

/* End an event. An event without data is not delivered; it shows only that the sender is alive. */
static int dispatch(reader *r)
{
    beluga__framer *framer = r->framer;
    int code = 0;
    if (framer->has_data)
        code = deliver(r);
    else
        framer->alive = true;
    r->data.at = r->event.at = NULL;
    framer->has_data = framer->bare = false;
    framer->data.length = framer->event.length = 0;
    return code;
}

/* Append a second or later data line to the event's data. Not inlined, since most events have one
 * data line. */
static __attribute__((noinline)) int join_data(reader *r, slice value)
{
    beluga__framer *framer = r->framer;
    if (r->data.at) beluga__buf_append(&framer->data, r->data.at, r->data.n);
    r->data.at = NULL;
    beluga__buf_putc(&framer->data, '\n');
    return beluga__buf_append(&framer->data, value.at, value.n);
}

static int add_data(reader *r, slice value)
{
    beluga__framer *framer = r->framer;
    if (framer->has_data) return join_data(r, value);
    framer->has_data = true;
    r->data = value;
    return value.n > framer->max ? BELUGA_ERROR_LIMIT_EXCEEDED : 0;
}

static bool is_field(const char *line, size_t n, const char *name, size_t name_n)
{
    return n >= name_n && memcmp(line, name, name_n) == 0 && (n == name_n || line[name_n] == ':');
}

/* Returns the value of a field, without the single space that may follow the colon. */
static slice value_of(char *line, size_t n, size_t name_n)
{
    size_t skip = name_n;
    if (skip < n) skip++;
    if (skip < n && line[skip] == ' ') skip++;
    return (slice){line + skip, n - skip};
}

/* Keep an unfinished line. The line and the event's data together must stay within the limit. */
static int keep(reader *r, const char *rest, size_t n)
{
    beluga__framer *framer = r->framer;
    if (framer->line.length + framer->data.length + n > framer->line.max)
        return BELUGA_ERROR_LIMIT_EXCEEDED;
    return beluga__buf_append(&framer->line, rest, n);
}

static int take_line(reader *r, char *line, size_t n)
{
    beluga__framer *framer = r->framer;
    if (n > framer->line.max) return BELUGA_ERROR_LIMIT_EXCEEDED;
    if (framer->line.length) {
        int code = keep(r, line, n);
        if (code) return code;
        line = framer->line.data;
        n = framer->line.length;
        /* the bytes stay valid until the next append, and park() copies them before that */
        framer->line.length = 0;
    }
    size_t mark = beluga__framer_skip_mark(framer, line, n);
    line += mark;
    n -= mark;
    if (!n) return dispatch(r);
    /* No field's name begins with a bracket, so such a line is JSON that a server sent instead of
     * an event, for example a late error. This line and the following ones are data, up to the next
     * blank line. */
    if (!framer->has_data && (*line == '{' || *line == '[')) framer->bare = true;
    if (framer->bare) return add_data(r, (slice){line, n});
    if (is_field(line, n, "data", 4)) return add_data(r, value_of(line, n, 4));
    if (is_field(line, n, "event", 5))
        r->event = value_of(line, n, 5);
    else
        framer->alive = true;
    return 0;
}

/* Returns the address of the first `c`, or `end`. Each event ends with an empty line, so the first
 * byte is often a line end and is tested before memchr is called. */
static char *find(char *at, char *end, char c)
{
    if (at < end && *at == c) return at;
    char *found = at < end ? memchr(at, c, (size_t)(end - at)) : NULL;
    return found ? found : end;
}

int beluga__sse_feed(beluga__framer *framer, char *bytes, size_t n, beluga__frame_fn fn,
                     void *payload)
{
    reader r = {.framer = framer, .fn = fn, .payload = payload};
    char *at = bytes, *end = bytes + n;
    if (framer->skip_newline && *at == '\n') at++;
    framer->skip_newline = false;
    /* The places of the next newline and the next carriage return are both remembered, so that
     * every byte is searched only once for each. */
    char *feed = find(at, end, '\n'), *carriage = find(at, end, '\r'), *stop;
    while ((stop = feed < carriage ? feed : carriage) < end) {
        int code = take_line(&r, at, (size_t)(stop - at));
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
    int code = park(&r);
    return code || at >= end ? code : keep(&r, at, (size_t)(end - at));
}

int beluga__sse_end(beluga__framer *framer, beluga__frame_fn fn, void *payload)
{
    reader r = {.framer = framer, .fn = fn, .payload = payload};
    int code = framer->line.length ? take_line(&r, NULL, 0) : 0;
    return code ? code : dispatch(&r);
}
