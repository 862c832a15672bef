/* Folders for private files. */
#ifndef BELUGA_CLI_FOLDERS_H
#define BELUGA_CLI_FOLDERS_H

/*
 * Make every folder above a file, for the owner only. What fails, opening the file will tell, but
 * for one thing. @return 0, or -1 with EPERM: the file's folder belongs to another user, who would
 * own what is kept there, or another has put it, or a link, into a folder that all may write.
 */
int folders_make(char *path);

#endif
