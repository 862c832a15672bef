/* Inputs that are compressed by gzip or written as UTF-16: both become UTF-8 in a file without a
 * name. */
#ifndef BELUGA_CLI_BATCH_UNPACK_H
#define BELUGA_CLI_BATCH_UNPACK_H

#include <stdbool.h>

#define BATCH_UNPACK_BYTES 256

/*
 * Unpack the file *fd, which is closed and replaced where it is packed.
 * @param beside  A path in whose folder there is room.
 * @param[out] was_utf16  Set where the text was converted.
 * @return 0, or an exit code, with the reason in `why`; also for a file that is no text at all,
 * such as a spreadsheet's.
 */
int batch_unpack(int *fd, const char *beside, bool *was_utf16, char why[BATCH_UNPACK_BYTES]);

#endif
