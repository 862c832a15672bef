/* What all targets share: a rule that was broken stops the run. */
#ifndef FUZZ_H
#define FUZZ_H

#include "base/buf.h"
#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FUZZ_CHECK(rule)                                                       \
    do {                                                                       \
        if (!(rule)) {                                                         \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #rule); \
            abort();                                                           \
        }                                                                      \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes taken from the front of an input, 0 when it is used up. */
static inline uint8_t fuzz_byte(const uint8_t **data, size_t *size)
{
    if (!*size) return 0;
    ++*data, --*size;
    return (*data)[-1];
}

#endif
