/* Folders for private files. */
#ifndef BELUGA_CLI_FOLDERS_H
#define BELUGA_CLI_FOLDERS_H

/*
 * Create every folder above a file, with permissions only for the owner. Most failures are not
 * reported here, since opening the file fails for the same reason.
 * @return 0, or -1 with errno EPERM if private files are not safe there: the folder belongs to
 * another user, or another user has created it, or a link in its place, in a folder that everybody
 * may write to.
 */
int folders_make(char *path);

#endif
