/* Makes text safe to print. Errors, log records, warnings, checks and lists contain text that may
 * have come from a server, a file or a caller. */
#ifndef BELUGA__LINE_H
#define BELUGA__LINE_H

#include "base/buf.h"

#include <beluga/error.h>

#include <stdbool.h>
#include <string.h>

/* How tabs, carriage returns and characters that begin a line are shown. */
typedef enum beluga__line_breaks {
    BELUGA__BREAKS_BLANK,  /* as a space, so that sentences stay sentences */
    BELUGA__BREAKS_ESCAPED /* as "\n", so that different names look different */
} beluga__line_breaks;

/* Bytes of the longest text that is shown for one character or byte: "\U000e0041". */
enum { BELUGA__LINE_UNIT = 10 };

/* Show the beginning of n > 0 bytes: a whole character unchanged, an invisible one as "\x1b" or
 * "\u202e", a byte that is not UTF-8 as "\xff", the beginning of a cut character as an ellipsis.
 * Returns how many bytes of the text were used, and writes *length bytes without a NUL. */
size_t beluga__line_unit(const char *text, size_t n, beluga__line_breaks breaks,
                         char unit[BELUGA__LINE_UNIT], size_t *length);

/* Returns whether the text is already one line of whole, visible characters. */
bool beluga__is_line(const char *text, size_t n);

/* Write the text as one line. If it does not fit it is cut between characters, with an ellipsis.
 * Returns the length of the complete line, like snprintf. `line` and `text` must not overlap. */
size_t beluga__line(char *line, size_t size, const char *text, size_t n,
                    beluga__line_breaks breaks);

/* Append the complete text as one line. Returns out->status. */
int beluga__line_append(beluga__buf *out, const char *text, size_t n, beluga__line_breaks breaks);

/* Texts of an error are written only with these two macros: a label (a name or an id), or a
 * sentence. */
#define beluga__error_label(err, field, text)                            \
    beluga__line((err)->field, sizeof(err)->field, (text) ? (text) : "", \
                 (text) ? strlen(text) : 0, BELUGA__BREAKS_ESCAPED)
#define beluga__error_sentence(err, field, text, n) \
    beluga__line((err)->field, sizeof(err)->field, text, n, BELUGA__BREAKS_BLANK)

/* Make every text of an error one line, after other code, such as a plug-in, may have written
 * it. */
void beluga__error_clean(beluga_error *err);

#endif
