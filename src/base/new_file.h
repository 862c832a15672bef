/* Creates and replaces files, for the library and for the command, which compiles new_file.c as
 * well. The functions use only system calls, and return -1 with errno on failure. */
#ifndef BELUGA__NEW_FILE_H
#define BELUGA__NEW_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The mode of all files that hold prompts, answers or keys. */
#define BELUGA__PRIVATE_MODE 0600

/* Open a file for writing, whose path a user gave. A missing file is created, with `mode` less the
 * umask. `flags` are those of open(2): O_WRONLY or O_RDWR, with O_APPEND, O_TRUNC, O_NONBLOCK. A
 * link is followed, and a device or a pipe is opened, since the user chose that path.
 *
 * EPERM: another user made this name in a folder in which everybody may write, such as /tmp.
 * EMLINK: another user may have made it, since the file has a second name. */
int beluga__file_open(const char *path, int flags, mode_t mode);

/* Check that files may be created in an existing folder. EPERM: in a folder in which everybody may
 * write, another user made this folder, or a link to it. */
int beluga__file_check_folder(const char *path);

/* Open a file without a name, in the folder that contains the path `beside`. */
int beluga__file_nameless(const char *beside);

int beluga__file_write(int fd, const char *bytes, size_t n);

/* Returns a text for an errno of these functions, with advice if there is any. The system's own
 * text is written to `text`. */
const char *beluga__file_explain(int error, char *text, size_t size);

/* A new file, which gets its name when it is complete. Until then it has no name, or, if the file
 * system has no nameless files, a name that nobody can guess. */
typedef struct beluga__new_file {
    int fd; /* for writing; a caller who keeps the descriptor sets this to -1 */
    /* descriptor of the folder in which the file gets its name; -1: the file was not begun */
    int folder;
    bool named; /* the file has the name `temporary` for now */
    char name[NAME_MAX + 1], temporary[32];
} beluga__new_file;

/* Begin a file that will replace the one at `path`, or be created there. It gets owner and mode of
 * the regular file that it replaces; a file that is new is private.
 *
 * @param follow  true: a link stays, and the file that it leads to is replaced;
 *                false: a link is refused (ELOOP).
 *
 * EINVAL, EISDIR: `path` is not a regular file. */
int beluga__new_file_begin(beluga__new_file *file, const char *path, bool follow);
/* Move the file to its path; an existing file is replaced. */
int beluga__new_file_replace(beluga__new_file *file);
/* Give the file another name in the same folder. EEXIST: the name is in use. */
int beluga__new_file_name(beluga__new_file *file, const char *name);
/* Make the names in the file's folder durable (fsync). */
int beluga__new_file_sync_folder(const beluga__new_file *file);
/* Close the file, and remove its temporary name. Keeps errno, and may be called twice. */
void beluga__new_file_end(beluga__new_file *file);

#endif
