/* Lists the files of a folder that are not excluded by a leading dot or by .gitignore, in the order
 * of their bytes. */
#ifndef BELUGA_CLI_CONTEXT_WALK_H
#define BELUGA_CLI_CONTEXT_WALK_H

#include <stddef.h>

/* A folder with more files, or with deeper folders, is an error. */
#define WALK_MAX_FILES 10000
#define WALK_MAX_DEPTH 64

/* Zero-initialise this struct. */
typedef struct walk_list {
    char **paths; /* owned; each path begins with the folder as the user wrote it */
    size_t count, room;
    size_t links;  /* symbolic links, which are not followed */
    size_t others; /* pipes, sockets and devices */
    size_t hidden; /* files and folders whose names begin with a dot, except .git and .gitignore */
} walk_list;

/*
 * Add the files of a folder. Names that begin with a dot are left out, since they may be keys or
 * histories (.env, .netrc, .ssh). Files are also left out if they are excluded by .gitignore files
 * in the folder or above it up to the top of the repository, by the repository's .git/info/exclude,
 * or by the user's $XDG_CONFIG_HOME/git/ignore.
 * @return 0, or an exit code after reporting the error.
 */
int walk_folder(const char *folder, walk_list *list);

void walk_free(walk_list *list);

#endif
