/* Makes answers of a case from a recording of `beluga --record`. */
#ifndef BELUGA_KIT_RECORDING_H
#define BELUGA_KIT_RECORDING_H

#include "kit/fixtures.h"

/* Write the answer of each recorded exchange into a separate file, in the order of the recordings'
 * names: CASE.answer, CASE.2.answer. An existing file is never replaced.
 * @param from A file of a recording, or the folder with all of them.
 * @param written Receives a line for each file that was written.
 * @return 0; BELUGA_ERROR_NOT_FOUND if the file, or a folder for cases, does not exist;
 * INVALID_CONFIG if a file is not a recording, or an answer exists already; NO_MEMORY; INTERNAL if
 * a file can't be written. */
int check_recording_take(const check_profile *profile, const char *scenario, const char *from,
                         check_text *written, beluga_error *err);

#endif
