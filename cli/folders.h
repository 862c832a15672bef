/* Folders for private files. */
#ifndef BELUGA_CLI_FOLDERS_H
#define BELUGA_CLI_FOLDERS_H

/*
 * Make every folder above a file, for the owner only. Most failures are left to opening the file,
 * which reports them.
 * @return 0, or -1 with EPERM: the file's folder belongs to another user, who would own the files
 * in it, or another user has put the folder, or a link, into a folder that everybody may write to.
 */
int folders_make(char *path);

#endif
