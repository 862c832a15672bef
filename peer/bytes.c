#include "peer/bytes.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool peer__bytes_reserve(bytes *b, size_t extra, size_t max)
{
    if (extra > max || b->len > max - extra) return false;
    if (b->len + extra <= b->cap) return true;
    size_t cap = b->cap ? b->cap : 512;
    while (cap < b->len + extra) cap *= 2;
    char *data = realloc(b->data, cap);
    if (!data) return false;
    b->data = data;
    b->cap = cap;
    return true;
}

bool peer__bytes_add(bytes *b, const void *data, size_t n, size_t max)
{
    if (!peer__bytes_reserve(b, n, max)) return false;
    if (n) memcpy(b->data + b->len, data, n);
    b->len += n;
    return true;
}

void peer__bytes_drop(bytes *b, size_t n)
{
    b->len -= n;
    if (b->len) memmove(b->data, b->data + n, b->len);
    /* An idle connection keeps no buffer, since benchmarks open ten thousand connections. */
    else
        peer__bytes_free(b);
}

void peer__bytes_free(bytes *b)
{
    free(b->data);
    *b = (bytes){0};
}

/* ---- text of JSON ---------------------------------------------------------------------------- */

bool peer__put_n(bytes *b, const char *text, size_t n)
{
    return peer__bytes_add(b, text, n, PEER_MAX_TEXT_BYTES);
}

bool peer__put(bytes *b, const char *text)
{
    return peer__put_n(b, text, strlen(text));
}

bool peer__putf(bytes *b, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return n >= 0 && (size_t)n < sizeof text && peer__put_n(b, text, (size_t)n);
}

static bool must_be_escaped(char c)
{
    return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Return whether one of eight bytes is below `limit`, which is at most 0x80. */
static bool has_below(uint64_t word, unsigned limit)
{
    return ((word - EACH(limit)) & ~word & EACH(0x80)) != 0;
}

size_t peer__plain_run(const char *text, size_t n)
{
    size_t i = 0;
    uint64_t word;
    for (; i + 8 <= n; i += 8) {
        memcpy(&word, text + i, 8);
        if (has_below(word, 0x20) || has_below(word ^ EACH('"'), 1) ||
            has_below(word ^ EACH('\\'), 1))
            break;
    }
    while (i < n && !must_be_escaped(text[i])) i++;
    return i;
}

static bool put_escaped(bytes *b, char c)
{
    return (unsigned char)c < 0x20 ? peer__putf(b, "\\u%04x", (unsigned)c)
                                   : peer__putf(b, "\\%c", c);
}

bool peer__put_string_n(bytes *b, const char *text, size_t n)
{
    bool ok = peer__put(b, "\"");
    for (size_t i = 0; ok && i < n;) {
        size_t run = i + peer__plain_run(text + i, n - i);
        ok = peer__put_n(b, text + i, run - i) && (run == n || put_escaped(b, text[run]));
        i = run + 1;
    }
    return ok && peer__put(b, "\"");
}

bool peer__put_string(bytes *b, const char *text)
{
    return peer__put_string_n(b, text, strlen(text));
}
