#include "kit/sent.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    MAX_DEPTH = 24,        /* most levels of values inside values, and of JSON inside strings */
    LEAST_BASE64_BYTES = 8 /* a shorter text may be an ordinary word */
};

#define SEPARATOR "\x1e"

/* The state of parsing a value. A provider's JSON may nest deeply, so the depth is limited. */
typedef struct place {
    check_sent *sent;
    bool is_nested;
    int depth;
} place;

static void add_text(place at, const char *text, size_t n);

/* ---- numbers --------------------------------------------------------------------------------- */

static void add_number(check_sent *sent, double number)
{
    check_text_add(&sent->numbers, (const char *)&number, sizeof number);
}

/* Add a text that is a number, as in a query or a header. */
static void add_written_number(check_sent *sent, const char *text, size_t n)
{
    char copy[64], *end;
    if (!n || n >= sizeof copy) return;
    memcpy(copy, text, n);
    copy[n] = '\0';
    double number = strtod(copy, &end);
    if (end == copy + n) add_number(sent, number);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void add_value(place at, const beluga_json *value)
{
    size_t n;
    const char *key = beluga_json_key(value, &n), *text;
    if (at.depth++ == MAX_DEPTH) return;
    if (key) add_text((place){at.sent, at.is_nested, MAX_DEPTH}, key, n);
    if ((text = beluga_json_string(value, &n))) add_text(at, text, n);
    if (beluga_json_is_number(value)) add_number(at.sent, beluga_json_double(value, 0));
    for (const beluga_json *v = beluga_json_first(value); v; v = beluga_json_next(value, v))
        add_value(at, v);
}

static bool add_json(place at, const char *text, size_t n)
{
    beluga_json_doc *doc = NULL;
    if (beluga_json_parse(text, n, &doc, NULL)) return false;
    add_value(at, beluga_json_doc_root(doc));
    beluga_json_doc_free(doc);
    return true;
}

/* ---- base64 ---------------------------------------------------------------------------------- */

static int base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const char *found = c ? strchr(digits, c) : NULL;
    if (found) return (int)(found - digits);
    if (c == '+' || c == '-') return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

static void add_base64(place at, const char *text, size_t n)
{
    check_text decoded = {0};
    unsigned bits = 0;
    size_t digits = 0;
    while (n && text[n - 1] == '=') n--;
    if (n < LEAST_BASE64_BYTES || n % 4 == 1) return;
    for (; digits < n && base64_digit(text[digits]) >= 0; digits++) {
        bits = bits << 6 | (unsigned)base64_digit(text[digits]);
        char byte = (char)(bits >> (6 - 2 * (digits % 4)));
        if (digits % 4) check_text_add(&decoded, &byte, 1);
    }
    if (digits == n && decoded.length)
        add_text((place){at.sent, true, MAX_DEPTH - 1}, decoded.data, decoded.length);
    check_text_free(&decoded);
}

/* ---- texts ----------------------------------------------------------------------------------- */

static bool may_be_json(const char *text, size_t n)
{
    size_t space = 0;
    while (space < n && strchr(" \t\r\n", text[space]) && text[space]) space++;
    return space < n && (text[space] == '{' || text[space] == '[');
}

static void add_text(place at, const char *text, size_t n)
{
    check_text *out = at.is_nested ? &at.sent->nested : &at.sent->texts;
    check_text_add(out, text, n);
    check_text_puts(out, SEPARATOR);
    if (at.depth >= MAX_DEPTH) return;
    add_written_number(at.sent, text, n);
    place inside = {at.sent, true, at.depth + 1};
    if (may_be_json(text, n))
        add_json(inside, text, n);
    else
        add_base64(inside, text, n);
}

static int hex_digit(char c)
{
    if (!isxdigit((unsigned char)c)) return -1;
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* Add a text without its percent-encoding; in a form a plus sign means a space. */
static void add_decoded(check_sent *sent, const char *text, size_t n, bool form)
{
    check_text decoded = {0};
    for (size_t i = 0; i < n; i++) {
        int high = text[i] == '%' && i + 2 < n ? hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
        char c = form && text[i] == '+' ? ' ' : text[i];
        if (low >= 0) {
            c = (char)(high << 4 | low);
            i += 2;
        }
        check_text_add(&decoded, &c, 1);
    }
    if (decoded.length) add_text((place){.sent = sent}, decoded.data, decoded.length);
    check_text_free(&decoded);
}

/* Add the pieces between these separators. */
static void add_pieces(check_sent *sent, const char *text, size_t n, const char *between, bool form)
{
    for (size_t at = 0; at < n;) {
        size_t length = 0;
        while (at + length < n && (!text[at + length] || !strchr(between, text[at + length])))
            length++;
        add_decoded(sent, text + at, length, form);
        at += length + 1;
    }
}

/* ---- multipart ------------------------------------------------------------------------------- */

static const char *find(const char *text, size_t n, const char *what)
{
    return memmem(text, n, what, strlen(what));
}

static void add_part(check_sent *sent, const char *part, size_t n)
{
    const char *blank = find(part, n, "\r\n\r\n");
    if (!blank) return;
    size_t head = (size_t)(blank - part), body = head + 4;
    add_text((place){.sent = sent, .depth = MAX_DEPTH}, part, head);
    if (n >= body + 2) add_text((place){.sent = sent}, part + body, n - body - 2);
}

static bool add_multipart(check_sent *sent, const char *type, const char *body, size_t length)
{
    char line[160];
    const char *boundary = strcasestr(type, "boundary=");
    if (!boundary) return false;
    boundary += strlen("boundary=");
    if (*boundary == '"') boundary++;
    snprintf(line, sizeof line, "--%.*s", (int)strcspn(boundary, "\"; "), boundary);
    const char *at = find(body, length, line), *end = body + length;
    while (at) {
        at += strlen(line);
        const char *next = find(at, (size_t)(end - at), line);
        if (next) add_part(sent, at, (size_t)(next - at));
        at = next;
    }
    return true;
}

/* ---- requests -------------------------------------------------------------------------------- */

static bool add_lines_of_json(check_sent *sent, const char *body, size_t length)
{
    if (!may_be_json(body, length)) return false;
    for (const char *at = body, *end = body + length; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t n = (size_t)((newline ? newline : end) - at);
        if (!add_json((place){.sent = sent}, at, n))
            add_text((place){.sent = sent, .depth = MAX_DEPTH}, at, n);
        at += n + 1;
    }
    return true;
}

void check_sent_add_body(check_sent *sent, const char *type, const char *body, size_t length)
{
    if (!length) return;
    if (type && strncasecmp(type, "multipart/", 10) == 0 && add_multipart(sent, type, body, length))
        return;
    if (type && strcasestr(type, "x-www-form-urlencoded"))
        add_pieces(sent, body, length, "&=", true);
    else if (!add_json((place){.sent = sent}, body, length) &&
             !add_lines_of_json(sent, body, length))
        add_text((place){.sent = sent}, body, length);
}

/* Return whether the transport writes this header, so that it contains no value of the call. */
static bool is_of_the_transport(const char *name)
{
    static const char *const names[] = {"host",       "user-agent", "accept-encoding",
                                        "connection", "expect",     "content-length"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i]) == 0) return true;
    return false;
}

static void add_headers(check_sent *sent, const peer *p, size_t i)
{
    const char *name, *value;
    for (size_t k = 0; (name = peer_request_header_at(p, i, k, &value)); k++) {
        if (is_of_the_transport(name)) continue;
        add_text((place){.sent = sent}, value, strlen(value));
        bool accept = strcasecmp(name, "accept") == 0;
        check_text_printf(accept ? &sent->accept : &sent->whole, "%s: %s\n", name, value);
    }
}

void check_sent_add(check_sent *sent, const peer *p, size_t i)
{
    size_t length = 0;
    const char *path = peer_request_path(p, i), *body = peer_request_body(p, i, &length);
    if (!path || !body) return;
    check_text_printf(&sent->whole, "%s %s\n", peer_request_method(p, i), path);
    add_pieces(sent, path, strlen(path), "/?&=:", false);
    add_headers(sent, p, i);
    check_sent_add_body(sent, peer_request_header(p, i, "content-type"), body, length);
    check_text_add(&sent->whole, body, length);
}

void check_sent_free(check_sent *sent)
{
    check_text_free(&sent->texts);
    check_text_free(&sent->nested);
    check_text_free(&sent->numbers);
    check_text_free(&sent->whole);
    check_text_free(&sent->accept);
}

/* ---- looking --------------------------------------------------------------------------------- */

static bool has(const check_text *text, const char *bytes, size_t n)
{
    return text->length && memmem(text->data, text->length, bytes, n);
}

bool check_sent_has(const check_sent *sent, const char *bytes, size_t n)
{
    return has(&sent->texts, bytes, n) || has(&sent->nested, bytes, n);
}

size_t check_sent_count(const check_sent *sent, const char *bytes)
{
    size_t count = 0, n = strlen(bytes);
    const char *at = check_text_get(&sent->texts), *end = at + sent->texts.length;
    for (; n && (at = memmem(at, (size_t)(end - at), bytes, n)); at += n) count++;
    return count;
}

bool check_sent_has_number(const check_sent *sent, double number)
{
    double got;
    for (size_t at = 0; at + sizeof got <= sent->numbers.length; at += sizeof got) {
        memcpy(&got, sent->numbers.data + at, sizeof got);
        if (fabs(got - number) <= 1e-6 * fabs(number)) return true;
    }
    return false;
}

bool check_sent_equal(const check_sent *a, const check_sent *b)
{
    return a->whole.length == b->whole.length &&
           (!a->whole.length || memcmp(a->whole.data, b->whole.data, a->whole.length) == 0);
}
