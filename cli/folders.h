/* Folders for private files. */
#ifndef BELUGA_CLI_FOLDERS_H
#define BELUGA_CLI_FOLDERS_H

/*
 * Create every folder above a file, with permissions only for the owner. Most failures are not
 * reported, since opening the file then reports them.
 * @return 0, or -1 with EPERM: the file's folder belongs to another user, who would own the files
 * in it, or another user has created the folder, or a link, in a folder that everybody may write
 * to.
 */
int folders_make(char *path);

#endif
