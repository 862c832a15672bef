/* Shows how the lines of two texts differ. */
#ifndef BELUGA_KIT_LINE_DIFF_H
#define BELUGA_KIT_LINE_DIFF_H

#include "kit/text.h"

/* Append the lines of both texts: "-LINE" is only in `before`, "+LINE" only in `after`, and " LINE"
 * in both, which is shown only beside a line that differs. */
void check_line_diff(check_text *out, const char *before, const char *after);

#endif
