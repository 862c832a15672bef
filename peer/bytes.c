#include "peer/bytes.h"

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
    /* An idle connection costs no buffer: the program carries ten thousand of them. */
    else
        peer__bytes_free(b);
}

void peer__bytes_free(bytes *b)
{
    free(b->data);
    *b = (bytes){0};
}
