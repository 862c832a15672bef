/* Compares the origins of URLs. An origin is the scheme, host and port, which together identify a
 * server. */
#ifndef BELUGA__ORIGIN_H
#define BELUGA__ORIGIN_H

#include <stdbool.h>

/* Returns whether two URLs have the same origin; false if one of them can't be read. */
bool beluga__same_origin(const char *a, const char *b);

#endif
