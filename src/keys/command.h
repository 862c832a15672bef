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
 * Run a command and read its output. It has nothing to read, none of this process's descriptors,
 * and nothing that it says gets to where this process prints: the last line on its stderr is the
 * cause of the error. When the time is over, when it is unwanted or when this process ends, however
 * it does, it is killed with all that it started. What a command that has ended leaves behind lives
 * on.
 *
 * @param unwanted  Looked at meanwhile; may be NULL.
 * @return the length, or -1 with an error about `what`, which is context_canceled where it was
 * unwanted.
 */
ssize_t beluga__command_read(const char *command, const char *what, int64_t timeout_ms,
                             const atomic_bool *unwanted, char *buffer, size_t size,
                             beluga_error *err);

#endif
