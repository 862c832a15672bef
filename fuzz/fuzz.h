/* What all targets share: a rule that was broken stops the run. */
#ifndef FUZZ_H
#define FUZZ_H

#include "base/buf.h"
#include "base/mem.h"

#include <beluga/error.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FUZZ_CHECK(rule)                                           \
    do {                                                           \
        if (!(rule)) fuzz_broken(__FILE__, __LINE__, #rule, NULL); \
    } while (0)

/* Say which rule was broken, and by which text unless it is NULL; abort. */
_Noreturn void fuzz_broken(const char *file, int line, const char *rule, const char *text);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes taken from the front of an input, 0 when it is used up. */
static inline uint8_t fuzz_byte(const uint8_t **data, size_t *size)
{
    if (!*size) return 0;
    --*size;
    return *(*data)++;
}

/* A copy with nothing behind it, so that a byte too many is seen; free it. */
char *fuzz_copy(const uint8_t *data, size_t size);
/* The same with a NUL at its end. */
char *fuzz_text(const uint8_t *data, size_t size);

/* Cut off what stands before the first line end, which is made a NUL; NULL when nothing is left. */
char *fuzz_line(char **rest);

/* The path of a file in memory that holds these bytes until the next call. */
const char *fuzz_file(const uint8_t *data, size_t size);

/* Text that leaves the library is UTF-8. */
void fuzz_check_text(const char *text, size_t n);
/* It is one line of visible characters, as what the library says to people is. */
void fuzz_check_line(const char *text);
/* A function that failed said why, and each text of its error can be shown. */
void fuzz_check_error(int code, const beluga_error *err);

#endif
