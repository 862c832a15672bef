#include "peer/json.h"

#include <stdlib.h>
#include <string.h>

/* ---- skipping -------------------------------------------------------------------------------- */

/* Each function returns the position after the part that it skips, or NULL if that is not JSON. */
static const char *skip_value(const char *at, const char *end, int depth);

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n')) at++;
    return at;
}

static const char *skip_string(const char *at, const char *end)
{
    for (at++; at < end;) {
        at += peer__plain_run(at, (size_t)(end - at));
        if (at < end && *at == '"') return at + 1;
        if (end - at < 2 || *at != '\\') return NULL;
        at += 2;
    }
    return NULL;
}

/* Skip a number or a word. The syntax of numbers is not checked, since this is a test server. */
static const char *skip_plain(const char *at, const char *end)
{
    const char *begin = at;
    while (at < end && strchr("+-.0123456789abcdefghijklmnopqrstuvwxyzE", *at) && *at) at++;
    return at > begin ? at : NULL;
}

/* Skip a key and its colon. */
static const char *skip_key(const char *at, const char *end)
{
    if (at == end || *at != '"') return NULL;
    at = skip_string(at, end);
    if (!at) return NULL;
    at = skip_space(at, end);
    return at < end && *at == ':' ? skip_space(at + 1, end) : NULL;
}

static const char *skip_items(const char *at, const char *end, int depth)
{
    char close = *at == '{' ? '}' : ']';
    at = skip_space(at + 1, end);
    if (at < end && *at == close) return at + 1;
    while (at && at < end) {
        if (close == '}') at = skip_key(at, end);
        if (at) at = skip_value(at, end, depth + 1);
        if (!at) return NULL;
        at = skip_space(at, end);
        if (at < end && *at == close) return at + 1;
        if (at == end || *at != ',') return NULL;
        at = skip_space(at + 1, end);
    }
    return NULL;
}

static const char *skip_value(const char *at, const char *end, int depth)
{
    if (at == end || depth > PEER_JSON_MAX_DEPTH) return NULL;
    if (*at == '"') return skip_string(at, end);
    return *at == '{' || *at == '[' ? skip_items(at, end, depth) : skip_plain(at, end);
}

/* ---- values ---------------------------------------------------------------------------------- */

json peer__json_parse(const char *text, size_t n)
{
    const char *end = text + n, *at = skip_space(text, end);
    const char *behind = skip_value(at, end, 0);
    if (!behind || skip_space(behind, end) != end) return (json){0};
    return (json){at, (size_t)(behind - at)};
}

static bool is_key(const char *at, const char *end, const char *key)
{
    size_t n = strlen(key);
    return (size_t)(end - at) > n + 1 && memcmp(at + 1, key, n) == 0 && at[n + 1] == '"';
}

json peer__json_get(json object, const char *key)
{
    if (!object.at || *object.at != '{') return (json){0};
    const char *end = object.at + object.n, *at = skip_space(object.at + 1, end);
    while (at && at < end && *at == '"') {
        bool found = is_key(at, end, key);
        const char *value = skip_key(at, end);
        at = value ? skip_value(value, end, 0) : NULL;
        if (found && at) return (json){value, (size_t)(at - value)};
        at = at ? skip_space(at, end) : NULL;
        if (at && at < end && *at == ',') at = skip_space(at + 1, end);
    }
    return (json){0};
}

json peer__json_first(json object)
{
    if (!object.at || *object.at != '{') return (json){0};
    const char *end = object.at + object.n;
    const char *at = skip_key(skip_space(object.at + 1, end), end);
    const char *behind = at ? skip_value(at, end, 0) : NULL;
    return behind ? (json){at, (size_t)(behind - at)} : (json){0};
}

bool peer__json_next(json array, json *item)
{
    if (!array.at || *array.at != '[') return false;
    const char *end = array.at + array.n;
    const char *at = item->at ? skip_space(item->at + item->n, end) : array.at;
    if (item->at && (at == end || *at != ',')) return false;
    at = skip_space(at + 1, end);
    if (at >= end || *at == ']') return false;
    const char *behind = skip_value(at, end, 0);
    *item = (json){at, behind ? (size_t)(behind - at) : 0};
    return behind != NULL;
}

/* ---- strings --------------------------------------------------------------------------------- */

static unsigned read_hex(const char *at, const char *end)
{
    char digits[5] = {0};
    if (end - at < 4) return 0xfffd;
    memcpy(digits, at, 4);
    return (unsigned)strtoul(digits, NULL, 16);
}

static bool put_utf8(bytes *out, unsigned c)
{
    char text[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n; i-- > 1; c >>= 6) text[i] = (char)(0x80 | (c & 0x3f));
    text[0] = (char)(marks[n] | c);
    return peer__put_n(out, text, n);
}

/* Append the character of an escape such as \u00e4, whose digits are at `*at`. If it is the first
 * half of a surrogate pair, the second half is read, too. */
static bool put_unicode(bytes *out, const char **at, const char *end)
{
    unsigned c = read_hex(*at, end);
    *at += end - *at < 4 ? end - *at : 4;
    if (c >= 0xd800 && c < 0xdc00 && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u') {
        c = 0x10000 + ((c - 0xd800) << 10) + ((read_hex(*at + 2, end) - 0xdc00) & 0x3ff);
        *at += 6;
    } else if (c >= 0xd800 && c < 0xe000) {
        c = 0xfffd;
    }
    return put_utf8(out, c);
}

static bool put_escape(bytes *out, const char **at, const char *end)
{
    static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
    char c = *(*at)++;
    if (c == 'u') return put_unicode(out, at, end);
    const char *name = memchr(names, c, sizeof names - 1);
    return peer__put_n(out, name ? values + (name - names) : &c, 1);
}

bool peer__json_text(json string, bytes *out)
{
    if (!string.at || *string.at != '"') return false;
    const char *at = string.at + 1, *end = string.at + string.n - 1;
    while (at < end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        size_t run = (size_t)((escape ? escape : end) - at);
        if (!peer__put_n(out, at, run)) return false;
        at += run;
        if (!escape) continue;
        at++;
        if (!put_escape(out, &at, end)) return false;
    }
    return true;
}

bool peer__json_is(json value, const char *text)
{
    size_t n = strlen(text);
    return value.at && value.n == n + 2 && *value.at == '"' && memcmp(value.at + 1, text, n) == 0;
}

char *peer__json_string(json value)
{
    bytes text = {0};
    if (peer__json_text(value, &text) && !memchr(text.data ? text.data : "", '\0', text.len) &&
        peer__put_n(&text, "", 1))
        return text.data;
    peer__bytes_free(&text);
    return NULL;
}
