/* The texts that were typed before: kept in a private file, to which each chat adds as it goes on.
 */
#ifndef BELUGA_CLI_TERMINAL_HISTORY_H
#define BELUGA_CLI_TERMINAL_HISTORY_H

#include <stddef.h>

typedef struct history history;

/* Read the file. @return owned, or NULL without memory; a file that can't be used is told. */
history *history_open(void);
void history_close(history *h);

/* Keep a text, unless it is empty, too long or the same as the last one. */
void history_add(history *h, const char *text);

/* Return a text, where 1 is the last; borrowed until the next history_add. @return NULL: there are
 * not as many. */
const char *history_get(const history *h, size_t age);

#endif
