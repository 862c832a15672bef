/* Converts inputs that are compressed by gzip or written as UTF-16 to UTF-8, in an unnamed file. */
#ifndef BELUGA_CLI_BATCH_UNPACK_H
#define BELUGA_CLI_BATCH_UNPACK_H

#include <stdbool.h>

#define BATCH_UNPACK_BYTES 256

/*
 * Convert the file *fd, if needed; it is then closed and replaced.
 * @param beside  A path in a folder that has enough space.
 * @param[out] was_utf16  Set if the text was converted.
 * @return 0, or an exit code, with the reason in `why`; also for a file that is not text, such as a
 * spreadsheet.
 */
int batch_unpack(int *fd, const char *beside, bool *was_utf16, char why[BATCH_UNPACK_BYTES]);

#endif
