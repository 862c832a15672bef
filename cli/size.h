/* Reads a size that a user has written. */
#ifndef BELUGA_CLI_SIZE_H
#define BELUGA_CLI_SIZE_H

#include <stdbool.h>
#include <stddef.h>

/* Read a number of bytes from 1 to `max`, which may have a unit: kB and MB are powers of 1000; k,
 * M, KiB and MiB are powers of 1024. Return false, and leave the size unchanged, for another text.
 */
bool size_read(const char *text, size_t max, size_t *bytes);

#endif
