/* The files of a folder that neither a dot nor .gitignore hides, in the order of their bytes. */
#ifndef BELUGA_CLI_CONTEXT_WALK_H
#define BELUGA_CLI_CONTEXT_WALK_H

#include <stddef.h>

/* A folder with more files, or deeper, is an error. */
#define WALK_MAX_FILES 10000
#define WALK_MAX_DEPTH 64

/* Zero-initialise it. */
typedef struct walk_list {
    char **paths; /* owned; each begins with the folder as it was given */
    size_t count, room;
    size_t links;  /* symbolic links, which are not followed */
    size_t others; /* pipes, sockets and devices */
    size_t hidden; /* files and folders whose names begin with a dot, but .git and .gitignore */
} walk_list;

/*
 * Add the files of a folder. What begins with a dot is left out, since keys and histories are kept
 * so (.env, .netrc, .ssh), and so is what these hide: .gitignore files
 * in it, those above it up to the repository's top, .git/info/exclude there, and the user's
 * $XDG_CONFIG_HOME/git/ignore.
 * @return 0, or an exit code, reported.
 */
int walk_folder(const char *folder, walk_list *list);

void walk_free(walk_list *list);

#endif
