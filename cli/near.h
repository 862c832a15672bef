/* Which name was meant by one that is not known. */
#ifndef BELUGA_CLI_NEAR_H
#define BELUGA_CLI_NEAR_H

#include <stddef.h>

/* More changes than this make another word, not a slip. */
#define NEAR_MOST 2

/* Return how many letters must change, come, go, or change places with their neighbour to make one
 * word of the other; more than NEAR_MOST for words that are too long to have been meant. */
size_t near_distance(const char *a, const char *b);

#endif
