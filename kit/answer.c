#include "kit/answer.h"

#include "kit/aws_frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- frames ---------------------------------------------------------------------------------- */

/* Return the end of the event at `at`, which is behind its blank line. */
static size_t sse_end(const char *body, size_t length, size_t at)
{
    while (at < length) {
        const char *newline = memchr(body + at, '\n', length - at);
        if (!newline) return length;
        at = (size_t)(newline - body) + 1;
        if (at < length && body[at] == '\r') at++;
        if (at < length && body[at] == '\n') return at + 1;
    }
    return length;
}

static size_t line_end(const char *body, size_t length, size_t at)
{
    const char *newline = memchr(body + at, '\n', length - at);
    return newline ? (size_t)(newline - body) + 1 : length;
}

static size_t aws_end(const char *body, size_t length, size_t at)
{
    const unsigned char *n = (const unsigned char *)body + at;
    if (length - at < 4) return length;
    size_t frame = (size_t)n[0] << 24 | (size_t)n[1] << 16 | (size_t)n[2] << 8 | n[3];
    return frame && frame <= length - at ? at + frame : length;
}

static size_t frame_end(const check_answer *a, size_t at)
{
    switch (a->framing) {
    case BELUGA_FRAMING_SSE: return sse_end(a->body.data, a->body.length, at);
    case BELUGA_FRAMING_NDJSON: return line_end(a->body.data, a->body.length, at);
    default: return aws_end(a->body.data, a->body.length, at);
    }
}

static const char *cut_into_frames(check_answer *a)
{
    for (size_t at = 0; at < a->body.length; at = a->ends[a->n_frames++]) {
        if (a->n_frames == CHECK_MAX_FRAMES) return "it has too many frames";
        a->ends[a->n_frames] = a->streamed ? frame_end(a, at) : a->body.length;
    }
    return NULL;
}

/* ---- the file -------------------------------------------------------------------------------- */

static const struct {
    const char *type;
    uint32_t framing;
} stream_types[] = {
    {"text/event-stream", BELUGA_FRAMING_SSE},
    {"application/x-ndjson", BELUGA_FRAMING_NDJSON},
    {"application/vnd.amazon.eventstream", BELUGA_FRAMING_AWS_EVENT_STREAM},
};

static void look_at_header(check_answer *a, const char *line)
{
    static const char name[] = "content-type: ";
    if (strncasecmp(line, name, sizeof name - 1) != 0) return;
    for (size_t i = 0; i < sizeof stream_types / sizeof *stream_types; i++) {
        size_t n = strlen(stream_types[i].type);
        if (strncasecmp(line + sizeof name - 1, stream_types[i].type, n) != 0) continue;
        a->streamed = true;
        a->framing = stream_types[i].framing;
    }
}

/* Read the lines of the head. Returns the text behind its blank line, or NULL. */
static const char *read_head(check_answer *a, const char *text)
{
    if (sscanf(text, "HTTP/1.1 %d", &a->status) != 1 || a->status < 100 || a->status > 999)
        return NULL;
    text = strchr(text, '\n');
    while (text && text[1] && text[1] != '\n') {
        const char *line = text + 1;
        text = strchr(line, '\n');
        if (!text) return NULL;
        look_at_header(a, line);
        check_text_add(&a->headers, line, (size_t)(text - line));
        check_text_puts(&a->headers, "\r\n");
    }
    return text && text[1] ? text + 2 : NULL;
}

static const char *read_frames(check_answer *a, const char *text)
{
    size_t size = 2 * strlen(text) + 4096;
    char *bytes = malloc(size);
    size_t n = bytes ? aws_frames(bytes, size, text) : 0;
    check_text_add(&a->body, bytes ? bytes : "", n);
    free(bytes);
    return n ? NULL : "a frame must be lines \":NAME: VALUE\" and one line of payload";
}

const char *check_answer_parse(check_answer *a, const char *text)
{
    *a = (check_answer){0};
    const char *body = read_head(a, text), *wrong = NULL;
    if (!body) return "it must begin with \"HTTP/1.1 STATUS\", headers and a blank line";
    if (a->streamed && a->framing == BELUGA_FRAMING_AWS_EVENT_STREAM)
        wrong = read_frames(a, body);
    else
        check_text_puts(&a->body, body);
    if (!wrong) wrong = cut_into_frames(a);
    return a->headers.status || a->body.status ? "it is too long" : wrong;
}

void check_answer_free(check_answer *a)
{
    check_text_free(&a->headers);
    check_text_free(&a->body);
}

bool check_answer_interleave(check_answer *out, const check_answer *from, const char *bytes,
                             size_t n)
{
    *out = (check_answer){
        .status = from->status, .streamed = from->streamed, .framing = from->framing};
    check_text_puts(&out->headers, check_text_get(&from->headers));
    for (size_t i = 0, at = 0; i < from->n_frames; at = from->ends[i++]) {
        check_text_add(&out->body, bytes, n);
        check_text_add(&out->body, from->body.data + at, from->ends[i] - at);
    }
    return !cut_into_frames(out) && !out->body.status && !out->headers.status;
}

/* ---- the peer -------------------------------------------------------------------------------- */

static void play_chunks(const check_answer *a, peer_reply *reply, size_t length)
{
    for (size_t i = 0, at = 0; i < a->n_frames && at < length; at = a->ends[i++]) {
        size_t end = a->ends[i] < length ? a->ends[i] : length;
        peer_step_chunk(reply, a->body.data + at, end - at);
    }
}

static void play_body(const check_answer *a, peer_reply *reply, size_t length, check_end end)
{
    const char *body = check_text_get(&a->body);
    if (end == CHECK_END_CLOSED || end == CHECK_END_HANGS)
        peer_step_body_claiming(reply, body, length, a->body.length + 1);
    else
        peer_step_body(reply, body, length);
}

void check_answer_play(const check_answer *a, peer_reply *reply, size_t length, check_end end)
{
    peer_step_status(reply, a->status, check_text_get(&a->headers));
    if (a->streamed)
        play_chunks(a, reply, length);
    else
        play_body(a, reply, length, end);
    if (end == CHECK_END_CLOSED) peer_step_close(reply);
    if (end == CHECK_END_HANGS) peer_step_hang(reply);
    if (a->streamed && (end == CHECK_END_WHOLE || end == CHECK_END_POLITE)) peer_step_end(reply);
}
