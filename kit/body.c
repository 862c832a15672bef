#include "kit/body.h"

#include "base/utf8.h"

#include <string.h>
#include <strings.h>

static const char *type_of(const peer *p, size_t i)
{
    return peer_request_header(p, i, "content-type");
}

/* A body of "application/jsonl" or "application/x-ndjson" is not one JSON text, but has a JSON text
 * on each line. */
bool check_body_is_other(const peer *p, size_t i)
{
    const char *type = type_of(p, i);
    if (!type) return false;
    return !strcasestr(type, "json") || strcasestr(type, "jsonl") || strcasestr(type, "ndjson");
}

/* Find the boundary between the parts of a body. @return its length; 0: it has none. */
static size_t find_boundary(const peer *p, size_t i, const char **boundary)
{
    static const char member[] = "boundary=";
    const char *type = type_of(p, i), *at = type ? strcasestr(type, member) : NULL;
    if (!at) return 0;
    at += sizeof member - 1;
    at += *at == '"';
    *boundary = at;
    return strcspn(at, "\"; ");
}

/* Write a character, or an escape for a byte that is not text. @return the number of bytes read. */
static size_t put_letter(check_text *out, const char *text, size_t n)
{
    uint32_t letter = 0;
    size_t length = beluga__utf8_read(text, n, &letter);
    bool shown = length && (letter >= ' ' || letter == '\n' || letter == '\t') && letter != 0x7f;
    if (n > 1 && text[0] == '\r' && text[1] == '\n') return 1;
    if (shown)
        check_text_add(out, text, length);
    else
        check_text_printf(out, "\\x%02x", (unsigned char)*text);
    return shown ? length : 1;
}

static void write_bytes(const peer *p, size_t i, const char *text, size_t n, check_text *out)
{
    const char *boundary = NULL;
    size_t length = find_boundary(p, i, &boundary);
    for (size_t at = 0; at < n;) {
        bool is_one = length && n - at >= length && memcmp(text + at, boundary, length) == 0;
        if (is_one) check_text_puts(out, "{boundary}");
        at += is_one ? length : put_letter(out, text + at, n - at);
    }
}

void check_body_write(const peer *p, size_t i, check_text *out)
{
    size_t n = 0;
    const char *body = peer_request_body(p, i, &n);
    write_bytes(p, i, body, n, out);
    if (out->length && out->data[out->length - 1] != '\n') check_text_puts(out, "\n");
}

void check_body_write_header(const peer *p, size_t i, const char *value, check_text *out)
{
    write_bytes(p, i, value, strlen(value), out);
}
