#include "base/buf.h"

#include "base/mem.h"

#include <beluga/error.h>

#include <stdarg.h>
#include <stdio.h>

enum { FIRST_CAPACITY = 64 };

static char empty[1];

void beluga__buf_init(beluga__buf *buf, const beluga_allocator *allocator, size_t max)
{
    *buf = (beluga__buf){.data = empty, .max = max, .allocator = allocator};
}

void beluga__buf_free(beluga__buf *buf)
{
    buf->length = 0;
    buf->status = 0;
    if (!buf->capacity) return;
    beluga__release(buf->allocator, buf->data);
    buf->data = empty;
    buf->capacity = 0;
}

void beluga__buf_clear(beluga__buf *buf)
{
    buf->length = 0;
    buf->status = 0;
    if (buf->capacity) buf->data[0] = '\0';
}

static int grow(beluga__buf *buf, size_t needed)
{
    size_t capacity = buf->capacity ? buf->capacity : FIRST_CAPACITY;
    while (capacity < needed) capacity *= 2;
    if (capacity > buf->max + 1) capacity = buf->max + 1;
    char *data =
        beluga__resize(buf->allocator, buf->capacity ? buf->data : NULL, buf->capacity, capacity);
    if (!data) return buf->status = BELUGA_ERROR_NO_MEMORY;
    buf->data = data;
    buf->capacity = capacity;
    data[buf->length] = '\0';
    return 0;
}

int beluga__buf_reserve(beluga__buf *buf, size_t n)
{
    if (buf->status) return buf->status;
    if (n < buf->capacity - buf->length && buf->capacity) return 0;
    if (n > buf->max - buf->length) return buf->status = BELUGA_ERROR_LIMIT_EXCEEDED;
    return grow(buf, buf->length + n + 1);
}

int beluga__buf_append(beluga__buf *buf, const void *bytes, size_t n)
{
    bool fits = !buf->status && n < buf->capacity - buf->length;
    if (!fits && beluga__buf_reserve(buf, n)) return buf->status;
    if (n) memcpy(buf->data + buf->length, bytes, n);
    buf->length += n;
    buf->data[buf->length] = '\0';
    return 0;
}

int beluga__buf_puts(beluga__buf *buf, const char *text)
{
    return beluga__buf_append(buf, text, strlen(text));
}

int beluga__buf_printf(beluga__buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0) return buf->status = BELUGA_ERROR_INVALID_INPUT;
    if (beluga__buf_reserve(buf, (size_t)n)) return buf->status;
    va_start(args, format);
    vsnprintf(buf->data + buf->length, (size_t)n + 1, format, args);
    va_end(args);
    buf->length += (size_t)n;
    return 0;
}

void beluga__buf_consume(beluga__buf *buf, size_t n)
{
    if (!n) return;
    buf->length -= n;
    memmove(buf->data, buf->data + n, buf->length + 1);
}

char *beluga__buf_steal(beluga__buf *buf, size_t *length)
{
    if (beluga__buf_reserve(buf, 0)) return NULL;
    char *data = buf->data;
    if (length) *length = buf->length;
    beluga__buf_init(buf, buf->allocator, buf->max);
    return data;
}
