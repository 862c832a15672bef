/* A byte buffer that grows up to a maximum. */
#ifndef BELUGA_PEER_BYTES_H
#define BELUGA_PEER_BYTES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct bytes {
    char *data;
    size_t len, cap;
} bytes;

bool peer__bytes_reserve(bytes *b, size_t extra, size_t max);
bool peer__bytes_add(bytes *b, const void *data, size_t n, size_t max);
void peer__bytes_drop(bytes *b, size_t n); /* drops the first n bytes */
void peer__bytes_free(bytes *b);

#endif
