/* Finds and replaces members in the text of a JSON object, so that all other bytes stay the same.
 * The parser has checked the text before; this code only follows brackets and strings, and never
 * reads beyond the end. */
#include "base/json.h"
#include "base/text.h"

#include <string.h>

typedef struct walk {
    const char *text;
    size_t at, n;
} walk;

typedef struct member {
    size_t key, key_length; /* offset and length without the quotes; escapes are not decoded */
    size_t value, value_end;
} member;

static void skip_blank(walk *w)
{
    while (w->at < w->n && w->text[w->at] && strchr(" \t\r\n", w->text[w->at])) w->at++;
}

/* Skip a string that begins here. */
static void skip_string(walk *w)
{
    for (w->at++; w->at < w->n && w->text[w->at] != '"'; w->at++)
        if (w->text[w->at] == '\\') w->at++;
    w->at = w->at < w->n ? w->at + 1 : w->n;
}

static void skip_value(walk *w)
{
    for (size_t depth = 0; w->at < w->n;) {
        char c = w->text[w->at];
        if (!depth && (c == ',' || c == '}' || c == ']')) return;
        if (c == '{' || c == '[') depth++;
        if (c == '}' || c == ']') depth--;
        if (c == '"')
            skip_string(w);
        else
            w->at++;
    }
}

/* Enter the object. Returns false if the text is not an object. */
static bool enter(walk *w)
{
    if (w->n >= 3 && memcmp(w->text, "\xef\xbb\xbf", 3) == 0) w->at = 3;
    skip_blank(w);
    if (w->at >= w->n || w->text[w->at] != '{') return false;
    w->at++;
    return true;
}

static bool next(walk *w, member *m)
{
    while (w->at < w->n && w->text[w->at] != '"' && w->text[w->at] != '}') w->at++;
    if (w->at >= w->n || w->text[w->at] == '}') return false;
    m->key = w->at + 1;
    skip_string(w);
    m->key_length = w->at - m->key - 1;
    while (w->at < w->n && w->text[w->at] != ':') w->at++;
    if (w->at < w->n) w->at++;
    skip_blank(w);
    m->value = w->at;
    skip_value(w);
    for (m->value_end = w->at;
         m->value_end > m->value && strchr(" \t\r\n", w->text[m->value_end - 1]);)
        m->value_end--;
    return m->value_end > m->value;
}

/* Read a character of a key, which may be written as \uXXXX. Other escapes are not decoded, since
 * they never mean a character of the names that are searched for. */
static int read_character(const char **at, const char *end)
{
    const char *s = *at;
    *at = s + 1;
    if (*s != '\\') return (unsigned char)*s;
    if (end - s < 6 || s[1] != 'u') return -1;
    int value = 0;
    for (int i = 2; i < 6; i++) {
        int digit = beluga__hex_digit(s[i]);
        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    *at = s + 6;
    return value;
}

static bool is_named(const walk *w, const member *m, const char *name)
{
    const char *at = w->text + m->key, *end = at + m->key_length;
    while (at < end && *name)
        if (read_character(&at, end) != (unsigned char)*name++) return false;
    return at == end && !*name;
}

const char *beluga__json_member_text(const char *text, size_t length, const char *name,
                                     size_t *value_length)
{
    walk w = {.text = text, .n = length};
    member m;
    for (bool more = enter(&w); more && next(&w, &m);) {
        if (!is_named(&w, &m, name)) continue;
        *value_length = m.value_end - m.value;
        return text + m.value;
    }
    return NULL;
}

static void put_first(beluga__buf *out, const char *name, const char *value, size_t n_value,
                      bool more)
{
    beluga__buf_putc(out, '"');
    beluga__buf_puts(out, name);
    beluga__buf_puts(out, "\":");
    beluga__buf_append(out, value, n_value);
    if (more) beluga__buf_putc(out, ',');
}

int beluga__json_set_member(beluga__buf *out, const char *text, size_t length, const char *name,
                            const char *value, size_t value_length)
{
    walk w = {.text = text, .n = length};
    member m;
    size_t copied = 0;
    if (!enter(&w)) return BELUGA_ERROR_INVALID_INPUT;
    size_t begin = w.at;
    bool found = beluga__json_member_text(text, length, name, &(size_t){0}) != NULL;
    if (!found) {
        skip_blank(&w);
        bool more = w.at < w.n && w.text[w.at] == '"';
        beluga__buf_append(out, text, begin);
        put_first(out, name, value, value_length, more);
        copied = begin;
    }
    while (found && next(&w, &m)) {
        if (!is_named(&w, &m, name)) continue;
        beluga__buf_append(out, text + copied, m.value - copied);
        beluga__buf_append(out, value, value_length);
        copied = m.value_end;
    }
    beluga__buf_append(out, text + copied, length - copied);
    return out->status;
}
