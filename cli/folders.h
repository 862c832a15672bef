/* Folders for private files. */
#ifndef BELUGA_CLI_FOLDERS_H
#define BELUGA_CLI_FOLDERS_H

/* Make every folder above a file, for the owner only. What fails, opening the file will tell. */
void folders_make(char *path);

#endif
