#include "kit/remake.h"

#include <ctype.h>
#include <string.h>

/* ---- strings of JSON ------------------------------------------------------------------------- */

/* Return the quote that ends the string that begins at `at`, or NULL. */
static const char *string_end(const char *at, const char *end)
{
    for (; at < end && *at != '"' && *at != '\n'; at++)
        if (*at == '\\') at++;
    return at < end && *at == '"' ? at : NULL;
}

static bool is_key(const char *at, const char *end)
{
    while (at < end && isspace((unsigned char)*at)) at++;
    return at < end && *at == ':';
}

static bool replace_strings(check_text *out, const check_text *body, check_maker *make,
                            void *payload)
{
    bool any = false;
    const char *at = check_text_get(body), *end = at + body->length, *quote, *close;
    while ((quote = memchr(at, '"', (size_t)(end - at))) &&
           (close = string_end(quote + 1, end)) != NULL) {
        check_text_add(out, at, (size_t)(quote + 1 - at));
        at = quote + 1;
        size_t n = (size_t)(close - at);
        if (!is_key(close + 1, end) && make(payload, at, n, out))
            any = true;
        else
            check_text_add(out, at, n);
        check_text_puts(out, "\"");
        at = close + 1;
    }
    check_text_add(out, at, (size_t)(end - at));
    return any;
}

bool check_unescape(const char *text, size_t n, check_text *out)
{
    check_text quoted = {0};
    beluga_json_doc *doc = NULL;
    check_text_puts(&quoted, "\"");
    check_text_add(&quoted, text, n);
    check_text_puts(&quoted, "\"");
    bool ok = beluga_json_parse(quoted.data, quoted.length, &doc, NULL) == 0;
    const char *string = ok ? beluga_json_string(beluga_json_doc_root(doc), &n) : NULL;
    if (string) check_text_add(out, string, n);
    if (ok) beluga_json_doc_free(doc);
    check_text_free(&quoted);
    return string != NULL;
}

/* ---- answers --------------------------------------------------------------------------------- */

/* Write the answer as a section of a file, with another body. */
static void write_section(const check_answer *from, const check_text *body, check_text *out)
{
    check_text_printf(out, "HTTP/1.1 %d\n", from->status);
    check_text_replace(out, check_text_get(&from->headers), "\r", "");
    check_text_puts(out, "\n");
    check_text_add(out, check_text_get(body), body->length);
}

static bool has_text_frames(const check_answer *from)
{
    return !from->streamed || from->framing != BELUGA_FRAMING_AWS_EVENT_STREAM;
}

bool check_remake(check_answer *out, const check_answer *from, check_maker *make, void *payload)
{
    check_text body = {0}, section = {0};
    *out = (check_answer){0};
    bool any = has_text_frames(from) && replace_strings(&body, &from->body, make, payload);
    if (any) write_section(from, &body, &section);
    any = any && !check_answer_parse(out, check_text_get(&section), section.length, NULL);
    if (any && from->streamed && !out->streamed)
        any = check_answer_make_stream(out, from->framing, from->cut);
    check_text_free(&body);
    check_text_free(&section);
    return any;
}

void check_remake_end(check_answer *out, const check_answer *from, size_t frames, const char *bytes,
                      size_t n)
{
    size_t length = frames ? from->ends[frames - 1] : 0;
    *out = (check_answer){.status = from->status,
                          .streamed = from->streamed,
                          .framing = from->framing,
                          .cut = from->cut};
    check_text_puts(&out->headers, check_text_get(&from->headers));
    check_text_add(&out->body, from->body.data, length);
    check_text_add(&out->body, bytes, n);
    memcpy(out->ends, from->ends, frames * sizeof *out->ends);
    out->ends[frames] = out->body.length;
    out->n_frames = frames + 1;
}

/* ---- looking --------------------------------------------------------------------------------- */

static void look_at(const char *text, size_t n, check_looker *look, void *payload)
{
    beluga_json_doc *doc = NULL;
    if (!n || beluga_json_parse(text, n, &doc, NULL)) return;
    look(payload, beluga_json_doc_root(doc));
    beluga_json_doc_free(doc);
}

/* The payload of an AWS frame is between its prelude and headers, and its checksum. */
static void look_at_aws(const char *frame, size_t n, check_looker *look, void *payload)
{
    const unsigned char *head = (const unsigned char *)frame + 4;
    if (n < 16) return;
    size_t headers = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    if (headers <= n - 16) look_at(frame + 12 + headers, n - 16 - headers, look, payload);
}

static void look_at_lines(const char *at, size_t n, check_looker *look, void *payload)
{
    for (const char *end = at + n; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((newline ? newline : end) - at);
        size_t skip = length > 5 && memcmp(at, "data:", 5) == 0 ? 5 : 0;
        look_at(at + skip, length - skip, look, payload);
        at += length + 1;
    }
}

void check_look_through(const check_answer *answer, check_looker *look, void *payload)
{
    for (size_t i = 0, at = 0; i < answer->n_frames; at = answer->ends[i++]) {
        const char *frame = answer->body.data + at;
        size_t n = answer->ends[i] - at;
        if (!has_text_frames(answer))
            look_at_aws(frame, n, look, payload);
        else if (answer->streamed)
            look_at_lines(frame, n, look, payload);
        else
            look_at(frame, n, look, payload);
    }
}
