#include "kit/answer.h"

#include "base/utf8.h"
#include "kit/aws_frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- frames ---------------------------------------------------------------------------------- */

/* Return the offset after the blank line that ends the event at `at`. */
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

/* Return where the next piece of a body without frames ends. Pieces may end in the middle of a
 * character or a word, on purpose. */
static size_t raw_end(const check_answer *a, size_t at)
{
    size_t most = 12 + 2 * a->body.length / CHECK_MAX_FRAMES;
    size_t n = 1 + (size_t)((uint32_t)at * 2654435761u >> 16) % most;
    return n < a->body.length - at ? at + n : a->body.length;
}

static size_t own_end(const check_answer *a, size_t at)
{
    beluga_cut found = {.size = sizeof found};
    size_t left = a->body.length - at;
    bool is_cut = !a->cut(a->body.data + at, left, true, &found) && found.end && found.end <= left;
    return is_cut ? at + found.end : a->body.length;
}

static size_t frame_end(const check_answer *a, size_t at)
{
    switch (a->framing) {
    case BELUGA_FRAMING_SSE: return sse_end(a->body.data, a->body.length, at);
    case BELUGA_FRAMING_NDJSON: return line_end(a->body.data, a->body.length, at);
    case BELUGA_FRAMING_RAW: return raw_end(a, at);
    case BELUGA_FRAMING_OWN: return own_end(a, at);
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

/* A reader of a section, or of a file that `curl -i` wrote. */
typedef struct reader {
    const char *at, *end;
    size_t line; /* number of the line at `at`, from 1 */
    const char *type;
    size_t n_type; /* length of the content type; 0: none */
    bool compressed;
} reader;

/* Read a line, without its line feed or carriage return. @return false after the last line. */
static bool take_line(reader *r, const char **line, size_t *length)
{
    if (r->at == r->end) return false;
    const char *newline = memchr(r->at, '\n', (size_t)(r->end - r->at));
    const char *stop = newline ? newline : r->end;
    *line = r->at;
    *length = (size_t)(stop - r->at);
    if (*length && (*line)[*length - 1] == '\r') --*length;
    r->at = newline ? newline + 1 : r->end;
    r->line++;
    return true;
}

/* Read "HTTP/1.1 200 OK" or "HTTP/2 200". @return the status, or 0. */
static int status_of(const char *line, size_t length)
{
    static const char name[] = "HTTP/";
    const char *end = line + length, *space = memchr(line, ' ', length);
    if (length < sizeof name || memcmp(line, name, sizeof name - 1) != 0 || !space) return 0;
    if (end - space < 4 || (end - space > 4 && space[4] != ' ')) return 0;
    if (space[1] < '1' || space[1] > '9' || strspn(space + 1, "0123456789") < 3) return 0;
    return (space[1] - '0') * 100 + (space[2] - '0') * 10 + (space[3] - '0');
}

/* Returns whether this header must be left out because it describes how the body was framed or
 * compressed. The peer frames a body in its own way and does not compress it. */
static bool is_of_the_way(const char *name, size_t length)
{
    static const char *const names[] = {"content-length", "transfer-encoding", "content-encoding",
                                        "connection",     "keep-alive",        "trailer"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (length == strlen(names[i]) && strncasecmp(name, names[i], length) == 0) return true;
    return false;
}

static bool is_named(const char *line, size_t n_name, const char *name)
{
    return n_name == strlen(name) && strncasecmp(line, name, n_name) == 0;
}

static bool add_header(check_answer *a, reader *r, const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length);
    size_t n_name = colon ? (size_t)(colon - line) : 0;
    if (!n_name || memchr(line, ' ', n_name)) return false;
    if (is_named(line, n_name, "content-type")) {
        r->type = colon + 1 + strspn(colon + 1, " ");
        r->n_type = (size_t)(line + length - r->type);
    }
    r->compressed |= is_named(line, n_name, "content-encoding");
    if (is_of_the_way(line, n_name)) return true;
    check_text_add(&a->headers, line, length);
    check_text_puts(&a->headers, "\r\n");
    return true;
}

static const char *read_head(check_answer *a, reader *r)
{
    const char *line;
    size_t length;
    if (!take_line(r, &line, &length) || !(a->status = status_of(line, length)))
        return "an answer begins with a status line, such as HTTP/1.1 200 OK or HTTP/2 200";
    while (take_line(r, &line, &length))
        if (!length)
            return NULL;
        else if (!add_header(a, r, line, length))
            return "a header is a line NAME: VALUE; a blank line follows the last header";
    return "the head has no end: a blank line is missing after the last header";
}

/* Returns whether another head follows, as after 100 Continue, after a proxy's answer and after a
 * redirect. */
static bool is_followed_by_a_head(const reader *r)
{
    reader ahead = *r;
    const char *line;
    size_t length;
    return take_line(&ahead, &line, &length) && status_of(line, length);
}

static const char *read_heads(check_answer *a, reader *r)
{
    const char *wrong;
    do {
        check_text_clear(&a->headers);
        r->n_type = 0;
        r->compressed = false;
        wrong = read_head(a, r);
    } while (!wrong && is_followed_by_a_head(r));
    if (!wrong && a->status < 200)
        wrong = "after the head with a status below 200 another head is missing";
    return wrong;
}

static void find_framing(check_answer *a, const reader *r)
{
    for (size_t i = 0; r->n_type && i < sizeof stream_types / sizeof *stream_types; i++) {
        size_t n = strlen(stream_types[i].type);
        if (r->n_type < n || strncasecmp(r->type, stream_types[i].type, n) != 0) continue;
        a->streamed = true;
        a->framing = stream_types[i].framing;
    }
}

/* Read AWS frames, which are either written as text or are raw bytes that begin with a length. */
static const char *read_frames(check_answer *a, reader *r)
{
    size_t length = (size_t)(r->end - r->at), size = 2 * length + 4096, wrong = 0;
    if (length && *r->at != ':') {
        check_text_add(&a->body, r->at, length);
        return *r->at ? "a frame begins with a line \":NAME: VALUE\"" : NULL;
    }
    char *bytes = malloc(size), *text = strndup(r->at, length);
    size_t n = bytes && text ? aws_frames_of(bytes, size, text, &wrong) : 0;
    check_text_add(&a->body, bytes ? bytes : "", n);
    free(bytes);
    free(text);
    r->line += wrong ? wrong - 1 : 0;
    return wrong ? "a frame is lines \":NAME: VALUE\" and then one line of payload" : NULL;
}

static const char *read_body(check_answer *a, reader *r)
{
    size_t length = (size_t)(r->end - r->at);
    if (r->compressed && beluga__utf8_valid(r->at, length) != length)
        return "the body is compressed: use curl --compressed, which writes it uncompressed";
    if (a->streamed && a->framing == BELUGA_FRAMING_AWS_EVENT_STREAM) return read_frames(a, r);
    check_text_add(&a->body, r->at, length);
    return NULL;
}

const char *check_answer_parse(check_answer *a, const char *text, size_t length, size_t *line)
{
    reader r = {.at = text, .end = text + length};
    *a = (check_answer){0};
    const char *wrong = read_heads(a, &r);
    if (!wrong) {
        find_framing(a, &r);
        r.line++;
        wrong = read_body(a, &r);
    }
    if (!wrong) wrong = cut_into_frames(a);
    if (line) *line = r.line ? r.line : 1;
    return a->headers.status || a->body.status ? "it is too long" : wrong;
}

void check_answer_free(check_answer *a)
{
    check_text_free(&a->headers);
    check_text_free(&a->body);
}

bool check_answer_make_stream(check_answer *a, uint32_t framing, check_cutter *cut)
{
    a->streamed = true;
    a->framing = framing;
    a->cut = cut;
    a->n_frames = 0;
    return !cut_into_frames(a);
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

void check_answer_play_bytes(const check_answer *a, peer_reply *reply)
{
    if (!a->streamed) {
        peer_step_split(reply, 1, 0);
        check_answer_play(a, reply, a->body.length, CHECK_END_WHOLE);
        return;
    }
    peer_step_status(reply, a->status, check_text_get(&a->headers));
    for (size_t i = 0; i < a->body.length; i++) peer_step_chunk(reply, a->body.data + i, 1);
    peer_step_end(reply);
}
