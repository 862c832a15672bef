/* Stores keys: asks for a key, and stores it where a reference in the configuration finds it. */
#ifndef BELUGA_CLI_KEYS_KEEP_H
#define BELUGA_CLI_KEYS_KEEP_H

#include "text.h"

#include <limits.h>
#include <stdbool.h>

/* Maximum length of a reference, such as file:PATH. */
#define KEYS_REFERENCE_BYTES (PATH_MAX + 64)

/* Read a provider's key: from the terminal, without showing it, or else from stdin. White space
 * around it is removed. @return 0, or an exit code after reporting the error. Wipe the key in
 * either case. */
int keys_ask(const char *provider, cli_text *key);
/* Overwrite a key, and free it. */
void keys_wipe(cli_text *key);

/* Write the path of the folder for key files, which is beside the configuration file `config`.
 * @return false if `config` is NULL, because no folder for the file is known. */
bool keys_folder(const char *config, char folder[KEYS_REFERENCE_BYTES]);
/* Store a key in a file that only its owner can read. @return 0, or an exit code after reporting
 * the error. */
int keys_store_file(const char *config, const char *provider, const cli_text *key,
                    char reference[KEYS_REFERENCE_BYTES]);
/* Delete the file of a provider's key. It is no error if the file is missing. @return 0, or an exit
 * code after reporting the error. */
int keys_remove_file(const char *config, const char *provider);

/* Store a key in the desktop's keyring, with the program secret-tool. @return 0, or an exit code
 * after reporting the error. */
int keys_store_keyring(const char *provider, const cli_text *key,
                       char reference[KEYS_REFERENCE_BYTES]);

#endif
