/* Folders for private files. */
#ifndef BELUGA_CLI_FOLDERS_H
#define BELUGA_CLI_FOLDERS_H

/*
 * Create every folder above a file, with permissions only for the owner. Most failures are not
 * reported here, since opening the file fails for the same reason.
 * @return 0, or -1 with errno EPERM if private files are not safe there: the file's folder belongs
 * to another user than this one and root; or a folder on the path, or a link in its place, was
 * made by another user in a folder that everybody may write to.
 */
int folders_make(char *path);

#endif
