/* Files that appear complete, or not at all. */
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

/* All functions return 0, or -1 with errno, as base/new_file.h explains. Only a regular file is
 * replaced. */
int batch_new_file_begin(batch_new_file *file, const char *path, bool follow);
int batch_new_file_add(batch_new_file *file, const char *bytes, size_t n);
/* Make the file durable under its name. @param fd Receives the descriptor; NULL: it is closed. */
int batch_new_file_finish(batch_new_file *file, int *fd);
/* Remove the new file. Call this after a failure; it is harmless after finish, and when called
 * twice. */
void batch_new_file_drop(batch_new_file *file);

/* Read up to n bytes at an offset. Returns the number of bytes read, or -1 with errno. */
ssize_t batch_read_at(int fd, void *bytes, size_t n, uint64_t offset);
/* Write all bytes at an offset. Returns 0, or -1 with errno. */
int batch_write_at(int fd, const char *bytes, size_t n, uint64_t offset);

#endif
