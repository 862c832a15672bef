/* Request bodies that are not JSON: bytes, a form, or parts (multipart/form-data). */
#include "base/limits.h"
#include "base/sized.h"
#include "base/utf8.h"
#include "wire/http.h"
#include "wire/outgoing.h"

#include <beluga/error.h>

#include <stdio.h>
#include <string.h>

/* --- bytes ------------------------------------------------------------------------------------ */

void beluga_http_request_set_body(beluga_http_request *request, const char *content_type,
                                  const void *data, size_t length)
{
    if (!beluga__http_request_take_form(request, BELUGA__BODY_BYTES)) return;
    if (!data && length) {
        beluga__http_request_refuse(request, "the request's body is NULL, but has a length");
        return;
    }
    if (content_type) beluga_http_request_set_header(request, "Content-Type", content_type);
    beluga__buf_clear(&request->body);
    if (length) beluga__buf_append(&request->body, data, length);
}

/* --- a form ----------------------------------------------------------------------------------- */

/* Append a text as the WHATWG's URL standard serializes forms: a space is "+", and unlike in paths
 * "~" is escaped and "*" is not. */
void beluga__put_form_text(beluga__buf *body, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char bytes[3];
        if (text[i] == ' ')
            beluga__buf_putc(body, '+');
        else if (text[i] == '*')
            beluga__buf_putc(body, '*');
        else if (text[i] == '~')
            beluga__buf_append(body, "%7E", 3);
        else
            beluga__buf_append(body, bytes, beluga__percent_encode(text[i], bytes));
    }
}

void beluga_http_request_add_form_field(beluga_http_request *request, const char *name,
                                        const char *value, size_t length)
{
    bool first = !request->has_body;
    if (!beluga__http_request_take_form(request, BELUGA__BODY_FIELDS)) return;
    if (!name || (!value && length)) {
        beluga__http_request_refuse(request, name ? "a field of the form has no value"
                                                  : "a field has no name");
        return;
    }
    if (first)
        beluga_http_request_set_header(request, "Content-Type",
                                       "application/x-www-form-urlencoded");
    else
        beluga__buf_putc(&request->body, '&');
    beluga__put_form_text(&request->body, name, strlen(name));
    beluga__buf_putc(&request->body, '=');
    beluga__put_form_text(&request->body, value, length);
}

/* --- parts ------------------------------------------------------------------------------------ */

/* A boundary is a word and a number. While parts are added, zeros are written in place of each
 * boundary; the number is chosen when the body is complete. */
#define BOUNDARY_WORD "beluga_boundary_"
enum { WORD_BYTES = sizeof BOUNDARY_WORD - 1, DIGITS = 16, BOUNDARY_BYTES = WORD_BYTES + DIGITS };

static bool mark_boundary(beluga_http_request *request)
{
    static const char zeros[] = "00000000000000000000000000000000";
    _Static_assert(sizeof zeros == BOUNDARY_BYTES + 1, "the zeros hold the boundary's place");
    beluga__boundary_mark *mark = beluga__arena_alloc(request->arena, sizeof *mark);
    if (!mark) {
        beluga__http_request_fail(request, BELUGA_ERROR_NO_MEMORY, "no memory for a part");
        return false;
    }
    beluga__buf_puts(&request->body, request->marks ? "\r\n--" : "--");
    *mark = (beluga__boundary_mark){.next = request->marks, .at = request->body.length};
    mark->number = mark->next ? mark->next->number + 1 : 1;
    request->marks = mark;
    return beluga__buf_append(&request->body, zeros, BOUNDARY_BYTES) == 0;
}

/* Returns whether the name of a part can be sent. The name must not contain control characters,
 * except line ends, which are escaped. */
static bool fits_name(beluga_http_request *request, const char *what, const char *text)
{
    char problem[128];
    size_t n = strlen(text), at = beluga__utf8_valid(text, n);
    for (size_t i = 0; i < n && i < at; i++)
        if (((unsigned char)text[i] < ' ' && text[i] != '\r' && text[i] != '\n') || text[i] == 0x7f)
            at = i;
    if (at == n) return true;
    snprintf(problem, sizeof problem, "a part's %s: byte 0x%02x at byte %zu can't be sent in it",
             what, (unsigned char)text[at], at);
    beluga__http_request_refuse(request, problem);
    return false;
}

static bool fits_media_type(beluga_http_request *request, const char *type)
{
    beluga__misfit misfit;
    char problem[128];
    if (!type || beluga__fits_header(type, strlen(type), &misfit)) return true;
    snprintf(problem, sizeof problem, "a part's media type: %s at byte %zu can't be sent in it",
             misfit.what, misfit.at);
    beluga__http_request_refuse(request, problem);
    return false;
}

static bool can_send(beluga_http_request *request, const beluga_http_part *part)
{
    if (!part->name || !*part->name)
        beluga__http_request_refuse(request, "a part has no name");
    else if (!part->data && part->length)
        beluga__http_request_refuse(request, "a part has no data");
    else if (request->marks && request->marks->number == BELUGA__MAX_BODY_PARTS)
        beluga__http_request_fail(request, BELUGA_ERROR_LIMIT_EXCEEDED,
                                  "the request has more than 10,000 parts");
    else
        return fits_name(request, "name", part->name) &&
               (!part->filename || fits_name(request, "filename", part->filename)) &&
               fits_media_type(request, part->media_type);
    return false;
}

static void put_quoted(beluga__buf *body, const char *name, const char *text)
{
    beluga__buf_puts(body, name);
    for (; *text; text++) {
        char bytes[3];
        bool as_it_is = *text != '"' && *text != '\r' && *text != '\n';
        if (as_it_is)
            beluga__buf_putc(body, *text);
        else
            beluga__buf_append(body, bytes, beluga__percent_encode(*text, bytes));
    }
    beluga__buf_putc(body, '"');
}

void beluga_http_request_add_part(beluga_http_request *request, const beluga_http_part *given)
{
    beluga_http_part part;
    beluga__buf *body = &request->body;
    if (!beluga__http_request_take_form(request, BELUGA__BODY_PARTS)) return;
    if (beluga__sized_read(&part, given, sizeof part, false)) {
        beluga__http_request_refuse(request, "a part's size is not that of its struct");
        return;
    }
    if (!can_send(request, &part)) return;
    const char *type = part.media_type;
    if (!type && part.filename) type = "application/octet-stream";
    beluga__buf_reserve(body, part.length + 256);
    if (!mark_boundary(request)) return;
    put_quoted(body, "\r\nContent-Disposition: form-data; name=\"", part.name);
    if (part.filename) put_quoted(body, "; filename=\"", part.filename);
    if (type) beluga__buf_puts(body, "\r\nContent-Type: ");
    if (type) beluga__buf_puts(body, type);
    beluga__buf_puts(body, "\r\n\r\n");
    if (part.length) beluga__buf_append(body, part.data, part.length);
}

/* --- the boundary ----------------------------------------------------------------------------- */

/* Search the body for the first n bytes of the boundary, and count for each digit how often it
 * follows them. Returns the number of matches. */
static size_t count_digits(const beluga__buf *body, const char *boundary, size_t n, size_t next[10])
{
    size_t found = 0;
    const char *at = body->data, *end = at + body->length;
    memset(next, 0, 10 * sizeof *next);
    while ((at = memmem(at, (size_t)(end - at), boundary, n))) {
        at += n;
        found++;
        if (at < end && *at >= '0' && *at <= '9') next[*at - '0']++;
    }
    return found;
}

/* Choose the boundary's number so that the boundary does not occur in the body. Each digit is the
 * one that least often follows the digits before it in the body, so each digit leaves at most a
 * tenth of the matches. No match is left after 16 digits, since a request is far smaller than 10^16
 * bytes. */
static void choose_boundary(const beluga__buf *body, char boundary[BOUNDARY_BYTES + 1])
{
    size_t next[10], found = 1;
    memcpy(boundary, BOUNDARY_WORD, WORD_BYTES);
    for (size_t n = WORD_BYTES; n < BOUNDARY_BYTES; n++) {
        int best = 0;
        if (found) found = count_digits(body, boundary, n, next);
        for (int digit = 1; found && digit < 10; digit++)
            if (next[digit] < next[best]) best = digit;
        boundary[n] = (char)('0' + best);
    }
    boundary[BOUNDARY_BYTES] = '\0';
}

void beluga__http_request_seal(beluga_http_request *request)
{
    char boundary[BOUNDARY_BYTES + 1], type[sizeof boundary + 32];
    if (request->body_form != BELUGA__BODY_PARTS || request->status) return;
    if (!mark_boundary(request)) return;
    if (beluga__buf_puts(&request->body, "--\r\n")) return;
    choose_boundary(&request->body, boundary);
    for (const beluga__boundary_mark *mark = request->marks; mark; mark = mark->next)
        memcpy(request->body.data + mark->at, boundary, BOUNDARY_BYTES);
    snprintf(type, sizeof type, "multipart/form-data; boundary=%s", boundary);
    beluga_http_request_set_header(request, "Content-Type", type);
    request->body_form = BELUGA__BODY_BYTES;
}
