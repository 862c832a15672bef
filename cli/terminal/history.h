/* The history: texts that were typed before, in a private file. Each chat adds its texts
 * immediately, so that other running chats do not overwrite them. */
#ifndef BELUGA_CLI_TERMINAL_HISTORY_H
#define BELUGA_CLI_TERMINAL_HISTORY_H

#include <stddef.h>

typedef struct history history;

/* Open the history, and read its file. @return owned, or NULL if memory runs out; a file that can't
 * be used is reported. */
history *history_open(void);
void history_close(history *h);

/* Add a text, unless it is empty, too long, or equal to the newest text. */
void history_add(history *h, const char *text);

/* Return a text; age 1 is the newest text. @return borrowed until the next history_add; NULL if
 * there are fewer texts. */
const char *history_get(const history *h, size_t age);

#endif
