/* A text that is edited: its cursor, and the text that was removed last. */
#ifndef BELUGA_CLI_TERMINAL_EDITING_H
#define BELUGA_CLI_TERMINAL_EDITING_H

#include "terminal/keys.h"
#include "text.h"

#include <stdbool.h>

/* Zero-initialise this struct. */
typedef struct editing {
    cli_text text;
    size_t cursor;
    cli_text removed; /* the text that was removed last by a key that removes a word or a line;
                       * Ctrl-Y inserts it */
} editing;

void editing_free(editing *e);
/* Replace the whole text, and move the cursor to its end. @return 0, or -1 if memory runs out. */
int editing_set(editing *e, const char *text, size_t n);
/* Insert text at the cursor. @return 0, or -1 if memory runs out, and then nothing is inserted. */
int editing_insert(editing *e, const char *text, size_t n);
/* Handle a key that moves the cursor inside the text, or removes a part of it.
 * @return false if the key does something else. */
bool editing_obey(editing *e, key k);

#endif
