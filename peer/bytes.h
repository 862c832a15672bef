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

/*
 * Functions that append to a JSON text for an answer, of at most PEER_MAX_TEXT_BYTES. Each returns
 * false if out of memory or if the text would be too long. peer__putf also returns false if the
 * formatted text is longer than 1 KiB.
 */
#define PEER_MAX_TEXT_BYTES ((size_t)1024 * 1024 * 1024)

bool peer__put(bytes *b, const char *text);
bool peer__put_n(bytes *b, const char *text, size_t n);
__attribute__((format(printf, 2, 3))) bool peer__putf(bytes *b, const char *format, ...);
/* Return how many bytes come before the first one that a JSON string must escape. */
size_t peer__plain_run(const char *text, size_t n);
/* Write a string of JSON, with its quotes. */
bool peer__put_string(bytes *b, const char *text);
bool peer__put_string_n(bytes *b, const char *text, size_t n);

#endif
