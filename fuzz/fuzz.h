/* Functions that all fuzz targets share. A check that fails ends the run. */
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

/* Print which rule was broken, and by which text unless that is NULL; then abort. */
_Noreturn void fuzz_broken(const char *file, int line, const char *rule, const char *text);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Remove and return the first byte of an input; 0 if the input is empty. */
static inline uint8_t fuzz_byte(const uint8_t **data, size_t *size)
{
    if (!*size) return 0;
    --*size;
    return *(*data)++;
}

/* Copy an input into a block of exactly its size, so that a sanitizer finds a read past its end.
 * The caller frees the block. */
char *fuzz_copy(const uint8_t *data, size_t size);
/* Copy an input as fuzz_copy() does, and add a NUL. */
char *fuzz_text(const uint8_t *data, size_t size);

/* Return the first line of `*rest`, whose line end becomes a NUL, and move `*rest` to the next
 * line, or to NULL after the last one. */
char *fuzz_line(char **rest);

/* Return the path of a file in memory that contains these bytes until the next call. */
const char *fuzz_file(const uint8_t *data, size_t size);

/* Check that a text from the library is UTF-8. */
void fuzz_check_text(const char *text, size_t n);
/* Check that a text is one line of visible characters, as all messages for people must be. */
void fuzz_check_line(const char *text);
/* Check that a function that failed reported why, and that each text of its error can be shown. */
void fuzz_check_error(int code, const beluga_error *err);

#endif
