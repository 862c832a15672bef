/* Masks keys in texts that are shown or stored. */
#ifndef BELUGA__SECRET_H
#define BELUGA__SECRET_H

#include <stddef.h>

/* Write stars over a key (NULL: none) wherever it occurs, and over the parts of a key such as
 * "ID:SECRET", or the secret members of a key that is a JSON object. A key of less than 8
 * characters, such as a local server's "x", is not masked, since it occurs in many words. */
void beluga__secret_mask(const char *key, char *bytes, size_t n);
/* Do this for a list of keys, which ends with NULL; NULL: no keys. */
void beluga__secrets_mask(const char *const *secrets, char *bytes, size_t n);

#endif
