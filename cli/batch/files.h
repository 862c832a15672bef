/* Creates files that become visible under their names only when they are complete. */
#ifndef BELUGA_CLI_BATCH_FILES_H
#define BELUGA_CLI_BATCH_FILES_H

#include "base/new_file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A new file that replaces another one when it is complete. */
typedef struct batch_new_file {
    beluga__new_file file;
    uint64_t length;
    size_t used;
    char buffer[65536];
} batch_new_file;

/* These functions return 0, or -1 with errno; see base/new_file.h. Only a regular file is replaced.
 */
int batch_new_file_begin(batch_new_file *file, const char *path, bool follow);
int batch_new_file_add(batch_new_file *file, const char *bytes, size_t n);
/* Make the file durable under its name. @param fd Receives the descriptor; NULL: it is closed. */
int batch_new_file_finish(batch_new_file *file, int *fd);
/* Remove the unfinished file after a failure. A call after batch_new_file_finish, or a second call,
 * has no effect. */
void batch_new_file_drop(batch_new_file *file);

/* Read up to n bytes at an offset. Returns the number of bytes read, or -1 with errno. */
ssize_t batch_read_at(int fd, void *bytes, size_t n, uint64_t offset);
/* Write all bytes at an offset. Returns 0, or -1 with errno. */
int batch_write_at(int fd, const char *bytes, size_t n, uint64_t offset);

#endif
