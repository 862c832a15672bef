/* Text leaves the library in an error, a log record, a warning, a message of a check, or a list. It
 * may have come from a server, a file or a caller; these functions make it safe to show anywhere.
 */
#ifndef BELUGA__LINE_H
#define BELUGA__LINE_H

#include "base/buf.h"

#include <beluga/error.h>

#include <stdbool.h>
#include <string.h>

/* There are two ways to show a tab, a carriage return and characters that begin a line. */
typedef enum beluga__line_breaks {
    BELUGA__BREAKS_BLANK,  /* as a space, so that sentences stay sentences */
    BELUGA__BREAKS_ESCAPED /* as "\n", so that a name can be told from another */
} beluga__line_breaks;

/* The longest text that stands for one character, or for one byte that is no character, is
 * "\U000e0041". */
enum { BELUGA__LINE_UNIT = 10 };

/* Show the beginning of n > 0 bytes: a whole character as it is, an invisible one as
 * "\x1b" or "\u202e", a byte that is no UTF-8 as "\xff", the beginning of a character that was cut
 * as an ellipsis. Returns how many bytes that took, and writes *length bytes without a NUL. */
size_t beluga__line_unit(const char *text, size_t n, beluga__line_breaks breaks,
                         char unit[BELUGA__LINE_UNIT], size_t *length);

/* Returns whether the text is one line of whole, visible characters already. */
bool beluga__is_line(const char *text, size_t n);

/* Write the text as one line that is cut between characters, with an ellipsis, where it does not
 * fit. Returns the length that it has whole, as snprintf does. `line` and `text` do not overlap. */
size_t beluga__line(char *line, size_t size, const char *text, size_t n,
                    beluga__line_breaks breaks);

/* Append the whole text as one line. Returns out->status. */
int beluga__line_append(beluga__buf *out, const char *text, size_t n, beluga__line_breaks breaks);

/* These are the only ways to write a text of an error: a label (a name or an id), or a sentence. */
#define beluga__error_label(err, field, text)                            \
    beluga__line((err)->field, sizeof(err)->field, (text) ? (text) : "", \
                 (text) ? strlen(text) : 0, BELUGA__BREAKS_ESCAPED)
#define beluga__error_sentence(err, field, text, n) \
    beluga__line((err)->field, sizeof(err)->field, text, n, BELUGA__BREAKS_BLANK)

/* Make one line of every text of an error that others have filled in, such as a plug-in. */
void beluga__error_clean(beluga_error *err);

#endif
