/* Files that are there whole, or not at all. */
#ifndef BELUGA_CLI_BATCH_FILES_H
#define BELUGA_CLI_BATCH_FILES_H

#include "base/new_file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A file that takes another's place when it is complete. */
typedef struct batch_new_file {
    beluga__new_file file;
    uint64_t length;
    size_t used;
    char buffer[65536];
} batch_new_file;

/* All return 0, or -1 with errno, as base/new_file.h says. Only a file's place is taken. */
int batch_new_file_begin(batch_new_file *file, const char *path, bool follow);
int batch_new_file_add(batch_new_file *file, const char *bytes, size_t n);
/* Make it durable under its name. @param fd  Receives the descriptor; NULL: it is closed. */
int batch_new_file_finish(batch_new_file *file, int *fd);
/* Remove what there is of it. After a failure of the others; harmless after finish, and twice. */
void batch_new_file_drop(batch_new_file *file);

/* Read n bytes at a place, or as many as there are. Returns how many, or -1 with errno. */
ssize_t batch_read_at(int fd, void *bytes, size_t n, uint64_t offset);
/* Write all of it, at a place. Returns 0, or -1 with errno. */
int batch_write_at(int fd, const char *bytes, size_t n, uint64_t offset);

#endif
