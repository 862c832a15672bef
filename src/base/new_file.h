/* The library and the command make files in this one way; the command compiles this file as well.
 * These functions use system calls alone, and return -1 with errno where they fail. */
#ifndef BELUGA__NEW_FILE_H
#define BELUGA__NEW_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* All files that hold prompts, answers or keys have this mode. */
#define BELUGA__PRIVATE_MODE 0600

/*
 * Open a file that a person named, to write it. A missing file is made, with `mode` less the umask.
 * `flags` are those of open(2): O_WRONLY or O_RDWR, with O_APPEND, O_TRUNC, O_NONBLOCK. A link, a
 * device or a pipe is opened as it stands, since the person who named it wants that.
 *
 * EPERM: another user has put something there, in a folder where everybody may write, such as /tmp.
 * EMLINK: another user may have done so, for the file has a second name.
 */
int beluga__file_open(const char *path, int flags, mode_t mode);

/* Check that files may be made in an existing folder. EPERM: in a folder where everybody may
 * write, another user made this folder, or a link to it. */
int beluga__file_check_folder(const char *path);

/* Make a file without a name, in the folder of the path `beside`. */
int beluga__file_nameless(const char *beside);

int beluga__file_write(int fd, const char *bytes, size_t n);

/* Returns a text for an errno of these functions, with advice where possible. `text` is room for
 * the system's own text. */
const char *beluga__file_explain(int error, char *text, size_t size);

/* A new file gets its name when it is complete. Until then it has no name, or, where the file
 * system knows no nameless files, a name that nobody can guess. */
typedef struct beluga__new_file {
    int fd;     /* descriptor for writing; a caller that keeps the descriptor sets this to -1 */
    int folder; /* folder in which the file gets its name; -1: not begun */
    bool named; /* the file has the name `temporary` now */
    char name[NAME_MAX + 1], temporary[32];
} beluga__new_file;

/*
 * Begin a file that will replace the one at `path`, or be made there. It is private, or gets owner
 * and mode of the regular file that it replaces.
 *
 * @param follow  A link stays, and the file to which it leads is replaced; else a link is refused
 *                (ELOOP).
 *
 * EINVAL, EISDIR: there is something at `path` that is no file.
 */
int beluga__new_file_begin(beluga__new_file *file, const char *path, bool follow);
/* Move the file to its path, and replace a file that is there. */
int beluga__new_file_replace(beluga__new_file *file);
/* Give the file another name in the same folder. The name must be free, else EEXIST. */
int beluga__new_file_name(beluga__new_file *file, const char *name);
/* Make the names in the file's folder durable. */
int beluga__new_file_sync_folder(const beluga__new_file *file);
/* Close the file, and remove its temporary name. This keeps errno, and may be called twice. */
void beluga__new_file_end(beluga__new_file *file);

#endif
