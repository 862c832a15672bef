/*
 * What a plug-in does with its emits, seen from between it and the library.
 *
 * A plug-in calls the library through a table that its host set. For a while that is a copy, in
 * which the functions that emit take notes and go on to the real ones.
 */
#ifndef BELUGA_KIT_WATCH_H
#define BELUGA_KIT_WATCH_H

#include "kit/text.h"

#include <stdbool.h>
#include <stddef.h>

/* Begin to watch a plug-in that is loaded. One at a time, while none of its calls is under way.
 * With `proves_twice` a finish may come again, as where each of two frames of a protocol says it.
 * @return false where it can't be; then there is nothing to end. */
bool watch_begin(const char *file, bool proves_twice);
void watch_end(void);

/* From here on all emits that were used are of calls that are over. */
void watch_call_is_over(void);

/* What was seen so far, as lines, of which there are none where all is well: events after an
 * answer's end, events when the call was over, and events after one had been refused, and another.
 */
void watch_tell(check_text *after_end, check_text *late, check_text *refused);

#endif
