/* A buffer that grows up to a maximum. It always ends in NUL. Once an operation has failed, all
 * later ones fail, so that a chain of appends needs one check at its end. */
#ifndef BELUGA__BUF_H
#define BELUGA__BUF_H

#include <beluga/common.h>

typedef struct beluga__buf {
    char *data; /* "" until something is stored */
    size_t length;
    size_t capacity; /* 0: `data` is not allocated */
    size_t max;
    const beluga_allocator *allocator;
    int status; /* 0, or the first failure */
} beluga__buf;

void beluga__buf_init(beluga__buf *buf, const beluga_allocator *allocator, size_t max);
void beluga__buf_free(beluga__buf *buf);
/* Empty the buffer, keep its memory, and clear its status. */
void beluga__buf_clear(beluga__buf *buf);
/* Reserve room for n more bytes and a NUL. Returns buf->status. */
int beluga__buf_reserve(beluga__buf *buf, size_t n);
int beluga__buf_append(beluga__buf *buf, const void *bytes, size_t n);
int beluga__buf_puts(beluga__buf *buf, const char *text);
int beluga__buf_printf(beluga__buf *buf, const char *format, ...) BELUGA_PRINTF(2, 3);
/* Remove the first n bytes. */
void beluga__buf_consume(beluga__buf *buf, size_t n);
/* Hand the bytes to the caller, who must release them with the buffer's allocator; the buffer is
 * empty afterwards. Returns NULL on failure. */
char *beluga__buf_steal(beluga__buf *buf, size_t *length);

static inline int beluga__buf_putc(beluga__buf *buf, char c)
{
    if (buf->status || buf->capacity - buf->length < 2) return beluga__buf_append(buf, &c, 1);
    buf->data[buf->length++] = c;
    buf->data[buf->length] = '\0';
    return 0;
}

#endif
