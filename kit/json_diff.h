/* Compares the meaning of two JSON texts; the order of members and the notation of numbers do not
 * matter. */
#ifndef BELUGA_KIT_JSON_DIFF_H
#define BELUGA_KIT_JSON_DIFF_H

#include "kit/text.h"

/* Append a line to `out` for each difference, up to a certain number of lines, such as
 *     messages[0].role: want "user", got "human"
 * @return whether there are no differences. */
bool check_json_diff(check_text *out, const char *want, const char *got);

#endif
