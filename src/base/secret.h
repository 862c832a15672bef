/* These functions keep a key out of texts that are shown or stored. */
#ifndef BELUGA__SECRET_H
#define BELUGA__SECRET_H

#include <stddef.h>

/* Write stars over a key (NULL: none) wherever it stands, and over the parts of a key such as
 * "ID:SECRET", or the secret members of one that is a JSON object. A key of less than 8 characters,
 * such as a local server's "x", stands in every other word and is no secret. */
void beluga__secret_mask(const char *key, char *bytes, size_t n);
/* Do the same for a list of keys that ends in NULL. NULL: none. */
void beluga__secrets_mask(const char *const *secrets, char *bytes, size_t n);

#endif
