/* Compares the meaning of two JSON texts; the order of members and the notation of numbers do not
 * matter. */
#ifndef BELUGA_KIT_JSON_DIFF_H
#define BELUGA_KIT_JSON_DIFF_H

#include "kit/text.h"

/* Append a line to `out` for each difference, such as
 *     messages[0].role: want "user", got "human"
 * up to a number of them. @return whether there is none. */
bool check_json_diff(check_text *out, const char *want, const char *got);

#endif
