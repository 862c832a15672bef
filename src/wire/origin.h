/* The origin of a URL: its scheme, host and port, which together name a server. */
#ifndef BELUGA__ORIGIN_H
#define BELUGA__ORIGIN_H

#include <stdbool.h>

/* Returns whether two URLs with a scheme have the same origin; false where one can't be read. */
bool beluga__same_origin(const char *a, const char *b);

#endif
