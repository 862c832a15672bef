/* Files that are there whole, or not at all. */
#ifndef BELUGA_CLI_BATCH_FILES_H
#define BELUGA_CLI_BATCH_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A file that takes another's place when it is complete: it is written beside it first. */
struct batch_new_file {
    char *path, *temporary; /* owned */
    int fd;
    uint64_t length;
    size_t used;
    char buffer[65536];
};

/* All return 0, or -1 with errno. Only a file's place is taken: for all else begin fails (EINVAL,
 * EISDIR). */
int batch_new_file_begin(struct batch_new_file *file, const char *path);
int batch_new_file_add(struct batch_new_file *file, const char *bytes, size_t n);
/* Make it durable under its name. @param fd  Receives the descriptor; NULL: it is closed. */
int batch_new_file_finish(struct batch_new_file *file, int *fd);
/* Remove what there is of it. After a failure of the others, and harmless after finish. */
void batch_new_file_drop(struct batch_new_file *file);

/* Read n bytes at a place, or as many as there are. Returns how many, or -1 with errno. */
ssize_t batch_read_at(int fd, void *bytes, size_t n, uint64_t offset);
/* Write all of it, at a place. Returns 0, or -1 with errno. */
int batch_write_at(int fd, const char *bytes, size_t n, uint64_t offset);

/* Make a file without a name, in the directory of `beside`. @return its descriptor, or -1 with
 * errno. */
int batch_nameless_file(const char *beside);

/* Make the names in a file's directory durable. */
int batch_sync_directory(const char *path);

#endif
