/* Runs shell commands that print keys. */
#ifndef BELUGA__COMMAND_H
#define BELUGA__COMMAND_H

#include <beluga/error.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

/* Read a file descriptor to its end, within BELUGA__COMMAND_TIMEOUT_MS. Returns the length, or -1,
 * also if the bytes don't fit. */
ssize_t beluga__read_all(int fd, char *buffer, size_t size);
/* Run a command and read its output. The command gets empty input and none of this process's
 * descriptors, and its output does not reach this process's streams; the last line of its stderr
 * becomes the cause of the error. The command and its children are killed when the time is over,
 * when the key is no longer wanted, and when this process ends in any way. Processes that a command
 * leaves running when it ends are not killed.
 *
 * @param unwanted  Checked during the wait; may be NULL.
 * @return the length, or -1 with an error about `what`; its code is CONTEXT_CANCELED if the key
 * became unwanted. */
ssize_t beluga__command_read(const char *command, const char *what, int64_t timeout_ms,
                             const atomic_bool *unwanted, char *buffer, size_t size,
                             beluga_error *err);

#endif
