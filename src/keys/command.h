/* Runs shell commands that print keys. */
#ifndef BELUGA__COMMAND_H
#define BELUGA__COMMAND_H

#include <beluga/error.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

/* Read a descriptor to its end, within BELUGA__COMMAND_TIMEOUT_MS. Returns the length, or -1, also
 * when the bytes do not fit. */
ssize_t beluga__read_all(int fd, char *buffer, size_t size);
/*
 * Run a command and read its output. The command has empty input and none of this process's
 * descriptors. Its output does not reach this process's streams: the last line of its stderr
 * becomes the cause of the error. When the time is over, when the key is no longer wanted, or when
 * this process ends in any way, the command and its children are killed. Processes that an ended
 * command left behind go on.
 *
 * @param unwanted Checked during the wait; may be NULL.
 * @return the length, or -1 with an error about `what`, whose code is context_canceled where the
 * key became unwanted.
 */
ssize_t beluga__command_read(const char *command, const char *what, int64_t timeout_ms,
                             const atomic_bool *unwanted, char *buffer, size_t size,
                             beluga_error *err);

#endif
