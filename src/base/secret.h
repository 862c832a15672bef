/* Keeping a key out of what is shown or stored. */
#ifndef BELUGA__SECRET_H
#define BELUGA__SECRET_H

#include <stddef.h>

/* Make stars of a key (NULL: none) wherever it stands, and of its parts where it is several,
 * "ID:SECRET". A key of less than 8 characters, such as a local server's "x", stands in every other
 * word and is no secret. */
void beluga__secret_mask(const char *key, char *bytes, size_t n);
/* The same for a list of them, ended by NULL. NULL: none. */
void beluga__secrets_mask(const char *const *secrets, char *bytes, size_t n);

#endif
