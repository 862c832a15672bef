/* Functions that read whole files. */
#ifndef BELUGA__FILE_H
#define BELUGA__FILE_H

#include "base/buf.h"

#include <beluga/error.h>

/* Append a file's bytes to a buffer, up to the buffer's maximum. Blocks. A pipe or device is
 * read to its end; waiting for its next bytes may take up to BELUGA__PIPE_WAIT_MS. Returns 0;
 * NOT_FOUND; LIMIT_EXCEEDED; NO_MEMORY; or INVALID_INPUT for any other system error. The error
 * names the path. */
int beluga__file_read(const char *path, beluga__buf *buf, beluga_error *err);
/* Like beluga__file_read, but refuse anything that is not a regular file. For callers that must not
 * wait. */
int beluga__file_read_regular(const char *path, beluga__buf *buf, beluga_error *err);

#endif
