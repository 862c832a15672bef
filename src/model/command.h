/* What a shell command prints, for keys. Blocks, at most BELUGA__COMMAND_TIMEOUT_MS. */
#ifndef BELUGA__COMMAND_H
#define BELUGA__COMMAND_H

#include <beluga/error.h>
#include <sys/types.h>

/* Read all that a descriptor has, in that time. Returns the length, or -1, also when it does not
 * fit. */
ssize_t beluga__read_all(int fd, char *buffer, size_t size);
/* Run a command and read its output. Returns the length, or -1 with an error about `what`. */
ssize_t beluga__command_read(const char *command, const char *what, char *buffer, size_t size,
                             beluga_error *err);

#endif
