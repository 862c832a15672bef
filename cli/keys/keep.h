/* Keeps keys: asks for one, and stores it where a reference of the configuration finds it. */
#ifndef BELUGA_CLI_KEYS_KEEP_H
#define BELUGA_CLI_KEYS_KEEP_H

#include "text.h"

#include <limits.h>
#include <stdbool.h>

/* Room for a reference, such as file:PATH. */
#define KEYS_REFERENCE_BYTES (PATH_MAX + 64)

/* Read a provider's key: on a terminal it is asked for and not shown, else stdin has it. White
 * space around it is left out. @return 0, or an exit code, reported. Wipe it in either case. */
int keys_ask(const char *provider, cli_text *key);
/* Overwrite a key, and free it. */
void keys_wipe(cli_text *key);

/* Write the folder of the key files, which is beside the configuration file `config` (NULL: there
 * is no place for one). @return whether there is one. */
bool keys_folder(const char *config, char folder[KEYS_REFERENCE_BYTES]);
/* Keep a key in a file that only its owner can read. @return 0, or an exit code, reported. */
int keys_store_file(const char *config, const char *provider, const cli_text *key,
                    char reference[KEYS_REFERENCE_BYTES]);
/* Delete the file of a provider's key, which may be missing. @return 0, or an exit code,
 * reported. */
int keys_remove_file(const char *config, const char *provider);

/* Keep a key in the desktop's keyring, by the program secret-tool. @return 0, or an exit code,
 * reported. */
int keys_store_keyring(const char *provider, const cli_text *key,
                       char reference[KEYS_REFERENCE_BYTES]);

#endif
